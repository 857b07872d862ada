/**
 * Replies as text for the wire (RFC 5321 §4.2, RFC 2034 §4). Whatever a reply says, what leaves is
 * lines of at most 512 octets without control characters: text from a peer or a database that gets
 * into a reply can neither end a line nor steer a terminal.
 */

import { invariant } from "../base/errors.ts";
import { utf8Length } from "../base/bytes.ts";
import type { Reply } from "./reply.ts";

/** RFC 5321 §4.5.3.1.5: with code and CRLF. */
const MAX_REPLY_LINE_OCTETS = 512;
const MAX_REPLY_LINES = 200;

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const NOT_ASCII = /[^\u0000-\u007f]/gu;

export type ReplyEncoding = {
  /** The client declared SMTPUTF8 (RFC 6531 §3.7.4.1); else what is not ASCII is written as `\x{e9}`. */
  readonly utf8?: boolean;
};

const PLAIN = /^[ -~]{0,400}$/;

/** All lines of the reply, each with its CRLF. */
export function encodeReply(answer: Reply, encoding: ReplyEncoding = {}): string {
  const { code, enhanced, lines } = answer;
  // Nearly every reply is one plain line.
  if (lines.length === 1 && PLAIN.test(lines[0]) && code >= 200 && code <= 599) {
    return enhanced === undefined
      ? `${code} ${lines[0]}\r\n`
      : `${code} ${enhanced} ${lines[0]}\r\n`;
  }
  return formatLines(answer, encoding);
}

function formatLines(answer: Reply, encoding: ReplyEncoding): string {
  invariant(answer.code >= 200 && answer.code <= 599, "a reply code is from 200 to 599");
  const enhanced = answer.enhanced === undefined ? "" : `${answer.enhanced} `;
  const roomOctets = MAX_REPLY_LINE_OCTETS - "250-".length - enhanced.length - "\r\n".length;
  const lines = answer.lines
    .slice(0, MAX_REPLY_LINES)
    .flatMap((line) => splitLine(escapeText(line, encoding), roomOctets));
  if (lines.length === 0) lines.push("");
  let text = "";
  for (let i = 0; i < lines.length; i++) {
    const separator = i === lines.length - 1 ? " " : "-";
    text += `${answer.code}${separator}${enhanced}${lines[i]}\r\n`;
  }
  return text;
}

function escapeText(line: string, { utf8 = false }: ReplyEncoding): string {
  const safe = line.replace(CONTROLS, escapeCharacter);
  return utf8 ? safe.toWellFormed() : safe.replace(NOT_ASCII, escapeCharacter);
}

function escapeCharacter(character: string): string {
  return `\\x{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function splitLine(line: string, roomOctets: number): string[] {
  if (utf8Length(line) <= roomOctets) return [line];
  const pieces: string[] = [];
  let piece = "";
  let pieceOctets = 0;
  for (const character of line) {
    const octets = utf8Length(character);
    if (pieceOctets + octets > roomOctets) {
      pieces.push(piece);
      piece = "";
      pieceOctets = 0;
    }
    piece += character;
    pieceOctets += octets;
  }
  return [...pieces, piece];
}

/** One line for logs and diagnostics: `550 5.1.1 No such user`. */
export function formatReply(answer: Reply): string {
  const enhanced = answer.enhanced === undefined ? "" : `${answer.enhanced} `;
  return `${answer.code} ${enhanced}${answer.lines.join(" / ")}`;
}
