/** What happens to the columns of a mailbox, as values: done to a column at once, or when it comes. */

import { ADDED_STRIDE, type FlagOperation } from "./feed-entry.ts";

export type Column = Uint32Array | Float64Array;

export type ColumnChange =
  | {
      readonly kind: "add";
      /** ADDED_STRIDE numbers a message. */
      readonly rows: readonly number[];
      /** Where in `rows` those begin that were not there yet. */
      readonly fresh: readonly number[];
      /** Of all, or of each row. */
      readonly modSeq: number | readonly number[];
    }
  | {
      readonly kind: "flags";
      /** Positions then: the first of each range, and the first behind it. */
      readonly ranges: readonly number[];
      readonly operation: FlagOperation;
      readonly modSeq: number;
    }
  | { readonly kind: "remove"; readonly ranges: readonly number[] };

/** Which of a row's numbers goes into which column, by the order of columns; MODSEQ is the same for all. */
const PLACES = [0, 1, 2, 6, -1, 3, 4, 5, 7];
const MOD_SEQ = -1;
const LOW = 1;
const HIGH = 2;

/** Does to one column, which had `count` messages, what was done to all. */
export function replay(
  column: Column,
  { index, count, changes }: { index: number; count: number; changes: readonly ColumnChange[] },
): void {
  const place = PLACES[index];
  for (const change of changes) {
    switch (change.kind) {
      case "add": {
        const { rows, fresh, modSeq } = change;
        if (place !== MOD_SEQ) for (const at of fresh) column[count++] = rows[at + place];
        else for (const at of fresh) column[count++] = modSeqOf(modSeq, at);
        break;
      }
      case "flags":
        changeFlags(column, place, change);
        break;
      case "remove":
        count = closeGaps(column, change.ranges, count);
        break;
    }
  }
}

function changeFlags(
  column: Column,
  place: number,
  { ranges, operation, modSeq }: Extract<ColumnChange, { kind: "flags" }>,
): void {
  if (place !== LOW && place !== HIGH && place !== MOD_SEQ) return;
  const { keptLow, setLow, keptHigh, setHigh } = operation;
  const [kept, set] = place === LOW ? [keptLow, setLow] : [keptHigh, setHigh];
  for (let at = 0; at < ranges.length; at += 2) {
    const [from, to] = [ranges[at], ranges[at + 1]];
    if (place === MOD_SEQ) column.fill(modSeq, from, to);
    else for (let index = from; index < to; index++) column[index] = (column[index] & kept) | set;
  }
}

function modSeqOf(modSeq: number | readonly number[], at: number): number {
  return typeof modSeq === "number" ? modSeq : modSeq[at / ADDED_STRIDE];
}

/** Moves up what stays, which is all but these ranges; returns how many those are. */
export function closeGaps(column: Column, ranges: readonly number[], count: number): number {
  let write = ranges[0];
  for (let at = 0; at < ranges.length; at += 2) {
    const from = ranges[at + 1];
    const until = ranges[at + 2] ?? count;
    column.copyWithin(write, from, until);
    write += until - from;
  }
  return write;
}
