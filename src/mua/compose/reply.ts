/**
 * Answers: to whom, under which subject, hung into the conversation (RFC 5322 §3.6.4), the text
 * quoted. Whom a reply goes to is decided on parsed addresses only.
 */

import { addressKey, formatAddress } from "../../message/addr-spec.ts";
import { mailboxesOf, parseAddressList, type Mailbox } from "../../message/address-list.ts";
import { formatDate, parseDate } from "../../message/date.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { textOf } from "../../message/header.ts";
import { parseMessageIds } from "../../message/message-id.ts";
import { screenText } from "../text/screen-text.ts";
import type { ReadableMessage } from "../view/readable.ts";
import { emptyLetter, type Letter } from "./letter.ts";

export type ReplyOptions = {
  readonly from: string;
  /** Everybody who got it, or only who wrote it. */
  readonly toAll: boolean;
  /** Addresses of one's own, left out of the answer to all unless nobody else is left. */
  readonly own: ReadonlySet<string>;
  readonly quote: boolean;
  /** Before each quoted line; default `> `. */
  readonly indent?: string;
};

const MAX_REFERENCES = 100;

export function makeReply(message: ReadableMessage, options: ReplyOptions): Letter {
  const letter = emptyLetter(options.from);
  const { to, cc } = answerTo(message, options);
  letter.to = to.map(writeMailbox).join(", ");
  letter.cc = cc.map(writeMailbox).join(", ");
  letter.subject = replySubject(headerText(message, "subject"));
  Object.assign(letter, threadFields(message));
  if (options.quote) letter.text = quoteMessage(message, options.indent);
  return letter;
}

/** Where a message hangs that answers this one. */
export function threadFields(message: ReadableMessage): Pick<Letter, "inReplyTo" | "references"> {
  // Many ids in the field are not what RFC 5322 allows, but can be said again; those with controls cannot.
  const idsIn = (key: string): string[] =>
    parseMessageIds(headerText(message, key)).filter((id) => /^<[\u0021-\u007e]+>$/.test(id));
  const [own] = idsIn("message-id");
  if (own === undefined) return {};
  let before = idsIn("references");
  // RFC 5322 §3.6.4: In-Reply-To stands in for References if it names exactly one.
  const inReplyTo = idsIn("in-reply-to");
  if (before.length === 0 && inReplyTo.length === 1) before = inReplyTo;
  // The root and the nearest ancestors are what programs need.
  const kept =
    before.length > MAX_REFERENCES ? [before[0], ...before.slice(1 - MAX_REFERENCES)] : before;
  return { inReplyTo: [own], references: [...kept.filter((id) => id !== own), own] };
}

function answerTo(
  message: ReadableMessage,
  options: ReplyOptions,
): { to: Mailbox[]; cc: Mailbox[] } {
  const from = addressesIn(message, "from");
  const replyTo = addressesIn(message, "reply-to");
  const isOwn = (mailbox: Mailbox): boolean => options.own.has(keyOf(mailbox));
  // Answering what one wrote oneself goes on to those one wrote to.
  const isMine = from.length > 0 && from.every(isOwn) && replyTo.every(isOwn);
  const writer = replyTo.length > 0 ? replyTo : from;
  const primary = isMine ? addressesIn(message, "to") : writer;
  if (!options.toAll) return { to: distinct(primary), cc: [] };
  const others = [...(isMine ? [] : addressesIn(message, "to")), ...addressesIn(message, "cc")];
  const to = distinct(primary);
  const taken = new Set(to.map(keyOf));
  const cc = distinct(others).filter((mailbox) => !taken.has(keyOf(mailbox)) && !isOwn(mailbox));
  return { to, cc };
}

function addressesIn(message: ReadableMessage, key: string): Mailbox[] {
  const { header } = message.parsed.root;
  const text = header.fields.some((field) => field.key === key) ? headerText(message, key) : "";
  return mailboxesOf(parseAddressList(text)).filter((mailbox) => mailbox.address !== undefined);
}

function distinct(mailboxes: readonly Mailbox[]): Mailbox[] {
  return [...new Map(mailboxes.map((mailbox) => [keyOf(mailbox), mailbox])).values()];
}

function keyOf({ address }: Mailbox): string {
  return address === undefined ? "" : addressKey(address);
}

function writeMailbox({ displayName, address }: Mailbox): string {
  if (address === undefined) return "";
  // As a person writes it, not as the header has it: it is shown, and may be changed, before it is sent.
  const name = screenText(displayName).trim();
  const shown = /^[\p{L}\p{N} _'-]*$/u.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
  return name === "" ? formatAddress(address) : `${shown} <${formatAddress(address)}>`;
}

export function headerText(message: ReadableMessage, key: string): string {
  return textOf(message.parsed.octets, message.parsed.root.header, key) ?? "";
}

export function subjectOf(message: ReadableMessage): string {
  return screenText(decodeWords(headerText(message, "subject"))).trim();
}

function replySubject(raw: string): string {
  const subject = screenText(decodeWords(raw)).trim();
  return /^re\s*:/i.test(subject) ? subject : `Re: ${subject}`.trimEnd();
}

/** `On DATE, NAME wrote:` and the text, each line indented; a signature is left out. */
export function quoteMessage(message: ReadableMessage, indent = "> "): string {
  const [writer] = mailboxesOf(parseAddressList(headerText(message, "from")));
  const name =
    writer === undefined ? "somebody" : screenText(writer.displayName || writer.localPart);
  const date = parseDate(headerText(message, "date"));
  const when = date === undefined ? "" : `On ${formatDate(date.epochMs, date.zoneMinutes)}, `;
  const body = message.text.replace(/\n-- \n[^]*$/, "\n").trimEnd();
  const lines = body
    .split("\n")
    .map((line) => (line.startsWith(">") ? indent.trimEnd() : indent) + line);
  return `${when}${name} wrote:\n${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}
