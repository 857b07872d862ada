/** A lock file with the number of the process that holds it: one that a crash left behind is known by that. */

import { open, readFile, rm } from "node:fs/promises";
import { MailError } from "../base/errors.ts";

const TRIES = 3;

/** Rejects with `refused`, naming the process, while another one holds it. `what` is what it does. */
export async function takeProcessLock(path: string, what: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(String(process.pid));
      return await file.close();
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
      const holder = Number(await readFile(path, "utf8").catch(() => ""));
      if (holder > 0 && isAlive(holder)) {
        throw new MailError("refused", `${what} is running already (process ${holder})`);
      }
      await rm(path, { force: true });
    }
  }
  throw new MailError("refused", `${path}: the lock cannot be taken`);
}

export async function releaseProcessLock(path: string): Promise<void> {
  await rm(path, { force: true });
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
