/**
 * Where TOP ends within a message that comes in chunks (RFC 1939 §7): after the header section, its
 * blank line and `lines` lines of the body.
 */

import { CR, CRLF, indexOfBytes, LF } from "../base/bytes.ts";

export class TopCutter {
  #linesLeft: number;
  #isInHeader = true;
  /** Octets of the current line in earlier chunks. */
  #lineOctets = 0;
  #endsInCr = false;

  constructor(lines: number) {
    this.#linesLeft = lines;
  }

  /** How many octets of `chunk` belong to the answer; `isDone` when no more chunk is wanted. */
  cut(chunk: Uint8Array): { readonly octets: number; readonly isDone: boolean } {
    let lineStart = 0;
    while (lineStart < chunk.length) {
      const next = this.#nextLine(chunk, lineStart);
      if (next === -1) break;
      const isBlank = this.#lineOctets + (next - lineStart) === 2;
      this.#lineOctets = 0;
      this.#endsInCr = false;
      lineStart = next;
      if (!this.#isInHeader) this.#linesLeft--;
      if (this.#isInHeader && isBlank) this.#isInHeader = false;
      if (!this.#isInHeader && this.#linesLeft <= 0) return { octets: lineStart, isDone: true };
    }
    this.#lineOctets += chunk.length - lineStart;
    this.#endsInCr = chunk.length > 0 ? chunk[chunk.length - 1] === CR : this.#endsInCr;
    return { octets: chunk.length, isDone: false };
  }

  /** The index after the CRLF that ends the line begun at `from`, or -1. */
  #nextLine(chunk: Uint8Array, from: number): number {
    if (from === 0 && this.#endsInCr && chunk[0] === LF) return 1;
    const end = indexOfBytes(chunk, CRLF, from);
    return end === -1 ? -1 : end + 2;
  }
}
