/**
 * From-line quoting as mboxrd has it: each line that begins with `From `, behind any number of `>`,
 * gets one more `>`, so that a reader can take exactly one away. Works on a stream of LF lines.
 */

import { concatBytes, encodeLatin1 } from "../../../base/bytes.ts";

const LF = 10;
const QUOTE = 62;
const FROM = encodeLatin1("From ");
const QUOTED_FROM = encodeLatin1(">From ");

export async function* quoteFromLines(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const quoter = new FromQuoter();
  for await (const chunk of chunks) yield quoter.push(chunk);
  yield quoter.end();
}

class FromQuoter {
  #isAtStart = true;
  /** Octets of `From ` seen so far. */
  #matched = 0;

  push(chunk: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (!this.#isAtStart) {
        const end = chunk.indexOf(LF, at);
        const next = end === -1 ? chunk.length : end + 1;
        parts.push(chunk.subarray(at, next));
        this.#isAtStart = end !== -1;
        at = next;
      } else if (this.#matched === 0 && chunk[at] === QUOTE) {
        parts.push(chunk.subarray(at, ++at));
      } else if (chunk[at] === FROM[this.#matched]) {
        at++;
        if (++this.#matched === FROM.length) parts.push(this.#leaveStart(QUOTED_FROM));
      } else {
        parts.push(this.#leaveStart(FROM.subarray(0, this.#matched)));
      }
    }
    return concatBytes(parts);
  }

  end(): Uint8Array {
    return FROM.subarray(0, this.#matched);
  }

  #leaveStart(held: Uint8Array): Uint8Array {
    this.#isAtStart = false;
    this.#matched = 0;
    return held;
  }
}
