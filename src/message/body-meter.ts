/**
 * Measures octets as the parser passes them, each once: line feeds, 8-bit octets, and what no mail
 * may hold (bare CR, bare LF, NUL).
 */

import { CR, indexOfBytes, LF } from "../base/bytes.ts";
import type { DefectLog } from "./defect.ts";

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
    const octets = this.#octets;
    let lineFeeds = 0;
    let all = 0;
    let at = this.#at;
    for (; at < end; at++) {
      const octet = octets[at];
      all |= octet;
      // One comparison for nearly every octet: CR and LF are below all that text is made of.
      if (octet > CR) continue;
      if (octet === LF) {
        lineFeeds++;
        if (octets[at - 1] !== CR && this.#bareLf === -1) this.#bareLf = at;
      } else if (octet === CR && octets[at + 1] !== LF && this.#bareCr === -1) this.#bareCr = at;
    }
    this.#at = at;
    this.lineFeeds += lineFeeds;
    if (all > 127) this.has8Bit = true;
  }

  finish(): void {
    if (this.#bareLf !== -1) this.#defects.add("bare-lf", this.#bareLf);
    if (this.#bareCr !== -1) this.#defects.add("bare-cr", this.#bareCr);
    const nul = indexOfBytes(this.#octets, 0);
    if (nul !== -1) this.#defects.add("nul-octet", nul);
  }
}
