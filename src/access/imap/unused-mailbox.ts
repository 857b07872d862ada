/**
 * While nothing has ever been filed in our mailbox of a special use, a program that creates
 * "Sent Items" gets it under that name, with its use: so there is one \Sent, whoever came first.
 * Later such a name is a mailbox like any other.
 */

import type { MailboxInfo, SpecialUse } from "../../store/mail.ts";
import type { MailSession } from "./mail-session.ts";

/** The mailbox of that use, if nothing was ever in it and nothing is below it: it may take another name. */
export function unusedMailbox(session: MailSession, use: SpecialUse): MailboxInfo | undefined {
  const { mail } = session.deps.store;
  const mailboxes = mail.mailboxes(session.accountId);
  const info = mailboxes.find(({ specialUse }) => specialUse === use);
  if (info === undefined || session.selected?.open.info.id === info.id) return undefined;
  if (mailboxes.some(({ name }) => name.startsWith(`${info.name}/`))) return undefined;
  return mail.status(info.grant)?.uidNext === 1 ? info : undefined;
}
