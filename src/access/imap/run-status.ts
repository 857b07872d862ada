/** STATUS (RFC 9051 §6.3.11) and what LIST-STATUS writes of it. */

import { no, okay } from "../../imap/completion.ts";
import type { StatusCommand, StatusItem } from "../../imap/command/status.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { MailboxInfo, MailboxStatus } from "../../store/mail.ts";
import { lowerBound } from "./selected-mailbox.ts";
import type { MailSession, Run } from "./mail-session.ts";

export const runStatus: Run<StatusCommand> = async (session, command, context) => {
  const info = session.deps.store.mail.mailbox(session.accountId, command.mailbox);
  if (info === undefined || !(await writeStatus(session, info, command.items, context))) {
    return no("No such mailbox", "NONEXISTENT");
  }
  return okay("Status told");
};

/** `* STATUS name (…)`; false when the mailbox has gone. */
export async function writeStatus(
  session: MailSession,
  info: MailboxInfo,
  items: readonly StatusItem[],
  context: CommandContext,
): Promise<boolean> {
  const { mail } = session.deps.store;
  const status = mail.status(info.id);
  if (status === undefined) return false;
  // RFC 7162 §3.1.2: asking for HIGHESTMODSEQ switches CONDSTORE on.
  if (items.includes("HIGHESTMODSEQ")) context.enabled.isCondstore = true;
  const recent = items.includes("RECENT") ? await countRecent(session, info, status) : 0;
  const { appendLimitOctets } = session.deps;
  const known = { info, status, recent, appendLimitOctets };
  const values = items.map((item) => `${item} ${valueOf(item, known)}`);
  context.out
    .text("* STATUS ")
    .mailbox(info.name)
    .line(` (${values.join(" ")})`);
  return true;
}

async function countRecent(
  session: MailSession,
  info: MailboxInfo,
  status: MailboxStatus,
): Promise<number> {
  if (status.firstRecentUid >= status.uidNext) return 0;
  const open = await session.deps.store.mail.open(info.id);
  if (open === undefined) return 0;
  const recent = open.count - lowerBound(open.uids, open.count, status.firstRecentUid);
  open.release();
  return recent;
}

function valueOf(
  item: StatusItem,
  known: { info: MailboxInfo; status: MailboxStatus; recent: number; appendLimitOctets: number },
): number | string {
  const { info, status, recent, appendLimitOctets } = known;
  switch (item) {
    case "MESSAGES":
      return status.messages;
    case "RECENT":
      return recent;
    case "UIDNEXT":
      return status.uidNext;
    case "UIDVALIDITY":
      return info.uidValidity;
    case "UNSEEN":
      return status.unseen;
    case "DELETED":
      return status.deleted;
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
