/**
 * Brings columns that were kept in a file up to what the mailbox is now: what was expunged or changed
 * since is in the feed, what is new lies behind the last UID. What comes out is held against the
 * counters of the mailbox; if anything does not fit, the rows are read instead.
 */

import { DELETED, SEEN } from "../mail.ts";
import type { Database } from "./database.ts";
import { ADDED_STRIDE } from "./feed-entry.ts";
import { sumsOf, type ColumnSums, type KeptColumns } from "./kept-columns.ts";
import type { MailboxColumns } from "./mailbox-columns.ts";
import { mailboxStatus } from "./mailbox-rows.ts";
import { numbersIn, runsOf } from "./number-runs.ts";
import { rowsByKey } from "./rows-by-key.ts";
import { decodeRuns } from "./uid-runs.ts";

/** With more rows to read, all are read anew, in slices. */
const MAX_CATCH_UP = 30_000;

const NEWER = `SELECT uid, flags, flags_high, message_id, internal_date_ms, saved_date_ms, size_octets,
  thread_id, mod_seq FROM entry WHERE mailbox_id = ? AND uid >= ? ORDER BY uid LIMIT ${MAX_CATCH_UP}`;
const FLAGS_AT = 1;
const SIZE_AT = 6;
const CHANGED = "SELECT uid, flags, flags_high, mod_seq FROM entry WHERE mailbox_id = ? AND";

/** Within one view of the database. How many messages differ from what was kept; undefined if it cannot be done. */
export function catchUp(
  database: Database,
  kept: KeptColumns,
  columns: MailboxColumns,
): number | undefined {
  const status = mailboxStatus(database, kept.mailboxId);
  if (status === undefined || !reachesBack(database, kept)) return undefined;
  if (status.uidNext < kept.uidNext || status.highestModSeq < kept.modSeq) return undefined;
  if (status.uidNext - kept.uidNext > MAX_CATCH_UP) return undefined;
  const changed = sinceKept(database, 2, kept);
  const expunged = sinceKept(database, 3, kept);
  if (changed.length + expunged.length > MAX_CATCH_UP) return undefined;
  const isGrownOnly = changed.length + expunged.length === 0;
  columns.remove(runsOf(expunged));
  const source = { select: CHANGED, key: "uid", values: [kept.mailboxId] };
  for (const row of rowsByKey(database, source, changed)) {
    if (row !== undefined) columns.setFlags(row.slice(0, 3) as number[], row[3] as number);
  }
  const newer = database.arrays(NEWER, kept.mailboxId, kept.uidNext) as number[][];
  for (const row of newer) columns.add(row.slice(0, ADDED_STRIDE), row[ADDED_STRIDE]);
  if (!agrees(columns, status, isGrownOnly ? sumsWith(kept, newer) : undefined)) return undefined;
  return changed.length + expunged.length + newer.length;
}

/** Whether the feed still has everything that came after. Ids never go back, unless the data folder did. */
function reachesBack(database: Database, { feedId }: KeptColumns): boolean {
  const first = database.get<{ id: number | null }>("SELECT min(id) AS id FROM feed")?.id ?? null;
  const last = database.get<{ id: number | null }>("SELECT max(id) AS id FROM feed")?.id ?? null;
  return first !== null && last !== null && first <= feedId + 1 && last >= feedId;
}

/** Whether flags have changed or messages have gone: then columns have to be there. */
export function hasChangesSince(database: Database, kept: KeptColumns): boolean {
  return sinceKept(database, 2, kept).length + sinceKept(database, 3, kept).length > 0;
}

/** The UIDs of entries of one kind, ascending, each once. A literal kind lets the index be used. */
function sinceKept(database: Database, kind: 2 | 3, { mailboxId, modSeq }: KeptColumns): number[] {
  const sql =
    kind === 2
      ? "SELECT uids FROM feed WHERE mailbox_id = ? AND mod_seq > ? AND kind = 2"
      : "SELECT uids FROM feed WHERE mailbox_id = ? AND mod_seq > ? AND kind = 3";
  const uids = new Set<number>();
  for (const row of database.all<{ uids: Uint8Array | null }>(sql, mailboxId, modSeq)) {
    for (const uid of numbersIn(decodeRuns(row.uids))) uids.add(uid);
    if (uids.size > MAX_CATCH_UP) break;
  }
  return [...uids].sort((a, b) => a - b);
}

type Status = NonNullable<ReturnType<typeof mailboxStatus>>;

/** Where nothing but new messages has come, their sums are enough, and no column has to be there. */
function agrees(columns: MailboxColumns, status: Status, grown: ColumnSums | undefined): boolean {
  if (columns.lastUid >= status.uidNext) return false;
  const { messages, unseen, deleted, sizeOctets } = grown ?? sumsOf(columns);
  return (
    columns.count === status.messages &&
    messages === status.messages &&
    unseen === status.unseen &&
    deleted === status.deleted &&
    sizeOctets === status.sizeOctets
  );
}

/** `kept` with the new messages. */
function sumsWith(kept: ColumnSums, newer: readonly (readonly number[])[]): ColumnSums {
  let { messages, unseen, deleted, sizeOctets } = kept;
  for (const row of newer) {
    messages++;
    if ((row[FLAGS_AT] & SEEN) === 0) unseen++;
    if ((row[FLAGS_AT] & DELETED) !== 0) deleted++;
    sizeOctets += row[SIZE_AT];
  }
  return { messages, unseen, deleted, sizeOctets };
}
