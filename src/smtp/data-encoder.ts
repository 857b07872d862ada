/**
 * A message as the octets that follow DATA: dots stuffed at line starts (RFC 5321 §4.5.2), the end
 * of data behind it, and no CR or LF that is not a pair and no NUL, so that no reader, however
 * lenient, can find an end where we put none.
 */

import { concatBytes, CRLF, encodeLatin1, indexOfBytes, LF } from "../base/bytes.ts";
import { LineEndGuard } from "./line-ends.ts";

const DOT = 46;
const CRLF_DOT: Uint8Array = encodeLatin1("\r\n.");
const ONE_DOT: Uint8Array = Uint8Array.of(DOT);
const END: Uint8Array = encodeLatin1(".\r\n");

export class DataEncoder {
  readonly #guard: LineEndGuard = new LineEndGuard({ stray: "normalize", nul: "replace" });
  #isAtLineStart = true;

  /** The next octets of the message, ready to send; perhaps none yet. */
  push(octets: Uint8Array): Uint8Array {
    return this.#stuff(this.#guard.push(octets));
  }

  /** What still has to be sent: the rest, an end to the last line, and the end of data. */
  end(): Uint8Array {
    const rest = this.#stuff(this.#guard.end());
    return concatBytes(this.#isAtLineStart ? [rest, END] : [rest, CRLF, END]);
  }

  #stuff(octets: Uint8Array): Uint8Array {
    if (octets.length === 0) return octets;
    const parts: Uint8Array[] = [];
    if (this.#isAtLineStart && octets[0] === DOT) parts.push(ONE_DOT);
    // The guard lets no LF pass without its CR.
    this.#isAtLineStart = octets[octets.length - 1] === LF;
    let start = 0;
    for (let at = indexOfBytes(octets, CRLF_DOT); at !== -1;) {
      parts.push(octets.subarray(start, at + 3));
      // The dot itself goes again, with what follows it.
      start = at + 2;
      at = indexOfBytes(octets, CRLF_DOT, start);
    }
    if (parts.length === 0) return octets;
    parts.push(octets.subarray(start));
    return concatBytes(parts);
  }
}
