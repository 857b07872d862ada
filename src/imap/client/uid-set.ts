/** Sets of UIDs as IMAP writes them (RFC 9051 §9 sequence-set): `4:6,9`. */

import { formatSet } from "../sequence-set.ts";

// A server may answer a set of billions; nobody asked for that many.
const MAX_UIDS = 2_000_000;

/** The shortest set for `uids`, in any order, doubles allowed. "" for none: there is no empty set in IMAP. */
export function formatUidSet(uids: Iterable<number>): string {
  return formatSet([...new Set(uids)].sort((a, b) => a - b));
}

/** `uids` in sets that each fit a command line, even of a server that takes few octets (RFC 7162 §4: 8192). */
export function splitUidSet(uids: Iterable<number>, maxLength = 4000): string[] {
  const sets: string[] = [];
  let current = "";
  for (const range of formatUidSet(uids).split(",")) {
    if (current !== "" && current.length + range.length + 1 > maxLength) {
      sets.push(current);
      current = "";
    }
    current = current === "" ? range : `${current},${range}`;
  }
  if (current !== "") sets.push(current);
  return sets;
}

/** The UIDs of a set in the order given (COPYUID and ESEARCH give no `*`); undefined if it is none. */
export function parseUidSet(text: string | undefined): number[] | undefined {
  if (text === undefined) return undefined;
  const uids: number[] = [];
  for (const range of text.split(",")) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(range);
    if (match === null) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (uids.length + Math.abs(last - first) >= MAX_UIDS) return undefined;
    const step = first <= last ? 1 : -1;
    for (let uid = first; uid !== last + step; uid += step) uids.push(uid);
  }
  return uids;
}
