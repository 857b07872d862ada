/**
 * BODY from BODYSTRUCTURE (RFC 9051 §7.5.2): the same without the extension data. Works on the
 * ready-made octets, where strings are quoted or literals and parentheses tell the structure.
 */

import { concatBytes, decodeLatin1 } from "../../base/bytes.ts";

const OPEN = 40;
const CLOSE = 41;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const BRACE = 123;

/** Members of a single part before its extension data: type, subtype, params, id, description, encoding, octets. */
const BASIC_MEMBERS = 7;

export function bodyOf(structure: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  new BodyForm(structure, parts).part(0);
  return concatBytes(parts);
}

class BodyForm {
  readonly #octets: Uint8Array;
  readonly #out: Uint8Array[];

  constructor(octets: Uint8Array, out: Uint8Array[]) {
    this.#octets = octets;
    this.#out = out;
  }

  /** Copies the part that opens at `at` without its extension data; returns where it ends. */
  part(at: number): number {
    this.#copy(at, at + 1);
    const end = this.#octets[at + 1] === OPEN ? this.#multipart(at + 1) : this.#single(at + 1);
    this.#copy(end, end + 1); // placeholder of the closing parenthesis
    return end + 1;
  }

  #multipart(from: number): number {
    let at = from;
    while (this.#octets[at] === OPEN) at = this.part(at);
    const subtypeEnd = this.#skip(at + 1);
    this.#copy(at, subtypeEnd);
    return this.#toClose(subtypeEnd);
  }

  #single(from: number): number {
    const typeEnd = this.#skip(from);
    const subtypeEnd = this.#skip(typeEnd + 1);
    let at = subtypeEnd;
    for (let member = 2; member < BASIC_MEMBERS; member++) at = this.#skip(at + 1);
    this.#copy(from, at);
    const type = decodeLatin1(this.#octets, from, typeEnd).toLowerCase();
    // text has lines; message/rfc822 has an envelope, a body and lines: told by the parenthesis.
    if (type === '"text"') {
      const linesEnd = this.#skip(at + 1);
      this.#copy(at, linesEnd);
      at = linesEnd;
    } else if (
      type === '"message"' &&
      this.#octets[at] === SPACE &&
      this.#octets[at + 1] === OPEN
    ) {
      const envelopeEnd = this.#skip(at + 1);
      this.#copy(at, envelopeEnd + 1);
      const bodyEnd = this.part(envelopeEnd + 1);
      const linesEnd = this.#skip(bodyEnd + 1);
      this.#copy(bodyEnd, linesEnd);
      at = linesEnd;
    }
    return this.#toClose(at);
  }

  /** Passes over extension data: where the part's closing parenthesis is. */
  #toClose(from: number): number {
    let at = from;
    while (at < this.#octets.length && this.#octets[at] === SPACE) at = this.#skip(at + 1);
    return at;
  }

  #copy(start: number, end: number): void {
    this.#out.push(this.#octets.subarray(start, end));
  }

  /** The end of the value that begins at `at`: a list, a string, or a word. */
  #skip(at: number): number {
    if (this.#octets[at] !== OPEN) return this.#skipWord(at);
    let depth = 0;
    let next = at;
    do {
      const octet = this.#octets[next];
      if (octet === OPEN || octet === CLOSE) {
        depth += octet === OPEN ? 1 : -1;
        next++;
      } else if (octet === SPACE) next++;
      else next = this.#skipWord(next);
    } while (depth > 0 && next < this.#octets.length);
    return next;
  }

  #skipWord(at: number): number {
    const octets = this.#octets;
    let end = at;
    if (octets[at] === QUOTE) {
      end++;
      while (end < octets.length && octets[end] !== QUOTE) end += octets[end] === BACKSLASH ? 2 : 1;
      return end + 1;
    }
    if (octets[at] === BRACE) {
      const close = octets.indexOf(125, at);
      return close + 3 + Number(decodeLatin1(octets, at + 1, close));
    }
    while (
      end < octets.length &&
      octets[end] !== SPACE &&
      octets[end] !== OPEN &&
      octets[end] !== CLOSE
    ) {
      end++;
    }
    return Math.max(end, at + 1);
  }
}
