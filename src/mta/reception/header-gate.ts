/**
 * Holds back a message's first octets until its header section is whole, so that it can be looked
 * at (and for a submission completed) before anything is stored. Bounded (Invariant 7).
 */

import { concatBytes, CR, CRLF, indexOfBytes, LF } from "../../base/bytes.ts";

const BLANK_LINE = Uint8Array.of(CR, LF, CR, LF);

export type HeldHeader = {
  /** All octets so far; the first `headerOctets` are the header section with its blank line. */
  readonly octets: Uint8Array;
  readonly headerOctets: number;
  /** The section was longer than the limit; `octets` is a part of it. */
  readonly isCut: boolean;
};

export class HeaderGate {
  readonly #maxOctets: number;
  #held: Uint8Array = new Uint8Array(0);

  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets;
  }

  /** The header section once it is whole, or too long. Not to be called again after that. */
  push(octets: Uint8Array): HeldHeader | undefined {
    const from = Math.max(0, this.#held.length - BLANK_LINE.length + 1);
    this.#held = this.#held.length === 0 ? octets : concatBytes([this.#held, octets]);
    const end = this.#endOfHeader(from);
    // However the octets were cut: one that is too long is not whole just because it came at once.
    const isCut = end > this.#maxOctets;
    if (end !== -1) return { octets: this.#held, headerOctets: end, isCut };
    if (this.#held.length <= this.#maxOctets) return undefined;
    return { octets: this.#held, headerOctets: this.#held.length, isCut: true };
  }

  /** The message ended without a blank line: all of it is header section. */
  finish(): HeldHeader {
    const isCut = this.#held.length > this.#maxOctets;
    return { octets: this.#held, headerOctets: this.#held.length, isCut };
  }

  #endOfHeader(from: number): number {
    // A message may begin with its blank line: no header section at all.
    if (this.#held.length >= 2 && this.#held[0] === CR && this.#held[1] === LF) return CRLF.length;
    const at = indexOfBytes(this.#held, BLANK_LINE, from);
    return at === -1 ? -1 : at + BLANK_LINE.length;
  }
}
