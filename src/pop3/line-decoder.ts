/**
 * Cuts what arrives into lines. Only CRLF ends a line. An endless line is reported once and thrown
 * away up to its CRLF at constant memory (security row 21); what it held is never a command.
 */

import { CR, CRLF, concatBytes, indexOfBytes, NO_OCTETS } from "../base/bytes.ts";

export type LineEvent =
  | { readonly type: "line"; readonly octets: Uint8Array }
  | { readonly type: "too-long" };

export class LineDecoder {
  readonly #maxOctets: number;
  #buffer: Uint8Array = NO_OCTETS;
  #from = 0;
  /** Within a line that is too long already. */
  #isSkipping = false;

  /** `maxOctets` is without the CRLF. */
  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets;
  }

  push(octets: Uint8Array): void {
    const rest = this.#buffer.subarray(this.#from);
    this.#buffer = rest.length === 0 ? octets : concatBytes([rest, octets]);
    this.#from = 0;
  }

  /** The next line, or undefined when more octets are needed. */
  next(): LineEvent | undefined {
    const end = indexOfBytes(this.#buffer, CRLF, this.#from);
    if (end === -1) {
      this.#dropIfEndless();
      return undefined;
    }
    const octets = this.#buffer.subarray(this.#from, end);
    this.#from = end + 2;
    const isTooLong = this.#isSkipping || octets.length > this.#maxOctets;
    this.#isSkipping = false;
    return isTooLong ? { type: "too-long" } : { type: "line", octets };
  }

  /** Forgets all input: it came before TLS, so nobody vouches for it (security row 12). */
  clear(): void {
    this.#buffer = NO_OCTETS;
    this.#from = 0;
    this.#isSkipping = false;
  }

  #dropIfEndless(): void {
    const rest = this.#buffer.subarray(this.#from);
    if (!this.#isSkipping && rest.length <= this.#maxOctets + 1) return;
    this.#isSkipping = true;
    // A CR at the end may be half of the CRLF that ends the line.
    this.#buffer = rest.at(-1) === CR ? Uint8Array.of(CR) : NO_OCTETS;
    this.#from = 0;
  }
}
