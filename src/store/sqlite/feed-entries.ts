/** Feed entries on their way between the threads: all numbers in one array, which is handed over and not copied. */

import type { FeedEntry, FlagOperation } from "./feed-entry.ts";

export type EncodedEntries = {
  /**
   * For each entry: id, account, mailbox, MODSEQ, kind, how many numbers follow of runs, of rows and of
   * an operation on flags, and those.
   */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The few entries that made keywords, by position. */
  readonly keywords: readonly (readonly [position: number, keywords: readonly string[]])[];
};

const HEAD = 8;
const OPERATION = 4;

export function encodeEntries(entries: readonly FeedEntry[]): EncodedEntries {
  let length = 0;
  for (const { runs, rows, operation } of entries) {
    length += HEAD + runs.length + (rows?.length ?? 0) + (operation ? OPERATION : 0);
  }
  const numbers = new Float64Array(length);
  const keywords: (readonly [number, readonly string[]])[] = [];
  let at = 0;
  const put = (values: readonly number[]): void => {
    for (let index = 0; index < values.length; index++) numbers[at++] = values[index];
  };
  entries.forEach((entry, position) => {
    const { runs, rows = [], operation } = entry;
    numbers[at++] = entry.id;
    numbers[at++] = entry.accountId;
    numbers[at++] = entry.mailboxId;
    numbers[at++] = entry.modSeq;
    numbers[at++] = entry.kind;
    numbers[at++] = runs.length;
    numbers[at++] = rows.length;
    numbers[at++] = operation ? OPERATION : 0;
    put(runs);
    put(rows);
    if (operation !== undefined) {
      put([operation.keptLow, operation.setLow, operation.keptHigh, operation.setHigh]);
    }
    if (entry.keywords !== undefined) keywords.push([position, entry.keywords]);
  });
  return { numbers, keywords };
}

export function decodeEntries({ numbers, keywords }: EncodedEntries): FeedEntry[] {
  const entries: FeedEntry[] = [];
  const made = new Map(keywords);
  for (let at = 0; at < numbers.length;) {
    const runsAt = at + HEAD;
    const rowsAt = runsAt + numbers[at + 5];
    const operationAt = rowsAt + numbers[at + 6];
    const end = operationAt + numbers[at + 7];
    const names = made.get(entries.length);
    entries.push({
      id: numbers[at],
      accountId: numbers[at + 1],
      mailboxId: numbers[at + 2],
      modSeq: numbers[at + 3],
      kind: numbers[at + 4],
      runs: Array.from(numbers.subarray(runsAt, rowsAt)),
      ...(operationAt > rowsAt && { rows: Array.from(numbers.subarray(rowsAt, operationAt)) }),
      ...(end > operationAt && { operation: readOperation(numbers, operationAt) }),
      ...(names && { keywords: names }),
    });
    at = end;
  }
  return entries;
}

function readOperation(numbers: Float64Array, at: number): FlagOperation {
  return {
    keptLow: numbers[at],
    setLow: numbers[at + 1],
    keptHigh: numbers[at + 2],
    setHigh: numbers[at + 3],
  };
}
