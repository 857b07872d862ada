/**
 * Under whose name commands run and files are written. A server that is not root does everything as
 * itself; one that is root needs the name of somebody else, for nothing is ever done as root.
 */

import { readFile } from "node:fs/promises";
import type { SystemUser } from "../../../base/commands.ts";

export type ChosenUser =
  /** `user` undefined: as we are. */
  | { readonly ok: true; readonly user: SystemUser | undefined }
  | { readonly ok: false; readonly problem: string };

const ACCOUNTS_FILE = "/etc/passwd";

/** `wanted`: a name of the system's, or `uid:gid`. `ownUid`: of this process. */
export async function chooseUser(
  wanted: string | undefined,
  ownUid: number | undefined,
): Promise<ChosenUser> {
  if (wanted === undefined) {
    if (ownUid !== 0) return { ok: true, user: undefined };
    return refused(
      "the server runs as root, and nothing is done as root: name another user (runAs of the transport, user of the alias file)",
    );
  }
  const user = await findUser(wanted);
  if (user === undefined) return refused(`there is no user ${wanted} on this machine`);
  if (user.uid === 0 || user.gid === 0) return refused(`${wanted} is root, or of root's group`);
  if (ownUid === 0) return { ok: true, user };
  if (user.uid === ownUid) return { ok: true, user: undefined };
  return refused(`only a server that is root can act as ${wanted}`);
}

function refused(problem: string): ChosenUser {
  return { ok: false, problem };
}

async function findUser(wanted: string): Promise<SystemUser | undefined> {
  const ids = /^(\d{1,10}):(\d{1,10})$/.exec(wanted);
  if (ids !== null) return { uid: Number(ids[1]), gid: Number(ids[2]) };
  const lines = (await readFile(ACCOUNTS_FILE, "utf8").catch(() => "")).split("\n");
  const fields = lines.map((line) => line.split(":")).find(([name]) => name === wanted);
  if (fields === undefined || fields.length < 4) return undefined;
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}
