/** Sets of UIDs as the feed stores them: runs of first and last, 32 bits each, little-endian. */

import { InvariantError } from "../../base/errors.ts";
import type { Runs } from "./number-runs.ts";

export function encodeRuns(runs: Runs): Uint8Array {
  const octets = new Uint8Array(runs.length * 4);
  const view = new DataView(octets.buffer);
  for (let index = 0; index < runs.length; index++) view.setUint32(index * 4, runs[index], true);
  return octets;
}

export function decodeRuns(octets: Uint8Array | null | undefined): number[] {
  if (!octets) return [];
  if (octets.length % 8 !== 0) throw new InvariantError("a set of UIDs has a broken length");
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const runs: number[] = [];
  for (let at = 0; at < octets.length; at += 4) runs.push(view.getUint32(at, true));
  return runs;
}
