/**
 * The octets of one message as its mailbox shows them: the delivery prefix, then the stored octets.
 * Offsets here count from the start of the prefix; only what is asked for is read.
 */

import { concatBytes, NO_OCTETS } from "../../base/bytes.ts";
import { type HeaderSection, parseHeader } from "../../message/header.ts";
import { findSection, selectParsedFields } from "../../message/imap-view/section.ts";
import type { OctetRange } from "../../message/imap-view/section.ts";
import { decodeStructure, type StoredPart } from "../../message/imap-view/stored-structure.ts";
import type { Section } from "../../imap/section.ts";
import type { Store } from "../../store/contract.ts";
import type { Details } from "../../store/mail.ts";

export type SourceDetails = Details<"sizeOctets" | "headerOctets"> & {
  /** Only where parts are asked for. */
  readonly structure?: Uint8Array;
};

export class BodySource {
  readonly details: SourceDetails;
  readonly prefix: Uint8Array;
  readonly #store: Store;
  #structure: StoredPart | undefined;

  /** Octets that were read before they are asked for. */
  #held: { readonly range: OctetRange; readonly octets: Uint8Array } | undefined;

  /** The header section that fields were last chosen from. */
  #header: ParsedHeader | undefined;

  constructor(store: Store, details: SourceDetails, prefix: Uint8Array) {
    this.details = details;
    this.prefix = prefix;
    this.#store = store;
  }

  /** The stored octets from `range.start` to `range.end`, prefix not counted, are in hand. */
  hold(range: OctetRange, octets: Uint8Array): void {
    this.#held = { range, octets };
  }

  get sizeOctets(): number {
    return this.prefix.length + this.details.sizeOctets;
  }

  get structure(): StoredPart {
    this.#structure ??= structureOf(this.details);
    return this.#structure;
  }

  /** Where a section lies; undefined when the message has no such part. */
  rangeOf(section: Section): OctetRange | undefined {
    return section.path.length === 0 ? this.#topRange(section) : this.#partRange(section);
  }

  #topRange(section: Section): OctetRange | undefined {
    const bodyStart = this.prefix.length + this.details.headerOctets;
    switch (section.kind) {
      case "whole":
        return { start: 0, end: this.sizeOctets };
      case "header":
      case "fields":
      case "fields-not":
        return { start: 0, end: bodyStart };
      case "text":
        return { start: bodyStart, end: this.sizeOctets };
      case "mime":
        return undefined;
    }
  }

  #partRange(section: Section): OctetRange | undefined {
    const ranges = findSection(this.structure, section.path);
    const range = ranges && pick(ranges, section.kind);
    if (range === undefined) return undefined;
    const shift = this.prefix.length;
    // The MIME header of part 1 of a message without parts is the message's own header.
    const isOwnHeader = section.kind === "mime" && range.start === 0;
    return { start: isOwnHeader ? 0 : range.start + shift, end: range.end + shift };
  }

  async read(range: OctetRange): Promise<Uint8Array> {
    const { length } = this.prefix;
    if (range.start >= range.end) return NO_OCTETS;
    const stored = await this.#readStored(Math.max(0, range.start - length), range.end - length);
    if (range.start >= length) return stored;
    return concatBytes([this.prefix.subarray(range.start, Math.min(range.end, length)), stored]);
  }

  async #readStored(start: number, end: number): Promise<Uint8Array> {
    if (start >= end) return NO_OCTETS;
    const held = this.#held;
    if (held !== undefined && held.range.start <= start && held.range.end >= end) {
      return held.octets.subarray(start - held.range.start, end - held.range.start);
    }
    return this.#store.octets.read(this.details.messageId, start, end);
  }

  /** `HEADER.FIELDS` of the header section that `range` holds: parsed once, until it is forgotten. */
  async readFields(range: OctetRange, section: Section): Promise<Uint8Array> {
    if (this.#header?.range.start !== range.start || this.#header.range.end !== range.end) {
      // Two of them are not held at once.
      this.#header = undefined;
      const octets = await this.read(range);
      this.#header = { range, octets, section: parseHeader(octets) };
    }
    const { octets, section: parsed } = this.#header;
    return selectParsedFields(octets, parsed, section.fields, {
      not: section.kind === "fields-not",
    });
  }

  /** Nothing more will be chosen soon: a parsed header may be larger than the message. */
  forgetHeader(): void {
    this.#header = undefined;
  }
}

type ParsedHeader = {
  readonly range: OctetRange;
  readonly octets: Uint8Array;
  readonly section: HeaderSection;
};

function pick(
  ranges: NonNullable<ReturnType<typeof findSection>>,
  kind: Section["kind"],
): OctetRange | undefined {
  switch (kind) {
    case "whole":
      return ranges.body;
    case "header":
    case "fields":
    case "fields-not":
      return ranges.header;
    case "text":
      return ranges.text;
    case "mime":
      return ranges.mime;
  }
}

/** A message whose structure could not be read is one opaque part (Invariant 9). */
function structureOf(details: SourceDetails): StoredPart {
  if (details.structure !== undefined && details.structure.length > 0)
    return decodeStructure(details.structure);
  return {
    kind: "leaf",
    type: "application",
    subtype: "octet-stream",
    encoding: "8bit",
    charset: undefined,
    isAttachment: false,
    start: 0,
    bodyStart: details.headerOctets,
    end: details.sizeOctets,
    lines: 0,
    children: [],
  };
}
