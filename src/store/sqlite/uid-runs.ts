/** Sets of UIDs as the feed stores them: runs of first and last, 32 bits each, little-endian. */

import { InvariantError } from "../../base/errors.ts";

/** `uids` ascend. */
export function encodeRuns(uids: readonly number[]): Uint8Array {
  const runs: number[] = [];
  for (const uid of uids) {
    if (runs.length > 0 && runs[runs.length - 1] === uid - 1) runs[runs.length - 1] = uid;
    else runs.push(uid, uid);
  }
  const octets = new Uint8Array(runs.length * 4);
  const view = new DataView(octets.buffer);
  for (let index = 0; index < runs.length; index++) view.setUint32(index * 4, runs[index], true);
  return octets;
}

export function decodeRuns(octets: Uint8Array | null | undefined): number[] {
  if (!octets) return [];
  if (octets.length % 8 !== 0) throw new InvariantError("a set of UIDs has a broken length");
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const uids: number[] = [];
  for (let at = 0; at < octets.length; at += 8) {
    const last = view.getUint32(at + 4, true);
    for (let uid = view.getUint32(at, true); uid <= last; uid++) uids.push(uid);
  }
  return uids;
}
