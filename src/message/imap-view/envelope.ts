/**
 * IMAP ENVELOPE (RFC 9051 §7.5.2): ten members, always. Encoded words stay as they are; raw 8-bit
 * text becomes encoded words. Sender and Reply-To default to From; an empty list is NIL. An
 * address without a domain gets an empty host, never NIL, which would mean a group.
 */

import { encodeLatin1 } from "../../base/bytes.ts";
import { scanAddressList, type RawMailbox } from "../address-scan.ts";
import { fieldText, type HeaderField, type HeaderSection } from "../header.ts";
import type { ParsedMessage } from "../part.ts";
import { imapNstring, imapString, imapText } from "./imap-string.ts";

/** Addresses in all envelopes of one message; the rest is left out. */
export const MAX_ENVELOPE_ADDRESSES = 10_000;

export type AddressBudget = { left: number };

export function envelope(parsed: ParsedMessage): Uint8Array {
  const budget = { left: MAX_ENVELOPE_ADDRESSES };
  return encodeLatin1(envelopeText(parsed.octets, parsed.root.header, budget));
}

/** The envelope as text of one character per octet. */
export function envelopeText(
  octets: Uint8Array,
  header: HeaderSection,
  budget: AddressBudget,
): string {
  const found = collect(header);
  const text = (field: HeaderField | undefined): string | undefined =>
    field === undefined ? undefined : fieldText(octets, field);
  const list = (fields: readonly HeaderField[]): string =>
    addressListText(fields.map((field) => fieldText(octets, field)).join(", "), budget);
  const from = list(found.from);
  const sender = list(found.sender);
  const replyTo = list(found.replyTo);
  const subject = text(found.subject);
  return (
    `(${imapNstring(text(found.date))} ${subject === undefined ? "NIL" : imapText(subject)} ` +
    `${from} ${sender === "NIL" ? from : sender} ${replyTo === "NIL" ? from : replyTo} ` +
    `${list(found.to)} ${list(found.cc)} ${list(found.bcc)} ` +
    `${imapNstring(text(found.inReplyTo))} ${imapNstring(text(found.messageId))})`
  );
}

type EnvelopeFields = {
  date?: HeaderField;
  subject?: HeaderField;
  inReplyTo?: HeaderField;
  messageId?: HeaderField;
  from: HeaderField[];
  sender: HeaderField[];
  replyTo: HeaderField[];
  to: HeaderField[];
  cc: HeaderField[];
  bcc: HeaderField[];
};

/** One look at each field. Of From and Sender the first counts; destinations add up (RFC 5322 §4.5.3). */
function collect(header: HeaderSection): EnvelopeFields {
  const found: EnvelopeFields = { from: [], sender: [], replyTo: [], to: [], cc: [], bcc: [] };
  const { fields } = header;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index];
    switch (field.key) {
      case "date":
        found.date ??= field;
        break;
      case "subject":
        found.subject ??= field;
        break;
      case "in-reply-to":
        found.inReplyTo ??= field;
        break;
      case "message-id":
        found.messageId ??= field;
        break;
      case "from":
        if (found.from.length === 0) found.from.push(field);
        break;
      case "sender":
        if (found.sender.length === 0) found.sender.push(field);
        break;
      case "reply-to":
        found.replyTo.push(field);
        break;
      case "to":
        found.to.push(field);
        break;
      case "cc":
        found.cc.push(field);
        break;
      case "bcc":
        found.bcc.push(field);
        break;
    }
  }
  return found;
}

function addressListText(text: string, budget: AddressBudget): string {
  if (text === "") return "NIL";
  const { entries } = scanAddressList(text, budget.left);
  let result = "";
  for (const entry of entries) {
    if (entry.kind === "mailbox") {
      budget.left--;
      result += mailboxText(entry);
      continue;
    }
    // RFC 9051 §7.5.2: a group opens with its name and closes with NIL, both without a host.
    result += `(NIL NIL ${imapText(entry.phrase)} NIL)`;
    for (const member of entry.members) result += mailboxText(member);
    result += "(NIL NIL NIL NIL)";
    budget.left -= entry.members.length + 1;
  }
  return result === "" ? "NIL" : `(${result})`;
}

function mailboxText(mailbox: RawMailbox): string {
  const name = mailbox.phrase === "" ? "NIL" : imapText(mailbox.phrase);
  const route = mailbox.route === "" ? "NIL" : imapString(mailbox.route);
  return `(${name} ${route} ${imapString(mailbox.localPart)} ${imapString(mailbox.domain)})`;
}
