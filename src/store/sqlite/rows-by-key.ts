/**
 * Reads rows of many keys: neighbours as one range, the others in lists of a few fixed lengths, so
 * that statements stay few and a row costs a microsecond or two and not a call.
 */

import type { Database, Value } from "./database.ts";
import { numbersOf, unpackRows, type PackedColumn } from "./packed-rows.ts";

export type RowSource = {
  /** `SELECT … FROM … WHERE …`, ending before the condition on the key; the key is the first column. */
  readonly select: string;
  readonly key: string;
  /** Values of the conditions before. */
  readonly values: readonly Value[];
  /** `select` is that of `packedSelect`, of these columns. */
  readonly packed?: readonly PackedColumn[];
};

/** Keys asked for together. */
const MAX_KEYS = 256;
const LIST_LENGTHS: readonly number[] = [1, 4, 16, 64, MAX_KEYS];
/** A range may hold so many rows nobody asked for, for each that somebody did. */
const MAX_WASTE = 1;

const LISTS: ReadonlyMap<number, string> = new Map(
  LIST_LENGTHS.map((length) => [length, `(?${", ?".repeat(length - 1)})`]),
);

/** The rows in the order of `keys`; undefined where there is none. */
export function rowsByKey(
  database: Database,
  source: RowSource,
  keys: ArrayLike<number>,
): (Value[] | undefined)[] {
  const order = ascending(keys);
  const found: (Value[] | undefined)[] = Array.from({ length: keys.length });
  for (let from = 0; from < order.length; from += MAX_KEYS) {
    const to = Math.min(order.length, from + MAX_KEYS);
    const rows = readSome(database, source, { keys, order, from, to });
    let at = 0;
    for (let index = from; index < to; index++) {
      const key = keys[order[index]];
      while (at < rows.length && (rows[at][0] as number) < key) at++;
      if (at < rows.length && rows[at][0] === key) found[order[index]] = rows[at];
    }
  }
  return found;
}

/**
 * One number of each row, without an array for any: NaN where it is null, and where there is no row,
 * which `missing` tells (places in `keys`).
 */
export function numbersByKey(
  database: Database,
  source: { readonly table: string; readonly key: string; readonly column: string },
  keys: ArrayLike<number>,
): { readonly numbers: Float64Array; readonly missing: number[] } {
  const { table, key, column } = source;
  const select = `SELECT group_concat(${key}), group_concat(coalesce(${column}, 'null')) FROM ${table} WHERE`;
  const order = ascending(keys);
  const numbers = new Float64Array(keys.length).fill(Number.NaN);
  const missing: number[] = [];
  for (let from = 0; from < order.length; from += MAX_KEYS) {
    const to = Math.min(order.length, from + MAX_KEYS);
    const { condition, wanted } = conditionOf(key, { keys, order, from, to });
    const [found, values] = database.arrays(`${select} ${condition}`, ...wanted)[0];
    const [names, held] = found === null ? [[], []] : [numbersOf(found), numbersOf(values)];
    const places = ascending(names);
    let at = 0;
    for (let index = from; index < to; index++) {
      const name = keys[order[index]];
      while (at < places.length && names[places[at]] < name) at++;
      const place = places[at];
      if (names[place] === name) numbers[order[index]] = held[place] ?? Number.NaN;
      else missing.push(order[index]);
    }
  }
  return { numbers, missing };
}

type Stretch = {
  readonly keys: ArrayLike<number>;
  readonly order: Uint32Array;
  readonly from: number;
  readonly to: number;
};

function readSome(database: Database, source: RowSource, stretch: Stretch): Value[][] {
  const { select, key, values, packed } = source;
  const { condition, wanted } = conditionOf(key, stretch);
  return packed === undefined
    ? database.arrays(`${select} ${condition} ORDER BY ${key}`, ...values, ...wanted)
    : unpackRows(database.arrays(`${select} ${condition}`, ...values, ...wanted)[0], packed);
}

function conditionOf(
  key: string,
  { keys, order, from, to }: Stretch,
): { readonly condition: string; readonly wanted: readonly number[] } {
  const count = to - from;
  const first = keys[order[from]];
  const last = keys[order[to - 1]];
  if (count > 1 && last - first < count * (1 + MAX_WASTE)) {
    return { condition: `${key} BETWEEN ? AND ?`, wanted: [first, last] };
  }
  const length = LIST_LENGTHS.find((candidate) => candidate >= count) ?? MAX_KEYS;
  const list: number[] = [];
  for (let index = from; index < to; index++) list.push(keys[order[index]]);
  while (list.length < length) list.push(last);
  return { condition: `${key} IN ${LISTS.get(length)}`, wanted: list };
}

/** Positions of the keys, by key. Nearly always they ascend already. */
function ascending(keys: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(keys.length);
  for (let index = 0; index < order.length; index++) order[index] = index;
  for (let index = 1; index < keys.length; index++) {
    if (keys[index] < keys[index - 1]) return order.sort((a, b) => keys[a] - keys[b]);
  }
  return order;
}
