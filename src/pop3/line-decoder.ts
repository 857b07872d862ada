/**
 * Cuts what arrives into lines. Only CRLF ends a line. An endless line is reported once and thrown
 * away up to its CRLF at constant memory (security row 21); what it held is never a command.
 * Work is linear in the octets, however small the pieces in which they come.
 */

import { CR, CRLF, indexOfBytes, NO_OCTETS } from "../base/bytes.ts";

export type LineEvent =
  /** `octets` stay as they are until the next `push`. */
  { readonly type: "line"; readonly octets: Uint8Array } | { readonly type: "too-long" };

export class LineDecoder {
  readonly #maxOctets: number;
  #buffer: Uint8Array = NO_OCTETS;
  /** The buffer is our own to write into, not an array that was pushed. */
  #isOwn = false;
  #start = 0;
  #end = 0;
  /** Up to here there is no CRLF. */
  #scanned = 0;
  /** Within a line that is too long already. */
  #isSkipping = false;

  /** `maxOctets` is without the CRLF. */
  constructor(maxOctets: number) {
    this.#maxOctets = maxOctets;
  }

  push(octets: Uint8Array): void {
    const restOctets = this.#end - this.#start;
    if (restOctets === 0) {
      this.#buffer = octets;
      this.#isOwn = false;
      this.#start = 0;
      this.#scanned = 0;
      this.#end = octets.length;
      return;
    }
    if (!this.#isOwn || this.#end + octets.length > this.#buffer.length) {
      this.#makeRoom(restOctets, octets.length);
    }
    this.#buffer.set(octets, this.#end);
    this.#end += octets.length;
  }

  /** The next line, or undefined when more octets are needed. */
  next(): LineEvent | undefined {
    const lineEnd = this.#findLineEnd();
    if (lineEnd === -1) {
      this.#dropIfEndless();
      return undefined;
    }
    const octets = this.#buffer.subarray(this.#start, lineEnd);
    this.#start = lineEnd + 2;
    this.#scanned = this.#start;
    const isTooLong = this.#isSkipping || octets.length > this.#maxOctets;
    this.#isSkipping = false;
    return isTooLong ? { type: "too-long" } : { type: "line", octets };
  }

  /** Forgets all input: it came before TLS, so nobody vouches for it (security row 12). */
  clear(): void {
    this.#buffer = NO_OCTETS;
    this.#start = 0;
    this.#end = 0;
    this.#scanned = 0;
    this.#isSkipping = false;
  }

  #findLineEnd(): number {
    const at = indexOfBytes(this.#buffer.subarray(0, this.#end), CRLF, this.#scanned);
    // A CR at the end may be half of the CRLF to come.
    if (at === -1) this.#scanned = Math.max(this.#start, this.#end - 1);
    return at;
  }

  #makeRoom(restOctets: number, moreOctets: number): void {
    const roomy = new Uint8Array(Math.max(256, 2 * (restOctets + moreOctets)));
    roomy.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = roomy;
    this.#isOwn = true;
    this.#scanned -= this.#start;
    this.#start = 0;
    this.#end = restOctets;
  }

  #dropIfEndless(): void {
    const restOctets = this.#end - this.#start;
    if (restOctets === 0 || (!this.#isSkipping && restOctets <= this.#maxOctets + 1)) return;
    this.#isSkipping = true;
    const endsInCr = this.#buffer[this.#end - 1] === CR;
    this.#start = endsInCr ? this.#end - 1 : this.#end;
    this.#scanned = this.#start;
  }
}
