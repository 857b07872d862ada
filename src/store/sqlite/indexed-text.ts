/**
 * The texts of one message for the search index: what SEARCH would look into (`message/search-parts.ts`),
 * as far as it is not too much. What was left out is said, so that the message is looked at in any case.
 */

import { concatBytes } from "../../base/bytes.ts";
import { parseHeader } from "../../message/header.ts";
import { EnvelopeText } from "../../message/imap-view/envelope-text.ts";
import { decodeStructure } from "../../message/imap-view/stored-structure.ts";
import {
  searchedField,
  searchedHeader,
  searchedParts,
  searchedRange,
  searchedText,
} from "../../message/search-parts.ts";
import { INCOMPLETE } from "./search-match.ts";

/** So much of a message is read for the index. */
export const MAX_INDEXED_OCTETS = 1_048_576;
const MAX_HEADER_OCTETS = 65_536;
/** Text beyond this is left out. */
const MAX_TEXT_OCTETS = 262_144;
const MAX_FIELD_CHARACTERS = 16_384;

export type IndexedMessage = {
  readonly prefix: Uint8Array;
  readonly envelope: Uint8Array;
  readonly structure: Uint8Array;
  readonly headerOctets: number;
  readonly sizeOctets: number;
  /** The first `MAX_INDEXED_OCTETS` of the stored message, or all. */
  readonly octets: Uint8Array;
};

export type IndexedText = {
  readonly subject: string;
  readonly sender: string;
  readonly recipients: string;
  readonly everything: string;
};

/** Of a message that cannot be read: it may hold anything. */
export const UNKNOWN_TEXT: IndexedText = {
  subject: "",
  sender: "",
  recipients: "",
  everything: INCOMPLETE,
};

export function indexedText(message: IndexedMessage): IndexedText {
  const { prefix, octets, headerOctets } = message;
  let isComplete = prefix.length + headerOctets <= MAX_HEADER_OCTETS;
  const header = concatBytes([prefix, octets.subarray(0, headerOctets)]).subarray(
    0,
    MAX_HEADER_OCTETS,
  );
  const texts = [searchedHeader(header, parseHeader(header))];
  let leftOctets = MAX_TEXT_OCTETS;
  const root = message.structure.length === 0 ? undefined : decodeStructure(message.structure);
  for (const part of root === undefined ? [] : searchedParts(root)) {
    const whole = searchedRange(part, Number.POSITIVE_INFINITY);
    const end = Math.min(whole.end, whole.start + leftOctets, octets.length);
    if (end < whole.end) isComplete = false;
    if (end <= whole.start) continue;
    texts.push(searchedText(octets.subarray(whole.start, end), part));
    leftOctets -= end - whole.start;
  }
  const envelope = new EnvelopeText(message.envelope);
  const field = (...names: Parameters<EnvelopeText["field"]>[0][]): string => {
    const text = names.map((name) => searchedField(envelope, name)).join("\n");
    if (text.length > MAX_FIELD_CHARACTERS) isComplete = false;
    return text.slice(0, MAX_FIELD_CHARACTERS);
  };
  const fields = {
    subject: field("subject"),
    sender: field("from"),
    recipients: field("to", "cc", "bcc"),
  };
  if (!isComplete) texts.push(INCOMPLETE);
  return { ...fields, everything: texts.join("\n").replaceAll("\0", " ") };
}
