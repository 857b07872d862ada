/**
 * A message as lines of text, which is all that POP3 can carry (RFC 1939 §3): a line feed that
 * stands alone becomes CRLF, so that no client finds the end of the response where there is none; a
 * NUL, at which many stop reading, becomes 0x80. Whatever else comes passes as it is, not copied.
 */

import { concatBytes, CR, CRLF, decodeLatin1, indexOfBytes, LF } from "../base/bytes.ts";

const NUL = 0;
const SHOWN = 0x80;
/** One look at all octets tells that there is nothing to do, as nearly always. */
const TO_MEND = /[^\r]\n|\0/;

export class TextLines {
  #afterCr = false;

  mend(chunk: Uint8Array): Uint8Array {
    const beginsAlone = chunk[0] === LF && !this.#afterCr;
    if (!beginsAlone && !TO_MEND.test(decodeLatin1(chunk))) {
      if (chunk.length > 0) this.#afterCr = chunk[chunk.length - 1] === CR;
      return chunk;
    }
    const lines = this.#mendLineFeeds(chunk);
    if (!lines.includes(NUL)) return lines;
    return lines.map((octet) => (octet === NUL ? SHOWN : octet));
  }

  #mendLineFeeds(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk;
    const parts: Uint8Array[] = [];
    let from = 0;
    for (let lf = indexOfBytes(chunk, LF); lf !== -1; lf = indexOfBytes(chunk, LF, lf + 1)) {
      const isPair = lf === 0 ? this.#afterCr : chunk[lf - 1] === CR;
      if (isPair) continue;
      parts.push(chunk.subarray(from, lf), CRLF);
      from = lf + 1;
    }
    this.#afterCr = chunk[chunk.length - 1] === CR;
    return from === 0 ? chunk : concatBytes([...parts, chunk.subarray(from)]);
  }
}
