/**
 * Encoded words (RFC 2047, RFC 2231 §5): text in any charset within ASCII header fields. Decoding
 * is for people to read and happens after a field has been taken apart, never before. It is
 * lenient where real mail is: words in quoted strings, words that touch, characters split across
 * words, spaces within a word. Encoding writes UTF-8 words of at most 75 characters.
 */

import {
  concatBytes,
  decodeLatin1,
  encodeBase64,
  encodeLatin1,
  encodeUtf8,
  utf8Length,
} from "../base/bytes.ts";
import { decodeBase64Lenient } from "./base64.ts";
import { charsetDecoder, decodeCharset } from "./charset.ts";
import { displayText } from "./display-text.ts";

/** RFC 2047 §2 */
export const MAX_WORD_LENGTH = 75;

/** Decoded, and safe to show: see `displayText`. */
export function decodeWords(text: string): string {
  return displayText(decodeWordsExactly(text));
}

type Word = {
  readonly charset: string;
  readonly octets: Uint8Array;
  readonly end: number;
};

/** Decoded with all that the words hold, controls included. Show the result to nobody. */
export function decodeWordsExactly(text: string): string {
  let open = text.indexOf("=?");
  if (open === -1) return text;
  let result = "";
  let done = 0;
  while (open !== -1) {
    const word = readWord(text, open);
    if (word === undefined) {
      open = text.indexOf("=?", open + 1);
      continue;
    }
    result += text.slice(done, open);
    const run = readRun(text, word);
    result += run.decoded;
    done = run.end;
    open = text.indexOf("=?", done);
  }
  return result + text.slice(done);
}

/**
 * The words that follow `first` with nothing but white space between them: the space is dropped
 * (RFC 2047 §6.2), and octets of one charset are decoded together, so that a character cut in two
 * by its writer is whole again.
 */
function readRun(text: string, first: Word): { decoded: string; end: number } {
  let decoded = "";
  let charset = first.charset;
  let parts = [first.octets];
  let end = first.end;
  for (;;) {
    let next = end;
    while (next < text.length && /[ \t\r\n]/.test(text[next])) next++;
    const word = text.startsWith("=?", next) ? readWord(text, next) : undefined;
    if (word === undefined) break;
    // ISO-2022 charsets end each word in ASCII, and their decoders want no second beginning.
    if (word.charset !== charset || charset.startsWith("iso-2022")) {
      decoded += decodeCharset(concatBytes(parts), charset);
      charset = word.charset;
      parts = [];
    }
    parts.push(word.octets);
    end = word.end;
  }
  return { decoded: decoded + decodeCharset(concatBytes(parts), charset), end };
}

/** The encoded word that opens at `from`, or undefined if none does or nobody knows its charset. */
function readWord(text: string, from: number): Word | undefined {
  const charsetEnd = text.indexOf("?", from + 2);
  if (charsetEnd === -1 || charsetEnd - from > 100 || text[charsetEnd + 2] !== "?")
    return undefined;
  const encoding = text[charsetEnd + 1].toUpperCase();
  if (encoding !== "B" && encoding !== "Q") return undefined;
  const start = charsetEnd + 3;
  const end = endOfEncodedText(text, start);
  if (end === -1) return undefined;
  const label = text.slice(from + 2, charsetEnd);
  const star = label.indexOf("*");
  const charset = (star === -1 ? label : label.slice(0, star)).toLowerCase();
  if (charset === "" || /[\s"(),]/.test(charset)) return undefined;
  // A charset nobody knows leaves the word as it stands (RFC 2047 §6.2 allows either).
  if (!/^(us-)?ascii$/.test(charset) && charsetDecoder(charset) === undefined) return undefined;
  const encoded = text.slice(start, end);
  const octets = encoding === "B" ? decodeBase64Lenient(encoded) : decodeQ(encoded);
  return { charset, octets, end: end + 2 };
}

/** The index of `?=`; a `?` within is wrong but seen. Another word's `=?` ends the search. */
function endOfEncodedText(text: string, start: number): number {
  for (let index = text.indexOf("?", start); index !== -1; index = text.indexOf("?", index + 1)) {
    if (text[index + 1] === "=") return index;
    if (index > start && text[index - 1] === "=") return -1;
  }
  return -1;
}

function decodeQ(encoded: string): Uint8Array {
  const spaced = encoded.replaceAll("_", " ");
  // Raw non-ASCII within the word is wrong; its UTF-8 octets stand for it.
  const plain = NOT_ASCII.test(spaced) ? decodeLatin1(encodeUtf8(spaced)) : spaced;
  return encodeLatin1(
    plain.replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
  );
}

const NOT_ASCII = /[^\u0000-\u007f]/;

/** Whether `text` can stand in an unstructured field as it is, and will be read back the same. */
export function isPlainText(text: string): boolean {
  if (!/^[\u0020-\u007e]*$/.test(text) || text.includes("=?")) return false;
  if (/^ | $|[ ]{2}/.test(text)) return false;
  return !/[^ ]{400}/.test(text); // a word that could not be folded
}

/**
 * `text` as encoded words, with one space between them: put line breaks at the spaces. Words at
 * either end that are plain ASCII are left readable. `phrase` keeps to the characters that may
 * stand in a display name (RFC 2047 §5 (3)). `indent`: columns taken before the first word.
 */
export function encodeWords(
  text: string,
  options: { readonly phrase?: boolean; readonly indent?: number } = {},
): string {
  if (isPlainText(text)) return text;
  const indent = Math.min(options.indent ?? 0, 40);
  const safe = text.toWellFormed();
  const words = safe.split(" ");
  const isPlain = (word: string): boolean =>
    word !== "" && isPlainText(word) && (!options.phrase || /^[A-Za-z0-9!*+\-/]+$/.test(word));
  let first = 0;
  let last = words.length;
  while (first < last && isPlain(words[first])) first++;
  while (last > first && isPlain(words[last - 1])) last--;
  // Nothing but single words that are plain: what was wrong is between or in none of them.
  if (first === last) return encodeSpan(safe, indent);
  const head = words.slice(0, first);
  const tail = words.slice(last);
  const span = encodeSpan(words.slice(first, last).join(" "), first === 0 ? indent : 0);
  return [...head, span, ...tail].join(" ");
}

const PREFIX_B = "=?utf-8?B?";
const PREFIX_Q = "=?utf-8?Q?";
const ROOM = MAX_WORD_LENGTH - PREFIX_B.length - 2;

/** Q while most of the text can be read in it, else B (RFC 2047 §4). */
function encodeSpan(text: string, indent: number): string {
  const octets = encodeUtf8(text);
  let hidden = 0;
  for (const octet of octets) if (!isQSafe(octet) && octet !== 32) hidden++;
  return hidden * 3 > octets.length ? encodeB(text, indent) : encodeQ(text, indent);
}

/** RFC 2047 §5 (3): the set that is safe in every place, phrases included. */
function isQSafe(octet: number): boolean {
  return (
    (octet >= 48 && octet <= 57) ||
    (octet >= 65 && octet <= 90) ||
    (octet >= 97 && octet <= 122) ||
    octet === 33 ||
    octet === 42 ||
    octet === 43 ||
    octet === 45 ||
    octet === 47
  );
}

function encodeB(text: string, indent: number): string {
  const octetsIn = (room: number): number => Math.floor(room / 4) * 3;
  const cost = (character: string): number => utf8Length(character);
  return splitByCost(text, cost, octetsIn(ROOM - indent), octetsIn(ROOM))
    .map((piece) => `${PREFIX_B}${encodeBase64(encodeUtf8(piece))}?=`)
    .join(" ");
}

function encodeQ(text: string, indent: number): string {
  return splitByCost(text, (character) => encodeQCharacter(character).length, ROOM - indent, ROOM)
    .map((piece) => `${PREFIX_Q}${Array.from(piece, encodeQCharacter).join("")}?=`)
    .join(" ");
}

function encodeQCharacter(character: string): string {
  if (character === " ") return "_";
  let result = "";
  for (const octet of encodeUtf8(character)) {
    result += isQSafe(octet)
      ? String.fromCharCode(octet)
      : `=${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}

/** Pieces of whole characters (RFC 2047 §5: none across words) whose costs sum to at most `room`; the first to at most `firstRoom`. */
function splitByCost(
  text: string,
  costOf: (character: string) => number,
  firstRoom: number,
  room: number,
): string[] {
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const character of text) {
    const cost = costOf(character);
    if (used + cost > (pieces.length === 0 ? firstRoom : room)) {
      pieces.push(piece);
      piece = "";
      used = 0;
    }
    piece += character;
    used += cost;
  }
  if (piece !== "") pieces.push(piece);
  return pieces;
}
