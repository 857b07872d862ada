/**
 * The text of one message for SEARCH: header fields with encoded words decoded, text parts with
 * transfer encoding and charset taken off (RFC 9051 §6.4.4). Each is read and decoded once at most,
 * and only if a key asks for it. Everything is folded, so that comparison is a plain substring.
 */

import { casemap } from "../../base/unicode-casemap.ts";
import { parseDate } from "../../message/date.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { fieldText, parseHeader, type HeaderSection } from "../../message/header.ts";
import { EnvelopeText, type EnvelopeField } from "../../message/imap-view/envelope-text.ts";
import {
  MAX_HEADER_OCTETS,
  searchedField,
  searchedHeader,
  searchedParts,
  searchedRange,
  searchedText,
} from "../../message/search-parts.ts";
import type { StoredPart } from "../../message/imap-view/stored-structure.ts";
import { dayOf } from "../../imap/date-time.ts";
import type { BodySource } from "./body-source.ts";
import type { TextKey } from "../../imap/search-key.ts";
import { FuzzyText, type FuzzyWanted } from "./fuzzy-match.ts";

/** Text beyond this much of one message is not searched: nobody's prose is longer. */
const MAX_BODY_OCTETS = 8_388_608;
/** How letters compare: i;unicode-casemap (I18NLEVEL=1, RFC 5255 §4.2). */
export const fold: (text: string) => string = casemap;

export class SearchText {
  readonly #source: BodySource;
  readonly #envelopeOctets: Uint8Array;
  #header: { readonly octets: Uint8Array; readonly section: HeaderSection } | undefined;
  #envelope: EnvelopeText | undefined;
  #headerText: string | undefined;
  #bodyText: string | undefined;
  /** Folded values by field name. */
  readonly #fields = new Map<string, readonly string[]>();
  /** By the key's name. */
  readonly #fuzzy = new Map<string, readonly FuzzyText[]>();

  constructor(source: BodySource, envelope: Uint8Array) {
    this.#source = source;
    this.#envelopeOctets = envelope;
  }

  get source(): BodySource {
    return this.#source;
  }

  async loadHeader(): Promise<void> {
    if (this.#header !== undefined) return;
    const range = this.#source.rangeOf({ path: [], kind: "header", fields: [] });
    const { start, end } = range ?? { start: 0, end: 0 };
    const octets = await this.#source.read({
      start,
      end: Math.min(end, start + MAX_HEADER_OCTETS),
    });
    this.#header = { octets, section: parseHeader(octets) };
  }

  async loadBody(): Promise<void> {
    if (this.#bodyText !== undefined) return;
    await this.loadHeader();
    const texts: string[] = [];
    let leftOctets = MAX_BODY_OCTETS;
    const shift = this.#source.prefix.length;
    for (const part of searchedParts(this.#source.structure)) {
      const { start, end } = searchedRange(part, leftOctets);
      const octets = await this.#source.read({ start: shift + start, end: shift + end });
      texts.push(searchedText(octets, part));
      leftOctets -= octets.length;
      if (leftOctets <= 0) break;
    }
    // Parts are apart: nothing is found across two of them.
    this.#bodyText = texts.join("\0");
  }

  /** Whether ENVELOPE shows `text`, which is folded, in a field. Needs nothing loaded. */
  hasInEnvelope(field: EnvelopeField, text: string): boolean {
    return this.#envelopeField(field).includes(text);
  }

  #envelopeField(field: EnvelopeField): string {
    this.#envelope ??= new EnvelopeText(this.#envelopeOctets);
    return searchedField(this.#envelope, field);
  }

  /** Whether a field of that name (lower case) contains `text`, which is folded. */
  hasField(name: string, text: string): boolean {
    if (this.#header === undefined) return false;
    if (text === "") return this.#header.section.fields.some(({ key }) => key === name);
    return this.#fieldValues(name).some((value) => value.includes(text));
  }

  #fieldValues(name: string): readonly string[] {
    let values = this.#fields.get(name);
    if (values === undefined && this.#header !== undefined) {
      const { octets, section } = this.#header;
      values = section.fields
        .filter(({ key }) => key === name)
        .map((field) => fold(decodeWords(fieldText(octets, field))));
      this.#fields.set(name, values);
    }
    return values ?? [];
  }

  /** How near a FUZZY key came: 0 when not at all (RFC 6203). */
  fuzzyScore(key: TextKey, wanted: FuzzyWanted): number {
    return Math.max(...this.#fuzzyTexts(key).map((text) => text.score(wanted)), 0);
  }

  #fuzzyTexts(key: TextKey): readonly FuzzyText[] {
    const name =
      key.key === "envelope" || key.key === "header" ? `${key.key} ${key.field}` : key.key;
    let texts = this.#fuzzy.get(name);
    if (texts === undefined) {
      texts = this.#textsOf(key).map((text) => new FuzzyText(text));
      this.#fuzzy.set(name, texts);
    }
    return texts;
  }

  #textsOf(key: TextKey): readonly string[] {
    switch (key.key) {
      case "envelope":
        return [this.#envelopeField(key.field)];
      case "header":
        return this.#fieldValues(key.field);
      case "body":
        return [this.#bodyText ?? ""];
      case "text":
        return [this.#wholeHeader(), this.#bodyText ?? ""];
    }
  }

  hasInHeader(text: string): boolean {
    return this.#wholeHeader().includes(text);
  }

  #wholeHeader(): string {
    if (this.#header === undefined) return "";
    this.#headerText ??= searchedHeader(this.#header.octets, this.#header.section);
    return this.#headerText;
  }

  hasInBody(text: string): boolean {
    return this.#bodyText?.includes(text) ?? false;
  }

  /** Needs nothing loaded but the structure. */
  hasAttachment(): boolean {
    const stack: StoredPart[] = [this.#source.structure];
    for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
      if (part.isAttachment) return true;
      stack.push(...part.children);
    }
    return false;
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
