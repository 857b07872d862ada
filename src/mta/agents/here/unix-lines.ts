/** A message with the line ends that files and commands of Unix expect: CRLF becomes LF, all else stays. */

import { concatBytes } from "../../../base/bytes.ts";

const CR = 13;
const LF = 10;

export async function* unixLines(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let hasHeldCr = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const parts: Uint8Array[] = [];
    if (hasHeldCr && chunk[0] !== LF) parts.push(Uint8Array.of(CR));
    hasHeldCr = false;
    let start = 0;
    for (let at = chunk.indexOf(CR); at !== -1; at = chunk.indexOf(CR, at + 1)) {
      const isLast = at + 1 === chunk.length;
      if (!isLast && chunk[at + 1] !== LF) continue;
      parts.push(chunk.subarray(start, at));
      start = at + 1;
      hasHeldCr = isLast;
    }
    parts.push(chunk.subarray(start));
    yield concatBytes(parts);
  }
  if (hasHeldCr) yield Uint8Array.of(CR);
}
