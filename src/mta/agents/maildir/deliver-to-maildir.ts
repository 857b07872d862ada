/**
 * Delivers into a Maildir: written to `tmp`, synced, renamed into `new`, and the folder synced; no
 * reader ever sees half a message, and no lock is needed. Names are unique over processes and
 * machines. A detail may name a Maildir++ subfolder, if that is there.
 */

import { mkdir, open, rename, stat, unlink, chown, lstat } from "node:fs/promises";
import { join } from "node:path";
import type { SystemUser } from "../../../base/commands.ts";
import type { Random } from "../../../base/random.ts";
import { uniqueMaildirName } from "../../../message/maildir/maildir-name.ts";
import { hasCode } from "../here/has-code.ts";
import { deferredHere, failedHere, type HereVerdict } from "../here/local-outcome.ts";

export type MaildirDelivery = {
  readonly path: string;
  readonly nowMs: number;
  readonly hostname: string;
  /** With LF line ends. */
  readonly lines: () => AsyncIterable<Uint8Array>;
  readonly owner: SystemUser | undefined;
  /** false: a missing Maildir is an unknown user. */
  readonly mayMake: boolean;
  /** The subfolder to use, if it is there. */
  readonly subfolder: string | undefined;
};

const FOLDERS = ["tmp", "new", "cur"] as const;

export async function deliverToMaildir(
  delivery: MaildirDelivery,
  { random }: { readonly random: Random },
): Promise<HereVerdict> {
  try {
    const { path, mayMake, owner } = delivery;
    if (mayMake) await makeMaildir(path, owner);
    else if (!(await isFolder(path))) return failedHere("5.1.1", "There is no such user here.");
    const folder = await folderFor(delivery);
    const name = await write(folder, delivery, random);
    return {
      kind: "delivered",
      status: "2.0.0",
      problem: `stored as ${join(folder, "new", name)}`,
    };
  } catch (error) {
    if (hasCode(error, "EDQUOT")) return deferredHere("4.2.2", "The mailbox is full.");
    if (hasCode(error, "ENOENT")) {
      const needs = "a Maildir needs the folders tmp, new and cur";
      return deferredHere("4.3.0", `${delivery.path} is no Maildir: ${needs}.`);
    }
    const reason = error instanceof Error ? error.message : "unknown fault";
    return deferredHere("4.3.0", `The Maildir could not be written: ${reason}`);
  }
}

async function makeMaildir(path: string, owner: SystemUser | undefined): Promise<void> {
  if (await isFolder(join(path, "new"))) return;
  await makeFolder(path, owner);
  for (const name of FOLDERS) await makeFolder(join(path, name), owner);
}

async function makeFolder(path: string, owner: SystemUser | undefined): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined && owner !== undefined) await chown(path, owner.uid, owner.gid);
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: unknown) => {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  return found?.isDirectory() === true;
}

/** Folders are not made for whatever a stranger writes behind the delimiter. */
async function folderFor({ path, subfolder }: MaildirDelivery): Promise<string> {
  // In Maildir++ a dot separates levels.
  if (subfolder === undefined || !/^[\p{L}\p{N}_-]{1,64}$/u.test(subfolder)) return path;
  const folder = join(path, `.${subfolder}`);
  const found = await lstat(folder).catch(() => undefined);
  return found?.isDirectory() ? folder : path;
}

async function write(
  folder: string,
  { lines, nowMs, hostname, owner }: MaildirDelivery,
  random: Random,
): Promise<string> {
  for (const name of ["tmp", "new"]) await mustBeTheirs(join(folder, name), owner);
  const unique = uniqueMaildirName(nowMs, hostname, random);
  const temporary = join(folder, "tmp", unique);
  const file = await open(temporary, "wx", 0o600);
  let sizeOctets = 0;
  try {
    try {
      for await (const piece of lines()) {
        await file.appendFile(piece);
        sizeOctets += piece.length;
      }
      if (owner !== undefined) await file.chown(owner.uid, owner.gid);
      await file.sync();
    } finally {
      await file.close();
    }
    // Maildir++: the size in the name saves readers a look at the file.
    const name = `${unique},S=${sizeOctets}`;
    await rename(temporary, join(folder, "new", name));
    await syncFolder(join(folder, "new"));
    return name;
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** We may be root and could write anywhere: only to what is the user's own, and no link that leads on. */
async function mustBeTheirs(path: string, owner: SystemUser | undefined): Promise<void> {
  if (owner === undefined) return;
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
  if (found.uid !== owner.uid) throw new Error(`${path} belongs to another user`);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
