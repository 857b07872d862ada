/**
 * Looks into a tree of files that a stranger may have made: never follows a symbolic link, opens only
 * plain files, and goes neither deeper nor further than bounds.
 */

import { constants } from "node:fs";
import { open, opendir, type FileHandle } from "node:fs/promises";
import { MailError } from "../../base/errors.ts";
import type { MboxFile } from "../../message/mbox/mbox-file.ts";
import { throwFileError } from "../../base/file-error.ts";

export const MAX_DEPTH = 32;
export const MAX_FOLDERS = 20_000;
/** A mailbox of a million messages is none too rare. */
export const MAX_ENTRIES = 5_000_000;

export type Entry = { readonly name: string; readonly kind: "file" | "folder" };

/** Plain files and folders, by name; `onOther` hears of links, sockets and the like. */
export async function listFolder(
  path: string,
  onOther: (name: string) => void = () => {},
): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const found of await opendir(path)) {
      if (entries.length >= MAX_ENTRIES) {
        throw new MailError("refused", `${path}: there are over ${MAX_ENTRIES} entries`);
      }
      const kind = found.isFile() ? "file" : found.isDirectory() ? "folder" : undefined;
      if (kind === undefined) onOther(found.name);
      else entries.push({ name: found.name, kind });
    }
  } catch (error) {
    throwFileError(path)(error);
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Rejects with `not-found` for what is no plain file. */
export async function openPlainFile(path: string): Promise<FileHandle> {
  // O_NONBLOCK: a FIFO that took the file's place must not hold us up.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch(throwFileError(path));
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new MailError("not-found", `${path}: this is no plain file`);
}

export class DiskFile implements MboxFile {
  readonly path: string;
  readonly sizeOctets: number;
  readonly mtimeMs: number;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, sizeOctets: number, mtimeMs: number) {
    this.path = path;
    this.#handle = handle;
    this.sizeOctets = sizeOctets;
    this.mtimeMs = mtimeMs;
  }

  static async open(path: string): Promise<DiskFile> {
    const handle = await openPlainFile(path);
    const { size, mtimeMs } = await handle.stat();
    return new DiskFile(path, handle, size, mtimeMs);
  }

  async read(start: number, end: number): Promise<Uint8Array> {
    const size = Math.max(0, Math.min(end, this.sizeOctets) - start);
    const octets = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await this.#handle
        .read(octets, at, size - at, start + at)
        .catch(throwFileError(this.path));
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at === size ? octets : octets.subarray(0, at);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Opens a file, hands it to `work`, closes it. */
export async function withFile<T>(path: string, work: (file: DiskFile) => Promise<T>): Promise<T> {
  const file = await DiskFile.open(path);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** The octets of a file in pieces. */
export async function* fileContent(path: string): AsyncGenerator<Uint8Array> {
  const file = await DiskFile.open(path);
  try {
    const piece = 256 * 1024;
    for (let at = 0; at < file.sizeOctets; at += piece) yield await file.read(at, at + piece);
  } finally {
    await file.close();
  }
}

/** A short text file, or undefined if it is not there. */
export async function readSmallText(path: string, maxOctets: number): Promise<string | undefined> {
  try {
    return await withFile(path, async (file) =>
      new TextDecoder().decode(await file.read(0, maxOctets)),
    );
  } catch (error) {
    if (error instanceof MailError && error.code === "not-found") return undefined;
    throw error;
  }
}
