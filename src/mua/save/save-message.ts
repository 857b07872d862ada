/**
 * Saves messages and attachments as files. By the name of the target: a directory or `name/` is a
 * Maildir, `name.eml` is one message as it is, anything else an mbox file that grows. Files are made
 * readable for their owner only; nothing that exists is overwritten.
 */

import { appendFile, mkdir, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { MailError } from "../../base/errors.ts";
import { concatBytes, decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import type { Random } from "../../base/random.ts";
import { formatMaildirName, uniqueMaildirName } from "../../message/maildir/maildir-name.ts";
import { writeEntry } from "../../message/mbox/write-entry.ts";
import { numberedFileName } from "../text/file-name.ts";
import { throwFileError } from "../../base/file-error.ts";

export type SaveFormat = "mbox" | "eml" | "maildir";

export type SavedMessage = {
  readonly octets: Uint8Array;
  /** For the From_ line. */
  readonly sender: string;
  readonly arrivedAtMs: number;
  readonly flags: ReadonlySet<string>;
};

const OWNER_ONLY = 0o600;
const MAX_NAMES = 10_000;

export async function formatFor(target: string): Promise<SaveFormat> {
  if (target.endsWith("/")) return "maildir";
  if (target.toLowerCase().endsWith(".eml")) return "eml";
  const found = await stat(target).catch(() => undefined);
  return found?.isDirectory() === true ? "maildir" : "mbox";
}

/** Where the message went. */
export async function saveMessage(
  message: SavedMessage,
  target: string,
  format: SaveFormat,
  random: Random,
): Promise<string> {
  switch (format) {
    case "mbox":
      await appendFile(target, await mboxEntry(message), { mode: OWNER_ONLY, flush: true }).catch(
        throwFileError(target),
      );
      return target;
    case "eml":
      await writeNew(target, message.octets);
      return target;
    case "maildir":
      return saveToMaildir(message, target, random);
    default:
      return format satisfies never;
  }
}

async function mboxEntry({ octets, sender, arrivedAtMs }: SavedMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const entry = { content: () => [octets], sender, atMs: arrivedAtMs, flags: undefined } as const;
  for await (const piece of writeEntry({ ...entry, dialect: "mboxrd" })) pieces.push(piece);
  return concatBytes(pieces);
}

/** Makes a file that was not there; rejects with `already-exists` if it was. */
export async function writeNew(path: string, octets: Uint8Array): Promise<void> {
  const file = await open(path, "wx", OWNER_ONLY).catch((error: unknown) => {
    if (isExists(error)) throw new MailError("already-exists", `${path} exists already`);
    return throwFileError(path)(error);
  });
  try {
    await file.writeFile(octets);
    await file.sync();
  } catch (error) {
    throwFileError(path)(error);
  } finally {
    await file.close();
  }
}

/** Writes into `folder` under `name`, or `name (2)`… where that is taken; the path made. */
export async function writeUnderFreeName(
  folder: string,
  name: string,
  octets: Uint8Array,
): Promise<string> {
  for (let attempt = 1; attempt <= MAX_NAMES; attempt++) {
    const path = join(folder, numberedFileName(name, attempt));
    try {
      await writeNew(path, octets);
      return path;
    } catch (error) {
      if (!(error instanceof MailError) || error.code !== "already-exists") throw error;
    }
  }
  throw new MailError("already-exists", `${folder} has too many files called ${name}`);
}

/** https://cr.yp.to/proto/maildir.html: written and synced in tmp, then moved to where readers look. */
async function saveToMaildir(
  { octets, flags, arrivedAtMs }: SavedMessage,
  target: string,
  random: Random,
): Promise<string> {
  for (const part of ["tmp", "new", "cur"]) {
    await mkdir(join(target, part), { recursive: true, mode: 0o700 }).catch(throwFileError(target));
  }
  const name = uniqueMaildirName(arrivedAtMs, "posthorn", random);
  const unixed = encodeLatin1(decodeLatin1(octets).replaceAll("\r\n", "\n"));
  await writeNew(join(target, "tmp", name), unixed);
  const final =
    flags.size === 0
      ? join(target, "new", name)
      : join(target, "cur", formatMaildirName(name, [...flags], []));
  await rename(join(target, "tmp", name), final);
  return final;
}

function isExists(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
