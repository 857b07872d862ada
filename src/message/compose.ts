/**
 * Composes messages (RFC 5322 §3, RFC 2045): fields in a fixed order, each as often as it may occur,
 * bodies as a MIME tree of the usual shape. Pure: date and identifier come with the draft.
 */

import { concatBytes, encodeUtf8 } from "../base/bytes.ts";
import { type AddressEntry, type NamedAddress } from "./address-format.ts";
import { formatDate } from "./date.ts";
import { composeEntity, type EntityDraft } from "./entity.ts";
import { addressField, fieldLine, textField } from "./field-format.ts";
import { flow } from "./flowed.ts";

export type Attachment = {
  readonly octets: Uint8Array;
  /** Such as `image/png`; `message/rfc822` is put in as a message. Default application/octet-stream. */
  readonly mediaType?: string | undefined;
  readonly fileName?: string | undefined;
  /** `inline` with a `contentId` makes it part of the HTML (multipart/related). Default attachment. */
  readonly disposition?: "inline" | "attachment" | undefined;
  /** With its angle brackets. */
  readonly contentId?: string | undefined;
  readonly description?: string | undefined;
};

export type MessageDraft = {
  readonly from: readonly AddressEntry[];
  /** Needed when From has several mailboxes (RFC 5322 §3.6.2). */
  readonly sender?: NamedAddress | undefined;
  readonly replyTo?: readonly AddressEntry[] | undefined;
  readonly to?: readonly AddressEntry[] | undefined;
  readonly cc?: readonly AddressEntry[] | undefined;
  /** Written only where the caller keeps the copy; never put it into what is sent. */
  readonly bcc?: readonly AddressEntry[] | undefined;
  readonly subject?: string | undefined;
  readonly dateMs: number;
  readonly zoneMinutes?: number | undefined;
  /** With angle brackets, as `makeMessageId` gives it. A submission server adds one where it is missing. */
  readonly messageId?: string | undefined;
  readonly inReplyTo?: readonly string[] | undefined;
  readonly references?: readonly string[] | undefined;
  /** Further fields: free text, encoded where it needs to be. */
  readonly fields?: readonly { readonly name: string; readonly text: string }[] | undefined;

  readonly text?: string | undefined;
  /** Write `text` as format=flowed (RFC 3676): one line of it is a paragraph. */
  readonly flowed?: boolean | undefined;
  readonly html?: string | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  /** The whole body, instead of text, html and attachments. */
  readonly body?: EntityDraft | undefined;
};

export function compose(draft: MessageDraft): Uint8Array {
  const entity = composeEntity(draft.body ?? bodyOf(draft));
  const header = `${messageFields(draft)}MIME-Version: 1.0\r\n${entity.header}\r\n`;
  return concatBytes([encodeUtf8(header), ...entity.body]);
}

function messageFields(draft: MessageDraft): string {
  let header = fieldLine("Date", formatDate(draft.dateMs, draft.zoneMinutes));
  header += addressField("From", draft.from);
  if (draft.sender) header += addressField("Sender", [draft.sender]);
  header += optionalAddresses("Reply-To", draft.replyTo);
  header += optionalAddresses("To", draft.to);
  header += optionalAddresses("Cc", draft.cc);
  header += optionalAddresses("Bcc", draft.bcc);
  if (draft.messageId !== undefined) header += fieldLine("Message-ID", draft.messageId);
  header += idsField("In-Reply-To", draft.inReplyTo);
  header += idsField("References", draft.references);
  if (draft.subject !== undefined) header += textField("Subject", draft.subject);
  for (const field of draft.fields ?? []) header += textField(field.name, field.text);
  return header;
}

function optionalAddresses(name: string, entries: readonly AddressEntry[] | undefined): string {
  return entries === undefined || entries.length === 0 ? "" : addressField(name, entries);
}

function idsField(name: string, ids: readonly string[] | undefined): string {
  return ids === undefined || ids.length === 0 ? "" : fieldLine(name, ids.join(" "));
}

/** mixed( alternative( text, related( html, pictures… ) ), attachments… ), as much of it as is needed. */
function bodyOf(draft: MessageDraft): EntityDraft {
  const attachments = draft.attachments ?? [];
  const isRelated = (attachment: Attachment): boolean =>
    draft.html !== undefined &&
    attachment.disposition === "inline" &&
    attachment.contentId !== undefined;
  const related = attachments.filter(isRelated);
  const others = attachments.filter((attachment) => !isRelated(attachment));
  const texts: EntityDraft[] = [];
  if (draft.text !== undefined || draft.html === undefined) texts.push(plainText(draft));
  if (draft.html !== undefined) texts.push(htmlText(draft.html, related));
  const text: EntityDraft =
    texts.length === 1 ? texts[0] : { kind: "multipart", subtype: "alternative", parts: texts };
  if (others.length === 0) return text;
  return { kind: "multipart", subtype: "mixed", parts: [text, ...others.map(attachmentEntity)] };
}

function plainText(draft: MessageDraft): EntityDraft {
  const text = draft.text ?? "";
  if (!draft.flowed) return { kind: "text", subtype: "plain", text };
  return {
    kind: "text",
    subtype: "plain",
    text: flow(text),
    params: new Map([["format", "flowed"]]),
  };
}

function htmlText(html: string, related: readonly Attachment[]): EntityDraft {
  const text: EntityDraft = { kind: "text", subtype: "html", text: html };
  if (related.length === 0) return text;
  return {
    kind: "multipart",
    subtype: "related",
    // RFC 2387 §3.1: the type of the root.
    params: new Map([["type", "text/html"]]),
    parts: [text, ...related.map(attachmentEntity)],
  };
}

export function attachmentEntity(attachment: Attachment): EntityDraft {
  const { octets, fileName, contentId, description } = attachment;
  const fields = {
    disposition: attachment.disposition ?? "attachment",
    fileName,
    contentId,
    description,
  };
  const mediaType = attachment.mediaType ?? "application/octet-stream";
  if (/^message\/(rfc822|global)$/i.test(mediaType)) return { kind: "message", octets, ...fields };
  return { kind: "octets", mediaType, octets, ...fields };
}

export type ResentFields = {
  readonly from: readonly AddressEntry[];
  readonly sender?: NamedAddress | undefined;
  readonly to: readonly AddressEntry[];
  readonly cc?: readonly AddressEntry[] | undefined;
  readonly dateMs: number;
  readonly zoneMinutes?: number | undefined;
  readonly messageId: string;
};

/** The message, unchanged, with a block of Resent- fields before it (RFC 5322 §3.6.6). */
export function resend(octets: Uint8Array, fields: ResentFields): Uint8Array {
  let header = fieldLine("Resent-Date", formatDate(fields.dateMs, fields.zoneMinutes));
  header += addressField("Resent-From", fields.from);
  if (fields.sender) header += addressField("Resent-Sender", [fields.sender]);
  header += addressField("Resent-To", fields.to);
  header += optionalAddresses("Resent-Cc", fields.cc);
  header += fieldLine("Resent-Message-ID", fields.messageId);
  return concatBytes([encodeUtf8(header), octets]);
}
