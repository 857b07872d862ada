/**
 * The header lines that mail programs ask for in their lists of messages, kept ready to send, so that
 * `BODY.PEEK[HEADER.FIELDS (…)]` (RFC 9051 §6.4.5) of them reads no message. The lines are those of the
 * message, octet for octet and in its order.
 *
 * Layout: for each field its number in COMMON_NAMES, its length in 16 bits (low first), its octets.
 */

import { CRLF, NO_OCTETS } from "../../base/bytes.ts";
import type { HeaderSection } from "../header.ts";

/** What Thunderbird, Apple Mail, Outlook, K-9, mutt and Roundcube name. Stored by number: only ever add at the end. */
const COMMON_NAMES: readonly string[] = [
  ..."from to cc bcc subject date message-id priority x-priority references newsgroups".split(" "),
  ..."in-reply-to content-type reply-to sender list-id list-post list-unsubscribe".split(" "),
  ..."list-help list-archive list-owner list-subscribe list-unsubscribe-post importance".split(" "),
  ..."x-msmail-priority disposition-notification-to mail-followup-to mail-reply-to".split(" "),
  ..."content-description content-transfer-encoding content-disposition mime-version".split(" "),
  ..."lines x-label x-original-to x-spam-flag x-spam-status precedence organization".split(" "),
  ..."x-uniform-type-identifier x-universally-unique-identifier x-k9mail-identity".split(" "),
  ..."x-mozilla-draft-info x-draft-info followup-to return-receipt-to auto-submitted".split(" "),
  ..."user-agent x-mailer face x-face bimi-indicator resent-from resent-to resent-date".split(" "),
];

const NUMBERS: ReadonlyMap<string, number> = new Map(
  COMMON_NAMES.map((name, number) => [name, number]),
);

/** Header sections with more of these are read when they are asked for. */
const MAX_OCTETS = 8192;
const HEAD_OCTETS = 3;
/** To put fields together in; what comes of it is a copy. */
const ROOM: Uint8Array = new Uint8Array(MAX_OCTETS);
/** In the place of all fields: there is too much of them to keep. */
const TOO_MUCH: Uint8Array = new Uint8Array([255]);

export function encodeCommonFields(octets: Uint8Array, header: HeaderSection): Uint8Array {
  const room = ROOM;
  let length = 0;
  for (const { key, start, end } of header.fields) {
    const number = NUMBERS.get(key);
    if (number === undefined) continue;
    const hasLineEnd = octets[end - 1] === 10;
    const size = end - start + (hasLineEnd ? 0 : CRLF.length);
    if (length + HEAD_OCTETS + size > MAX_OCTETS) return TOO_MUCH;
    room[length] = number;
    room[length + 1] = size & 255;
    room[length + 2] = size >> 8;
    room.set(octets.subarray(start, end), length + HEAD_OCTETS);
    if (!hasLineEnd) room.set(CRLF, length + HEAD_OCTETS + end - start);
    length += HEAD_OCTETS + size;
  }
  return room.slice(0, length);
}

/** Which of the numbers are wanted. */
export type CommonChoice = Uint8Array;

/** Undefined when a name is not among those kept. */
export function commonChoice(names: readonly string[]): CommonChoice | undefined {
  const choice = new Uint8Array(COMMON_NAMES.length);
  for (const name of names) {
    const number = NUMBERS.get(name.toLowerCase());
    if (number === undefined) return undefined;
    choice[number] = 1;
  }
  return choice;
}

/** How many octets the chosen lines have, without a blank line; undefined when they were too much to keep. */
export function chosenLength(encoded: Uint8Array, choice: CommonChoice): number | undefined {
  if (encoded[0] === TOO_MUCH[0]) return undefined;
  let length = 0;
  for (let at = 0; at < encoded.length;) {
    const size = encoded[at + 1] + (encoded[at + 2] << 8);
    if (choice[encoded[at]] === 1) length += size;
    at += HEAD_OCTETS + size;
  }
  return length;
}

/**
 * Copies the chosen lines to `target`, which has room for them. They are short: copied one octet at a
 * time, they cost less than the views that other ways need.
 */
export function copyChosen(
  encoded: Uint8Array,
  choice: CommonChoice,
  target: Uint8Array,
  at: number,
): void {
  let to = at;
  for (let from = 0; from < encoded.length;) {
    const start = from + HEAD_OCTETS;
    const end = start + encoded[from + 1] + (encoded[from + 2] << 8);
    if (choice[encoded[from]] === 1) for (let i = start; i < end; i++) target[to++] = encoded[i];
    from = end;
  }
}

/** The chosen lines and the blank line after them. `before` goes first: lines of a delivery prefix. */
export function chosenFields(
  encoded: Uint8Array,
  choice: CommonChoice,
  before: Uint8Array = NO_OCTETS,
): Uint8Array | undefined {
  const length = chosenLength(encoded, choice);
  if (length === undefined) return undefined;
  const lines = new Uint8Array(before.length + length + CRLF.length);
  lines.set(before);
  copyChosen(encoded, choice, lines, before.length);
  lines.set(CRLF, before.length + length);
  return lines;
}
