/**
 * Octets that have arrived and are not used yet. Appending is amortised constant, and the search
 * for a line's end never looks at an octet twice, so a peer that sends one octet at a time gains
 * nothing by it.
 */

import { CR, LF, NO_OCTETS, indexOfBytes } from "../../base/bytes.ts";

export class OctetQueue {
  #octets: Uint8Array = NO_OCTETS;
  #start = 0;
  #end = 0;
  #searchedTo = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(octets: Uint8Array): void {
    if (this.length === 0) {
      this.#octets = octets;
      this.#start = 0;
      this.#end = octets.length;
      this.#searchedTo = 0;
      return;
    }
    if (this.#end + octets.length > this.#octets.length) this.#grow(octets.length);
    this.#octets.set(octets, this.#end);
    this.#end += octets.length;
  }

  /** The next line without its CRLF; only CRLF ends a line. Undefined while none is complete. */
  takeLine(): Uint8Array | undefined {
    for (let from = Math.max(this.#searchedTo, this.#start); ;) {
      const lineFeed = indexOfBytes(this.#octets.subarray(0, this.#end), LF, from);
      if (lineFeed === -1) {
        this.#searchedTo = this.#end;
        return undefined;
      }
      if (lineFeed > this.#start && this.#octets[lineFeed - 1] === CR) {
        const line = this.#octets.subarray(this.#start, lineFeed - 1);
        this.#start = lineFeed + 1;
        return line;
      }
      from = lineFeed + 1;
    }
  }

  /** At most `limit` octets: a view, valid for ever, because taken octets are not overwritten. */
  take(limit: number): Uint8Array {
    const taken = this.peek(limit);
    this.#start += taken.length;
    return taken;
  }

  /** What `take` would take. */
  peek(limit: number): Uint8Array {
    return this.#octets.subarray(this.#start, Math.min(this.#start + limit, this.#end));
  }

  clear(): void {
    this.#start = this.#end;
  }

  #grow(more: number): void {
    const grown = new Uint8Array(Math.max(1024, 2 * (this.length + more)));
    grown.set(this.#octets.subarray(this.#start, this.#end));
    this.#searchedTo = Math.max(0, this.#searchedTo - this.#start);
    this.#end -= this.#start;
    this.#start = 0;
    this.#octets = grown;
  }
}
