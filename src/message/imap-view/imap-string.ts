/**
 * IMAP strings that every client can read (RFC 9051 §4.3, RFC 3501 §4.3): quoted where possible, a
 * literal where octets above 127 must stay. Text is built as one character per octet and becomes
 * octets at the very end. No CR, LF, NUL or other control gets through.
 */

import { decodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { encodeWords } from "../encoded-word.ts";

/**
 * What is longer is cut: these strings are kept with each message and are in memory for many at a
 * time, and a stranger may send a Subject as long as a message may be. The header itself stays whole.
 */
export const MAX_STRING_LENGTH = 65_536;

const PLAIN = /^[ !\u0023-\u005b\u005d-\u007e]*$/;
const NOT_ASCII = /[^\u0000-\u007f]/;

/** A string whose non-ASCII characters cannot be written otherwise than as they are: addresses, ids. */
export function imapString(whole: string): string {
  const text = whole.length > MAX_STRING_LENGTH ? whole.slice(0, MAX_STRING_LENGTH) : whole;
  if (PLAIN.test(text)) return `"${text}"`;
  const safe = text.replace(/[\u0000-\u001f\u007f]/g, " ");
  if (NOT_ASCII.test(safe)) return literal(safe);
  return `"${safe.replace(/["\\]/g, "\\$&")}"`;
}

/** A string of text for people: non-ASCII characters become encoded words (RFC 2047). */
export function imapText(whole: string): string {
  const text = whole.length > MAX_STRING_LENGTH ? whole.slice(0, MAX_STRING_LENGTH) : whole;
  return NOT_ASCII.test(text)
    ? imapString(encodeWords(text.replace(/[\u0080-\u009f]/g, " ")))
    : imapString(text);
}

export function imapNstring(text: string | undefined): string {
  return text === undefined ? "NIL" : imapString(text);
}

function literal(text: string): string {
  const octets = encodeUtf8(text);
  return `{${octets.length}}\r\n${decodeLatin1(octets)}`;
}
