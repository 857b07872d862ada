/** Messages that a script names by UID. */

import { MailError } from "../../base/errors.ts";
import type { MailFolder } from "../folder/mail-folder.ts";

/** Numbers of the messages with these UIDs; rejects where there is none. `12`, `3:7` or `3-7`. */
export function numbersOf(folder: MailFolder, uids: readonly string[]): number[] {
  const numbers = uids.flatMap((text) => {
    const match = /^(\d{1,10})(?:[:-](\d{1,10}))?$/.exec(text);
    if (match === null)
      throw new MailError("refused", `"${text}" is no UID; posthorn mail list shows them`);
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    const found = folder.order
      .map(({ number }) => number)
      .filter((number) => folder.uidOf(number) >= first && folder.uidOf(number) <= last);
    if (found.length === 0)
      throw new MailError("not-found", `there is no message ${text} in ${folder.name}`);
    return found;
  });
  return [...new Set(numbers)];
}

/** The message whole; rejects when it went away meanwhile. */
export async function octetsOf(folder: MailFolder, number: number): Promise<Uint8Array> {
  const octets = await folder.read(number);
  if (octets === undefined)
    throw new MailError("not-found", `message ${folder.uidOf(number)} is gone`);
  return octets;
}
