/**
 * Addresses in the header section of a submitted message, rewritten where they stand: only the
 * octets of an address change, never names, comments, folding, or a field that holds none. For
 * mail that begins here (RFC 6409 §8); relayed mail never comes this way (Invariant 2).
 */

import { concatBytes, decodeLatin1, decodeUtf8Strict, encodeUtf8 } from "../../base/bytes.ts";
import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import { endOfComment, endOfQuoted } from "../../message/comment.ts";
import { parseHeader } from "../../message/header.ts";

export type HeaderRewriting = {
  /** Undefined: as it is. */
  readonly sender: (address: Address) => Address | undefined;
  readonly recipient: (address: Address) => Address | undefined;
};

const SENDER_FIELDS: ReadonlySet<string> = new Set(
  ["from", "sender", "reply-to", "errors-to"].flatMap((name) => [name, `resent-${name}`]),
);
const RECIPIENT_FIELDS: ReadonlySet<string> = new Set(
  ["to", "cc", "bcc"].flatMap((name) => [name, `resent-${name}`]),
);

/** An encoded word, atoms and dots, or what begins something else. */
const TOKEN =
  /=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=|[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\u00ff]+|["(@[]/g;
const DOMAIN = /[A-Za-z0-9\-_.\u0080-\u00ff]+/y;

export function rewriteHeader(header: Uint8Array, rewriting: HeaderRewriting): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { key, valueStart, end } of parseHeader(header).fields) {
    const isSender = SENDER_FIELDS.has(key);
    if (!isSender && !RECIPIENT_FIELDS.has(key)) continue;
    const rewrite = isSender ? rewriting.sender : rewriting.recipient;
    // One character for each octet: positions are the same.
    for (const found of addressesIn(decodeLatin1(header, valueStart, end))) {
      const from = valueStart + found.from;
      const octets = header.subarray(from, valueStart + found.to);
      const text = decodeUtf8Strict(octets);
      const parsed = text === undefined ? undefined : parseAddress(text);
      const changed = parsed?.ok === true ? rewrite(parsed.value) : undefined;
      if (changed === undefined) continue;
      parts.push(header.subarray(at, from), encodeUtf8(formatAddress(changed)));
      at = from + octets.length;
    }
  }
  if (parts.length === 0) return header;
  parts.push(header.subarray(at));
  return concatBytes(parts);
}

type Found = { readonly from: number; readonly to: number };

/** Where `local@domain` stands outside comments and quoted strings. */
function addressesIn(value: string): Found[] {
  const found: Found[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(value); match !== null; match = TOKEN.exec(value)) {
    const [token] = match;
    if (token === '"') TOKEN.lastIndex = endOfQuoted(value, match.index);
    if (token === "(") TOKEN.lastIndex = endOfComment(value, match.index);
    if ("(@[".includes(token) || token.startsWith("=?")) continue;
    if (value[TOKEN.lastIndex] !== "@") continue;
    DOMAIN.lastIndex = TOKEN.lastIndex + 1;
    const domain = DOMAIN.exec(value);
    if (domain === null) continue;
    found.push({ from: match.index, to: DOMAIN.lastIndex });
    TOKEN.lastIndex = DOMAIN.lastIndex;
  }
  return found;
}
