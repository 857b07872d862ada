/**
 * The checksum of a column in a file: four sums side by side, because that is four times as fast. Each
 * step can be undone, so that a single changed word is always noticed; an error that is not noticed
 * needs all four to agree.
 */

export const LANES = 4;

export type Sums = [a: number, b: number, c: number, d: number];

/** From where a sum begins. */
export const START: Readonly<Sums> = [0x1b873593, 0x2545f491, 0x3c6ef372, 0x27d4eb2f];

export function checksumOf(octets: Uint8Array): Uint32Array {
  const sums: Sums = [...START];
  sumInto(sums, octets);
  return Uint32Array.from(sums, (sum) => sum >>> 0);
}

/** Adds a piece: whole groups of four words, except in the last one. */
export function sumInto(sums: Sums, octets: Uint8Array): void {
  const words = new Int32Array(octets.buffer, octets.byteOffset, octets.length >>> 2);
  let [a, b, c, d] = sums;
  const whole = words.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    a = step(a ^ words[at]);
    b = step(b ^ words[at + 1]);
    c = step(c ^ words[at + 2]);
    d = step(d ^ words[at + 3]);
  }
  for (let at = whole; at < words.length; at++) a = step(a ^ words[at]);
  sums[0] = a;
  sums[1] = b;
  sums[2] = c;
  sums[3] = d;
}

/** Turned before it is multiplied: a multiplication carries only upwards, and the top would be lost. */
function step(sum: number): number {
  return (Math.imul((sum << 13) | (sum >>> 19), 0x2c1b3c6d) + 0x297a2d39) | 0;
}
