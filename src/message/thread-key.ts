/**
 * What threading and sorting look at in one message (RFC 5256 §2.2, §3; RFC 5957): computed once
 * from the header, stored, compared often. The algorithms themselves live with the mailbox.
 */

import { mailboxesOf, parseAddressList } from "./address-list.ts";
import { scanAddressList } from "./address-scan.ts";
import { baseSubject } from "./base-subject.ts";
import { parseDate } from "./date.ts";
import { findField, fieldText, type HeaderSection } from "./header.ts";
import { messageIdKey, parseMessageIds } from "./message-id.ts";

export type ThreadKey = {
  /** Normalized; undefined when there is none that is valid: the message then has no children. */
  readonly messageId: string | undefined;
  /** Ancestors, oldest first: References, or the first of In-Reply-To (RFC 5256 §2.2). */
  readonly references: readonly string[];
  readonly baseSubject: string;
  readonly isReplyOrForward: boolean;
  /** Undefined when the Date field names no moment: take INTERNALDATE (RFC 5256 §2.2). */
  readonly sentMs: number | undefined;
};

/** More ancestors say nothing more. */
const MAX_REFERENCES = 200;

export function threadKey(octets: Uint8Array, header: HeaderSection): ThreadKey {
  const ids = (key: string): string[] => {
    const field = findField(header, key);
    return field === undefined ? [] : parseMessageIds(fieldText(octets, field)).map(messageIdKey);
  };
  const references = ids("references");
  const subject = findField(header, "subject");
  const { base, isReplyOrForward } = baseSubject(
    subject === undefined ? "" : fieldText(octets, subject),
  );
  const date = findField(header, "date");
  const [messageId] = ids("message-id");
  const ancestors = references.length > 0 ? references : ids("in-reply-to").slice(0, 1);
  return {
    messageId,
    references: ancestors.slice(-MAX_REFERENCES),
    baseSubject: base,
    isReplyOrForward,
    sentMs: date === undefined ? undefined : parseDate(fieldText(octets, date))?.epochMs,
  };
}

export type SortKey = {
  /** Local part of the first address (RFC 5256 §3). */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** Display name of the first address, or the address (RFC 5957). */
  readonly displayFrom: string;
  readonly displayTo: string;
  readonly subject: string;
};

export function sortKey(
  octets: Uint8Array,
  header: HeaderSection,
  subject: string = baseSubject(textOf(octets, header, "subject")).base,
): SortKey {
  const from = textOf(octets, header, "from");
  const to = textOf(octets, header, "to");
  return {
    from: firstLocalPart(from),
    to: firstLocalPart(to),
    cc: firstLocalPart(textOf(octets, header, "cc")),
    displayFrom: firstDisplay(from),
    displayTo: firstDisplay(to),
    subject,
  };
}

function textOf(octets: Uint8Array, header: HeaderSection, key: string): string {
  const field = findField(header, key);
  return field === undefined ? "" : fieldText(octets, field);
}

/** RFC 5256 §3: the addr-mailbox of the first address; a group's name where a group comes first. */
function firstLocalPart(text: string): string {
  const [first] = scanAddressList(text, 1).entries;
  if (first === undefined) return "";
  return first.kind === "group" ? first.phrase : first.localPart;
}

/** RFC 5957 §3 */
function firstDisplay(text: string): string {
  const list = parseAddressList(text, 1);
  const [first] = list.entries;
  if (first === undefined) return "";
  if (first.displayName !== "") return first.displayName;
  const [mailbox] = mailboxesOf(list);
  if (mailbox === undefined) return "";
  return mailbox.domain === "" ? mailbox.localPart : `${mailbox.localPart}@${mailbox.domain}`;
}
