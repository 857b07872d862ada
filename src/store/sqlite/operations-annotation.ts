/**
 * Changes of annotations. Rights are checked before a request comes here. What is removed stays as a
 * row without value, so that others can be told what has changed; a few of those are kept.
 */

import { MailError } from "../../base/errors.ts";
import { MAX_ANNOTATIONS, MAX_ANNOTATIONS_OF_ACCOUNT } from "../annotations.ts";
import type { CommitContext } from "./commit-context.ts";
import { FEED_ANNOTATED, FEED_CHANGED } from "./feed-entry.ts";
import type { MailboxState } from "./ledger.ts";
import type { RequestOf } from "./requests.ts";

export function changeAnnotations(
  context: CommitContext,
  request: RequestOf<"changeAnnotations">,
): void {
  const { ledger } = context;
  const { mailboxId, viewerId, specialUse } = request;
  // The server has no feed of its own: the account's INBOX carries the news.
  const carrier =
    mailboxId === 0 ? ledger.mailboxByName(viewerId, "INBOX") : ledger.mailbox(mailboxId);
  if (carrier === undefined) throw new MailError("not-found", "No such mailbox");
  if (request.changes.length > 0) {
    const modSeq = ledger.takeModSeq(ledger.change(carrier));
    for (const { isShared, name, value } of request.changes) {
      const viewer = isShared ? 0 : viewerId;
      context.database.run(
        `INSERT INTO annotation (mailbox_id, viewer_id, name, value, mod_seq)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (mailbox_id, viewer_id, name) DO UPDATE SET value = ?4, mod_seq = ?5`,
        mailboxId,
        viewer,
        name,
        value,
        modSeq,
      );
      checkRoom(context, mailboxId, viewer);
    }
    ledger.enter(carrier, FEED_ANNOTATED, [], { modSeq });
  }
  if (specialUse !== undefined) changeSpecialUse(context, carrier, specialUse);
}

function checkRoom(context: CommitContext, mailboxId: number, viewerId: number): void {
  const { database } = context;
  const counts = database.get<{ live: number; removed: number }>(
    `SELECT count(value) AS live, count(*) - count(value) AS removed FROM annotation
     WHERE mailbox_id = ? AND viewer_id = ?`,
    mailboxId,
    viewerId,
  );
  if ((counts?.live ?? 0) > MAX_ANNOTATIONS) throw tooMany();
  if ((counts?.removed ?? 0) > MAX_ANNOTATIONS) {
    database.run(
      `DELETE FROM annotation WHERE rowid IN (SELECT rowid FROM annotation
       WHERE mailbox_id = ?1 AND viewer_id = ?2 AND value IS NULL ORDER BY mod_seq LIMIT 10)`,
      mailboxId,
      viewerId,
    );
  }
  if (viewerId === 0) return;
  const all = database.get<{ n: number }>(
    "SELECT count(*) AS n FROM annotation WHERE viewer_id = ?",
    viewerId,
  );
  if ((all?.n ?? 0) > MAX_ANNOTATIONS_OF_ACCOUNT) throw tooMany();
}

function tooMany(): MailError {
  return new MailError("over-quota", "There are too many annotations");
}

function changeSpecialUse(
  context: CommitContext,
  mailbox: MailboxState,
  specialUse: string | null,
): void {
  const { database, ledger } = context;
  const other = database.get(
    "SELECT 1 FROM mailbox WHERE account_id = ? AND special_use = ? AND id <> ?",
    mailbox.accountId,
    specialUse,
    mailbox.id,
  );
  if (other !== undefined) throw new MailError("refused", "Another mailbox has that use");
  ledger.touchCatalogue();
  database.run("UPDATE mailbox SET special_use = ? WHERE id = ?", specialUse, mailbox.id);
  ledger.enter(mailbox, FEED_CHANGED, []);
}
