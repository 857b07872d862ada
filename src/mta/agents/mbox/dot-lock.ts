/**
 * The lock that mail programs agree on for an mbox: `FILE.lock`, made with O_EXCL. A lock that nobody
 * has touched for long is a dead program's and is taken away, without ever taking a fresh one with
 * it. Deliveries of this process wait for each other in memory first.
 *
 * Node has no fcntl locks: readers that know nothing else are not kept out (Dovecot and mutt use both).
 */

import { link, open, rename, stat, unlink } from "node:fs/promises";
import type { Clock } from "../../../base/clock.ts";
import type { Random } from "../../../base/random.ts";
import { hasCode } from "../here/has-code.ts";

export type DotLockDeps = { readonly clock: Clock; readonly random: Random };

const RETRY_MS = 500;
const PATIENCE_MS = 30_000;
/** A delivery touches its lock far more often than that. */
export const STALE_MS = 500_000;

const turns: Map<string, Promise<unknown>> = new Map();

/** Runs `work` under the lock; `locked` when somebody else had it all the time. */
export async function withDotLock<T>(
  path: string,
  deps: DotLockDeps,
  work: () => Promise<T>,
): Promise<T | "locked"> {
  const before = turns.get(path) ?? Promise.resolve();
  const mine = before.then(() => lockAndDo(path, deps, work));
  const settled = mine.catch(() => undefined);
  turns.set(path, settled);
  try {
    return await mine;
  } finally {
    if (turns.get(path) === settled) turns.delete(path);
  }
}

async function lockAndDo<T>(
  path: string,
  deps: DotLockDeps,
  work: () => Promise<T>,
): Promise<T | "locked"> {
  const lock = `${path}.lock`;
  const inode = await acquire(lock, deps);
  if (inode === undefined) return "locked";
  try {
    return await work();
  } finally {
    await release(lock, inode);
  }
}

/** The lock file's inode, by which we know it for ours. */
async function acquire(lock: string, deps: DotLockDeps): Promise<number | undefined> {
  const untilMs = deps.clock.monotonicMs() + PATIENCE_MS;
  for (;;) {
    const inode = await make(lock);
    if (inode !== undefined) return inode;
    if (await removeStale(lock, deps)) continue;
    if (deps.clock.monotonicMs() >= untilMs) return undefined;
    await deps.clock.sleep(RETRY_MS);
  }
}

async function make(lock: string): Promise<number | undefined> {
  try {
    const file = await open(lock, "wx", 0o444);
    try {
      // Some programs look for a process number; 0 is nobody's.
      await file.write("0\n");
      return (await file.stat()).ino;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, "EEXIST")) return undefined;
    throw error;
  }
}

async function removeStale(lock: string, { clock, random }: DotLockDeps): Promise<boolean> {
  const seen = await stat(lock).catch(() => undefined);
  if (seen === undefined) return true;
  if (clock.nowMs() - seen.mtimeMs < STALE_MS) return false;
  // Another process may have judged so too, and hold a new lock by now: look what it was we took away.
  const aside = `${lock}.${Buffer.from(random.bytes(8)).toString("hex")}`;
  try {
    await rename(lock, aside);
  } catch {
    return true;
  }
  const taken = await stat(aside);
  if (taken.ino !== seen.ino) await link(aside, lock).catch(() => {});
  await unlink(aside);
  return taken.ino === seen.ino;
}

async function release(lock: string, inode: number): Promise<void> {
  const now = await stat(lock).catch(() => undefined);
  if (now?.ino === inode) await unlink(lock).catch(() => {});
}
