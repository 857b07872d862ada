/**
 * Message identifiers (RFC 5322 §3.6.4): `<left@right>`, with their angle brackets everywhere, as
 * all header fields have them.
 */

import { utf8Length } from "../base/bytes.ts";
import type { Random } from "../base/random.ts";
import { endOfComment, endOfQuoted, stripComments } from "./comment.ts";

/** References fields of long threads are cut here; the first and the last ids are what threading needs. */
export const MAX_MESSAGE_IDS = 1000;
/** So that each fits into one line with a field name before it (RFC 5322 §2.1.1). */
const MAX_ID_OCTETS = 900;

/** All identifiers in the text of a Message-ID, In-Reply-To or References field, in order. */
export function parseMessageIds(text: string, max: number = MAX_MESSAGE_IDS): string[] {
  const ids: string[] = [];
  let index = 0;
  while (index < text.length && ids.length < max) {
    const char = text.charCodeAt(index);
    if (char === 0x28) index = endOfComment(text, index);
    else if (char === 0x22) index = endOfQuoted(text, index);
    else if (char === 0x3c) {
      const end = endOfId(text, index);
      const id = end === -1 ? "" : stripComments(text.slice(index, end)).replace(/[ \t]+/g, "");
      if (isUsable(id)) ids.push(id);
      index = end === -1 ? index + 1 : end;
    } else index++;
  }
  return ids;
}

/** Neither empty, nor endless, nor with anything in it that could not be written into a field again. */
function isUsable(id: string): boolean {
  return (
    id.length > 2 && utf8Length(id) <= MAX_ID_OCTETS && !/[\u0000-\u0020\u007f-\u009f]/.test(id)
  );
}

/** The index after the `>` that closes the id opened at `from`; -1 if another `<` or nothing comes first. */
function endOfId(text: string, from: number): number {
  for (let index = from + 1; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === 0x3e) return index + 1;
    if (char === 0x3c) return -1;
    if (char === 0x22) {
      const end = endOfQuoted(text, index);
      if (end >= text.length) continue;
      index = end - 1;
    }
  }
  return -1;
}

/**
 * One identifier in the form in which equal ones compare equal: quotes around a local part that
 * needs none are dropped (RFC 5256 §2.2 step 1).
 */
export function messageIdKey(id: string): string {
  const quoted = /^<"((?:[^"\\]|\\.)*)"@/.exec(id);
  if (quoted === null) return id;
  const plain = quoted[1].replace(/\\(.)/g, "$1");
  const isAtom = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*$/.test(
    plain,
  );
  return isAtom ? `<${plain}@${id.slice(quoted[0].length)}` : id;
}

const ALPHABET = "0123456789abcdefghijkmnpqrstvwxyz";

/** A new identifier: 120 random bits say more than a clock and leak nothing. `domain` is the sender's or the host's. */
export function makeMessageId(random: Random, domain: string): string {
  let left = "";
  for (const octet of random.bytes(24)) left += ALPHABET[octet & 31];
  return `<${left}@${domain}>`;
}

/** RFC 5322 §3.6.4 as far as it may be generated: dot-atoms, or a literal at the right. */
export function isMessageId(id: string): boolean {
  return (
    utf8Length(id) <= MAX_ID_OCTETS &&
    /^<[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\u{10ffff}]+@(?:[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\u{10ffff}]+|\[[\u0021-\u005a\u005e-\u007e]*\])>$/u.test(
      id,
    )
  );
}
