/**
 * Measures octets as the parser passes them, each once: line feeds, 8-bit octets, and what no mail
 * may hold (bare CR, bare LF, NUL). Long stretches are looked at four octets at a time.
 */

import { CR, indexOfBytes, LF } from "../base/bytes.ts";
import type { DefectLog } from "./defect.ts";

/** Shorter stretches are not worth a view of words. */
const MIN_BY_WORDS = 256;
/** Four times the first octet that is neither CR nor LF nor below them. */
const ABOVE_CR = 0x0e0e0e0e;
const HIGH_BITS = 0x80808080 | 0;

export class BodyMeter {
  lineFeeds = 0;
  /** Octets above 127 since the last `startPart`. */
  has8Bit = false;
  readonly #octets: Uint8Array;
  readonly #defects: DefectLog;
  #at = 0;
  #bareLf = -1;
  #bareCr = -1;

  constructor(octets: Uint8Array, defects: DefectLog) {
    this.#octets = octets;
    this.#defects = defects;
  }

  startPart(): void {
    this.has8Bit = false;
  }

  /** Measures up to `end`; what was measured before is not measured again. */
  advance(end: number): void {
    if (end - this.#at >= MIN_BY_WORDS) {
      const misaligned = (this.#octets.byteOffset + this.#at) & 3;
      if (misaligned !== 0) this.#byOctets(this.#at + 4 - misaligned);
      this.#byWords(end);
    }
    this.#byOctets(end);
  }

  #byOctets(end: number): void {
    const octets = this.#octets;
    let all = 0;
    let at = this.#at;
    for (; at < end; at++) {
      const octet = octets[at];
      all |= octet;
      // One comparison for nearly every octet: CR and LF are below all that text is made of.
      if (octet <= CR) this.#lineEnd(octet, at);
    }
    this.#at = at;
    if (all > 127) this.has8Bit = true;
  }

  /** From an aligned place, as many whole words as there are before `end`. */
  #byWords(end: number): void {
    const octets = this.#octets;
    const start = this.#at;
    const count = (end - start) >> 2;
    const words = new Int32Array(octets.buffer, octets.byteOffset + start, count);
    let all = 0;
    for (let index = 0; index < count; index++) {
      const word = words[index];
      all |= word;
      // Whether any of the four octets is below 14 (the classic test for a small octet in a word).
      if ((((word - ABOVE_CR) | 0) & ~word & HIGH_BITS) === 0) continue;
      const at = start + index * 4;
      for (let offset = at; offset < at + 4; offset++) {
        if (octets[offset] <= CR) this.#lineEnd(octets[offset], offset);
      }
    }
    this.#at = start + count * 4;
    if ((all & HIGH_BITS) !== 0) this.has8Bit = true;
  }

  #lineEnd(octet: number, at: number): void {
    const octets = this.#octets;
    if (octet === LF) {
      this.lineFeeds++;
      if (this.#bareLf === -1 && octets[at - 1] !== CR) this.#bareLf = at;
    } else if (octet === CR && this.#bareCr === -1 && octets[at + 1] !== LF) this.#bareCr = at;
  }

  finish(): void {
    if (this.#bareLf !== -1) this.#defects.add("bare-lf", this.#bareLf);
    if (this.#bareCr !== -1) this.#defects.add("bare-cr", this.#bareCr);
    const nul = indexOfBytes(this.#octets, 0);
    if (nul !== -1) this.#defects.add("nul-octet", nul);
  }
}
