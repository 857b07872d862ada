/**
 * Keeps the change feed bounded: the oldest entries go, a few with each commit once there are too
 * many. A mailbox remembers up to where its tombstones are gone, so that nobody is told half of
 * what vanished (RFC 7162 §3.2.6).
 */

import type { CommitContext } from "./commit-context.ts";

const PRUNED_AT_ONCE = 256;
const FEED_EXPUNGED = 3;

type FeedRow = { readonly mailboxId: number; readonly modSeq: number; readonly kind: number };

export function pruneFeed(context: CommitContext, kept: number): void {
  const { database, ledger } = context;
  const last = ledger.entries.at(-1)?.id;
  if (last === undefined || last <= kept) return;
  const gone = database.all<FeedRow>(
    `DELETE FROM feed WHERE id IN (SELECT id FROM feed WHERE id <= ? ORDER BY id LIMIT ${PRUNED_AT_ONCE})
     RETURNING mailbox_id AS mailboxId, mod_seq AS modSeq, kind`,
    last - kept,
  );
  for (const { mailboxId, modSeq, kind } of gone) {
    if (kind !== FEED_EXPUNGED) continue;
    const mailbox = ledger.findMailbox(mailboxId);
    if (mailbox === undefined || mailbox.vanishedHorizon >= modSeq) continue;
    ledger.change(mailbox).vanishedHorizon = modSeq;
  }
}
