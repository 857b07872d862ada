/**
 * Uuencoded files, in bodies whose encoding says so and within the text of old mail
 * (POSIX uuencode; no RFC). Decoding takes what is there: short lines, missing ends, spaces lost
 * from line ends, `` ` `` for a space.
 */

import { decodeLatin1, encodeLatin1, indexOfBytes, LF } from "../base/bytes.ts";

export type UuencodedFile = {
  readonly fileName: string;
  readonly octets: Uint8Array;
  /** Octet range in the body, from `begin` to after `end`. */
  readonly start: number;
  readonly end: number;
};

const BEGIN = encodeLatin1("begin ");
const MAX_FILES = 100;

/** The files in a text body, in order. */
export function findUuencoded(body: Uint8Array): UuencodedFile[] {
  const files: UuencodedFile[] = [];
  let at = indexOfBytes(body, BEGIN);
  while (at !== -1 && files.length < MAX_FILES) {
    const isLineStart = at === 0 || body[at - 1] === LF;
    const file = isLineStart ? readFile(body, at) : undefined;
    if (file !== undefined) files.push(file);
    at = indexOfBytes(body, BEGIN, file === undefined ? at + 1 : file.end);
  }
  return files;
}

/** The one file of a body whose transfer encoding is uuencode. */
export function decodeUuencode(body: Uint8Array): Uint8Array {
  const at = indexOfBytes(body, BEGIN);
  const file = at === -1 ? undefined : readFile(body, at);
  return file?.octets ?? body;
}

/** Two passes: where the data ends and how much it is, then the data. */
function readFile(body: Uint8Array, start: number): UuencodedFile | undefined {
  const [dataStart, head] = readLine(body, start);
  const match = /^begin ([0-7]{3,4}) (\S[^\r\n]*)$/.exec(head);
  if (match === null) return undefined;
  let at = dataStart;
  let total = 0;
  let end = -1;
  while (at < body.length && end === -1) {
    const [next, line] = readLine(body, at);
    if (/^end\s*$/.test(line)) end = next;
    else if (!/^[\u0020-\u0060]/.test(line) || line.length > 90) break;
    else {
      total += octetsIn(line);
      at = next;
    }
  }
  if (total === 0 && end === -1) return undefined;
  const octets = decodeLines(body, dataStart, at, total);
  return { fileName: match[2].trim(), octets, start, end: end === -1 ? at : end };
}

/** What the first character of a line says. */
function octetsIn(line: string): number {
  return line === "" ? 0 : (line.charCodeAt(0) - 32) & 63;
}

function decodeLines(body: Uint8Array, from: number, to: number, total: number): Uint8Array {
  const octets = new Uint8Array(total);
  let length = 0;
  let at = from;
  while (at < to) {
    const [next, line] = readLine(body, at);
    length = decodeLine(line, octetsIn(line), octets, length);
    at = next;
  }
  return octets;
}

function readLine(body: Uint8Array, at: number): [next: number, line: string] {
  const lf = body.indexOf(LF, at);
  const next = lf === -1 ? body.length : lf + 1;
  // No line of an encoding is longer; what is longer is not looked at whole.
  const line = decodeLatin1(body, at, Math.min(next, at + 300)).replace(/\r?\n?$/, "");
  return [next, line];
}

function decodeLine(line: string, expected: number, target: Uint8Array, from: number): number {
  const value = (index: number): number =>
    line.length > index ? (line.charCodeAt(index) - 32) & 63 : 0;
  let length = from;
  const end = Math.min(from + expected, target.length);
  for (let index = 1; length < end; index += 4) {
    const bits =
      (value(index) << 18) | (value(index + 1) << 12) | (value(index + 2) << 6) | value(index + 3);
    target[length++] = bits >> 16;
    if (length < end) target[length++] = (bits >> 8) & 255;
    if (length < end) target[length++] = bits & 255;
  }
  return length;
}

export function encodeUuencode(octets: Uint8Array, fileName: string): Uint8Array {
  const character = (value: number): string => String.fromCharCode(value === 0 ? 96 : value + 32);
  const lines: string[] = [`begin 644 ${fileName}`];
  for (let from = 0; from < octets.length; from += 45) {
    const chunk = octets.subarray(from, from + 45);
    let line = character(chunk.length);
    for (let index = 0; index < chunk.length; index += 3) {
      const bits = (chunk[index] << 16) | ((chunk[index + 1] ?? 0) << 8) | (chunk[index + 2] ?? 0);
      line += character(bits >> 18) + character((bits >> 12) & 63);
      line += character((bits >> 6) & 63) + character(bits & 63);
    }
    lines.push(line);
  }
  return encodeLatin1([...lines, "`", "end", ""].join("\r\n"));
}
