/** REPLACE and UID REPLACE (RFC 8508): which message is to go, before the new one comes. */

import type { Replaced } from "../../imap/command/append.ts";
import { bad, no, type Completion } from "../../imap/completion.ts";
import type { AppendTransaction } from "../../imap/handler.ts";
import { openAppend } from "./append-transaction.ts";
import type { MailSession } from "./mail-session.ts";
import { missingRight } from "./named-mailbox.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

export async function openReplace(
  session: MailSession,
  mailbox: string,
  replaced: Replaced,
  tell: (code: string) => void,
): Promise<AppendTransaction | Completion> {
  const view = session.selected;
  if (view === undefined) return no("No mailbox is selected");
  if (view.isReadOnly) return no("The mailbox is selected read-only", "NOPERM");
  // RFC 8508 §5: as APPEND, STORE \Deleted and EXPUNGE together.
  const missing = missingRight(session, view.open, "t") ?? missingRight(session, view.open, "e");
  if (missing !== undefined) return missing;
  const uid = uidOf(view, replaced);
  if (typeof uid !== "number") return uid;
  return openAppend(session, mailbox, { view, uid, tell });
}

function uidOf(view: SelectedMailbox, { number, isUid }: Replaced): number | Completion {
  const set = [{ from: number, to: number }];
  if (!isUid && !view.coversSeqs(set)) return bad("No such message number");
  const { uids } = view.resolve(set, isUid, []);
  return uids.length === 0 ? no("The message to replace is gone", "NONEXISTENT") : uids[0];
}
