/**
 * What becomes of a message that a mailbox, an envelope or an owed report has let go of: when nothing
 * holds it any more, its rows go, and its octets are dead. Nobody counts who holds a message, the
 * indexes know it. So COPY and EXPUNGE do not touch the message's own row, which is wide; after a large
 * EXPUNGE the looking is left to the bites of compaction.
 */

import type { MessageId } from "../octets.ts";
import type { CommitContext } from "./commit-context.ts";
import { IN_RUNS, runList } from "./entry-runs.ts";
import { countIn, type Runs } from "./number-runs.ts";

/** So many are looked at in the commit that lets them go. */
const MAX_AT_ONCE = 64;
/** So many in one bite. */
const BITE_MESSAGES = 256;

/** Conditions on `message.id` that hold for what nothing holds. */
export const UNHELD = `NOT EXISTS (SELECT 1 FROM entry WHERE entry.message_id = message.id)
  AND NOT EXISTS (SELECT 1 FROM envelope WHERE envelope.message_id = message.id)
  AND NOT EXISTS (SELECT 1 FROM owed_report WHERE owed_report.message_id = message.id)`;

const HELD = `SELECT message_id ${IN_RUNS}`;
const RELEASE = `INSERT OR IGNORE INTO released_message ${HELD}`;
const NEXT_RELEASED = `SELECT message_id FROM released_message ORDER BY message_id LIMIT ${BITE_MESSAGES}`;

const BURY = `DELETE FROM message WHERE id = ? AND ${UNHELD}
  RETURNING segment_id AS segmentId, coalesce(packed_octets, size_octets) AS size`;

/** After a row that held it has been deleted. */
export function buryUnlessHeld(context: CommitContext, id: MessageId): void {
  const { database } = context;
  const row = database.get<{ segmentId: number; size: number }>(BURY, id);
  if (row === undefined) return;
  database.run("DELETE FROM message_head WHERE message_id = ?", id);
  buryOctets(context, row.segmentId, row.size);
}

/** Counts octets as dead; a sealed segment in which nothing lives any more goes as a whole. */
function buryOctets(context: CommitContext, segmentId: number, size: number): void {
  const { database, ledger } = context;
  const segment = ledger.change(ledger.segment(segmentId));
  segment.liveOctets -= size;
  if (segment.liveOctets > 0) return;
  // A counter alone, which may be wrong, shall never cost a living message.
  const removed = database.run(
    `DELETE FROM segment WHERE id = ?1 AND writer_id IS NULL
     AND NOT EXISTS (SELECT 1 FROM message WHERE segment_id = ?1)`,
    segmentId,
  );
  if (removed > 0) context.doomed.push(segment.file);
}

/** `deleteEntries` takes all of `uids` out of the mailbox. */
export function release(
  context: CommitContext,
  mailboxId: number,
  uids: Runs,
  deleteEntries: () => void,
): void {
  const { database } = context;
  const list = runList(uids);
  if (countIn(uids) > MAX_AT_ONCE) {
    database.run(RELEASE, list, mailboxId);
    return deleteEntries();
  }
  const rows = database.arrays(HELD, list, mailboxId) as [MessageId][];
  deleteEntries();
  for (const [id] of rows) buryUnlessHeld(context, id);
}

export function hasReleased({ database }: CommitContext): boolean {
  return database.get(NEXT_RELEASED) !== undefined;
}

/** Within a transaction: looks at the next of those that were released. */
export function buryReleased(context: CommitContext): void {
  const { database } = context;
  const rows = database.arrays(NEXT_RELEASED) as [MessageId][];
  for (const [id] of rows) buryUnlessHeld(context, id);
  database.run("DELETE FROM released_message WHERE message_id <= ?", rows.at(-1)?.[0] ?? 0);
}
