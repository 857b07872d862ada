/**
 * Finds the end of a message after DATA, and takes the transparency dots out (RFC 5321 §4.1.1.4,
 * §4.5.2). The end is CRLF.CRLF and nothing else, wherever the chunks are cut.
 *
 * Does not care what else is in the content: see `line-ends.ts`. Chunks are searched whole, and
 * passed on as views of themselves.
 */

import { CR, indexOfBytes, LF } from "../base/bytes.ts";

const DOT = 46;
const CRLF_DOT: Uint8Array = Uint8Array.of(CR, LF, DOT);
const DOT_CR: Uint8Array = Uint8Array.of(CR);

/**
 * How much of CRLF.CRLF the octets so far end with. The dot and the second CR are held back until
 * what follows tells whether they are content.
 */
const NOTHING = 0;
const AFTER_CR = 1;
const AFTER_CRLF = 2;
const AFTER_DOT = 3;
const AFTER_DOT_CR = 4;

export class DataDecoder {
  // RFC 5321 §4.1.1.4: the line before the first began with DATA's own CRLF, so ".CRLF" is an empty message.
  #matched = AFTER_CRLF;
  #isDone = false;

  /** The end has been seen. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /**
   * Decodes from `from`; appends pieces of content to `content` and returns the index of the first
   * octet not used: the chunk's length, or that behind the end of data.
   */
  decode(chunk: Uint8Array, from: number, content: Uint8Array[]): number {
    let at = this.#resume(chunk, from, content);
    while (!this.#isDone && at < chunk.length) {
      const mark = indexOfBytes(chunk, CRLF_DOT, at);
      if (mark === -1) {
        content.push(at === 0 ? chunk : chunk.subarray(at));
        this.#matched = matchedAtEnd(chunk, at);
        return chunk.length;
      }
      content.push(chunk.subarray(at, mark + 2));
      this.#matched = AFTER_DOT;
      at = this.#resume(chunk, mark + 3, content);
    }
    return at;
  }

  /** Goes on octet by octet while in the middle of a possible end. */
  #resume(chunk: Uint8Array, from: number, content: Uint8Array[]): number {
    let at = from;
    while (at < chunk.length && this.#matched !== NOTHING) {
      const octet = chunk[at];
      if (this.#matched === AFTER_DOT_CR) {
        if (octet === LF) {
          this.#isDone = true;
          return at + 1;
        }
        content.push(DOT_CR);
        // The CR was content: this octet is looked at afresh behind it.
        this.#matched = AFTER_CR;
        continue;
      }
      if (this.#matched === AFTER_DOT && octet !== CR) {
        // RFC 5321 §4.5.2: the dot is gone, the rest of the line stands, be it another dot.
        this.#matched = NOTHING;
        return at;
      }
      if (this.#matched === AFTER_DOT) this.#matched = AFTER_DOT_CR;
      else if (this.#matched === AFTER_CRLF && octet === DOT) this.#matched = AFTER_DOT;
      else if (this.#matched === AFTER_CR && octet === LF) {
        content.push(chunk.subarray(at, at + 1));
        this.#matched = AFTER_CRLF;
      } else {
        this.#matched = NOTHING;
        return at;
      }
      at++;
    }
    return at;
  }
}

function matchedAtEnd(chunk: Uint8Array, from: number): number {
  const last = chunk.length - 1;
  if (chunk[last] === CR) return AFTER_CR;
  return chunk[last] === LF && last > from && chunk[last - 1] === CR ? AFTER_CRLF : NOTHING;
}
