/**
 * What IMAP will show of a message, computed once when it is stored. A message that our own codec
 * cannot take apart is stored all the same and shown as one opaque part (Invariant 9).
 */

import { decodeLatin1, encodeLatin1, indexOfBytes, NO_OCTETS } from "../../base/bytes.ts";
import { bodyStructure } from "../../message/imap-view/body-structure.ts";
import { envelope } from "../../message/imap-view/envelope.ts";
import { encodeStructure } from "../../message/imap-view/stored-structure.ts";
import { parseMessage } from "../../message/parse.ts";
import type { MessageHead } from "../mail.ts";
import { EMPTY_HEAD, headOf } from "./message-head.ts";

export type MessageViews = {
  readonly headerOctets: number;
  readonly envelope: Uint8Array;
  readonly bodyStructure: Uint8Array;
  readonly structure: Uint8Array;
  readonly head: MessageHead;
  /** Why the views are a fallback, if they are. */
  readonly problem: string | undefined;
};

const BLANK_LINE = encodeLatin1("\r\n\r\n");

export function indexMessage(octets: Uint8Array): MessageViews {
  try {
    const parsed = parseMessage(octets);
    return {
      headerOctets: parsed.root.bodyStart,
      envelope: envelope(parsed),
      bodyStructure: bodyStructure(parsed, true),
      structure: encodeStructure(parsed),
      head: headOf(parsed),
      problem: undefined,
    };
  } catch (error) {
    return fallbackViews(octets, error instanceof Error ? error.message : String(error));
  }
}

/** One application/octet-stream part with the whole body; an ENVELOPE that says nothing. */
export function fallbackViews(octets: Uint8Array, problem: string): MessageViews {
  const headerOctets = endOfHeader(octets);
  const bodyOctets = octets.length - headerOctets;
  return {
    headerOctets,
    envelope: encodeLatin1("(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"),
    bodyStructure: encodeLatin1(
      `("application" "octet-stream" NIL NIL NIL "8bit" ${bodyOctets} NIL NIL NIL NIL)`,
    ),
    structure: structureOfOpaque(octets, headerOctets),
    head: EMPTY_HEAD,
    problem,
  };
}

function endOfHeader(octets: Uint8Array): number {
  if (decodeLatin1(octets, 0, 2) === "\r\n") return 2;
  const blank = indexOfBytes(octets, BLANK_LINE);
  return blank === -1 ? octets.length : blank + BLANK_LINE.length;
}

/** The structure of a message of the same length whose octets cannot confuse anyone. */
function structureOfOpaque(octets: Uint8Array, headerOctets: number): Uint8Array {
  try {
    const plain = new Uint8Array(octets.length).fill(0x78);
    plain.set(BLANK_LINE.subarray(0, Math.min(4, headerOctets)), Math.max(0, headerOctets - 4));
    return encodeStructure(parseMessage(plain));
  } catch {
    return NO_OCTETS;
  }
}
