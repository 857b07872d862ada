/**
 * BODY[…], RFC822 and BINARY[…] items of one FETCH: which octets they are, reading them, writing
 * them as literals. Small ones are read whole before their turn; large ones in pieces when it comes.
 */

import { NO_OCTETS } from "../../base/bytes.ts";
import { isMailError, MailError } from "../../base/errors.ts";
import { no, type Completion } from "../../imap/completion.ts";
import type { BinaryItem, FetchCommand, SectionItem } from "../../imap/command/fetch.ts";
import type { Partial } from "../../imap/section.ts";
import type { ResponseWriter } from "../../imap/wire/response-writer.ts";
import { decodeTransfer } from "../../message/decode-body.ts";
import type { OctetRange } from "../../message/imap-view/section.ts";
import { findSection, partialRange, selectHeaderFields } from "../../message/imap-view/section.ts";
import {
  chosenFields,
  chosenLength,
  commonChoice,
  type CommonChoice,
} from "../../message/imap-view/common-fields.ts";
import type { DetailName, HeadName, MessageHead } from "../../store/mail.ts";
import type { BodySource } from "./body-source.ts";
import { choosesFields, fieldsTogether } from "./fields-together.ts";
import type { ImapDeps } from "./imap-deps.ts";
import {
  previewItem,
  writeInHand,
  writeLabel,
  type LaterBody,
  type LoadedBodies,
  type LoadedItem,
} from "./loaded-body.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { withoutNul, writeOctets } from "./literal-octets.ts";

/** Ranges up to this length are read ahead. */
export const AHEAD_OCTETS = 131_072;
/** Chosen fields are read ahead from all but enormous header sections: so much for all items together. */
const MAX_HEADER_AHEAD_OCTETS = 65_536;
const PIECE_OCTETS = 262_144;

/** Transfer encodings that we can take off (RFC 3516 §4.3 UNKNOWN-CTE for others). */
const KNOWN_ENCODINGS = new Set(["7bit", "8bit", "binary", "base64", "quoted-printable"]);

/** Of the head, what was asked for with `headNames`. */
export type BodiesHead = {
  readonly preview?: MessageHead["preview"];
  readonly commonFields?: MessageHead["commonFields"];
};

const SIZES = ["sizeOctets", "headerOctets"] as const;

export class FetchBodies {
  readonly setsSeen: boolean;
  /** Set when a message could not be given: the command then ends with it. */
  problem: Completion | undefined;
  readonly #deps: ImapDeps;
  readonly #view: SelectedMailbox;
  /** What to look up of each message first. */
  readonly detailNames: readonly DetailName[];
  readonly headNames: readonly (keyof BodiesHead & HeadName)[];
  readonly #sections: readonly SectionItem[];
  /** Sections that are answered from the common header lines. */
  readonly #choices: ReadonlyMap<SectionItem, CommonChoice>;
  /** Header sections up to this length have their fields chosen ahead. */
  readonly #headerAheadOctets: number;
  readonly #binaries: readonly BinaryItem[];
  readonly #hasPreview: boolean;

  constructor(deps: ImapDeps, view: SelectedMailbox, command: FetchCommand) {
    this.#deps = deps;
    this.#view = view;
    this.#sections = fieldsTogether(command.sections);
    const choices = command.sections.filter(choosesFields).length;
    this.#headerAheadOctets = MAX_HEADER_AHEAD_OCTETS / Math.max(1, choices);
    this.#binaries = command.binaries;
    this.#hasPreview = command.hasPreview;
    this.#choices = new Map(
      this.#sections.flatMap((item) => {
        const { path, kind, fields } = item.section;
        const choice = path.length > 0 || kind !== "fields" ? undefined : commonChoice(fields);
        return choice === undefined ? [] : [[item, choice] as const];
      }),
    );
    const needsParts =
      this.#binaries.length > 0 || this.#sections.some(({ section }) => section.path.length > 0);
    this.detailNames = needsParts ? [...SIZES, "structure"] : SIZES;
    this.headNames = [
      ...(this.#choices.size > 0 ? ["commonFields" as const] : []),
      ...(this.#hasPreview ? ["preview" as const] : []),
    ];
    this.setsSeen =
      command.sections.some((item) => !item.isPeek) ||
      command.binaries.some((item) => !item.isPeek);
  }

  /** Whether octets of messages will be read, and not only what was kept of them. */
  get readsOctets(): boolean {
    return this.#sections.length > this.#choices.size || this.#binaries.length > 0;
  }

  get #aheadOctets(): number {
    return AHEAD_OCTETS / Math.max(1, this.#sections.length + this.#binaries.length);
  }

  /** Of the stored octets, what `load` will want: read for many messages together. */
  rangeAhead(source: BodySource): OctetRange | undefined {
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const item of this.#sections) {
      if (this.#choices.has(item)) continue;
      const range = rangeOfItem(source, item);
      if (range === undefined || range.end - range.start > this.#aheadOctets) continue;
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
    }
    for (const { path } of this.#binaries) {
      const range = source.rangeOf({ path, kind: "whole", fields: [] });
      if (range === undefined || range.end - range.start > this.#aheadOctets) continue;
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
    }
    const { length } = source.prefix;
    const range = { start: Math.max(0, start - length), end: end - length };
    const size = range.end - range.start;
    return size > 0 && size <= AHEAD_OCTETS ? range : undefined;
  }

  /** Undefined when the message cannot be read; `problem` then says so, and the others go on (Invariant 9). */
  async load(
    uid: number,
    source: BodySource,
    head: BodiesHead | undefined,
  ): Promise<LoadedBodies | undefined> {
    const { grant } = this.#view.open;
    try {
      const items: LoadedItem[] = [];
      for (const item of this.#sections) {
        items.push(this.#loadChosen(source, item, head) ?? (await this.#loadItem(source, item)));
      }
      source.forgetHeader();
      for (const item of this.#binaries) {
        const loaded = await this.#loadBinary(source, item, this.#aheadOctets);
        if (loaded === undefined) return undefined;
        items.push(loaded);
      }
      if (this.#hasPreview) items.push(previewItem(head?.preview ?? ""));
      const isInHand = items.every(({ body: { kind } }) => kind !== "later" && kind !== "range");
      return { source, items, isInHand };
    } catch (error) {
      // Expunged between the look at the columns and the reading: gone, not broken.
      if (isMailError(error, "not-found")) return undefined;
      this.#deps.log.error("imap.message-unreadable", error, { mailboxId: grant.mailboxId, uid });
      this.problem ??= no("Some messages could not be read", "SERVERBUG");
      return undefined;
    }
  }

  /** The same at once, where all is answered from what was kept; undefined where something is to be read. */
  loadKept(source: BodySource, head: BodiesHead | undefined): LoadedBodies | undefined {
    if (this.readsOctets) return undefined;
    const items: LoadedItem[] = [];
    for (const item of this.#sections) {
      const loaded = this.#loadChosen(source, item, head);
      if (loaded === undefined) return undefined;
      items.push(loaded);
    }
    if (this.#hasPreview) items.push(previewItem(head?.preview ?? ""));
    return { source, items, isInHand: true };
  }

  #loadItem(source: BodySource, item: SectionItem): Promise<LoadedItem> {
    return choosesFields(item)
      ? loadFields(source, item, this.#headerAheadOctets)
      : loadSection(source, item, this.#aheadOctets);
  }

  /** From the common header lines, and those of the delivery prefix before them. */
  #loadChosen(
    source: BodySource,
    item: SectionItem,
    head: BodiesHead | undefined,
  ): LoadedItem | undefined {
    const choice = this.#choices.get(item);
    if (choice === undefined || head?.commonFields === undefined) return undefined;
    const { section, partial, label } = item;
    const { commonFields: encoded } = head;
    const { prefix } = source;
    const before =
      prefix.length === 0
        ? NO_OCTETS
        : selectHeaderFields(prefix, section.fields, { not: false }).subarray(0, -2);
    if (partial === undefined) {
      const length = chosenLength(encoded, choice);
      if (length === undefined) return undefined;
      return { label, partial, body: { kind: "chosen", before, encoded, choice, length } };
    }
    const octets = chosenFields(encoded, choice, before);
    if (octets === undefined) return undefined;
    return {
      label,
      partial,
      body: { kind: "octets", octets: clip(octets, partial), isBinary: false },
    };
  }

  async #loadBinary(
    source: BodySource,
    item: BinaryItem,
    aheadOctets: number,
  ): Promise<LoadedItem | undefined> {
    const label = binaryLabel(item);
    const nothing: LoadedItem = { label, partial: item.partial, body: { kind: "nil" } };
    const section = { path: item.path, kind: "whole", fields: [] } as const;
    const range = source.rangeOf(section);
    if (range === undefined) return nothing;
    const part =
      item.path.length === 0 ? undefined : findSection(source.structure, item.path)?.part;
    const encoding = part?.kind === "leaf" ? part.encoding : "binary";
    if (!KNOWN_ENCODINGS.has(encoding)) {
      this.problem ??= no("A part has an unknown transfer encoding", "UNKNOWN-CTE");
      return undefined;
    }
    const read = async (): Promise<Uint8Array> => {
      const decoded = decodeTransfer(await source.read(range), encoding);
      // A copy, so that the rest can go.
      return item.partial === undefined ? decoded : clip(decoded, item.partial).slice();
    };
    const length = range.end - range.start;
    if (length > aheadOctets) {
      const as = item.isSize ? "size" : "binary";
      return { ...nothing, body: { kind: "later", read, as, neededOctets: 2 * length } };
    }
    const octets = await read();
    return item.isSize
      ? { ...nothing, body: { kind: "size", octets: octets.length } }
      : { ...nothing, body: { kind: "octets", octets, isBinary: true } };
  }

  async write(out: ResponseWriter, loaded: LoadedBodies, isAfterItems: boolean): Promise<void> {
    for (const [index, item] of loaded.items.entries()) {
      writeLabel(out, item, isAfterItems || index > 0);
      const { body } = item;
      if (body.kind !== "later" || body.as !== "text") loaded.source.forgetHeader();
      if (body.kind === "later") await this.#writeLater(out, loaded.source, body);
      else if (body.kind === "range") await this.#writeRange(out, loaded.source, body.range);
      else writeInHand(out, body);
    }
    loaded.source.forgetHeader();
  }

  /** The same of what is in hand, at once. */
  writeNow(out: ResponseWriter, loaded: LoadedBodies, isAfterItems: boolean): void {
    let isAfter = isAfterItems;
    for (const item of loaded.items) {
      writeLabel(out, item, isAfter);
      writeInHand(out, item.body);
      isAfter = true;
    }
  }

  /** The room stays taken until the octets are on their way: slow readers together hold no more than there is. */
  async #writeLater(out: ResponseWriter, source: BodySource, body: LaterBody): Promise<void> {
    const { sessions, clock } = this.#deps;
    const room = await sessions.room.take(body.neededOctets, clock, () => source.forgetHeader());
    if (room === undefined) {
      this.problem ??= no("Too much is being decoded for others, try again", "LIMIT");
      out.text(body.as === "size" ? "0" : "NIL");
      return;
    }
    try {
      const octets = await this.#orNothing(body.read());
      // A parsed header stays for the next choice of fields.
      if (body.as !== "text") room.shrink(octets?.length ?? 0);
      if (body.as === "size") out.number(octets?.length ?? 0);
      else if (octets === undefined) out.text("NIL");
      else writeOctets(out, octets, body.as === "binary");
      await out.relieve();
    } finally {
      room.release();
    }
  }

  /** What cannot be read at its turn is NIL: the response has begun, and must end as one. */
  async #orNothing(reading: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      return await reading;
    } catch (error) {
      if (!isMailError(error, "not-found")) {
        const mailboxId = this.#view.open.info.id;
        this.#deps.log.error("imap.message-unreadable", error, { mailboxId });
      }
      this.problem ??= no("Some messages could not be read", "SERVERBUG");
      return undefined;
    }
  }

  /** The literal's length is promised before its octets are read: a failure half-way ends the connection. */
  async #writeRange(out: ResponseWriter, source: BodySource, range: OctetRange): Promise<void> {
    const first = await this.#orNothing(source.read(pieceAt(range.start, range)));
    if (first === undefined) {
      out.text("NIL");
      return;
    }
    out
      .text("{")
      .number(range.end - range.start)
      .text("}\r\n");
    let piece = first;
    for (let at = range.start; at < range.end;) {
      out.octets(withoutNul(piece));
      at += piece.length;
      await out.relieve();
      if (at >= range.end) break;
      try {
        piece = await source.read(pieceAt(at, range));
      } catch (error) {
        throw new MailError("channel-closed", "a literal could not be completed", { cause: error });
      }
    }
  }
}

/** What of the message an item will read; undefined when it has no such part. */
function rangeOfItem(source: BodySource, item: SectionItem): OctetRange | undefined {
  const range = source.rangeOf(item.section);
  const { partial } = item;
  if (range === undefined || partial === undefined || choosesFields(item)) return range;
  return partialRange(range, partial.start, partial.length);
}

async function loadFields(
  source: BodySource,
  item: SectionItem,
  aheadOctets: number,
): Promise<LoadedItem> {
  const { section, partial, label } = item;
  const range = source.rangeOf(section);
  if (range === undefined) return { label, partial, body: { kind: "nil" } };
  const read = async (): Promise<Uint8Array> => {
    const octets = await source.readFields(range, section);
    return partial === undefined ? octets : clip(octets, partial);
  };
  const length = range.end - range.start;
  if (length > aheadOctets) {
    return { label, partial, body: { kind: "later", read, as: "text", neededOctets: 3 * length } };
  }
  return { label, partial, body: { kind: "octets", octets: await read(), isBinary: false } };
}

async function loadSection(
  source: BodySource,
  item: SectionItem,
  aheadOctets: number,
): Promise<LoadedItem> {
  const { partial, label } = item;
  const wanted = rangeOfItem(source, item);
  if (wanted === undefined) return { label, partial, body: { kind: "nil" } };
  if (wanted.end - wanted.start > aheadOctets) {
    return { label, partial, body: { kind: "range", range: wanted } };
  }
  const octets = await source.read(wanted);
  return { label, partial, body: { kind: "octets", octets, isBinary: false } };
}

function pieceAt(start: number, range: OctetRange): OctetRange {
  return { start, end: Math.min(range.end, start + PIECE_OCTETS) };
}

function clip(octets: Uint8Array, partial: Partial): Uint8Array {
  return partial.start >= octets.length
    ? NO_OCTETS
    : octets.subarray(partial.start, partial.start + partial.length);
}

function binaryLabel(item: BinaryItem): string {
  return `${item.isSize ? "BINARY.SIZE" : "BINARY"}[${item.path.join(".")}]`;
}
