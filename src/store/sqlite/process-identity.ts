/**
 * Says which process owns a segment, and whether it still lives. A process number alone may have
 * been given to another program meanwhile, so its start time goes with it where the system tells.
 */

import { readFileSync } from "node:fs";
import { kill, pid } from "node:process";

export type ProcessIdentity = { readonly pid: number; readonly started: string };

export function ownIdentity(): ProcessIdentity {
  return { pid, started: startOf(pid) };
}

export function isAlive(identity: ProcessIdentity): boolean {
  try {
    kill(identity.pid, 0);
  } catch (error) {
    if ((error as { code?: string }).code !== "EPERM") return false;
  }
  const started = startOf(identity.pid);
  if (started === DEAD) return false;
  return started === "" || identity.started === "" || started === identity.started;
}

const DEAD = "dead";

/** Boot and start time in clock ticks (Linux); empty elsewhere; DEAD for one that only waits to be reaped. */
function startOf(processId: number): string {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, "latin1");
    // The command name, in parentheses, may contain anything; fields are counted from behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return DEAD;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return "";
  }
}
