/** Reports owed to senders: written down with a settlement, taken back when the report is accepted. */

import { MailError } from "../../base/errors.ts";
import type { OwedReport } from "../owed-report.ts";
import type { MessageId } from "../octets.ts";
import { buryUnlessHeld } from "./bury-messages.ts";
import type { CommitContext } from "./commit-context.ts";
import { accept } from "./operations-accept.ts";
import type { RequestOf } from "./requests.ts";

export function owe(
  context: CommitContext,
  { kind, message, recipients, dueMs }: OwedReport,
): void {
  const { database } = context;
  const isThere = database.get("SELECT 1 FROM message WHERE id = ?", message.messageId);
  // An operator has deleted it meanwhile: nobody is to hear of it any more.
  if (isThere === undefined) return;
  // Each row holds the octets: they are quoted later, when the envelope may be gone.
  const about = JSON.stringify(message);
  for (const recipient of recipients) {
    database.run(
      `INSERT INTO owed_report (queue_id, kind, due_ms, message_id, about, recipient)
       VALUES (?, ?, ?, ?, ?, ?)`,
      message.queueId,
      kind,
      Math.ceil(dueMs),
      message.messageId,
      about,
      JSON.stringify(recipient),
    );
  }
}

export function payReports(context: CommitContext, request: RequestOf<"payReports">): void {
  // The report first: it may quote the message by reference.
  for (const report of request.reports) accept(context, report);
  for (const id of request.ids) {
    const row = context.database.get<{ messageId: MessageId }>(
      "DELETE FROM owed_report WHERE id = ? RETURNING message_id AS messageId",
      id,
    );
    if (row === undefined) throw new MailError("not-found", "the report has gone out already");
    buryUnlessHeld(context, row.messageId);
  }
  context.isQueueChanged = true;
}
