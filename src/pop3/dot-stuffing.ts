/**
 * Byte-stuffing of multi-line responses (RFC 1939 §3): a line that begins with a dot gets one more,
 * and a line with a dot alone ends the response. Works on whole chunks as they come from the store;
 * one without such a line is passed on as it is, not copied.
 */

import { CR, encodeLatin1, indexOfBytes, LF } from "../base/bytes.ts";

const DOT = 46;
const CRLF_DOT = encodeLatin1("\r\n.");
const TERMINATOR = encodeLatin1(".\r\n");
const END_OF_LINE_AND_TERMINATOR = encodeLatin1("\r\n.\r\n");

export class DotStuffer {
  /** How much of a CRLF the chunks so far ended with: 2 at the beginning of a line. */
  #matched: 0 | 1 | 2 = 2;

  stuff(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk;
    const dots = this.#dotsAtLineStart(chunk);
    this.#matched = matchedAtEnd(chunk, this.#matched);
    return dots.length === 0 ? chunk : doubled(chunk, dots);
  }

  /** What ends the response; a last line that was not ended gets its CRLF first. */
  end(): Uint8Array {
    return this.#matched === 2 ? TERMINATOR : END_OF_LINE_AND_TERMINATOR;
  }

  #dotsAtLineStart(chunk: Uint8Array): number[] {
    const dots: number[] = [];
    if (this.#matched === 2 && chunk[0] === DOT) dots.push(0);
    if (this.#matched === 1 && chunk[0] === LF && chunk[1] === DOT) dots.push(1);
    for (let at = indexOfBytes(chunk, CRLF_DOT); at !== -1;) {
      dots.push(at + 2);
      at = indexOfBytes(chunk, CRLF_DOT, at + 3);
    }
    return dots;
  }
}

function matchedAtEnd(chunk: Uint8Array, before: 0 | 1 | 2): 0 | 1 | 2 {
  const last = chunk[chunk.length - 1];
  if (last === CR) return 1;
  if (last !== LF) return 0;
  const beforeLast = chunk.length > 1 ? chunk[chunk.length - 2] : before === 1 ? CR : 0;
  return beforeLast === CR ? 2 : 0;
}

function doubled(chunk: Uint8Array, dots: readonly number[]): Uint8Array {
  const stuffed = new Uint8Array(chunk.length + dots.length);
  let from = 0;
  let to = 0;
  for (const dot of dots) {
    stuffed.set(chunk.subarray(from, dot), to);
    to += dot - from;
    stuffed[to++] = DOT;
    from = dot;
  }
  stuffed.set(chunk.subarray(from), to);
  return stuffed;
}
