/**
 * Columns of octets of many rows as one value: SQLite puts them together, and what a row has is a part
 * of it. An array for each row and column costs several times what reading the rows does.
 *
 * The octets go through TEXT, which SQLite neither checks nor changes in a database of UTF-8.
 */

import type { Value } from "./database.ts";

export type PackedColumn = { readonly name: string; readonly kind: "number" | "octets" };

/** `SELECT … FROM … WHERE`, of one row that `unpackRows` understands. No column may be null. */
export function packedSelect(table: string, columns: readonly PackedColumn[]): string {
  const values = columns.flatMap(({ name, kind }) =>
    kind === "number"
      ? [`group_concat(${name})`]
      : [`group_concat(length(${name}))`, `CAST(group_concat(CAST(${name} AS TEXT), '') AS BLOB)`],
  );
  return `SELECT ${values.join(", ")} FROM ${table} WHERE`;
}

/** The rows, ascending by the first column. */
export function unpackRows(packed: readonly Value[], columns: readonly PackedColumn[]): Value[][] {
  if (packed[0] === null) return [];
  const rows: Value[][] = [];
  let at = 0;
  for (const { kind } of columns) {
    const numbers = numbersOf(packed[at++]);
    if (rows.length === 0) for (let row = 0; row < numbers.length; row++) rows.push([]);
    if (kind === "number") {
      for (let row = 0; row < numbers.length; row++) rows[row].push(numbers[row]);
      continue;
    }
    const octets = packed[at++] as Uint8Array;
    let start = 0;
    for (let row = 0; row < numbers.length; row++) {
      rows[row].push(octets.subarray(start, (start += numbers[row])));
    }
  }
  return isAscending(rows) ? rows : rows.sort((a, b) => Number(a[0]) - Number(b[0]));
}

/** Of `group_concat` of numbers, or of the word null. */
export function numbersOf(list: Value): number[] {
  return JSON.parse(`[${list as string}]`) as number[];
}

function isAscending(rows: readonly Value[][]): boolean {
  for (let row = 1; row < rows.length; row++) {
    if (Number(rows[row - 1][0]) > Number(rows[row][0])) return false;
  }
  return true;
}
