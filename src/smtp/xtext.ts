/** xtext: how parameter values carry any character (RFC 3461 §4), and utf-8-addr-unitext (RFC 6533 §3). */

import { decodeUtf8Strict, encodeUtf8 } from "../base/bytes.ts";

/** Undefined for what is not xtext. With `utf8`, plain UTF-8 and `\x{hex}` are read too. */
export function decodeXtext(text: string, options: { utf8?: boolean } = {}): string | undefined {
  const allowed = options.utf8
    ? /^(?:[!-*,-<>-[\]-~\u0080-\u{10ffff}]|\+[0-9A-F]{2}|\\x\{[0-9A-F]{2,6}\}|\\)*$/u
    : /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;
  if (!allowed.test(text)) return undefined;
  if (!text.includes("+") && !text.includes("\\x{")) return text;
  const octets: number[] = [];
  for (let at = 0; at < text.length;) {
    const hex = options.utf8 ? /^\\x\{([0-9A-F]{2,6})\}/.exec(text.slice(at, at + 11)) : null;
    if (hex !== null) {
      const point = Number.parseInt(hex[1], 16);
      if (point > 0x10ffff) return undefined;
      octets.push(...encodeUtf8(String.fromCodePoint(point)));
      at += hex[0].length;
    } else if (text[at] === "+") {
      octets.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
      at += 3;
    } else {
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
      octets.push(...encodeUtf8(character));
      at += character.length;
    }
  }
  return decodeUtf8Strict(Uint8Array.from(octets));
}

/** `+` and `=`, and all that is not printing ASCII, as `+XX`. */
export function encodeXtext(text: string): string {
  let result = "";
  for (const octet of encodeUtf8(text)) {
    const isPlain = octet > 32 && octet < 127 && octet !== 43 && octet !== 61;
    result += isPlain
      ? String.fromCharCode(octet)
      : `+${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}

/** RFC 6533 §3: utf-8-addr-unitext where the hop speaks SMTPUTF8, else utf-8-addr-xtext, all ASCII. */
export function encodeUtf8Address(text: string, isUtf8Allowed: boolean): string {
  let result = "";
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const isPlain = point > 32 && point < 127 && !"\\+=".includes(character);
    const isAllowed = isPlain || (isUtf8Allowed && point >= 160);
    result += isAllowed ? character : `\\x{${point.toString(16).toUpperCase().padStart(2, "0")}}`;
  }
  return result;
}
