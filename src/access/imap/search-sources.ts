/** Which mailboxes an ESEARCH searches (RFC 7377 §2.2): only what this account may see is among them. */

import type { SearchSource } from "../../imap/command/esearch.ts";
import { HIERARCHY_SEPARATOR } from "../../imap/mailbox-name.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { missingRight } from "./named-mailbox.ts";
import type { MailSession } from "./mail-session.ts";

/** Each mailbox once, whatever names it, in the order of LIST. What is not there is passed over. */
export function mailboxesOf(
  session: MailSession,
  sources: readonly SearchSource[],
): readonly MailboxInfo[] {
  const { mail } = session.deps.store;
  const { accountId } = session;
  const known = knownOf(session);
  const tests = sources.map((source) => testOf(source, known));
  const shared = mail
    .sharedMailboxes(accountId)
    .filter((info) => missingRight(session, info, "r") === undefined);
  return [...mail.mailboxes(accountId), ...shared].filter((info) =>
    tests.some((isMeant) => isMeant(info)),
  );
}

/** Whether `source` means `info`; names alone decide, rights do not. */
export function isMeantBy(source: SearchSource, known: Known, info: MailboxInfo): boolean {
  return testOf(source, known)(info);
}

/** What the sources depend on. */
function knownOf(session: MailSession): Known {
  const { mail } = session.deps.store;
  return {
    subscribed: new Set(mail.subscriptions(session.accountId)),
    selected: session.selected?.open.info.name,
    accountId: session.accountId,
  };
}

export type Known = {
  readonly subscribed: ReadonlySet<string>;
  readonly selected: string | undefined;
  readonly accountId: number;
};

function testOf(source: SearchSource, known: Known): (info: MailboxInfo) => boolean {
  switch (source.scope) {
    case "selected":
      return ({ name }) => name === known.selected;
    case "inboxes":
      // Where delivery files new mail.
      return ({ name }) => name === "INBOX";
    case "personal":
      return (info) => info.accountId === known.accountId;
    case "subscribed":
      return (info) => info.isSubscribed || known.subscribed.has(info.name);
    case "mailboxes": {
      const names = new Set(source.names);
      return ({ name }) => names.has(name);
    }
    case "subtree":
      return ({ name }) =>
        source.names.some((top) => name === top || name.startsWith(top + HIERARCHY_SEPARATOR));
    case "subtree-one":
      return ({ name }) => source.names.some((top) => isJustBelow(name, top));
  }
}

function isJustBelow(name: string, top: string): boolean {
  if (name === top) return true;
  const below = name.startsWith(top + HIERARCHY_SEPARATOR) ? name.slice(top.length + 1) : "";
  return below !== "" && !below.includes(HIERARCHY_SEPARATOR);
}
