/** Line ends of files (LF) and of the network (CRLF), both ways, on streams. All other octets stay, a CR alone too. */

import { concatBytes } from "../../base/bytes.ts";

const CR = 13;
const LF = 10;
const CR_OCTET = Uint8Array.of(CR);

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** CRLF becomes LF. */
export async function* unixLines(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let hasHeldCr = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const parts: Uint8Array[] = [];
    if (hasHeldCr && chunk[0] !== LF) parts.push(CR_OCTET);
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
  if (hasHeldCr) yield CR_OCTET;
}

/** LF becomes CRLF, unless a CR stands before it. */
export async function* networkLines(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let isBehindCr = false;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    const parts: Uint8Array[] = [];
    let start = 0;
    for (let at = chunk.indexOf(LF); at !== -1; at = chunk.indexOf(LF, at + 1)) {
      if (at === 0 ? isBehindCr : chunk[at - 1] === CR) continue;
      parts.push(chunk.subarray(start, at), CR_OCTET);
      start = at;
    }
    parts.push(chunk.subarray(start));
    isBehindCr = chunk[chunk.length - 1] === CR;
    yield concatBytes(parts);
  }
}
