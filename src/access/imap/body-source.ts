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
import type { MessageDetails } from "../../store/mail.ts";
import type { MailboxGrant } from "../../store/mailbox-grant.ts";

const PRELOAD_OCTETS = 262_144;

/** A message in a mailbox; `sizeOctets` counts its prefix. */
export type Entry = {
  readonly grant: MailboxGrant;
  readonly uid: number;
  readonly sizeOctets: number;
};

export class BodySource {
  readonly details: MessageDetails;
  readonly #store: Store;
  readonly #prefix: Uint8Array;
  #structure: StoredPart | undefined;

  /** All octets, once `preload` has read them. */
  #whole: Uint8Array | undefined;

  /** The header section that fields were last chosen from. */
  #header: ParsedHeader | undefined;

  constructor(store: Store, details: MessageDetails, entry: Entry) {
    this.details = details;
    this.#store = store;
    // The sizes tell whether there is a prefix at all: most of the time that spares a look-up.
    const hasPrefix = entry.sizeOctets !== details.sizeOctets;
    this.#prefix = hasPrefix ? store.mail.prefix(entry.grant, entry.uid) : NO_OCTETS;
  }

  /** Reads all at once where that is not much, for those who will want most of it. */
  async preload(): Promise<void> {
    if (this.sizeOctets > PRELOAD_OCTETS) return;
    this.#whole = await this.read({ start: 0, end: this.sizeOctets });
  }

  get sizeOctets(): number {
    return this.#prefix.length + this.details.sizeOctets;
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
    const bodyStart = this.#prefix.length + this.details.headerOctets;
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
    const shift = this.#prefix.length;
    // The MIME header of part 1 of a message without parts is the message's own header.
    const isOwnHeader = section.kind === "mime" && range.start === 0;
    return { start: isOwnHeader ? 0 : range.start + shift, end: range.end + shift };
  }

  async read(range: OctetRange): Promise<Uint8Array> {
    const { length } = this.#prefix;
    if (range.start >= range.end) return NO_OCTETS;
    if (this.#whole !== undefined) return this.#whole.subarray(range.start, range.end);
    const stored =
      range.end <= length
        ? NO_OCTETS
        : await this.#store.octets.read(
            this.details.messageId,
            Math.max(0, range.start - length),
            range.end - length,
          );
    if (range.start >= length) return stored;
    return concatBytes([this.#prefix.subarray(range.start, Math.min(range.end, length)), stored]);
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
export function structureOf(details: MessageDetails): StoredPart {
  if (details.structure.length > 0) return decodeStructure(details.structure);
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
