/**
 * A mailbox a command names, and what the session may do with it. What is not there and what may not
 * be seen have one answer (RFC 4314 §6, security row 88).
 */

import { no, type Completion } from "../../imap/completion.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import type { Right } from "../../store/mailbox-grant.ts";
import type { MailSession } from "./mail-session.ts";

/** `NONEXISTENT`, or `TRYCREATE` where a client may make it and come again (RFC 9051 §6.3.12). */
export type AbsentCode = "NONEXISTENT" | "TRYCREATE";

export function noSuchMailbox(code: AbsentCode = "NONEXISTENT"): Completion {
  return no("No such mailbox", code);
}

/** The mailbox, if the session holds `right` on it; else the answer to give. */
export function findMailbox(
  session: MailSession,
  name: string,
  right: Right,
  code: AbsentCode = "NONEXISTENT",
): MailboxInfo | Completion {
  const info = session.deps.store.mail.mailbox(session.accountId, name);
  if (info === undefined) return noSuchMailbox(code);
  return missingRight(session, info, right, code) ?? info;
}

/** Why an operation that needs `right` is refused; undefined if it is not. */
export function missingRight(
  session: MailSession,
  { grant }: Pick<MailboxInfo, "grant">,
  right: Right,
  code: AbsentCode = "NONEXISTENT",
): Completion | undefined {
  const rights = session.deps.store.acl.rights(grant);
  if (rights.has(right)) return undefined;
  return rights.has("l") ? no("You have no right to do that", "NOPERM") : noSuchMailbox(code);
}

export function isCompletion<T extends object>(value: T | Completion): value is Completion {
  return "status" in value;
}
