/**
 * What of a message a person reads, and what they may save: text parts in order (of alternatives
 * the plain one, or HTML turned to text where there is no plain one worth the name), the rest as
 * attachments with safe names. Fetches nothing, runs nothing.
 */

import { bodyOctets, bodyText } from "../../message/decode-body.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { textOf } from "../../message/header.ts";
import { parseMessage } from "../../message/parse.ts";
import { isMultipart, type ParsedMessage, type Part } from "../../message/part.ts";
import { diskFileName } from "../text/file-name.ts";
import { htmlToText } from "../text/html-text.ts";
import { screenLines, screenText } from "../text/screen-text.ts";

export type Attachment = {
  /** From 1, as shown. */
  readonly number: number;
  readonly part: Part;
  /** Safe to make a file of. */
  readonly fileName: string;
  /** `image/png` */
  readonly mediaType: string;
  /** Decoded, about. */
  readonly sizeOctets: number;
};

export type ReadableMessage = {
  readonly parsed: ParsedMessage;
  /** Fit for a terminal; lines end in LF. */
  readonly text: string;
  readonly attachments: readonly Attachment[];
};

const MAX_TEXT_LENGTH = 4_000_000;
const MAX_ATTACHMENTS = 1000;

export function readMessage(octets: Uint8Array): ReadableMessage {
  const parsed = parseMessage(octets);
  const reader = new Reader(octets);
  reader.walk(parsed.root);
  return { parsed, text: reader.text(), attachments: reader.attachments };
}

/** The decoded octets of an attachment; for a message within the message, its octets as they are. */
export function attachmentOctets(octets: Uint8Array, { part }: Attachment): Uint8Array {
  return bodyOctets(octets, part);
}

class Reader {
  readonly attachments: Attachment[] = [];
  readonly #octets: Uint8Array;
  readonly #texts: string[] = [];
  #length = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  text(): string {
    return this.#texts.join("\n");
  }

  // The parser bounds the depth (security row 64).
  walk(part: Part): void {
    if (part.disposition?.type === "attachment") this.#attach(part);
    else if (isMultipart(part)) this.#walkMultipart(part);
    else if (part.message !== undefined) this.#walkMessage(part, part.message);
    else if (isShownText(part)) this.#show(this.#render(part));
    else this.#attach(part);
  }

  #walkMultipart(part: Part): void {
    if (part.subtype === "alternative") this.#walkAlternative(part);
    else for (const child of part.children) this.walk(child);
  }

  /** RFC 2046 §5.1.4 puts the best last; for a terminal plain text is best, if it says anything. */
  #walkAlternative(part: Part): void {
    const plain = part.children.find((child) => isText(child, "plain"));
    const rich = part.children.findLast((child) => child !== plain && holdsHtml(child));
    const text = plain === undefined ? "" : this.#render(plain);
    if (plain !== undefined && (text.trim() !== "" || rich === undefined)) this.#show(text);
    else this.walk(rich ?? part.children[part.children.length - 1]);
    for (const child of part.children) {
      // What is neither shown nor another form of the same text must not vanish: calendars, pictures.
      if (child !== plain && child !== rich && !isMultipart(child)) this.#attach(child);
      else if (child === rich && plain !== undefined && text.trim() !== "")
        this.#attachRelated(child);
    }
  }

  #attachRelated(rich: Part): void {
    if (!isMultipart(rich)) return;
    for (const child of rich.children) {
      if (isMultipart(child)) this.#attachRelated(child);
      else if (!isText(child, "html") && !isText(child, "plain")) this.#attach(child);
    }
  }

  #walkMessage(part: Part, message: Part): void {
    const lines = ["From", "To", "Cc", "Date", "Subject"].flatMap((name) => {
      const value = textOf(this.#octets, message.header, name.toLowerCase());
      return value === undefined ? [] : [`${name}: ${screenText(decodeWords(value))}`];
    });
    this.#show(["---------- message within the message ----------", ...lines, ""].join("\n"));
    this.#attach(part);
    this.walk(message);
  }

  #render(part: Part): string {
    const text = bodyText(this.#octets, part);
    return screenLines(part.subtype === "html" ? htmlToText(text) : text);
  }

  #show(text: string): void {
    if (this.#length >= MAX_TEXT_LENGTH) return;
    const shown = text.endsWith("\n") || text === "" ? text : `${text}\n`;
    this.#texts.push(shown.slice(0, MAX_TEXT_LENGTH - this.#length));
    this.#length += shown.length;
  }

  #attach(part: Part): void {
    const number = this.attachments.length + 1;
    if (number > MAX_ATTACHMENTS) return;
    const length = part.end - part.bodyStart;
    const wish = part.disposition?.params.get("filename") ?? part.params.get("name");
    const extension = EXTENSIONS.get(`${part.type}/${part.subtype}`) ?? "bin";
    this.attachments.push({
      number,
      part,
      fileName: diskFileName(wish, `part-${number}.${extension}`),
      mediaType: screenText(`${part.type}/${part.subtype}`),
      sizeOctets: part.encoding === "base64" ? Math.floor((length * 3) / 4.1) : length,
    });
  }
}

function isText(part: Part, subtype: string): boolean {
  return (
    part.type === "text" && part.subtype === subtype && part.disposition?.type !== "attachment"
  );
}

function isShownText(part: Part): boolean {
  if (part.type === "text")
    return ["plain", "html", "rfc822-headers", "markdown", "enriched"].includes(part.subtype);
  return part.type === "message" && part.subtype === "delivery-status";
}

function holdsHtml(part: Part): boolean {
  return isText(part, "html") || (isMultipart(part) && part.children.some(holdsHtml));
}

const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ["text/plain", "txt"],
  ["text/html", "html"],
  ["text/calendar", "ics"],
  ["text/csv", "csv"],
  ["text/vcard", "vcf"],
  ["image/png", "png"],
  ["image/jpeg", "jpg"],
  ["image/gif", "gif"],
  ["image/webp", "webp"],
  ["image/svg+xml", "svg"],
  ["application/pdf", "pdf"],
  ["application/zip", "zip"],
  ["application/json", "json"],
  ["application/pgp-signature", "asc"],
  ["application/pkcs7-signature", "p7s"],
  ["message/rfc822", "eml"],
  ["message/global", "eml"],
]);
