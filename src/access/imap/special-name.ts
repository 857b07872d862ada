/**
 * Names that mail programs insist on for mailboxes with a special use. While nothing has ever been
 * filed in ours, a program that creates "Sent Items" gets it under that name, with its use: so there
 * is one \Sent, whoever came first. Later such a name is a mailbox like any other.
 */

import type { MailboxInfo, SpecialUse } from "../../store/mail.ts";
import type { MailSession } from "./mail-session.ts";

const NAMES: Readonly<Partial<Record<SpecialUse, readonly string[]>>> = {
  "\\Archive": ["Archive", "Archives"],
  "\\Drafts": ["Draft", "Drafts"],
  "\\Junk": ["Bulk Mail", "Junk", "Junk E-mail", "Junk Email", "Spam"],
  "\\Sent": ["Sent", "Sent Items", "Sent Mail", "Sent Messages"],
  "\\Trash": ["Bin", "Deleted Items", "Deleted Messages", "Trash"],
};

const USE_OF_NAME: ReadonlyMap<string, SpecialUse> = new Map(
  (Object.keys(NAMES) as SpecialUse[]).flatMap((use) =>
    (NAMES[use] ?? []).map((name): [string, SpecialUse] => [name.toLowerCase(), use]),
  ),
);

/** The use that a name stands for with some program. */
export function useOfName(name: string): SpecialUse | undefined {
  return USE_OF_NAME.get(name.toLowerCase());
}

/** The mailbox of that use, if nothing was ever in it and nothing is below it: it may take another name. */
export function unusedMailbox(session: MailSession, use: SpecialUse): MailboxInfo | undefined {
  const { mail } = session.deps.store;
  const mailboxes = mail.mailboxes(session.accountId);
  const info = mailboxes.find(({ specialUse }) => specialUse === use);
  if (info === undefined || session.selected?.open.info.id === info.id) return undefined;
  if (mailboxes.some(({ name }) => name.startsWith(`${info.name}/`))) return undefined;
  return mail.status(info.grant)?.uidNext === 1 ? info : undefined;
}
