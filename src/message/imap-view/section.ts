/**
 * BODY[section] as octet ranges of the stored message (RFC 9051 §6.4.5): part numbers, HEADER,
 * TEXT and MIME are looked up in the structure; only HEADER.FIELDS has to look at octets, and those
 * of one header section alone.
 */

import { concatBytes, CRLF } from "../../base/bytes.ts";
import { type HeaderSection, parseHeader } from "../header.ts";
import type { StoredPart, StoredStructure } from "./stored-structure.ts";

export type OctetRange = { readonly start: number; readonly end: number };

export type SectionRanges = {
  readonly part: StoredPart;
  /** `BODY[1.2]`: the part's body; `BODY[]` for the empty path: the whole message. */
  readonly body: OctetRange;
  /** `BODY[1.2.MIME]`; undefined for the empty path, where it makes no sense. */
  readonly mime: OctetRange | undefined;
  /** `BODY[1.2.HEADER]` and `BODY[1.2.TEXT]`: of a message alone, so of the empty path and of message/rfc822 parts. */
  readonly header: OctetRange | undefined;
  readonly text: OctetRange | undefined;
};

/** Undefined when the message has no such part. */
export function findSection(
  structure: StoredStructure,
  path: readonly number[],
): SectionRanges | undefined {
  if (path.length === 0) {
    const body = { start: structure.start, end: structure.end };
    return {
      part: structure,
      body,
      mime: undefined,
      header: headerOf(structure),
      text: bodyOf(structure),
    };
  }
  const part = findPart(structure, path);
  if (part === undefined) return undefined;
  const message = part.kind === "message" ? part.children[0] : undefined;
  return {
    part,
    body: bodyOf(part),
    mime: headerOf(part),
    header: message && headerOf(message),
    text: message && bodyOf(message),
  };
}

/** Each number picks a child; a message that is no multipart has itself as its part 1 (RFC 9051 §6.4.5). */
function findPart(root: StoredPart, path: readonly number[]): StoredPart | undefined {
  /** The message or multipart whose parts are being counted. */
  let container: StoredPart | undefined = root;
  let part: StoredPart | undefined;
  for (const number of path) {
    if (container === undefined) return undefined;
    if (container.kind === "multipart") part = container.children[number - 1];
    else part = number === 1 ? container : undefined;
    if (part === undefined) return undefined;
    if (part.kind === "message") container = part.children[0];
    else container = part.kind === "multipart" ? part : undefined;
  }
  return part;
}

function headerOf(part: StoredPart): OctetRange {
  return { start: part.start, end: part.bodyStart };
}

function bodyOf(part: StoredPart): OctetRange {
  return { start: part.bodyStart, end: part.end };
}

/**
 * `HEADER.FIELDS (…)` or, with `not`, `HEADER.FIELDS.NOT (…)` of the octets of a header section.
 * The blank line is always there (RFC 9051 §6.4.5).
 */
export function selectHeaderFields(
  header: Uint8Array,
  names: readonly string[],
  options: { readonly not: boolean },
): Uint8Array {
  return selectParsedFields(header, parseHeader(header), names, options);
}

/** The same of a section that has been parsed. */
export function selectParsedFields(
  header: Uint8Array,
  section: HeaderSection,
  names: readonly string[],
  options: { readonly not: boolean },
): Uint8Array {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const pieces: Uint8Array[] = [];
  for (const field of section.fields) {
    if (wanted.has(field.key) === options.not) continue;
    pieces.push(header.subarray(field.start, field.end));
    if (header[field.end - 1] !== 10) pieces.push(CRLF);
  }
  pieces.push(CRLF);
  return concatBytes(pieces);
}

/** `<origin.length>` of a section that is `range` (RFC 9051 §6.4.5 partial): clipped, perhaps empty. */
export function partialRange(range: OctetRange, origin: number, length: number): OctetRange {
  const start = Math.min(range.start + origin, range.end);
  return { start, end: Math.min(start + length, range.end) };
}
