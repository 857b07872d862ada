/**
 * Sequence sets (RFC 9051 §9 `sequence-set`): kept as ranges and never spelled out, so that
 * `1:4294967295` costs what one range costs. `*` is infinity until it is resolved.
 */

import { fault, ok, type Result } from "../base/result.ts";

export type SequenceRange = { readonly from: number; readonly to: number };

/** `saved` is `$`, the result of an earlier SEARCH (RFC 5182). */
export type SequenceSet = readonly SequenceRange[] | "saved";

/** Sets with more ranges are refused: they cost memory and no client needs them. */
export const MAX_RANGES = 10_000;

const MAX_NUMBER = 4294967295;
const ELEMENT = /(\*|[1-9]\d{0,9})(?::(\*|[1-9]\d{0,9}))?/y;

export function parseSequenceSet(text: string): Result<SequenceSet> {
  if (text === "$") return ok("saved");
  const ranges: SequenceRange[] = [];
  let at = 0;
  for (;;) {
    ELEMENT.lastIndex = at;
    const match = ELEMENT.exec(text);
    if (match === null) return fault("expected a message number, a range or *", at);
    if (ranges.length === MAX_RANGES) return fault(`more than ${MAX_RANGES} ranges in a set`, at);
    const first = boundOf(match[1]);
    const last = match[2] === undefined ? first : boundOf(match[2]);
    if (first === undefined || last === undefined) return fault("number over 32 bits", at);
    ranges.push({ from: Math.min(first, last), to: Math.max(first, last) });
    at += match[0].length;
    if (at === text.length) return ok(ranges);
    if (text[at] !== ",") return fault("expected a comma in the set", at);
    at++;
  }
}

function boundOf(text: string): number | undefined {
  if (text === "*") return Number.POSITIVE_INFINITY;
  const number = Number(text);
  return number <= MAX_NUMBER ? number : undefined;
}

/**
 * Ranges ascending and apart from each other, with `*` as `largest`. `9:*` with a largest of 5
 * is 5:9 (RFC 9051 §9 seq-range: order does not matter), so the last message is always in it.
 */
export function resolveRanges(ranges: readonly SequenceRange[], largest: number): SequenceRange[] {
  const bound = (value: number): number => (value === Number.POSITIVE_INFINITY ? largest : value);
  const sorted = ranges
    .map(({ from, to }) => ({
      from: Math.min(bound(from), bound(to)),
      to: Math.max(bound(from), bound(to)),
    }))
    .sort((a, b) => a.from - b.from);
  const merged: { from: number; to: number }[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else merged.push({ from: range.from, to: range.to });
  }
  return merged;
}

/** Ascending numbers as the fewest ranges. */
export function rangesOf(numbers: ArrayLike<number>): SequenceRange[] {
  const ranges: SequenceRange[] = [];
  for (let at = 0; at < numbers.length;) {
    const from = numbers[at];
    let to = from;
    for (at++; at < numbers.length && numbers[at] === to + 1; at++) to++;
    ranges.push({ from, to });
  }
  return ranges;
}

/** `1:3,7` for ascending numbers. */
export function formatSet(numbers: ArrayLike<number>): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    const from = numbers[i];
    let to = from;
    for (i++; i < numbers.length && numbers[i] === to + 1; i++) to++;
    parts.push(from === to ? String(from) : `${from}:${to}`);
  }
  return parts.join(",");
}
