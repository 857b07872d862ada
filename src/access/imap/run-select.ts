/** SELECT and EXAMINE, CLOSE and UNSELECT (RFC 9051 §6.3.2, §6.4.1; QRESYNC, RFC 7162 §3.2.5). */

import { okay, type Completion } from "../../imap/completion.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { SelectCommand } from "../../imap/command/select.ts";
import type { BareCommand } from "../../imap/command/bare.ts";
import type { MailboxInfo, OpenMailbox } from "../../store/mail.ts";
import type { Right } from "../../store/mailbox-grant.ts";
import { keepIfPossible } from "./keep-if-possible.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMailbox, isCompletion, noSuchMailbox } from "./named-mailbox.ts";
import { mayChange, permanentFlags } from "./permanent-flags.ts";
import { SelectedMailbox } from "./selected-mailbox.ts";
import { definedFlags, writeFlagsLine, writeRecent } from "./updates.ts";
import { writeResync } from "./resync.ts";

export const runSelect: Run<SelectCommand> = async (session, command, context) => {
  const { mail } = session.deps.store;
  if (command.qresync !== undefined && !context.enabled.isQresync) {
    return { status: "BAD", text: "Enable QRESYNC first" };
  }
  if (session.selected !== undefined) {
    await closeSelected(session);
    // RFC 7162 §3.2.11, RFC 9051 §7.1: what follows is about the new mailbox.
    if (context.enabled.isQresync || context.enabled.isRev2) {
      context.out.line("* OK [CLOSED] Previous mailbox closed");
    }
  }
  const info = findMailbox(session, command.mailbox, "r");
  if (isCompletion(info)) return info;
  const open = await mail.open(info.grant);
  if (open === undefined) return noSuchMailbox();
  if (command.isCondstore) context.enabled.isCondstore = true;
  const rights = session.deps.store.acl.rights(info.grant);
  const isReadOnly = command.verb === "EXAMINE" || !mayChange(rights);
  const firstRecentUid = await recentFrom(session, info, open, isReadOnly);
  const view = new SelectedMailbox(open, { isReadOnly, firstRecentUid, onChange: session.notify });
  session.selected = view;
  session.saved = [];
  describe(view, rights, context);
  if (command.qresync !== undefined) await writeResync(session, view, command.qresync, context);
  return isReadOnly ? okay("Examining", "READ-ONLY") : okay("Selected", "READ-WRITE");
};

/** The first UID that no session has been told of before (RFC 3501 §2.3.2). Only SELECT takes them. */
async function recentFrom(
  session: MailSession,
  info: MailboxInfo,
  open: OpenMailbox,
  isReadOnly: boolean,
): Promise<number> {
  const { mail } = session.deps.store;
  const firstRecentUid = mail.status(info.grant)?.firstRecentUid ?? open.uidNext;
  if (isReadOnly || open.lastUid < firstRecentUid) return firstRecentUid;
  const taken = await keepIfPossible(session, "\\Recent", () => mail.takeRecent(info.grant));
  // Not taken: the messages are recent once more.
  return taken ?? firstRecentUid;
}

function describe(
  view: SelectedMailbox,
  rights: ReadonlySet<Right>,
  context: CommandContext,
): void {
  const { out, enabled } = context;
  const { open } = view;
  writeFlagsLine(view, context);
  const permanent = view.isReadOnly ? "" : permanentFlags(definedFlags(view), rights).join(" ");
  out.line(`* OK [PERMANENTFLAGS (${permanent})] Flags that are kept`);
  out.line(`* ${view.count} EXISTS`);
  if (!enabled.isRev2) writeRecent(view, context);
  const unseen = open.firstUnseen() + 1;
  if (unseen > 0 && !enabled.isRev2 && !enabled.isUidOnly)
    out.line(`* OK [UNSEEN ${unseen}] First unseen`);
  out.line(`* OK [UIDVALIDITY ${open.info.uidValidity}] UIDs are valid`);
  out.line(`* OK [UIDNEXT ${open.uidNext}] Next UID`);
  out.line(`* OK [HIGHESTMODSEQ ${open.highestModSeq}] Highest`);
  out.line(`* OK [MAILBOXID (${open.info.objectId})] Mailbox id`);
  if (enabled.isRev2) out.text('* LIST () "/" ').mailbox(open.info.name).line("");
}

/** Messages announced here are no longer `\Recent` to the session that comes next (RFC 3501 §2.3.2). */
export async function closeSelected(session: MailSession): Promise<void> {
  const view = session.selected;
  if (view === undefined) return;
  session.selected = undefined;
  session.saved = [];
  session.contexts.clear();
  view.release();
  if (view.isReadOnly || view.isGone || !view.hasAnnounced) return;
  try {
    await session.deps.store.mail.takeRecent(view.open.grant);
  } catch (error) {
    // Nothing is lost but that some messages are recent once more.
    session.deps.log.debug("imap.recent-not-taken", { problem: String(error) });
  }
}

/** CLOSE expunges without telling (RFC 9051 §6.4.1); UNSELECT does not expunge (§6.4.2). */
export const runClose: Run<BareCommand<"CLOSE"> | BareCommand<"UNSELECT">> = async (
  session,
  command,
): Promise<Completion> => {
  const view = session.selected;
  if (view !== undefined && command.verb === "CLOSE" && !view.isReadOnly && !view.isGone) {
    // RFC 4314 §4: without the right, CLOSE only closes.
    if (session.deps.store.acl.rights(view.open.grant).has("e"))
      await session.deps.store.mail.expunge(view.open.grant, view.deletedUids(), true);
  }
  await closeSelected(session);
  return okay(command.verb === "CLOSE" ? "Closed" : "Unselected");
};
