/** Feed entries on their way between the threads: all numbers in one array, which is handed over and not copied. */

import type { FeedEntry } from "./feed-entry.ts";

export type EncodedEntries = {
  /** For each entry: id, account, mailbox, MODSEQ, kind, how many numbers of rows follow, and those. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** The few entries that made keywords, by position. */
  readonly keywords: readonly (readonly [position: number, keywords: readonly string[]])[];
};

const HEAD = 6;

export function encodeEntries(entries: readonly FeedEntry[]): EncodedEntries {
  let length = 0;
  for (const { rows } of entries) length += HEAD + (rows?.length ?? 0);
  const numbers = new Float64Array(length);
  const keywords: (readonly [number, readonly string[]])[] = [];
  let at = 0;
  entries.forEach((entry, position) => {
    const rows = entry.rows ?? [];
    numbers[at++] = entry.id;
    numbers[at++] = entry.accountId;
    numbers[at++] = entry.mailboxId;
    numbers[at++] = entry.modSeq;
    numbers[at++] = entry.kind;
    numbers[at++] = rows.length;
    for (let index = 0; index < rows.length; index++) numbers[at++] = rows[index];
    if (entry.keywords !== undefined) keywords.push([position, entry.keywords]);
  });
  return { numbers, keywords };
}

export function decodeEntries({ numbers, keywords }: EncodedEntries): FeedEntry[] {
  const entries: FeedEntry[] = [];
  const made = new Map(keywords);
  for (let at = 0; at < numbers.length;) {
    const end = at + HEAD + numbers[at + 5];
    const names = made.get(entries.length);
    entries.push({
      id: numbers[at],
      accountId: numbers[at + 1],
      mailboxId: numbers[at + 2],
      modSeq: numbers[at + 3],
      kind: numbers[at + 4],
      rows: Array.from(numbers.subarray(at + HEAD, end)),
      ...(names && { keywords: names }),
    });
    at = end;
  }
  return entries;
}
