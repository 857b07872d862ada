/**
 * A message for a host that takes only 7-bit octets (RFC 6152 §3): the same content with 8-bit parts
 * in quoted-printable or base64. Structure, header fields and all 7-bit parts stay octet for octet.
 *
 * Not done where it would break something: signed messages (DKIM, S/MIME, OpenPGP), 8-bit header
 * sections, parts that are encoded wrongly already. Then the mail is better returned (5.6.3).
 */

import { concatBytes, decodeUtf8Strict, encodeLatin1, isAscii } from "../../../base/bytes.ts";
import { encodeBase64Body } from "../../../message/base64.ts";
import { findField } from "../../../message/header.ts";
import { parseMessage } from "../../../message/parse.ts";
import { partsOf, type Part } from "../../../message/part.ts";
import { encodeQuotedPrintable } from "../../../message/quoted-printable.ts";

type Edit = { readonly start: number; readonly end: number; readonly octets: Uint8Array };

const SIGNATURE_FIELDS = ["dkim-signature", "domainkey-signature", "arc-message-signature"];
const IDENTITY = new Set(["7bit", "8bit", "binary"]);

/** Undefined: it must not be converted. */
export function convertTo7Bit(message: Uint8Array): Uint8Array | undefined {
  const { root } = parseMessage(message);
  if (isSigned(root)) return undefined;
  const edits: Edit[] = [];
  for (const part of partsOf(root)) {
    if (!isAscii(message.subarray(part.start, part.bodyStart))) return undefined;
    const partEdits = editsOf(message, part, part === root);
    if (partEdits === undefined) return undefined;
    edits.push(...partEdits);
  }
  const converted = apply(message, edits);
  // Preambles and the like, where nothing may be encoded.
  return isAscii(converted) ? converted : undefined;
}

function isSigned(root: Part): boolean {
  if (SIGNATURE_FIELDS.some((key) => findField(root.header, key) !== undefined)) return true;
  for (const { type, subtype } of partsOf(root)) {
    if (type === "multipart" && (subtype === "signed" || subtype === "encrypted")) return true;
    if (type === "application" && /^(?:x-)?pkcs7-(?:mime|signature)$/.test(subtype)) return true;
  }
  return false;
}

function editsOf(message: Uint8Array, part: Part, isRoot: boolean): Edit[] | undefined {
  const isIdentity = IDENTITY.has(part.encoding);
  if (part.children.length > 0 || part.message !== undefined) {
    // Its parts say for themselves what they are.
    return isIdentity && part.encoding !== "7bit" ? [encodingEdit(part, "7bit", "")] : [];
  }
  const body = message.subarray(part.bodyStart, part.end);
  if (isAscii(body)) return part.encoding === "8bit" ? [encodingEdit(part, "7bit", "")] : [];
  if (!isIdentity || part.isOpaque || part.type === "multipart" || part.type === "message") {
    return undefined;
  }
  const isText = part.type === "text" && part.encoding !== "binary";
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

/** What makes a message without MIME one with it (RFC 1428 §3). */
function mimeFields({ header, hasContentType }: Part, body: Uint8Array): string {
  const version = findField(header, "mime-version") === undefined ? "MIME-Version: 1.0\r\n" : "";
  if (hasContentType) return version;
  const charset = decodeUtf8Strict(body) === undefined ? "unknown-8bit" : "utf-8";
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
