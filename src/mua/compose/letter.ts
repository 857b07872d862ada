/**
 * A message being written, as the person sees it: addresses and subject as lines of text, the body,
 * what is attached. `toMessage` makes the octets; `message/compose.ts` keeps every value inside its
 * field (security row 77).
 */

import { fault, ok, type Result } from "../../base/result.ts";
import type { Address } from "../../message/addr-spec.ts";
import type { NamedAddress } from "../../message/address-format.ts";
import { mailboxesOf, parseAddressList, type Mailbox } from "../../message/address-list.ts";
import { compose, type Attachment } from "../../message/compose.ts";
import { screenText } from "../text/screen-text.ts";

export type Letter = {
  /** As a person writes it: `Anna Muster <anna@example.org>`. */
  from: string;
  to: string;
  cc: string;
  bcc: string;
  subject: string;
  text: string;
  html?: string | undefined;
  attachments: Attachment[];
  inReplyTo?: readonly string[] | undefined;
  references?: readonly string[] | undefined;
  /** Further header fields. */
  fields?: readonly { readonly name: string; readonly text: string }[] | undefined;
};

export function emptyLetter(from: string): Letter {
  return { from, to: "", cc: "", bcc: "", subject: "", text: "", attachments: [] };
}

export type FinishedMessage = {
  readonly reversePath: Address;
  readonly recipients: readonly Address[];
  /** What is sent: without Bcc. */
  readonly octets: Uint8Array;
  /** What the sender keeps: with Bcc. */
  readonly copy: Uint8Array;
};

export type Stamp = {
  readonly dateMs: number;
  readonly zoneMinutes: number;
  readonly messageId: string;
};

export function toMessage(letter: Letter, stamp: Stamp): Result<FinishedMessage> {
  const from = readAddresses(letter.from, "From");
  if (!from.ok) return from;
  const [sender] = from.value;
  if (sender === undefined) return fault("the message has no From address");
  const lists = [];
  for (const field of ["to", "cc", "bcc"] as const) {
    const list = readAddresses(letter[field], field[0].toUpperCase() + field.slice(1));
    if (!list.ok) return list;
    lists.push(list.value);
  }
  const [to, cc, bcc] = lists;
  const recipients = new Map(
    lists
      .flat()
      .map(({ address }): [string, Address] => [`${address.localPart}@${address.domain}`, address]),
  );
  if (recipients.size === 0) return fault("the message has no recipient");
  const { subject, html, attachments, inReplyTo, references, fields } = letter;
  const draft = {
    from: from.value,
    to,
    cc,
    ...(subject.trim() !== "" && { subject: subject.trim() }),
    ...stamp,
    inReplyTo,
    references,
    fields,
    text: letter.text,
    html,
    attachments,
  };
  const octets = compose(draft);
  const copy = bcc.length === 0 ? octets : compose({ ...draft, bcc });
  return ok({ reversePath: sender.address, recipients: [...recipients.values()], octets, copy });
}

/** Every address in a line a person wrote; a word that is none is a fault that names it. */
export function readAddresses(text: string, what: string): Result<NamedAddress[]> {
  const list = parseAddressList(text);
  if (list.isCut) return fault(`${what} has too many addresses`);
  const found: NamedAddress[] = [];
  for (const mailbox of mailboxesOf(list)) {
    if (mailbox.address === undefined) {
      return fault(`${what}: "${screenText(writtenAs(mailbox))}" is no address`);
    }
    found.push({ displayName: mailbox.displayName, address: mailbox.address });
  }
  return ok(found);
}

function writtenAs({ phrase, localPart, domain }: Mailbox): string {
  return [phrase, localPart, domain && `@${domain}`].filter((part) => part !== "").join(" ");
}
