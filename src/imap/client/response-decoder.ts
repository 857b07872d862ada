/**
 * Cuts the octets of an IMAP server into responses: lines with the literals in them (RFC 9051
 * §4.3, §7). Bounded in every direction, so that a hostile server can fill neither memory nor time.
 * Only CRLF ends a line. A literal longer than `streamOverOctets` is not kept but handed on in
 * pieces; in the response it then stands as an empty string.
 *
 * Does not look inside a response: that is `parse-response.ts`.
 */

import {
  CR,
  concatBytes,
  decodeLatin1,
  encodeLatin1,
  indexOfBytes,
  CRLF,
} from "../../base/bytes.ts";

export type ResponseEvent =
  | { readonly type: "response"; readonly octets: Uint8Array }
  /** A long literal begins; `head` is the response so far. `piece` events with its octets follow. */
  | { readonly type: "literal"; readonly head: string; readonly sizeOctets: number }
  | { readonly type: "piece"; readonly octets: Uint8Array; readonly isLast: boolean }
  /** Nothing after this can be trusted: close the connection. */
  | { readonly type: "fault"; readonly problem: string };

export type DecoderLimits = {
  /** One response without its literals. A SEARCH over a million messages takes about 8 MB. */
  readonly lineOctets: number;
  /** One literal, streamed or not. */
  readonly literalOctets: number;
  /** One response with the literals that are kept. */
  readonly responseOctets: number;
};

export const DEFAULT_LIMITS: DecoderLimits = {
  lineOctets: 16 * 1024 * 1024,
  literalOctets: 1024 * 1024 * 1024,
  responseOctets: 256 * 1024 * 1024,
};

// At least this much room is made at once when the buffer grows.
const GROWTH_OCTETS = 16 * 1024;
// A buffer that one long response has made larger than this is given back.
const KEEP_OCTETS = 1024 * 1024;
// More digits than any size that can be meant, so that a nonsensical one is refused and not overlooked.
const MARKER = /[ (~]\{(\d{1,20})\+?\}$/;
const MARKER_OCTETS = 25;
// Text of a status response may end in anything, also in what looks like a literal.
const WITHOUT_LITERALS = /^(?:\* (?:ok|no|bad|bye|preauth)(?: |$)|(?!\* ))/i;

export class ResponseDecoder {
  streamOverOctets: number = Number.POSITIVE_INFINITY;
  readonly #limits: DecoderLimits;
  /** Octets from `#start` to `#end` are those of the response that is coming in. */
  #buffer = new Uint8Array(GROWTH_OCTETS);
  #start = 0;
  #end = 0;
  /** Where the search for the end of the line goes on, and where that line (after a literal) began. */
  #scan = 0;
  #lineStart = 0;
  #lineOctets = 0;
  /** The parts of a response before literals that were streamed. */
  #kept: Uint8Array[] = [];
  #streamLeft = 0;
  #fault: ResponseEvent | undefined;

  constructor(limits: DecoderLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Octets that are held and do not make a response yet. */
  get heldOctets(): number {
    return this.#end - this.#start;
  }

  push(octets: Uint8Array): void {
    if (this.#fault !== undefined) return;
    this.#makeRoom(octets.length);
    this.#buffer.set(octets, this.#end);
    this.#end += octets.length;
  }

  next(): ResponseEvent | undefined {
    if (this.#fault !== undefined) return this.#fault;
    if (this.#streamLeft > 0) return this.#nextPiece();
    for (;;) {
      if (this.#scan > this.#end) return undefined; // inside a literal that is kept
      const held = this.#buffer.subarray(0, this.#end);
      const lineEnd = indexOfBytes(held, CRLF, this.#scan);
      if (lineEnd === -1) return this.#await();
      this.#lineOctets += lineEnd - this.#lineStart;
      if (this.#lineOctets > this.#limits.lineOctets) return this.#fail("a response is too long");
      const size = this.#literalAt(lineEnd);
      if (size === undefined) return this.#finish(lineEnd);
      const event = this.#enterLiteral(lineEnd, size);
      if (event !== undefined) return event;
    }
  }

  #await(): ResponseEvent | undefined {
    // A CR at the end may be half of the CRLF.
    const last = this.#end > this.#start && this.#buffer[this.#end - 1] === CR ? 1 : 0;
    this.#scan = Math.max(this.#lineStart, this.#end - last);
    if (this.#lineOctets + this.#end - last - this.#lineStart > this.#limits.lineOctets) {
      return this.#fail("a response is too long");
    }
    return undefined;
  }

  /** The size of the literal that the line ending at `lineEnd` announces. */
  #literalAt(lineEnd: number): number | undefined {
    if (this.#buffer[lineEnd - 1] !== 125 /* } */) return undefined;
    const from = Math.max(this.#lineStart, lineEnd - MARKER_OCTETS);
    const match = MARKER.exec(decodeLatin1(this.#buffer, from, lineEnd));
    if (match === null) return undefined;
    if (this.#kept.length === 0 && WITHOUT_LITERALS.test(this.#opening())) return undefined;
    return Number(match[1]);
  }

  #opening(): string {
    return decodeLatin1(this.#buffer, this.#start, Math.min(this.#end, this.#start + 10));
  }

  #enterLiteral(lineEnd: number, size: number): ResponseEvent | undefined {
    if (size > this.#limits.literalOctets) return this.#fail("a literal is too long");
    const literalStart = lineEnd + 2;
    if (size <= this.streamOverOctets) {
      if (literalStart - this.#start + size > this.#limits.responseOctets) {
        return this.#fail("a response with its literals is too long");
      }
      this.#lineStart = this.#scan = literalStart + size;
      return undefined;
    }
    const marker = decodeLatin1(this.#buffer, this.#start, lineEnd).lastIndexOf("{");
    const head = this.#buffer.slice(this.#start, this.#start + marker);
    const opening = decodeLatin1(concatBytes([...this.#kept, head]));
    this.#kept.push(head, encodeLatin1("{0}\r\n"));
    this.#consume(literalStart);
    this.#streamLeft = size;
    return { type: "literal", head: opening, sizeOctets: size };
  }

  #nextPiece(): ResponseEvent | undefined {
    const available = Math.min(this.#streamLeft, this.#end - this.#start);
    if (available === 0) return undefined;
    const octets = this.#buffer.slice(this.#start, this.#start + available);
    this.#consume(this.#start + available);
    this.#streamLeft -= available;
    return { type: "piece", octets, isLast: this.#streamLeft === 0 };
  }

  #finish(lineEnd: number): ResponseEvent {
    const rest = this.#buffer.slice(this.#start, lineEnd);
    const octets = this.#kept.length === 0 ? rest : concatBytes([...this.#kept, rest]);
    this.#kept = [];
    this.#lineOctets = 0;
    this.#consume(lineEnd + 2);
    return { type: "response", octets };
  }

  #consume(upTo: number): void {
    this.#start = this.#scan = this.#lineStart = upTo;
    if (this.#start < this.#end) return;
    this.#start = this.#end = this.#scan = this.#lineStart = 0;
    if (this.#buffer.length > KEEP_OCTETS) this.#buffer = new Uint8Array(GROWTH_OCTETS);
  }

  #makeRoom(octets: number): void {
    if (this.#end + octets <= this.#buffer.length) return;
    const held = this.#end - this.#start;
    // Twice what is held: each octet is moved a constant number of times on average.
    const needed = Math.max(2 * held, held + octets, GROWTH_OCTETS);
    const target = needed > this.#buffer.length ? new Uint8Array(needed) : this.#buffer;
    if (target === this.#buffer) target.copyWithin(0, this.#start, this.#end);
    else target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#scan -= this.#start;
    this.#lineStart -= this.#start;
    this.#end = held;
    this.#start = 0;
  }

  #fail(problem: string): ResponseEvent {
    this.#fault = { type: "fault", problem };
    this.#buffer = new Uint8Array(0);
    this.#start = this.#end = this.#scan = this.#lineStart = 0;
    return this.#fault;
  }
}
