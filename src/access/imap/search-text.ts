/**
 * The text of one message for SEARCH: header fields with encoded words decoded, text parts with
 * transfer encoding and charset taken off (RFC 9051 §6.4.4). Each is read and decoded once at most,
 * and only if a key asks for it. Everything is folded, so that comparison is a plain substring.
 */

import { decodeTransfer, decodeText } from "../../message/decode-body.ts";
import { parseDate } from "../../message/date.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { fieldText, parseHeader, type HeaderSection } from "../../message/header.ts";
import type { StoredPart } from "../../message/imap-view/stored-structure.ts";
import { dayOf } from "../../imap/date-time.ts";
import type { BodySource } from "./body-source.ts";
import { EnvelopeText, type EnvelopeField } from "./envelope-text.ts";

/** Text beyond this much of one part is not searched: nobody's prose is longer. */
const MAX_PART_OCTETS = 16_777_216;

/** How letters compare: without case, and whichever way accents are put together (RFC 5051 in essence). */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  return /[^\x00-\x7f]/.test(lower) ? lower.normalize("NFKD") : lower;
}

export class SearchText {
  readonly #source: BodySource;
  #header: { readonly octets: Uint8Array; readonly section: HeaderSection } | undefined;
  #envelope: EnvelopeText | undefined;
  #headerText: string | undefined;
  #bodyText: string | undefined;

  constructor(source: BodySource) {
    this.#source = source;
  }

  async loadHeader(): Promise<void> {
    if (this.#header !== undefined) return;
    const range = this.#source.rangeOf({ path: [], kind: "header", fields: [] });
    const octets = await this.#source.read(range ?? { start: 0, end: 0 });
    this.#header = { octets, section: parseHeader(octets) };
  }

  async loadBody(): Promise<void> {
    if (this.#bodyText !== undefined) return;
    await this.#source.preload();
    await this.loadHeader();
    const texts: string[] = [];
    for (const part of searchableParts(this.#source.structure)) {
      texts.push(await this.#readPart(part));
    }
    // Parts are apart: nothing is found across two of them.
    this.#bodyText = texts.join("\0");
  }

  async #readPart(part: StoredPart): Promise<string> {
    const shift = this.#source.sizeOctets - this.#source.details.sizeOctets;
    const isMessage = part.kind === "message";
    const header = isMessage ? part.children[0] : undefined;
    const start = shift + (header?.start ?? part.bodyStart);
    const end = Math.min(shift + (header?.bodyStart ?? part.end), start + MAX_PART_OCTETS);
    const octets = await this.#source.read({ start, end });
    if (isMessage) return headerTextOf(octets, parseHeader(octets));
    return fold(decodeText(decodeTransfer(octets, part.encoding), part.charset));
  }

  /** Whether ENVELOPE shows `text`, which is folded, in a field. Needs nothing loaded. */
  hasInEnvelope(field: EnvelopeField, text: string): boolean {
    this.#envelope ??= new EnvelopeText(this.#source.details.envelope);
    const value = this.#envelope.field(field);
    return fold(value.includes("=?") ? decodeWords(value) : value).includes(text);
  }

  /** Whether a field of that name (lower case) contains `text`, which is folded. */
  hasField(name: string, text: string): boolean {
    if (this.#header === undefined) return false;
    const { octets, section } = this.#header;
    return section.fields.some(
      (field) =>
        field.key === name &&
        (text === "" || fold(decodeWords(fieldText(octets, field))).includes(text)),
    );
  }

  hasInHeader(text: string): boolean {
    if (this.#header === undefined) return false;
    this.#headerText ??= headerTextOf(this.#header.octets, this.#header.section);
    return this.#headerText.includes(text);
  }

  hasInBody(text: string): boolean {
    return this.#bodyText?.includes(text) ?? false;
  }

  /** The day of the Date field, in its own zone (RFC 9051 §6.4.4: time and zone do not count). */
  sentDay(): number | undefined {
    if (this.#header === undefined) return undefined;
    const { octets, section } = this.#header;
    const field = section.fields.find((candidate) => candidate.key === "date");
    const date = field === undefined ? undefined : parseDate(fieldText(octets, field));
    return date === undefined ? undefined : dayOf(date.epochMs + date.zoneMinutes * 60_000);
  }
}

function headerTextOf(octets: Uint8Array, section: HeaderSection): string {
  return section.fields
    .map((field) => fold(`${field.name}: ${decodeWords(fieldText(octets, field))}`))
    .join("\r\n");
}

/** Text leaves, and messages within (for their headers). */
function* searchableParts(root: StoredPart): Generator<StoredPart> {
  const stack: StoredPart[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (part.kind === "message" || (part.kind === "leaf" && part.type === "text")) yield part;
    for (let at = part.children.length - 1; at >= 0; at--) stack.push(part.children[at]);
  }
}
