/**
 * A message in the form that a next host takes: 8-bit parts in quoted-printable or base64 for one
 * without 8BITMIME (RFC 6152 §3), binary parts for one without BINARYMIME (RFC 3030 §3), lines of
 * more than 998 octets for any (RFC 5322 §2.1.1). Structure, header fields and all other parts stay
 * octet for octet.
 *
 * Not done where it would break something: what DKIM, S/MIME or OpenPGP has signed, 8-bit header
 * sections, parts that are encoded wrongly already. A long line alone is then left as it is.
 */

import { concatBytes, decodeUtf8Strict, encodeLatin1, isAscii } from "../../../base/bytes.ts";
import { decodeBase64Body, encodeBase64Body } from "../../../message/base64.ts";
import { findField } from "../../../message/header.ts";
import { parseMessage } from "../../../message/parse.ts";
import { partsOf, type Part } from "../../../message/part.ts";
import { encodeQuotedPrintable, hasLongLine } from "../../../message/quoted-printable.ts";
import { findStray } from "../../../smtp/line-ends.ts";

type Edit = { readonly start: number; readonly end: number; readonly octets: Uint8Array };

export type HopAbility = { readonly takes8Bit: boolean };

const SIGNATURE_FIELDS = ["dkim-signature", "domainkey-signature", "arc-message-signature"];
const IDENTITY = new Set(["7bit", "8bit", "binary"]);

/** Undefined: it cannot be converted without breaking it. */
export function convertContent(message: Uint8Array, hop: HopAbility): Uint8Array | undefined {
  const { root } = parseMessage(message);
  const isSigned = SIGNATURE_FIELDS.some((key) => findField(root.header, key) !== undefined);
  const converted = isSigned ? message : apply(message, editsOf(message, root, hop));
  // Preambles, signed parts and the like, where nothing may be encoded.
  return isFit(converted, hop) ? converted : undefined;
}

/** Octets that may go by DATA to such a host, but for the length of lines. */
function isFit(octets: Uint8Array, { takes8Bit }: HopAbility): boolean {
  if (!takes8Bit && !isAscii(octets)) return false;
  return !octets.includes(0) && findStray(octets, 0, octets.length) === -1;
}

function editsOf(message: Uint8Array, root: Part, hop: HopAbility): Edit[] {
  const edits: Edit[] = [];
  let sealedUntil = -1;
  for (const part of partsOf(root)) {
    if (isSealed(part)) sealedUntil = Math.max(sealedUntil, part.end);
    if (part.start >= sealedUntil) edits.push(...editsOfPart(message, part, part === root, hop));
  }
  return edits;
}

/** Signed or encrypted as it stands: whoever changes an octet within breaks it. */
function isSealed({ type, subtype }: Part): boolean {
  if (type === "multipart") return subtype === "signed" || subtype === "encrypted";
  return type === "application" && /^(?:x-)?pkcs7-(?:mime|signature)$/.test(subtype);
}

function editsOfPart(message: Uint8Array, part: Part, isRoot: boolean, hop: HopAbility): Edit[] {
  const isIdentity = IDENTITY.has(part.encoding);
  if (part.children.length > 0 || part.message !== undefined) {
    // Its parts say for themselves what they are.
    return isIdentity ? relabel(part, true, hop) : [];
  }
  const body = message.subarray(part.bodyStart, part.end);
  const isBodyFit = isFit(body, hop);
  if (isBodyFit && !hasLongLine(body)) return isIdentity ? relabel(part, !isAscii(body), hop) : [];
  if (isBodyFit && part.encoding === "base64") return rewrapped(part, body);
  if (!isIdentity || part.isOpaque || part.type === "multipart" || part.type === "message") {
    return [];
  }
  const isText = part.type === "text" && part.encoding !== "binary" && isLines(body);
  const added = isRoot ? mimeFields(part, body) : "";
  return [
    encodingEdit(part, isText ? "quoted-printable" : "base64", added),
    {
      start: part.bodyStart,
      end: part.end,
      octets: isText ? encodeQuotedPrintable(body) : encodeBase64Body(body),
    },
  ];
}

function isLines(body: Uint8Array): boolean {
  return findStray(body, 0, body.length) === -1;
}

/** A part that promises less than the host takes says so no longer. */
function relabel(part: Part, is8Bit: boolean, { takes8Bit }: HopAbility): Edit[] {
  const { encoding } = part;
  const label = takes8Bit && is8Bit ? "8bit" : "7bit";
  const isTooMuch = encoding === "binary" || (encoding === "8bit" && !takes8Bit);
  return isTooMuch ? [encodingEdit(part, label, "")] : [];
}

/** Base64 in lines too long for mail: the same octets, in lines as they should be. */
function rewrapped(part: Part, body: Uint8Array): Edit[] {
  const { octets, faultAt } = decodeBase64Body(body);
  if (faultAt !== -1) return [];
  return [{ start: part.bodyStart, end: part.end, octets: encodeBase64Body(octets) }];
}

/** What makes a message without MIME one with it (RFC 1428 §3). */
function mimeFields({ header, hasContentType }: Part, body: Uint8Array): string {
  const version = findField(header, "mime-version") === undefined ? "MIME-Version: 1.0\r\n" : "";
  if (hasContentType) return version;
  const charset = isAscii(body)
    ? "us-ascii"
    : decodeUtf8Strict(body) === undefined
      ? "unknown-8bit"
      : "utf-8";
  return `${version}Content-Type: text/plain; charset=${charset}\r\n`;
}

/** Replaces the part's Content-Transfer-Encoding, or adds one at the end of its header section. */
function encodingEdit(part: Part, encoding: string, added: string): Edit {
  const octets = encodeLatin1(`${added}Content-Transfer-Encoding: ${encoding}\r\n`);
  const field = findField(part.header, "content-transfer-encoding");
  if (field !== undefined) return { start: field.start, end: field.end, octets };
  const at = part.header.fields.at(-1)?.end ?? part.header.start;
  return { start: at, end: at, octets };
}

function apply(message: Uint8Array, edits: readonly Edit[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, octets } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(message.subarray(at, start), octets);
    at = end;
  }
  pieces.push(message.subarray(at));
  return concatBytes(pieces);
}
