/**
 * Quoted-printable bodies (RFC 2045 §6.7). Decoding is lenient as real mail needs: a stray `=` stands
 * for itself, lower-case digits count, LF alone ends a line. Encoding is for text (CRLF kept as line
 * breaks) or for exact octets (every other octet encoded), with lines of at most 76 characters.
 */

import { CR, encodeLatin1, indexOfBytes, LF, SP, TAB } from "../base/bytes.ts";

const EQUALS = 61;

/** `faultAt`: the first place where the text was not proper quoted-printable, or -1. */
export type DecodedQuotedPrintable = { readonly octets: Uint8Array; readonly faultAt: number };

export function decodeQuotedPrintable(octets: Uint8Array): DecodedQuotedPrintable {
  const result = new Uint8Array(octets.length);
  let length = 0;
  let faultAt = -1;
  let lineStart = 0;
  while (lineStart < octets.length) {
    const lf = octets.indexOf(LF, lineStart);
    const next = lf === -1 ? octets.length : lf + 1;
    let contentEnd = lf === -1 ? octets.length : lf;
    if (lf !== -1 && contentEnd > lineStart && octets[contentEnd - 1] === CR) contentEnd--;
    const breakStart = contentEnd;
    // White space at a line's end was added on the way (rule 3).
    while (contentEnd > lineStart && isBlank(octets[contentEnd - 1])) contentEnd--;
    const isSoft = contentEnd > lineStart && octets[contentEnd - 1] === EQUALS;
    if (isSoft) contentEnd--;
    for (let index = lineStart; index < contentEnd; index++) {
      const octet = octets[index];
      if (octet !== EQUALS) {
        result[length++] = octet;
        continue;
      }
      const isWhole = index + 2 < contentEnd;
      const high = isWhole ? hexValue(octets[index + 1]) : -1;
      const low = isWhole ? hexValue(octets[index + 2]) : -1;
      if (high === -1 || low === -1) {
        if (faultAt === -1) faultAt = index;
        result[length++] = octet;
      } else {
        result[length++] = high * 16 + low;
        index += 2;
      }
    }
    if (!isSoft)
      for (let index = breakStart; index < next; index++) result[length++] = octets[index];
    lineStart = next;
  }
  return { octets: result.subarray(0, length), faultAt };
}

function isBlank(octet: number): boolean {
  return octet === SP || octet === TAB;
}

function hexValue(octet: number): number {
  if (octet >= 48 && octet <= 57) return octet - 48;
  const upper = octet & ~32;
  return upper >= 65 && upper <= 70 ? upper - 55 : -1;
}

const HEX = encodeLatin1("0123456789ABCDEF");
const MAX_LINE = 76;

/**
 * Encodes octets. CRLF stays a line break; CR or LF alone is encoded, so the octets come back exact.
 * `From ` and a lone `.` at the start of a line are encoded too: neither mbox files nor SMTP can
 * change what they do not see (RFC 2049 §3 (8), (9)).
 */
export function encodeQuotedPrintable(octets: Uint8Array): Uint8Array {
  const lineCount = Math.ceil(octets.length / 24) + 1;
  const result = new Uint8Array(octets.length * 3 + lineCount * 3);
  let length = 0;
  let column = 0;
  for (let index = 0; index < octets.length; index++) {
    const octet = octets[index];
    if (octet === CR && octets[index + 1] === LF) {
      result[length++] = CR;
      result[length++] = LF;
      index++;
      column = 0;
      continue;
    }
    const isPlain = isPlainAt(octets, index, column);
    const width = isPlain ? 1 : 3;
    // The last column is for the soft break, unless the line ends here.
    const isAtEnd =
      index + 1 === octets.length || (octets[index + 1] === CR && octets[index + 2] === LF);
    if (column + width > (isAtEnd ? MAX_LINE : MAX_LINE - 1)) {
      result[length++] = EQUALS;
      result[length++] = CR;
      result[length++] = LF;
      column = 0;
      index--;
      continue;
    }
    if (isPlain) result[length++] = octet;
    else {
      result[length++] = EQUALS;
      result[length++] = HEX[octet >> 4];
      result[length++] = HEX[octet & 15];
    }
    column += width;
  }
  return result.subarray(0, length);
}

function isPlainAt(octets: Uint8Array, index: number, column: number): boolean {
  const octet = octets[index];
  if (octet === EQUALS || octet > 126) return false;
  if (octet === SP || octet === TAB) {
    const next = octets[index + 1];
    return (
      next !== undefined && !(next === CR && octets[index + 2] === LF) && column < MAX_LINE - 1
    );
  }
  if (octet < 32) return false;
  if (column > 0) return true;
  if (octet === 46) return false; // "."
  if (octet === 45) return octets[index + 1] !== 45; // "--" could be taken for a boundary
  return !(octet === 70 && isFromLine(octets, index));
}

const FROM = encodeLatin1("From ");

function isFromLine(octets: Uint8Array, index: number): boolean {
  for (let offset = 1; offset < FROM.length; offset++) {
    if (octets[index + offset] !== FROM[offset]) return false;
  }
  return true;
}

/** How many octets quoted-printable would take, soft breaks included, roughly. */
export function estimateQuotedPrintable(octets: Uint8Array): number {
  let encoded = 0;
  for (let index = 0; index < octets.length; index++) {
    const octet = octets[index];
    if (
      octet > 126 ||
      octet === EQUALS ||
      (octet < 32 && octet !== CR && octet !== LF && octet !== TAB)
    ) {
      encoded++;
    }
  }
  const total = octets.length + encoded * 2;
  return total + Math.floor(total / 72) * 3;
}

/** Whether quoted-printable soft breaks are needed for a line longer than SMTP allows (RFC 5322 §2.1.1). */
export function hasLongLine(octets: Uint8Array, max = 998): boolean {
  let start = 0;
  while (start < octets.length) {
    const lf = indexOfBytes(octets, LF, start);
    const end = lf === -1 ? octets.length : lf;
    const isCrlf = end > start && octets[end - 1] === CR;
    if (end - start - (isCrlf ? 1 : 0) > max) return true;
    start = end + 1;
  }
  return false;
}
