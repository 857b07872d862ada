/**
 * Header sections as octet ranges: where each field's name and value lie, and where the text begins
 * (RFC 5322 §2.2, §4.5). No field's own syntax is looked at here.
 *
 * A blank line ends the section; so does a boundary line of an enclosing multipart. A line that is
 * neither field nor continuation is kept as a field without a name: what a verifier sees as header
 * is what everybody sees as header. LF alone is read as a line end (with a defect elsewhere).
 */

import { CR, decodeLatin1, decodeUtf8Strict, LF, SP, TAB } from "../base/bytes.ts";
import { decodeCharset } from "./charset.ts";
import type { DefectLog } from "./defect.ts";

export type HeaderField = {
  /** As written; "" for a line that is no field. */
  readonly name: string;
  /** Lower case. */
  readonly key: string;
  /** Octet range of the field: `start` to `end` with its final line end, the value from `valueStart`. */
  readonly start: number;
  readonly valueStart: number;
  readonly end: number;
};

export type HeaderSection = {
  readonly fields: readonly HeaderField[];
  readonly start: number;
  /** After the blank line: where the body begins. */
  readonly endOctets: number;
  readonly hasBlankLine: boolean;
};

export type HeaderOptions = {
  /** Where to stop; default: the end of the octets. */
  readonly end?: number;
  /** Further fields are part of the section, but not listed. */
  readonly maxFields?: number;
  readonly defects?: DefectLog;
  /** Asked for each line that begins with `--`: whether it ends the section. */
  readonly isBoundary?: (at: number) => boolean;
};

export const MAX_FIELDS = 20_000;

const COLON = 58;
const DASH = 45;

export function parseHeader(
  octets: Uint8Array,
  from = 0,
  options: HeaderOptions = {},
): HeaderSection {
  const limit = options.end ?? octets.length;
  const maxFields = options.maxFields ?? MAX_FIELDS;
  const fields: HeaderField[] = [];
  let at = from;
  while (at < limit) {
    const first = octets[at];
    const blankEnd = first === CR || first === LF ? endOfBlankLine(octets, at, limit) : -1;
    if (blankEnd !== -1) {
      return { fields, start: from, endOctets: blankEnd, hasBlankLine: true };
    }
    if (first === DASH && octets[at + 1] === DASH && options.isBoundary?.(at)) break;
    const end = endOfField(octets, at, limit);
    if (fields.length < maxFields) fields.push(readField(octets, at, end, options.defects));
    else options.defects?.addOnce("too-many-fields", at);
    at = end;
  }
  // A header section without text needs no blank line (RFC 5322 §3.5, RFC 2046 §5.1.1 body-part).
  return { fields, start: from, endOctets: at, hasBlankLine: false };
}

/** The end of the line at `at` if it is blank (CRLF, LF, or stray CRs before the LF), else -1. */
function endOfBlankLine(octets: Uint8Array, at: number, limit: number): number {
  let index = at;
  while (index < limit && octets[index] === CR) index++;
  return index < limit && octets[index] === LF ? index + 1 : -1;
}

function endOfField(octets: Uint8Array, at: number, limit: number): number {
  let end = at;
  do {
    const lf = octets.indexOf(LF, end);
    end = lf === -1 || lf >= limit ? limit : lf + 1;
  } while (end < limit && (octets[end] === SP || octets[end] === TAB));
  return end;
}

function readField(
  octets: Uint8Array,
  start: number,
  end: number,
  defects: DefectLog | undefined,
): HeaderField {
  let nameEnd = start;
  while (nameEnd < end && isNameOctet(octets[nameEnd])) nameEnd++;
  let colon = nameEnd;
  while (colon < end && (octets[colon] === SP || octets[colon] === TAB)) colon++;
  if (nameEnd === start || octets[colon] !== COLON || colon >= end) {
    defects?.add(isMboxLine(octets, start) ? "mbox-from-line" : "not-a-field", start);
    return { name: "", key: "", start, valueStart: start, end };
  }
  // RFC 5322 §4.5 allows white space here in old messages.
  if (colon > nameEnd) defects?.add("space-before-colon", start);
  const name = decodeLatin1(octets, start, nameEnd);
  return { name, key: name.toLowerCase(), start, valueStart: colon + 1, end };
}

/** RFC 5322 §2.2: printable ASCII except the colon. */
function isNameOctet(octet: number): boolean {
  return octet > 32 && octet < 127 && octet !== COLON;
}

function isMboxLine(octets: Uint8Array, at: number): boolean {
  const from = octets[at] === 62 ? at + 1 : at; // >From
  return octets[from] === 70 && decodeLatin1(octets, from, from + 5) === "From ";
}

export function findField(section: HeaderSection, key: string): HeaderField | undefined {
  const { fields } = section;
  for (let index = 0; index < fields.length; index++) {
    if (fields[index].key === key) return fields[index];
  }
  return undefined;
}

export function findFields(section: HeaderSection, key: string): HeaderField[] {
  return section.fields.filter((field) => field.key === key);
}

/**
 * The field's value, unfolded and trimmed, encoded words as they are. Octets above 127 are read as
 * UTF-8 (RFC 6532), or as windows-1252 where they are not UTF-8. It has no CR, LF or NUL.
 */
export function fieldText(octets: Uint8Array, field: HeaderField): string {
  let start = field.valueStart;
  let end = field.end;
  while (start < end && isSpaceOctet(octets[start])) start++;
  while (end > start && isSpaceOctet(octets[end - 1])) end--;
  const latin1 = decodeLatin1(octets, start, end);
  const text = /[^\u0000-\u007f]/.test(latin1) ? decode8Bit(octets.subarray(start, end)) : latin1;
  return /[\r\n\0]/.test(text) ? unfold(text) : text;
}

/** The text of the first field of that name, or undefined. */
export function textOf(
  octets: Uint8Array,
  section: HeaderSection,
  key: string,
): string | undefined {
  const field = findField(section, key);
  return field === undefined ? undefined : fieldText(octets, field);
}

function isSpaceOctet(octet: number): boolean {
  return octet === SP || octet === TAB || octet === CR || octet === LF;
}

function decode8Bit(octets: Uint8Array): string {
  return decodeUtf8Strict(octets) ?? decodeCharset(octets, "windows-1252");
}

/** RFC 5322 §2.2.3: a line end before white space vanishes; one elsewhere is a fault and becomes a space. */
function unfold(text: string): string {
  return text
    .replace(/[\r\n]+[ \t]?/g, (fold) => {
      const last = fold[fold.length - 1];
      return last === "\t" ? "\t" : " ";
    })
    .replaceAll("\0", " ");
}
