/** EXPUNGE: messages leave a mailbox. */

import type { CommitContext } from "./commit-context.ts";
import { release } from "./bury-messages.ts";
import { countTally } from "./entry-rows.ts";
import { removableRuns, tallyOf } from "./entry-runs.ts";
import { FEED_EXPUNGED } from "./feed-entry.ts";
import type { MailboxState } from "./ledger.ts";
import type { Runs } from "./number-runs.ts";
import type { AnswerOf, RequestOf } from "./requests.ts";

const DELETE_RUN = "DELETE FROM entry WHERE mailbox_id = ? AND uid BETWEEN ? AND ?";

export function expunge(
  context: CommitContext,
  request: RequestOf<"expunge">,
): AnswerOf<"expunge"> {
  const { mailboxId, uids, onlyDeleted } = request;
  const mailbox = context.ledger.mailbox(mailboxId);
  const going = removableRuns(context.database, mailbox.id, uids, onlyDeleted);
  removeEntries(context, mailbox, going, "released");
  return going;
}

export function expungeAll(context: CommitContext, mailbox: MailboxState): void {
  const uids = removableRuns(context.database, mailbox.id, "all", false);
  removeEntries(context, mailbox, uids, "released");
}

/** All of `uids` are there. What is kept is held elsewhere, where it has been moved to. */
export function removeEntries(
  context: CommitContext,
  mailbox: MailboxState,
  uids: Runs,
  messages: "released" | "kept",
): void {
  if (uids.length === 0) return;
  const { database, ledger } = context;
  ledger.change(mailbox);
  countTally(context, mailbox, tallyOf(database, mailbox.id, uids), -1);
  const deleteAll = (): void => {
    for (let at = 0; at < uids.length; at += 2) {
      database.run(DELETE_RUN, mailbox.id, uids[at], uids[at + 1]);
    }
  };
  if (messages === "released") release(context, mailbox.id, uids, deleteAll);
  else deleteAll();
  ledger.enter(mailbox, FEED_EXPUNGED, uids);
}
