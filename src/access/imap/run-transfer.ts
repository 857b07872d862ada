/** COPY and MOVE (RFC 9051 §6.4.7, §6.4.8), EXPUNGE and UID EXPUNGE (§6.4.3, §6.4.9). */

import { bad, no, okay, type Completion } from "../../imap/completion.ts";
import type { ExpungeCommand } from "../../imap/command/expunge.ts";
import type { TransferCommand } from "../../imap/command/transfer.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import { isMailError } from "../../base/errors.ts";
import type { CopyResult } from "../../store/mail.ts";
import { findMailbox, isCompletion, missingRight } from "./named-mailbox.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { writeAdded } from "./updates.ts";

export const runTransfer: Run<TransferCommand> = async (session, command, context) => {
  const view = session.selected;
  if (view === undefined) return no("No mailbox is selected");
  if (command.verb === "MOVE" && view.isReadOnly) {
    return no("The mailbox is selected read-only", "NOPERM");
  }
  if (command.isUid) writeAdded(view, context);
  else if (!view.coversSeqs(command.set)) return bad("No such message number");
  const { mail } = session.deps.store;
  if (command.verb === "MOVE") {
    // RFC 6851 §4.4: as COPY, STORE \Deleted and EXPUNGE together.
    const missing = missingRight(session, view.open, "t") ?? missingRight(session, view.open, "e");
    if (missing !== undefined) return missing;
  }
  const target = findMailbox(session, command.mailbox, "i", "TRYCREATE");
  if (isCompletion(target)) return target;
  const { uids } = view.resolve(command.set, command.isUid, session.saved);
  // Nothing there, or not any more, is no error: clients would try for ever.
  if (uids.length === 0) return okay("Nothing to do");
  const from = view.open.grant;
  const result = await orTryCreate(
    command.verb === "COPY"
      ? mail.copy(from, uids, target.grant)
      : mail.move(from, uids, target.grant),
  );
  if ("status" in result) return result;
  if (result.from.length === 0) return okay("Nothing to do");
  const code = `COPYUID ${result.uidValidity} ${formatSet(result.from)} ${formatSet(result.to)}`;
  if (command.verb === "COPY") return okay("Copied", code);
  // RFC 6851 §4.3: before the EXPUNGEs, so that the client can match them.
  context.out.line(`* OK [${code}] Moved`);
  return okay("Moved");
};

/** The mailbox may have been deleted between the look and the copy. */
async function orTryCreate(work: Promise<CopyResult>): Promise<CopyResult | Completion> {
  try {
    return await work;
  } catch (error) {
    if (isMailError(error, "not-found")) return no("No such mailbox", "TRYCREATE");
    throw error;
  }
}

export const runExpunge: Run<ExpungeCommand> = async (session, command, context) => {
  const view = session.selected;
  if (view === undefined) return no("No mailbox is selected");
  if (view.isReadOnly) return no("The mailbox is selected read-only", "NOPERM");
  writeAdded(view, context);
  await session.deps.store.mail.expunge(view.open.grant, uidsOf(session, command), true);
  if (!context.enabled.isQresync) return okay("Expunged");
  // RFC 7162 §3.2.10: the client may take the whole mailbox for known up to here.
  return okay("Expunged", `HIGHESTMODSEQ ${view.open.highestModSeq}`);
};

/** The UIDs that may go, if they are still flagged deleted then. */
function uidsOf(session: MailSession, command: ExpungeCommand): readonly number[] | "all" {
  if (session.selected === undefined) return "all";
  if (command.set === undefined) return session.selected.deletedUids();
  return Array.from(session.selected.resolve(command.set, true, session.saved).uids);
}
