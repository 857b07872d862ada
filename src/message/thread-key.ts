/**
 * What threading and sorting look at in one message (RFC 5256 §2.2, §3; RFC 5957): computed once
 * from the header, stored, compared often. The algorithms themselves live with the mailbox.
 */

import { scanAddressList, type RawGroup, type RawMailbox } from "./address-scan.ts";
import { baseSubject } from "./base-subject.ts";
import { parseDate } from "./date.ts";
import { decodeWords } from "./encoded-word.ts";
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
  const from = firstAddress(textOf(octets, header, "from"));
  const to = firstAddress(textOf(octets, header, "to"));
  return {
    from: localPartOf(from),
    to: localPartOf(to),
    cc: localPartOf(firstAddress(textOf(octets, header, "cc"))),
    displayFrom: displayOf(from),
    displayTo: displayOf(to),
    subject,
  };
}

function textOf(octets: Uint8Array, header: HeaderSection, key: string): string {
  const field = findField(header, key);
  return field === undefined ? "" : fieldText(octets, field);
}

type FirstAddress = RawMailbox | RawGroup | undefined;

function firstAddress(text: string): FirstAddress {
  return text === "" ? undefined : scanAddressList(text, 1).entries[0];
}

/** RFC 5256 §3: the addr-mailbox of the first address; a group's name where a group comes first. */
function localPartOf(first: FirstAddress): string {
  if (first === undefined) return "";
  return first.kind === "group" ? first.phrase : first.localPart;
}

/** RFC 5957 §3: the display name, or the address where there is none. */
function displayOf(first: FirstAddress): string {
  if (first === undefined) return "";
  if (first.phrase !== "") return decodeWords(first.phrase);
  const mailbox = first.kind === "group" ? first.members[0] : first;
  if (mailbox === undefined) return "";
  return mailbox.domain === "" ? mailbox.localPart : `${mailbox.localPart}@${mailbox.domain}`;
}
