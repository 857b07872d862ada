/**
 * Appends a message to an mbox file: under the dot lock, with a From_ line, From lines quoted
 * (mboxrd), synced before it counts; whatever goes wrong, the file is cut back to what it was.
 * Never follows a symbolic link, never writes to what is not a plain file with one name.
 */

import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { encodeLatin1 } from "../../../base/bytes.ts";
import type { SystemUser } from "../../../base/commands.ts";
import { formatFromLine } from "../../../message/mbox/from-line.ts";
import { quoteFromLines } from "../../../message/mbox/from-quoting.ts";
import { withDotLock, type DotLockDeps } from "./dot-lock.ts";
import { hasCode } from "../here/has-code.ts";
import { deferredHere, failedHere, type HereVerdict } from "../here/local-outcome.ts";

export type MboxDelivery = {
  readonly path: string;
  readonly sender: string;
  readonly nowMs: number;
  /** With LF line ends. */
  readonly lines: () => AsyncIterable<Uint8Array>;
  readonly owner: SystemUser | undefined;
  /** false: a missing file is an unknown user. */
  readonly mayMake: boolean;
};

const LF = 10;
const BASE_FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW;

export async function deliverToMbox(
  delivery: MboxDelivery,
  deps: DotLockDeps,
): Promise<HereVerdict> {
  try {
    const verdict = await withDotLock(delivery.path, deps, () => append(delivery));
    if (verdict !== "locked") return verdict;
    return deferredHere("4.2.0", "The mailbox is locked by another program.");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return noFolder(delivery);
    if (hasCode(error, "EDQUOT")) return deferredHere("4.2.2", "The mailbox is full.");
    const reason = error instanceof Error ? error.message : "unknown fault";
    return deferredHere("4.3.0", `The mailbox could not be written: ${reason}`);
  }
}

function noFolder({ mayMake }: MboxDelivery): HereVerdict {
  if (mayMake) return deferredHere("4.3.5", "The folder of the mailbox is missing.");
  return failedHere("5.1.1", "There is no such user here.");
}

async function append(delivery: MboxDelivery): Promise<HereVerdict> {
  const { path, owner } = delivery;
  const { file, isNew } = await openFile(delivery);
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.nlink !== 1) {
      return deferredHere("4.3.5", "The mailbox is not a plain file with one name.");
    }
    // We may be root: a file of somebody else's that a link above has put here is not the mailbox.
    if (owner !== undefined && !isNew && stat.uid !== owner.uid) {
      return deferredHere("4.3.5", "The mailbox belongs to another user.");
    }
    if (owner !== undefined && isNew) await file.chown(owner.uid, owner.gid);
    try {
      await write(file, stat.size, delivery);
    } catch (error) {
      await file.truncate(stat.size);
      throw error;
    }
    return { kind: "delivered", status: "2.0.0", problem: `appended to ${path}` };
  } finally {
    await file.close();
  }
}

async function openFile({
  path,
  mayMake,
}: MboxDelivery): Promise<{ readonly file: FileHandle; readonly isNew: boolean }> {
  try {
    return { file: await open(path, BASE_FLAGS, 0o600), isNew: false };
  } catch (error) {
    if (!mayMake || !hasCode(error, "ENOENT")) throw error;
    const flags = BASE_FLAGS | constants.O_CREAT | constants.O_EXCL;
    return { file: await open(path, flags, 0o600), isNew: true };
  }
}

async function write(
  file: FileHandle,
  size: number,
  { sender, nowMs, lines }: MboxDelivery,
): Promise<void> {
  if (size > 0) await file.appendFile("\n".repeat(await missingLineEnds(file, size)));
  await file.appendFile(encodeLatin1(`${formatFromLine(sender, nowMs)}\n`));
  let last = LF;
  for await (const piece of quoteFromLines(lines())) {
    if (piece.length === 0) continue;
    await file.appendFile(piece);
    last = piece[piece.length - 1];
  }
  // A message ends with a line end, and an empty line stands between two.
  await file.appendFile(last === LF ? "\n" : "\n\n");
  await file.sync();
}

/** What another program may have left out at the end. */
async function missingLineEnds(file: FileHandle, size: number): Promise<number> {
  const tail = new Uint8Array(Math.min(2, size));
  await file.read(tail, 0, tail.length, size - tail.length);
  if (tail[tail.length - 1] !== LF) return 2;
  return tail.length === 2 && tail[0] !== LF ? 1 : 0;
}
