/**
 * Octets of segment files by their position. The files in use are kept open; what lies in memory is
 * read at once, the rest in the thread pool (`ReadPace`).
 */

import { constants, readSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";

import { LRUCache } from "lru-cache";

import type { Clock } from "../../base/clock.ts";
import { MailError } from "../../base/errors.ts";
import { ReadPace } from "./read-pace.ts";
import { storeError } from "./store-error.ts";

const MAX_OPEN_SEGMENTS = 128;

type OpenFile = {
  readonly handle: Promise<FileHandle>;
  /** Once it is open. */
  descriptor: number | undefined;
  users: number;
  isEvicted: boolean;
};

export class SegmentFiles {
  readonly #folder: string;
  readonly #pace: ReadPace;
  readonly #files: LRUCache<string, OpenFile>;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#pace = new ReadPace(clock);
    this.#files = new LRUCache<string, OpenFile>({
      max: MAX_OPEN_SEGMENTS,
      dispose: (file) => {
        file.isEvicted = true;
        if (file.users === 0) closeQuietly(file);
      },
    });
  }

  /** Undefined where it cannot be done at once, for whatever reason: `read` tells. */
  readNow(name: string, position: number, length: number): Uint8Array | undefined {
    const descriptor = this.#files.get(name)?.descriptor;
    if (descriptor === undefined) return undefined;
    try {
      return this.#pace.attempt(length, () => {
        const octets = roomFor(length);
        return readSync(descriptor, octets, 0, length, position) === length ? octets : undefined;
      });
    } catch {
      return undefined;
    }
  }

  async read(name: string, position: number, length: number): Promise<Uint8Array> {
    const now = this.readNow(name, position, length);
    if (now !== undefined) return now;
    const file = this.#open(name);
    file.users++;
    try {
      const handle = await file.handle;
      const octets = roomFor(length);
      for (let done = 0; done < length;) {
        const { bytesRead } = await handle.read(octets, done, length - done, position + done);
        if (bytesRead === 0) {
          throw new MailError("store-corrupt", `segment ${name} ends before its messages do`);
        }
        done += bytesRead;
      }
      return octets;
    } catch (error) {
      if ((error as { code?: string }).code === "ENOENT") {
        throw new MailError("store-corrupt", `segment ${name} is missing`, { cause: error });
      }
      throw storeError(error, "reading a message");
    } finally {
      file.users--;
      if (file.isEvicted && file.users === 0) closeQuietly(file);
    }
  }

  /** These are no more: the disk has their octets back once nobody holds them open. */
  forget(names: readonly string[]): void {
    for (const name of names) this.#files.delete(name);
  }

  close(): void {
    this.#files.clear();
  }

  #open(name: string): OpenFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      const handle = open(join(this.#folder, name), constants.O_RDONLY | constants.O_NOFOLLOW);
      const opened: OpenFile = { handle, descriptor: undefined, users: 0, isEvicted: false };
      file = opened;
      this.#files.set(name, file);
      // Whoever reads sees the failure; the next one tries again (security row 27: EMFILE passes).
      handle.then(
        ({ fd }) => (opened.descriptor = fd),
        () => this.#files.delete(name),
      );
    }
    return file;
  }
}

/** Not cleared first: it is filled whole, or nobody sees it. */
function roomFor(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function closeQuietly(file: OpenFile): void {
  file.descriptor = undefined;
  file.handle.then((handle) => handle.close()).catch(() => {});
}
