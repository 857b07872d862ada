/**
 * Base64 bodies (RFC 2045 §6.8). Decoding is lenient as real mail needs: characters outside the
 * alphabet are passed over, padding in the middle begins anew (two encodings glued together), a
 * missing end is taken as far as it goes. `faults` says where it was not as the RFC has it.
 */

import { CR, encodeLatin1, encodeBase64, LF, SP, TAB, writeLatin1 } from "../base/bytes.ts";

const PAD = 61;
const JUNK = 255;
const BLANK = 254;
const PADDING = 253;

const VALUES: Uint8Array = makeValues();

function makeValues(): Uint8Array {
  const values = new Uint8Array(256).fill(JUNK);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let index = 0; index < 64; index++) values[alphabet.charCodeAt(index)] = index;
  for (const blank of [CR, LF, SP, TAB]) values[blank] = BLANK;
  values[PAD] = PADDING;
  return values;
}

/** The first place where the text was not proper base64, or -1. */
export type DecodedBase64 = { readonly octets: Uint8Array; readonly faultAt: number };

export function decodeBase64Body(octets: Uint8Array): DecodedBase64 {
  const result = new Uint8Array(Math.ceil((octets.length * 3) / 4));
  let length = 0;
  let bits = 0;
  let count = 0;
  let faultAt = -1;
  let isPadded = false;
  for (let index = 0; index < octets.length; index++) {
    if (count === 0 && !isPadded) {
      // Whole groups of four, as nearly all are.
      for (; index + 3 < octets.length; index += 4) {
        const a = VALUES[octets[index]];
        const b = VALUES[octets[index + 1]];
        const c = VALUES[octets[index + 2]];
        const d = VALUES[octets[index + 3]];
        if ((a | b | c | d) > 63) break;
        result[length] = (a << 2) | (b >> 4);
        result[length + 1] = (b << 4) | (c >> 2);
        result[length + 2] = (c << 6) | d;
        length += 3;
      }
      if (index >= octets.length) break;
    }
    const value = VALUES[octets[index]];
    if (value < 64) {
      if (isPadded && faultAt === -1) faultAt = index;
      bits = (bits << 6) | value;
      if (++count === 4) {
        result[length] = bits >>> 16;
        result[length + 1] = bits >>> 8;
        result[length + 2] = bits;
        length += 3;
        bits = 0;
        count = 0;
      }
    } else if (value === PADDING) {
      if (count === 1 || (count === 0 && !isPadded)) faultAt = faultAt === -1 ? index : faultAt;
      length = flush(result, length, bits, count);
      bits = 0;
      count = 0;
      isPadded = true;
    } else if (value === JUNK && faultAt === -1) {
      faultAt = index;
    }
  }
  if (count !== 0 && faultAt === -1) faultAt = octets.length;
  length = flush(result, length, bits, count);
  return { octets: result.subarray(0, length), faultAt };
}

/** Writes what 2 or 3 left-over characters hold. */
function flush(result: Uint8Array, length: number, bits: number, count: number): number {
  if (count === 2) {
    result[length] = bits >>> 4;
    return length + 1;
  }
  if (count === 3) {
    result[length] = bits >>> 10;
    result[length + 1] = bits >>> 2;
    return length + 2;
  }
  return length;
}

export function decodeBase64Lenient(text: string): Uint8Array {
  return decodeBase64Body(encodeLatin1(text)).octets;
}

/** RFC 2045 §6.8: lines of 76 characters, each with its CRLF. */
export function encodeBase64Body(octets: Uint8Array): Uint8Array {
  if (octets.length === 0) return new Uint8Array(0);
  const text = encodeBase64(octets);
  const lines = Math.ceil(text.length / 76);
  const result = new Uint8Array(text.length + lines * 2);
  let at = 0;
  for (let from = 0; from < text.length; from += 76) {
    const line = text.slice(from, from + 76);
    writeLatin1(result, line, at);
    at += line.length;
    result[at++] = CR;
    result[at++] = LF;
  }
  return result;
}
