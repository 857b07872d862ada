/** STATUS (RFC 9051 §6.3.11) and what LIST-STATUS writes of it. */

import { okay } from "../../imap/completion.ts";
import type { StatusCommand, StatusItem } from "../../imap/command/status.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { DELETED, type MailboxInfo, type MailboxStatus } from "../../store/mail.ts";
import { lowerBound } from "./selected-mailbox.ts";
import { findMailbox, isCompletion, noSuchMailbox } from "./named-mailbox.ts";
import type { MailSession, Run } from "./mail-session.ts";

export const runStatus: Run<StatusCommand> = async (session, command, context) => {
  const info = findMailbox(session, command.mailbox, "r");
  if (isCompletion(info)) return info;
  const isThere = await writeStatus(session, info, command.items, context);
  return isThere ? okay("Status told") : noSuchMailbox();
};

/** `* STATUS name (…)`; false when the mailbox has gone. */
export async function writeStatus(
  session: MailSession,
  info: MailboxInfo,
  items: readonly StatusItem[],
  context: CommandContext,
): Promise<boolean> {
  const { mail } = session.deps.store;
  const status = mail.status(info.grant);
  if (status === undefined) return false;
  // RFC 7162 §3.1.2: asking for HIGHESTMODSEQ switches CONDSTORE on.
  if (items.includes("HIGHESTMODSEQ")) context.enabled.isCondstore = true;
  const counted = await count(session, info, { status, items });
  const { appendLimitOctets } = session.deps;
  const known = { info, status, counted, appendLimitOctets };
  const values = items.map((item) => `${item} ${valueOf(item, known)}`);
  context.out
    .text("* STATUS ")
    .mailbox(info.name)
    .line(` (${values.join(" ")})`);
  return true;
}

type Counted = { readonly recent: number; readonly deletedOctets: number };

/** What no counter of the store tells; the mailbox is opened only if there can be something to count. */
async function count(
  session: MailSession,
  info: MailboxInfo,
  { status, items }: { status: MailboxStatus; items: readonly StatusItem[] },
): Promise<Counted> {
  const hasRecent = items.includes("RECENT") && status.firstRecentUid < status.uidNext;
  const hasDeleted = items.includes("DELETED-STORAGE") && status.deleted > 0;
  const nothing = { recent: 0, deletedOctets: 0 };
  if (!hasRecent && !hasDeleted) return nothing;
  const open = await session.deps.store.mail.open(info.grant);
  if (open === undefined) return nothing;
  let deletedOctets = 0;
  for (let position = 0; hasDeleted && position < open.count; position++) {
    if ((open.flags[position] & DELETED) !== 0) deletedOctets += open.sizesOctets[position];
  }
  const recent = open.count - lowerBound(open.uids, open.count, status.firstRecentUid);
  open.release();
  return { recent, deletedOctets };
}

function valueOf(
  item: StatusItem,
  known: { info: MailboxInfo; status: MailboxStatus; counted: Counted; appendLimitOctets: number },
): number | string {
  const { info, status, counted, appendLimitOctets } = known;
  switch (item) {
    case "MESSAGES":
      return status.messages;
    case "RECENT":
      return counted.recent;
    case "UIDNEXT":
      return status.uidNext;
    case "UIDVALIDITY":
      return info.uidValidity;
    case "UNSEEN":
      return status.unseen;
    case "DELETED":
      return status.deleted;
    case "DELETED-STORAGE":
      return counted.deletedOctets;
    case "SIZE":
      return status.sizeOctets;
    case "HIGHESTMODSEQ":
      return status.highestModSeq;
    case "MAILBOXID":
      return `(${info.objectId})`;
    case "APPENDLIMIT":
      return appendLimitOctets;
  }
}
