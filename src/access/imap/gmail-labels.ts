/**
 * Labels of X-GM-EXT-1. Here a message is in mailboxes; its labels are the other mailboxes of the
 * account that hold the same octets, under the names Gmail has for those with a special use.
 */

import type { SystemLabel } from "../../imap/gmail-label.ts";
import type { MailboxInfo, OpenMailbox, SpecialUse } from "../../store/mail.ts";
import type { MessageId } from "../../store/octets.ts";
import type { MailSession } from "./mail-session.ts";
import { MessageSet } from "./message-set.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { Slicer } from "./slicer.ts";

/** Messages that are looked up together. */
const BATCH = 256;

const LABEL_OF_USE: ReadonlyMap<SpecialUse, SystemLabel> = new Map<SpecialUse, SystemLabel>([
  ["\\Sent", "\\Sent"],
  ["\\Drafts", "\\Draft"],
  ["\\Junk", "\\Spam"],
  ["\\Trash", "\\Trash"],
  ["\\Important", "\\Important"],
]);

export function labelOf(info: MailboxInfo): string {
  if (info.name === "INBOX") return "\\Inbox";
  return (info.specialUse && LABEL_OF_USE.get(info.specialUse)) ?? info.name;
}

/** The mailbox behind a label that is not `\Starred`: system labels by use, others by name. */
export function mailboxOfLabel(session: MailSession, label: string): MailboxInfo | undefined {
  const mailboxes = ownMailboxes(session);
  const wanted = label.toLowerCase();
  return (
    mailboxes.find((info) => labelOf(info) === label || info.name === label) ??
    mailboxes.find((info) => info.name.toLowerCase() === wanted)
  );
}

function ownMailboxes({ deps, accountId }: MailSession): readonly MailboxInfo[] {
  return deps.store.mail.mailboxes(accountId);
}

/** Somebody else's mailbox has none of our labels. */
export function hasLabels(session: MailSession, view: SelectedMailbox): boolean {
  return view.open.grant.ownerId === session.accountId;
}

/** Of the wanted stored messages: the other mailboxes of the account that hold them. */
export async function holdersOf(
  session: MailSession,
  view: SelectedMailbox,
  wanted: ReadonlySet<MessageId>,
): Promise<ReadonlyMap<MessageId, readonly MailboxInfo[]>> {
  const holders = new Map<MessageId, MailboxInfo[]>();
  if (!hasLabels(session, view)) return holders;
  const slicer = new Slicer(session.deps.clock);
  const others = new Map(
    ownMailboxes(session)
      .filter(({ id }) => id !== view.open.info.id)
      .map((info) => [info.id, info]),
  );
  const ids = [...wanted];
  for (let from = 0; from < ids.length; from += BATCH) {
    const { mail } = session.deps.store;
    const found = mail.holders(session.accountId, ids.slice(from, from + BATCH));
    for (const [messageId, mailboxIds] of found) {
      const infos = [...others.values()].filter(({ id }) => mailboxIds.includes(id));
      if (infos.length > 0) holders.set(messageId, infos);
    }
    if (slicer.isDue(128)) await slicer.rest();
  }
  return holders;
}

/** Runs `look` on the mailbox as it is now; nothing when it has gone. */
export async function withOpen<T>(
  session: MailSession,
  info: MailboxInfo,
  look: (open: OpenMailbox) => T,
): Promise<T | undefined> {
  const open = await session.deps.store.mail.open(info.grant);
  if (open === undefined) return undefined;
  try {
    return look(open);
  } finally {
    open.release();
  }
}

/** The stored messages that are in a mailbox. */
export async function messagesIn(session: MailSession, info: MailboxInfo): Promise<MessageSet> {
  const ids = await withOpen(
    session,
    info,
    ({ messageIds, count }) => new Float64Array(messageIds.subarray(0, count)),
  );
  return MessageSet.of(ids ?? new Float64Array(0), new Slicer(session.deps.clock));
}
