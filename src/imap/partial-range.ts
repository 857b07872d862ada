/** Which results of a long list are wanted (RFC 9394): `1:100` counts from the first, `-1:-100` from the last. */

import type { ArgumentReader } from "./wire/argument-reader.ts";

export type PartialRange = {
  readonly isFromEnd: boolean;
  /** As the client wrote them, without their signs: the answer repeats them. */
  readonly first: number;
  readonly last: number;
};

export function readPartialRange(reader: ArgumentReader): PartialRange {
  const isFromEnd = reader.take("-");
  const first = reader.number();
  reader.expect(isFromEnd ? ":-" : ":");
  const last = reader.number();
  if (first === 0 || last === 0) reader.fail("Places count from 1");
  return { isFromEnd, first, last };
}

export function formatPartialRange({ isFromEnd, first, last }: PartialRange): string {
  return isFromEnd ? `-${first}:-${last}` : `${first}:${last}`;
}

/** The part of a list of `length` members: from, and up to but without, these positions. */
export function rangeWithin(range: PartialRange, length: number): { from: number; to: number } {
  const low = Math.min(range.first, range.last);
  const high = Math.max(range.first, range.last);
  return range.isFromEnd
    ? { from: Math.max(0, length - high), to: Math.max(0, length - low + 1) }
    : { from: Math.min(low - 1, length), to: Math.min(high, length) };
}
