/**
 * Preview text (RFC 8970): the first words a person would read, on one line, at most 200 characters.
 * Only the first octets of the text part are looked at, so a preview costs the same for any message;
 * a message that has no text has an empty one.
 */

import { decodeText, decodeTransfer } from "./decode-body.ts";
import { displayLines } from "./display-text.ts";
import { unflow } from "./flowed.ts";
import { htmlToText } from "./html-text.ts";
import type { ParsedMessage, Part } from "./part.ts";
import { findTextPart } from "./text-body.ts";

/** RFC 8970 §3.1: 200 is what it suggests; 256 is its maximum. */
export const MAX_PREVIEW_CHARACTERS = 200;
/** A character is at most so many units of a string; one more, to see that there is more. */
const ENOUGH_CHARACTERS = 2 * (MAX_PREVIEW_CHARACTERS + 1);
const MAX_LINE_CHARACTERS = 8192;
/** HTML mail may begin with this much style before its first word. */
const MAX_OCTETS = 65_536;
/** Most often the first words are near the beginning. */
const TRIES_OCTETS = [2048, 16_384, MAX_OCTETS];

export function preview(parsed: ParsedMessage): string {
  const part = findTextPart(parsed.root);
  if (part === undefined) return "";
  for (const octets of TRIES_OCTETS) {
    const end = Math.min(part.end, part.bodyStart + octets);
    const words = previewOf(readable(parsed, part, end));
    if (words.isFull || end === part.end || octets === MAX_OCTETS) return words.text;
  }
  return "";
}

function readable(parsed: ParsedMessage, part: Part, end: number): string {
  const octets = decodeTransfer(parsed.octets.subarray(part.bodyStart, end), part.encoding);
  let text = decodeText(octets, part.params.get("charset"));
  // The cut may have gone through a character.
  if (end < part.end) text = text.replace(/\ufffd+$/, "");
  if (part.subtype === "html") return htmlToText(text);
  const isFlowed = part.params.get("format")?.toLowerCase() === "flowed";
  return isFlowed ? unflow(text, { deleteSpace: false }) : text;
}

/** Quoted lines, attributions and the signature are left out as long as anything else is there. */
function previewOf(text: string): { readonly text: string; readonly isFull: boolean } {
  const lines = displayLines(text).split("\n");
  const signature = lines.findIndex((line) => line === "-- ");
  const body = signature > 0 ? lines.slice(0, signature) : lines;
  const own = body.filter(
    (line, index) => !line.startsWith(">") && !isAttribution(line, body[index + 1]),
  );
  const words = squeeze(own);
  return {
    text: cut(words === "" ? squeeze(lines) : words),
    // What comes further down cannot change it.
    isFull: words.length > ENOUGH_CHARACTERS,
  };
}

/** `On …, N wrote:` before a quotation. */
function isAttribution(line: string, next: string | undefined): boolean {
  return next !== undefined && next.startsWith(">") && line.trimEnd().endsWith(":");
}

/** So many lines as fill a preview; more need not be looked at. */
function squeeze(lines: readonly string[]): string {
  let text = "";
  for (const line of lines) {
    const words = line
      .slice(0, MAX_LINE_CHARACTERS)
      .replace(/[\u034f\s\u00a0\u200b-\u200f\u2800]+/g, " ")
      .trim();
    if (words !== "") text += text === "" ? words : ` ${words}`;
    if (text.length > ENOUGH_CHARACTERS) break;
  }
  return text;
}

/** By whole characters; never in the middle of a surrogate pair. */
function cut(text: string): string {
  if (text.length <= MAX_PREVIEW_CHARACTERS) return text;
  let end = 0;
  let count = 0;
  for (const character of text) {
    if (count === MAX_PREVIEW_CHARACTERS) break;
    end += character.length;
    count++;
  }
  return text.slice(0, end).trimEnd();
}
