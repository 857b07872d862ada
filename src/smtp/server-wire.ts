/**
 * The server's ear: octets in, events out. Pull, not push, because DATA, BDAT and STARTTLS change
 * how the rest of the buffer is to be read (RFC 5321 §2.3.8: only CRLF ends a line).
 *
 * Knows no verbs and no order. Holds at most one unfinished line (Invariant 7).
 */

import { concatBytes, CR, CRLF, indexOfBytes, NO_OCTETS } from "../base/bytes.ts";
import { DataDecoder } from "./data-decoder.ts";

export type WireEvent =
  /** A line, without its CRLF. */
  | { readonly type: "line"; readonly octets: Uint8Array }
  /** A line over the limit has been thrown away up to its CRLF. */
  | { readonly type: "overlong" }
  /** Content of a message, in pieces. */
  | { readonly type: "content"; readonly pieces: readonly Uint8Array[] }
  /** The end of DATA, or of the octets BDAT announced. */
  | { readonly type: "content-end" };

export type WireLimits = {
  /** With CRLF. RFC 5321 §4.5.3.1.4 asks for 512 and what each extension adds. */
  readonly commandLineOctets: number;
  /** With CRLF, for AUTH and the lines of its exchange (RFC 4954 §4). */
  readonly authLineOctets: number;
};

export const DEFAULT_WIRE_LIMITS: WireLimits = { commandLineOctets: 2048, authLineOctets: 12288 };

type Mode =
  | { readonly type: "line"; readonly isAuth: boolean }
  | { readonly type: "data"; readonly decoder: DataDecoder }
  | { readonly type: "chunk"; leftOctets: number };

const COMMAND_MODE: Mode = { type: "line", isAuth: false };
const AUTH_MODE: Mode = { type: "line", isAuth: true };
const OVERLONG: WireEvent = { type: "overlong" };
const CONTENT_END: WireEvent = { type: "content-end" };

export class ServerWire {
  readonly #limits: WireLimits;
  #mode: Mode = COMMAND_MODE;
  #chunk: Uint8Array = NO_OCTETS;
  #at = 0;
  /** Where the search for CRLF goes on, so that a line in many chunks is not searched again and again. */
  #searchAt = 0;
  #isDiscarding = false;

  constructor(limits: WireLimits = DEFAULT_WIRE_LIMITS) {
    this.#limits = limits;
  }

  /** Octets taken in and not given out yet. */
  get bufferedOctets(): number {
    return this.#chunk.length - this.#at;
  }

  push(octets: Uint8Array): void {
    if (this.bufferedOctets === 0) {
      this.#chunk = octets;
      this.#searchAt = 0;
    } else {
      this.#searchAt -= this.#at;
      this.#chunk = concatBytes([this.#chunk.subarray(this.#at), octets]);
    }
    this.#at = 0;
  }

  /** What comes next is one answer in an AUTH exchange. */
  expectAuthLine(): void {
    this.#mode = AUTH_MODE;
  }

  /** What comes next is a message, up to CRLF.CRLF. */
  expectData(): void {
    this.#mode = { type: "data", decoder: new DataDecoder() };
  }

  /** What comes next is this many octets, whatever they are. */
  expectChunk(octets: number): void {
    this.#mode = { type: "chunk", leftOctets: octets };
  }

  /** Forgets what was not read. For STARTTLS: nobody vouches for it (CVE-2011-0411). */
  clear(): void {
    this.#chunk = NO_OCTETS;
    this.#at = 0;
    this.#searchAt = 0;
    this.#isDiscarding = false;
    this.#mode = COMMAND_MODE;
  }

  /** The next event, or undefined until more octets are pushed. */
  next(): WireEvent | undefined {
    const mode = this.#mode;
    switch (mode.type) {
      case "line":
        return this.#nextLine(mode.isAuth);
      case "data":
        return this.#nextData(mode.decoder);
      case "chunk":
        return this.#nextChunk(mode);
    }
  }

  #nextLine(isAuth: boolean): WireEvent | undefined {
    const end = indexOfBytes(this.#chunk, CRLF, this.#searchAt);
    if (end === -1) {
      if (this.#isDiscarding || this.bufferedOctets > this.#lineLimit(isAuth)) this.#discard();
      else this.#searchAt = Math.max(this.#at, this.#chunk.length - 1);
      return undefined;
    }
    const start = this.#at;
    const isOverlong = this.#isDiscarding || end + 2 - start > this.#lineLimit(isAuth);
    this.#at = end + 2;
    this.#searchAt = this.#at;
    this.#isDiscarding = false;
    this.#mode = COMMAND_MODE;
    return isOverlong ? OVERLONG : { type: "line", octets: this.#chunk.subarray(start, end) };
  }

  #lineLimit(isAuth: boolean): number {
    const { commandLineOctets, authLineOctets } = this.#limits;
    if (isAuth) return authLineOctets;
    if (this.bufferedOctets <= commandLineOctets) return commandLineOctets;
    return startsWithAuth(this.#chunk, this.#at) ? authLineOctets : commandLineOctets;
  }

  /** Keeps only a CR at the end, which may be half of the CRLF looked for. */
  #discard(): void {
    this.#isDiscarding = true;
    const keep = this.#chunk[this.#chunk.length - 1] === CR ? 1 : 0;
    this.#at = this.#chunk.length - keep;
    this.#searchAt = this.#at;
  }

  #nextData(decoder: DataDecoder): WireEvent | undefined {
    if (decoder.isDone) {
      this.#mode = COMMAND_MODE;
      return CONTENT_END;
    }
    if (this.bufferedOctets === 0) return undefined;
    const pieces: Uint8Array[] = [];
    this.#at = decoder.decode(this.#chunk, this.#at, pieces);
    this.#searchAt = this.#at;
    return pieces.length > 0 ? { type: "content", pieces } : this.#nextData(decoder);
  }

  #nextChunk(mode: { leftOctets: number }): WireEvent | undefined {
    if (mode.leftOctets === 0) {
      this.#mode = COMMAND_MODE;
      return CONTENT_END;
    }
    if (this.bufferedOctets === 0) return undefined;
    const end = Math.min(this.#chunk.length, this.#at + mode.leftOctets);
    const piece = this.#chunk.subarray(this.#at, end);
    mode.leftOctets -= piece.length;
    this.#at = end;
    this.#searchAt = end;
    return { type: "content", pieces: [piece] };
  }
}

/** The one command whose own line may be as long as its exchange's (RFC 4954 §4). */
function startsWithAuth(octets: Uint8Array, at: number): boolean {
  const word = "auth ";
  for (let i = 0; i < word.length; i++) {
    if (octets[at + i] !== word.charCodeAt(i) && (octets[at + i] | 32) !== word.charCodeAt(i)) {
      return false;
    }
  }
  return true;
}
