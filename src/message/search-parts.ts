/**
 * What SEARCH looks into (RFC 9051 §6.4.4): header fields with encoded words decoded, text parts with
 * transfer encoding and charset taken off, the headers of messages within. All of it is mapped by
 * i;unicode-casemap, so that comparison is a plain substring. Who answers a search and who indexes for
 * it must both take their text from here.
 */

import { casemap } from "../base/unicode-casemap.ts";
import { decodeText, decodeTransfer } from "./decode-body.ts";
import { decodeWords } from "./encoded-word.ts";
import { fieldText, parseHeader, type HeaderSection } from "./header.ts";
import type { EnvelopeField, EnvelopeText } from "./imap-view/envelope-text.ts";
import type { StoredPart } from "./imap-view/stored-structure.ts";

/** More of a header section, or of one field of an ENVELOPE, is not searched. */
export const MAX_HEADER_OCTETS = 262_144;

export function searchedHeader(octets: Uint8Array, section: HeaderSection): string {
  return section.fields
    .map((field) => casemap(`${field.name}: ${decodeWords(fieldText(octets, field))}`))
    .join("\r\n");
}

/** A field as ENVELOPE shows it. */
export function searchedField(envelope: EnvelopeText, field: EnvelopeField): string {
  const value = envelope.field(field).slice(0, MAX_HEADER_OCTETS);
  return casemap(value.includes("=?") ? decodeWords(value) : value);
}

/** Text leaves, and messages within (for their headers). */
export function* searchedParts(root: StoredPart): Generator<StoredPart> {
  const stack: StoredPart[] = [root];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    if (part.kind === "message" || (part.kind === "leaf" && part.type === "text")) yield part;
    for (let at = part.children.length - 1; at >= 0; at--) stack.push(part.children[at]);
  }
}

/** Which octets of a searched part are looked into: at most the first `mostOctets`. */
export function searchedRange(
  part: StoredPart,
  mostOctets: number,
): { readonly start: number; readonly end: number } {
  const header = part.kind === "message" ? part.children[0] : undefined;
  const start = header?.start ?? part.bodyStart;
  return { start, end: Math.min(header?.bodyStart ?? part.end, start + mostOctets) };
}

/** Of the octets that `searchedRange` names. */
export function searchedText(octets: Uint8Array, part: StoredPart): string {
  return part.kind === "message"
    ? searchedHeader(octets, parseHeader(octets))
    : casemap(decodeText(decodeTransfer(octets, part.encoding), part.charset));
}
