/**
 * Preparation of names and passwords before they are compared or hashed.
 *
 * Passwords: spaces outside ASCII become U+0020, then NFKC. RFC 8265 §4.2 (OpaqueString) asks for NFC
 * only, but SCRAM's clients hash what RFC 4013 (SASLprep) makes of the password, and that is NFKC.
 * Names, after RFC 8265 §3.4 (UsernameCasePreserved): full-width ASCII becomes ASCII, then NFC; letter
 * case is the directory's business. Both: control characters and non-characters are refused.
 * Not done: the tables of unassigned code points and the bidi rule, which hang on a Unicode version.
 */

import { utf8Length } from "../base/bytes.ts";

/** Longer ones are refused: an address may have 320 octets; a password may be a token. */
export const MAX_NAME_OCTETS = 512;
export const MAX_PASSWORD_OCTETS = 4096;

// C0, DEL, C1; line and paragraph separators; lone surrogates; non-characters.
const FORBIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const OTHER_SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const FULL_WIDTH_ASCII = /[\uff01-\uff5e]/g;

/** The password to hash, or undefined when nobody should have it as one (RFC 8265 §4.2.2). */
export function preparePassword(password: string): string | undefined {
  const prepared = password.replace(OTHER_SPACES, " ").normalize("NFKC");
  return isUsable(prepared, MAX_PASSWORD_OCTETS) ? prepared : undefined;
}

/** The name to look up, or undefined when it cannot be one (RFC 8265 §3.4.2). */
export function prepareName(name: string): string | undefined {
  const prepared = name
    .replace(FULL_WIDTH_ASCII, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .normalize("NFC");
  return isUsable(prepared, MAX_NAME_OCTETS) ? prepared : undefined;
}

function isUsable(text: string, maxOctets: number): boolean {
  return text !== "" && !FORBIDDEN.test(text) && utf8Length(text) <= maxOctets;
}
