/**
 * Mailbox names between the wire and the store. Inside Posthorn a name is text with `/` between
 * levels; on the wire it is modified UTF-7, or UTF-8 once the client has enabled it. Names are rows
 * in the store, never paths, so `..` is only a name.
 */

import { decodeUtf8Strict, encodeLatin1, utf8Length } from "../base/bytes.ts";
import { decodeModifiedUtf7, encodeModifiedUtf7 } from "./modified-utf7.ts";

export const HIERARCHY_SEPARATOR = "/";
export const MAX_NAME_OCTETS = 1000;
export const MAX_NAME_LEVELS = 32;

/** Stands in a name for what could not be decoded; no mailbox can be created with it. */
const UNDECODABLE = "\ufffd";

/**
 * The name behind wire octets (one character each). 8-bit octets are taken for UTF-8 whether
 * enabled or not: RFC 9051 §5.1 has them, and RFC 3501 gives them no other meaning.
 * Undecodable names keep a U+FFFD, so they name nothing that exists.
 */
export function decodeMailboxName(wire: string, isUtf8: boolean): string {
  let name: string | undefined;
  if (/[\x80-\xff]/.test(wire)) name = decodeUtf8Strict(encodeLatin1(wire));
  else name = isUtf8 ? wire : decodeModifiedUtf7(wire);
  if (name === undefined) return UNDECODABLE + wire;
  return normalizeInbox(name);
}

export function encodeMailboxName(name: string, isUtf8: boolean): string {
  return isUtf8 ? name : encodeModifiedUtf7(name);
}

/** INBOX is one name in any case, also as the first level of another (RFC 9051 §5.1). */
export function normalizeInbox(name: string): string {
  return /^inbox(?:\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name;
}

/** Why no mailbox can be created by this name, or undefined if one can. */
export function problemOfNewName(name: string): string | undefined {
  if (name === "") return "a mailbox needs a name";
  if (name.includes(UNDECODABLE)) return "the name is not valid modified UTF-7 or UTF-8";
  // RFC 9051 §5.1: Net-Unicode has no controls; U+2028 and U+2029 break lines in many programs.
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(name)) return "the name has control characters";
  if (!name.isWellFormed()) return "the name is not well-formed Unicode";
  if (utf8Length(name) > MAX_NAME_OCTETS) return `the name is over ${MAX_NAME_OCTETS} octets`;
  const levels = name.split(HIERARCHY_SEPARATOR);
  if (levels.length > MAX_NAME_LEVELS) return `the name has over ${MAX_NAME_LEVELS} levels`;
  if (levels.includes("")) return "a level of the name is empty";
  return undefined;
}
