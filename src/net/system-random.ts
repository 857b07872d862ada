/** Chance from the operating system's generator: nobody can predict it. */

import { randomBytes } from "node:crypto";
import type { Random } from "../base/random.ts";

/** Drawn ahead in one call: a system call for each id would cost more than the id. */
const POOL_OCTETS = 4096;

let pool = new Uint8Array(0);
let used = 0;

function bytes(length: number): Uint8Array {
  if (length > 256) return new Uint8Array(randomBytes(length));
  if (used + length > pool.length) {
    pool = new Uint8Array(randomBytes(POOL_OCTETS));
    used = 0;
  }
  const drawn = pool.slice(used, used + length);
  // What has been handed out must not be found in memory later.
  pool.fill(0, used, used + length);
  used += length;
  return drawn;
}

export const systemRandom: Random = {
  bytes,
  float: () => {
    const drawn = bytes(4);
    return new DataView(drawn.buffer, drawn.byteOffset).getUint32(0) / 4294967296;
  },
};
