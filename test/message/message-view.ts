/**
 * What three parsers say of one message, in one shape, so that it can be compared: Posthorn,
 * mailparser and postal-mime. White space of bodies is left out: the others join and trim texts.
 */

import { createHash } from "node:crypto";
import { simpleParser, type AddressObject } from "mailparser";
import PostalMime, { type Address as PostalAddress } from "postal-mime";
import { mailboxesOf, parseAddressList } from "../../src/message/address-list.ts";
import { parseDate } from "../../src/message/date.ts";
import { bodyOctets, bodyText } from "../../src/message/decode-body.ts";
import { decodeWords } from "../../src/message/encoded-word.ts";
import { fileName } from "../../src/message/file-name.ts";
import { findFields, fieldText, textOf } from "../../src/message/header.ts";
import { parseMessageIds } from "../../src/message/message-id.ts";
import { parseMessage } from "../../src/message/parse.ts";
import { isMultipart, type Part } from "../../src/message/part.ts";

export type MessageView = {
  readonly subject: string;
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  readonly date: string;
  readonly text: string;
  readonly html: string;
  readonly files: string;
  readonly fileNames: string;
};

export const VIEW_FIELDS = [
  "subject",
  "messageId",
  "from",
  "to",
  "cc",
  "date",
  "text",
  "html",
  "files",
  "fileNames",
] as const;

const squeeze = (text: string): string => text.replace(/\s+/g, " ").trim();
const withoutSpace = (text: string | undefined | false): string =>
  (text || "").replace(/[\s\u0000]+/g, "");
const hash = (octets: Uint8Array): string =>
  createHash("sha1").update(octets).digest("hex").slice(0, 10);
const person = (name: string | undefined, address: string | undefined): string =>
  squeeze(`${squeeze(name ?? "")} <${(address ?? "").toLowerCase()}>`);

export function posthornView(octets: Uint8Array): MessageView {
  const parsed = parseMessage(octets);
  const { header } = parsed.root;
  const field = (key: string): string => textOf(octets, header, key) ?? "";
  const people = (key: string): string =>
    findFields(header, key)
      .flatMap((one) => mailboxesOf(parseAddressList(fieldText(octets, one))))
      .map((mailbox) =>
        person(
          mailbox.displayName,
          mailbox.domain === "" ? mailbox.localPart : `${mailbox.localPart}@${mailbox.domain}`,
        ),
      )
      .join(", ");
  const leaves = leavesOf(parsed.root);
  const isFile = (part: Part): boolean =>
    part.type !== "text" ||
    !/^(plain|html)$/.test(part.subtype) ||
    part.disposition?.type === "attachment";
  const texts = (subtype: string): string =>
    leaves
      .filter((part) => !isFile(part) && part.subtype === subtype)
      .map((part) => bodyText(octets, part))
      .join("\n");
  const files = leaves.filter(isFile);
  return {
    subject: squeeze(decodeWords(field("subject"))),
    messageId: parseMessageIds(field("message-id"))[0] ?? "",
    from: people("from"),
    to: people("to"),
    cc: people("cc"),
    date: showDate(parseDate(field("date"))?.epochMs),
    text: withoutSpace(texts("plain")),
    html: withoutSpace(texts("html")),
    files: files
      .map(
        (part) =>
          `${part.isOpaque ? "application/octet-stream" : `${part.type}/${part.subtype}`} ${hash(bodyOctets(octets, part))}`,
      )
      .sort()
      .join(", "),
    fileNames: files
      .map((part) => fileName(part) ?? "")
      .sort()
      .join(", "),
  };
}

/** Parts that hold octets; a message within counts as one, as the others see it when told to. */
function leavesOf(root: Part): Part[] {
  return isMultipart(root) ? root.children.flatMap(leavesOf) : [root];
}

function showDate(epochMs: number | undefined): string {
  return epochMs === undefined || Number.isNaN(epochMs) ? "" : new Date(epochMs).toISOString();
}

export async function mailparserView(octets: Uint8Array): Promise<MessageView> {
  const mail = await simpleParser(Buffer.from(octets), {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    skipTextLinks: true,
  });
  const people = (value: AddressObject | AddressObject[] | undefined): string =>
    [value ?? []]
      .flat()
      .flatMap((object) => object.value)
      .flatMap((entry) => entry.group ?? [entry])
      .map((entry) => person(entry.name, entry.address))
      .join(", ");
  return {
    subject: squeeze(mail.subject ?? ""),
    messageId: mail.messageId ?? "",
    from: people(mail.from),
    to: people(mail.to),
    cc: people(mail.cc),
    date: showDate(mail.headers.has("date") ? mail.date?.getTime() : undefined),
    text: withoutSpace(mail.text),
    html: withoutSpace(mail.html),
    files: mail.attachments
      .map((file) => `${file.contentType} ${hash(file.content)}`)
      .sort()
      .join(", "),
    fileNames: mail.attachments
      .map((file) => file.filename ?? "")
      .sort()
      .join(", "),
  };
}

export async function postalMimeView(octets: Uint8Array): Promise<MessageView> {
  const mail = await PostalMime.parse(octets, {
    forceRfc822Attachments: true,
    attachmentEncoding: "arraybuffer",
  });
  const people = (value: PostalAddress[] | undefined): string =>
    (value ?? [])
      .flatMap((entry) => entry.group ?? [entry])
      .map((entry) => person(entry.name, entry.address))
      .join(", ");
  return {
    subject: squeeze(mail.subject ?? ""),
    messageId: mail.messageId ?? "",
    from: people(mail.from && [mail.from]),
    to: people(mail.to),
    cc: people(mail.cc),
    date: showDate(mail.date === undefined ? undefined : Date.parse(mail.date)),
    text: withoutSpace(mail.text),
    html: withoutSpace(mail.html),
    files: mail.attachments
      .map((file) => `${file.mimeType} ${hash(contentOf(file.content))}`)
      .sort()
      .join(", "),
    fileNames: mail.attachments
      .map((file) => file.filename ?? "")
      .sort()
      .join(", "),
  };
}

function contentOf(content: ArrayBuffer | Uint8Array | string): Uint8Array {
  return typeof content === "string" ? Buffer.from(content) : new Uint8Array(content);
}
