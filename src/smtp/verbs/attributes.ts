/** The `NAME=xtext` lists of XCLIENT and XFORWARD (Postfix's XCLIENT_README, XFORWARD_README). */

import { decodeXtext } from "../xtext.ts";

const MAX_ATTRIBUTES = 20;
const MAX_VALUE_CHARACTERS = 255;

/** The attributes by upper-case name; undefined for malformed input. */
export function parseAttributes(
  argument: string,
  allowed: ReadonlySet<string>,
): ReadonlyMap<string, string> | undefined {
  const attributes = new Map<string, string>();
  const words = argument.split(/ +/);
  if (argument === "" || words.length > MAX_ATTRIBUTES) return undefined;
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = word.slice(0, Math.max(0, equals)).toUpperCase();
    const value = decodeXtext(word.slice(equals + 1), { utf8: true });
    if (!allowed.has(name) || value === undefined) return undefined;
    if (value.length > MAX_VALUE_CHARACTERS || /[\u0000-\u001f\u007f-\u009f]/.test(value)) {
      return undefined;
    }
    attributes.set(name, value);
  }
  return attributes;
}

/** The value, or undefined where the proxy does not know it. */
export function knownValue(
  attributes: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  const value = attributes.get(name);
  if (value === undefined || value === "") return undefined;
  return /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value) ? undefined : value;
}
