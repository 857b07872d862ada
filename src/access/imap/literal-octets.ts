/**
 * A message's octets as IMAP strings. A literal that is not announced as binary holds no NUL (RFC
 * 9051 §9, CHAR8), and a binary message (RFC 3030) may have some: in BODY[] each is shown as 0x80, so
 * that sizes and offsets stay; BINARY[] gives the octets as they are.
 */

import { hasOctet } from "../../base/bytes.ts";
import type { ResponseWriter } from "../../imap/wire/response-writer.ts";

const NUL = 0;
const SHOWN = 0x80;

export function withoutNul(octets: Uint8Array): Uint8Array {
  if (!hasOctet(octets, NUL)) return octets;
  return octets.map((octet) => (octet === NUL ? SHOWN : octet));
}

/** The same in place. */
export function showNul(octets: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) if (octets[at] === NUL) octets[at] = SHOWN;
}

export function writeOctets(out: ResponseWriter, octets: Uint8Array, isBinary: boolean): void {
  // RFC 3516 §4.2: the other kind of literal only where it is needed.
  if (isBinary && hasOctet(octets, NUL)) out.literal8(octets);
  else out.literal(withoutNul(octets));
}
