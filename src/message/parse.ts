/**
 * Parses a message to its MIME tree (RFC 5322, RFC 2045, RFC 2046): ranges, types and encodings, in
 * one pass from first octet to last, without recursion and without copying. It never throws; what
 * it met on the way is in `defects`. Bodies are decoded elsewhere (`decode-body.ts`).
 *
 * A multipart in which no part could be found gets one text/plain child, so that its text is shown
 * and no structure ever has a multipart without parts.
 */

import { CR, LF, nativeView } from "../base/bytes.ts";
import { BodyMeter } from "./body-meter.ts";
import { BoundarySearch, type BoundaryLine } from "./boundary-search.ts";
import { DefectLog } from "./defect.ts";
import { type HeaderSection, MAX_FIELDS, parseHeader } from "./header.ts";
import { draftPart, isIdentityEncoding, type DefaultType, type PartDraft } from "./part-draft.ts";
import type { ParsedMessage } from "./part.ts";

export type ParseLimits = {
  /** How deep parts may nest; the root has depth 1. */
  readonly maxDepth: number;
  readonly maxParts: number;
  /** Fields in all header sections together. */
  readonly maxFields: number;
};

export const PARSE_LIMITS: ParseLimits = { maxDepth: 100, maxParts: 10_000, maxFields: MAX_FIELDS };

export function parseMessage(octets: Uint8Array, limits: Partial<ParseLimits> = {}): ParsedMessage {
  const parser = new MessageParser(nativeView(octets), { ...PARSE_LIMITS, ...limits });
  return parser.parse();
}

/** A container whose body is being read. `level` is its boundary's, for a multipart. */
type OpenContainer = { readonly part: PartDraft; readonly level: number };

class MessageParser {
  readonly #octets: Uint8Array;
  readonly #limits: ParseLimits;
  readonly #defects = new DefectLog();
  readonly #meter: BodyMeter;
  readonly #search: BoundarySearch;
  readonly #containers: OpenContainer[] = [];
  #partCount = 0;
  #fieldCount = 0;

  constructor(octets: Uint8Array, limits: ParseLimits) {
    this.#octets = octets;
    this.#limits = limits;
    this.#meter = new BodyMeter(octets, this.#defects);
    this.#search = new BoundarySearch(octets);
  }

  parse(): ParsedMessage {
    const root = this.#openPart(0, 1, "text/plain");
    let current: PartDraft | undefined = root;
    let at = root.bodyStart;
    for (;;) {
      if (current !== undefined && this.#enter(current)) {
        if (current.type === "message") {
          current = this.#openMessage(current);
          at = current.bodyStart;
          continue;
        }
        current = undefined;
      }
      const line = this.#search.next(at);
      if (line === undefined) {
        this.#finish(current);
        break;
      }
      current = this.#meet(line, current);
      at = current === undefined ? line.lineEnd : current.bodyStart;
    }
    this.#meter.advance(this.#octets.length);
    this.#meter.finish();
    return { octets: this.#octets, root, defects: this.#defects.list };
  }

  /** Reads the header at `at` and begins a part there. */
  #openPart(at: number, depth: number, defaultType: DefaultType): PartDraft {
    this.#partCount++;
    const isRest = this.#partCount > this.#limits.maxParts;
    const header = isRest ? emptyHeader(at) : this.#readHeader(at);
    const draft = draftPart(this.#octets, header, depth, defaultType, this.#defects);
    this.#meter.advance(draft.bodyStart);
    this.#meter.startPart();
    draft.lineFeedsBefore = this.#meter.lineFeeds;
    return draft;
  }

  #readHeader(at: number): HeaderSection {
    const header = parseHeader(this.#octets, at, {
      maxFields: this.#limits.maxFields - this.#fieldCount,
      defects: this.#defects,
      isBoundary: (line) => this.#search.lineAt(line) !== undefined,
    });
    this.#fieldCount += header.fields.length;
    return header;
  }

  /** Makes `part` a container, if it is one that can be looked into. */
  #enter(part: PartDraft): boolean {
    const isMultipart = part.type === "multipart";
    if (!isMultipart && !isMessageType(part)) return false;
    if (part.depth >= this.#limits.maxDepth) return this.#seal(part, "too-deep");
    if (this.#partCount >= this.#limits.maxParts) return this.#seal(part, "too-many-parts");
    if (!isIdentityEncoding(part.encoding)) {
      this.#defects.add("encoded-container", part.start);
      // RFC 2045 §6.4 forbids it; senders who do it to a multipart have not encoded its boundaries.
      if (!isMultipart) {
        part.isOpaque = true;
        return false;
      }
    }
    if (!isMultipart) {
      this.#containers.push({ part, level: -1 });
      return true;
    }
    const boundary = (part.params.get("boundary") ?? "").trimEnd();
    if (boundary === "") this.#defects.add("missing-boundary", part.start);
    part.boundary = boundary;
    this.#containers.push({ part, level: boundary === "" ? -1 : this.#search.depth });
    if (boundary !== "") this.#search.open(boundary);
    return true;
  }

  #seal(part: PartDraft, kind: "too-deep" | "too-many-parts"): false {
    this.#defects.add(kind, part.start);
    part.isOpaque = true;
    return false;
  }

  #openMessage(container: PartDraft): PartDraft {
    const message = this.#openPart(container.bodyStart, container.depth + 1, "text/plain");
    container.message = message;
    return message;
  }

  /** A boundary line: closes what it closes, and opens the next part, which is returned. */
  #meet(line: BoundaryLine, current: PartDraft | undefined): PartDraft | undefined {
    const contentEnd = this.#beforeLineEnd(line.at);
    this.#meter.advance(contentEnd);
    if (current !== undefined) this.#closePart(current, contentEnd);
    let owner = this.#containers[this.#containers.length - 1];
    while (owner.level !== line.level) {
      this.#closeContainer(contentEnd);
      owner = this.#containers[this.#containers.length - 1];
    }
    this.#search.closeTo(line.level + 1);
    if (line.isFinal) {
      if (owner.part.children.length === 0) this.#addOnlyChild(owner.part, contentEnd);
      this.#search.deactivate(line.level);
      owner.part.epilogueStart = line.lineEnd;
      return undefined;
    }
    const defaultType = owner.part.subtype === "digest" ? "message/rfc822" : "text/plain";
    const child = this.#openPart(line.lineEnd, owner.part.depth + 1, defaultType);
    owner.part.children.push(child);
    if (this.#partCount > this.#limits.maxParts) this.#takeRest(child);
    return child;
  }

  /** One part more than allowed holds all the rest of the message, unread. */
  #takeRest(part: PartDraft): void {
    this.#defects.add("too-many-parts", part.start);
    part.isOpaque = true;
    this.#search.closeTo(0);
  }

  #finish(current: PartDraft | undefined): void {
    const { length } = this.#octets;
    this.#meter.advance(length);
    if (current !== undefined) this.#closePart(current, length);
    while (this.#containers.length > 0) this.#closeContainer(length);
  }

  #closeContainer(end: number): void {
    const { part } = this.#containers[this.#containers.length - 1];
    this.#containers.pop();
    if (part.type === "multipart") {
      const hasFinal = part.epilogueStart > part.bodyStart;
      if (part.children.length === 0) {
        if (part.boundary !== "") this.#defects.add("boundary-never-used", part.start);
        this.#addOnlyChild(part, end);
      } else if (!hasFinal) this.#defects.add("no-final-boundary", part.start);
      if (!hasFinal) part.epilogueStart = Math.max(end, part.bodyStart);
    }
    this.#closePart(part, end);
  }

  #addOnlyChild(part: PartDraft, end: number): void {
    this.#partCount++;
    const header = emptyHeader(part.bodyStart);
    const child = draftPart(this.#octets, header, part.depth + 1, "text/plain", this.#defects);
    child.lineFeedsBefore = part.lineFeedsBefore;
    child.encoding = part.encoding;
    this.#closePart(child, end);
    part.children.push(child);
  }

  /**
   * A part that ends within its own header has no octet of body. The line end it shares with the
   * boundary is then counted as the header's, so the parts around it end there too.
   */
  #closePart(part: PartDraft, end: number): void {
    const inner = part.message ?? part.children[part.children.length - 1];
    part.end = Math.max(end, part.bodyStart, inner?.end ?? 0);
    part.epilogueStart = Math.min(Math.max(part.epilogueStart, part.bodyStart), part.end);
    if (part.end > part.bodyStart) part.lines = this.#meter.lineFeeds - part.lineFeedsBefore;
    if (this.#meter.has8Bit && part.encoding === "7bit" && part.children.length === 0) {
      if (part.message === undefined) this.#defects.add("undeclared-8bit", part.bodyStart);
    }
  }

  /** The line end before a boundary line belongs to the boundary (RFC 2046 §5.1.1). */
  #beforeLineEnd(at: number): number {
    if (at === 0 || this.#octets[at - 1] !== LF) return at;
    return at > 1 && this.#octets[at - 2] === CR ? at - 2 : at - 1;
  }
}

function isMessageType(part: PartDraft): boolean {
  return part.type === "message" && (part.subtype === "rfc822" || part.subtype === "global");
}

function emptyHeader(at: number): HeaderSection {
  return { fields: [], start: at, endOctets: at, hasBlankLine: false };
}
