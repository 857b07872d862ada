/**
 * Drafts of replies and forwards (RFC 5322 §3.6.4, appendix A.2): who gets them, what they are
 * called, what they refer to, what they quote. The caller adds words of its own and composes.
 */

import { type Address, addressKey } from "./addr-spec.ts";
import type { NamedAddress } from "./address-format.ts";
import { mailboxesOf, parseAddressList } from "./address-list.ts";
import type { Attachment, MessageDraft } from "./compose.ts";
import { formatDate, parseDate } from "./date.ts";
import { bodyOctets } from "./decode-body.ts";
import { displayText } from "./display-text.ts";
import { decodeWords } from "./encoded-word.ts";
import { fileName } from "./file-name.ts";
import { findFields, fieldText, textOf } from "./header.ts";
import { parseMessageIds } from "./message-id.ts";
import { type ParsedMessage, partsOf } from "./part.ts";
import { findHtmlPart, findTextPart, textBody } from "./text-body.ts";

export type ReplyOptions = {
  readonly from: NamedAddress;
  /** `sender`: Reply-To or From; `all`: and everybody addressed; `list`: where List-Post says. */
  readonly to: "sender" | "all" | "list";
  /** Further addresses of the person who replies: they get no copy. */
  readonly own?: readonly Address[];
  readonly dateMs: number;
  readonly zoneMinutes?: number;
  readonly messageId?: string;
};

export function reply(original: ParsedMessage, options: ReplyOptions): MessageDraft {
  const { to, cc } = replyRecipients(original, options);
  return {
    from: [options.from],
    to,
    cc,
    subject: replySubject(subjectOf(original)),
    dateMs: options.dateMs,
    zoneMinutes: options.zoneMinutes,
    messageId: options.messageId,
    inReplyTo: idsOf(original, "message-id").slice(0, 1),
    references: replyReferences(original),
    text: quoteOf(original),
  };
}

function replyRecipients(
  original: ParsedMessage,
  options: ReplyOptions,
): { to: NamedAddress[]; cc: NamedAddress[] } {
  if (options.to === "list") {
    const list = listPostAddress(original);
    if (list !== undefined) return { to: [{ address: list }], cc: [] };
  }
  const own = new Set([options.from.address, ...(options.own ?? [])].map(addressKey));
  const seen = new Set<string>();
  const fresh = (mailboxes: readonly NamedAddress[]): NamedAddress[] =>
    mailboxes.filter(({ address }) => {
      const key = addressKey(address);
      return !seen.has(key) && seen.add(key) !== undefined;
    });
  const replyTo = namedAddresses(original, "reply-to");
  const author = replyTo.length > 0 ? replyTo : namedAddresses(original, "from");
  const isNotOwn = ({ address }: NamedAddress): boolean => !own.has(addressKey(address));
  // A reply to one's own message goes to whom that went to.
  const answersSelf = author.length > 0 && !author.some(isNotOwn) && options.to !== "list";
  const to = fresh(answersSelf ? namedAddresses(original, "to") : author);
  if (options.to !== "all") return { to, cc: [] };
  const others = [
    ...(answersSelf ? [] : namedAddresses(original, "to")),
    ...namedAddresses(original, "cc"),
  ];
  return { to, cc: fresh(others.filter(isNotOwn)) };
}

function namedAddresses(original: ParsedMessage, key: string): NamedAddress[] {
  return findFields(original.root.header, key)
    .flatMap((field) => mailboxesOf(parseAddressList(fieldText(original.octets, field))))
    .flatMap(({ displayName, address }) => (address === undefined ? [] : { displayName, address }));
}

/** RFC 2369 §3.4: the first mailto of List-Post, unless it says NO. */
function listPostAddress(original: ParsedMessage): Address | undefined {
  const text = textOf(original.octets, original.root.header, "list-post") ?? "";
  const mailto = /<mailto:([^>?]{1,320})/i.exec(text);
  if (mailto === null) return undefined;
  return mailboxesOf(parseAddressList(mailto[1], 1))[0]?.address;
}

/** `Re:` once, however many and in whatever language there were. */
export function replySubject(subject: string): string {
  return `Re: ${stripLeaders(subject, REPLY_LEADER)}`.trimEnd();
}

export function forwardSubject(subject: string): string {
  return `Fwd: ${stripLeaders(subject, FORWARD_LEADER)}`.trimEnd();
}

const REPLY_LEADER =
  /^(?:re|aw|antw|sv|vs|ref|rif|odp|r|res|ynt|回复|答复|回覆)(?:\[\d{1,4}\]|\(\d{1,4}\))?\s*[:：]\s*/i;
const FORWARD_LEADER = /^(?:fwd?|wg|tr|rv|enc|i|doorst|转发|轉寄)\s*[:：]\s*/i;

function stripLeaders(subject: string, leader: RegExp): string {
  let rest = subject.trim();
  for (let match = leader.exec(rest); match !== null; match = leader.exec(rest)) {
    rest = rest.slice(match[0].length);
  }
  return rest;
}

function subjectOf(original: ParsedMessage): string {
  return decodeWords(textOf(original.octets, original.root.header, "subject") ?? "");
}

function idsOf(original: ParsedMessage, key: string): string[] {
  const ids = parseMessageIds(textOf(original.octets, original.root.header, key) ?? "");
  // Many are not what RFC 5322 allows, but can be said again; those with controls or 8-bit cannot.
  return ids.filter((id) => /^<[\u0021-\u007e]+>$/.test(id));
}

/** Long threads keep the first id and the last ones: enough to find the place, within any line limit. */
const MAX_REFERENCES = 30;

/** RFC 5322 §3.6.4: References of the parent, or its single In-Reply-To, and its own identifier. */
export function replyReferences(original: ParsedMessage): string[] {
  const references = idsOf(original, "references");
  const inReplyTo = idsOf(original, "in-reply-to");
  const ancestors = references.length > 0 ? references : inReplyTo.length === 1 ? inReplyTo : [];
  const ids = [...ancestors, ...idsOf(original, "message-id").slice(0, 1)];
  return ids.length <= MAX_REFERENCES ? ids : [ids[0], ...ids.slice(1 - MAX_REFERENCES)];
}

/** The original's text, quoted below a line that says whose it is; its signature is left out. */
export function quoteOf(original: ParsedMessage): string {
  const lines = textBody(original).trimEnd().split("\n");
  const signature = lines.indexOf("-- ");
  const kept = signature === -1 ? lines : lines.slice(0, signature);
  const quoted = kept.map((line) =>
    line.startsWith(">") || line === "" ? `>${line}` : `> ${line}`,
  );
  return `${attribution(original)}\n${quoted.join("\n")}\n`;
}

function attribution(original: ParsedMessage): string {
  const [author] = namedAddresses(original, "from");
  const name =
    author?.displayName || (author && `${author.address.localPart}@${author.address.domain}`);
  const date = dateOf(original);
  const on = date === undefined ? "" : `On ${date}, `;
  return `${on}${name ?? "somebody"} wrote:`;
}

function dateOf(original: ParsedMessage): string | undefined {
  const date = parseDate(textOf(original.octets, original.root.header, "date") ?? "");
  return date && formatDate(date.epochMs, date.zoneMinutes);
}

export type ForwardOptions = {
  readonly from: NamedAddress;
  readonly to: readonly NamedAddress[];
  /** `inline`: the text in the text, its attachments attached; `attached`: the message as it is. */
  readonly how: "inline" | "attached";
  readonly dateMs: number;
  readonly zoneMinutes?: number;
  readonly messageId?: string;
};

export function forward(original: ParsedMessage, options: ForwardOptions): MessageDraft {
  const isInline = options.how === "inline";
  return {
    from: [options.from],
    to: options.to,
    subject: forwardSubject(subjectOf(original)),
    dateMs: options.dateMs,
    zoneMinutes: options.zoneMinutes,
    messageId: options.messageId,
    references: replyReferences(original),
    text: isInline ? forwardedText(original) : "",
    attachments: isInline ? attachmentsOf(original) : [wholeMessage(original)],
  };
}

function wholeMessage(original: ParsedMessage): Attachment {
  return {
    mediaType: "message/rfc822",
    octets: original.octets,
    fileName: `${
      subjectOf(original)
        .replace(/[^\p{L}\p{N} _.-]/gu, "_")
        .slice(0, 60)
        .trim() || "message"
    }.eml`,
  };
}

function forwardedText(original: ParsedMessage): string {
  const shown = ["From", "Date", "Subject", "To", "Cc"].flatMap((name) => {
    const text = textOf(original.octets, original.root.header, name.toLowerCase());
    return text === undefined ? [] : `${name}: ${displayText(decodeWords(text))}`;
  });
  const head = ["---------- Forwarded message ----------", ...shown].join("\n");
  return `\n${head}\n\n${textBody(original)}`;
}

/** Everything that is not the text itself, decoded. */
function attachmentsOf(original: ParsedMessage): Attachment[] {
  const attachments: Attachment[] = [];
  const shown = new Set([findTextPart(original.root), findHtmlPart(original.root)]);
  let skipTo = -1;
  for (const part of partsOf(original.root)) {
    // What lies within an attached message goes with it.
    if (part.start < skipTo || part.children.length > 0 || shown.has(part)) continue;
    if (part.message !== undefined) skipTo = part.end;
    if (part === original.root && part.type === "text") continue;
    attachments.push({
      mediaType: part.isOpaque ? "application/octet-stream" : `${part.type}/${part.subtype}`,
      octets: bodyOctets(original.octets, part),
      fileName: fileName(part),
      disposition: part.disposition?.type === "inline" ? "inline" : "attachment",
    });
  }
  return attachments;
}
