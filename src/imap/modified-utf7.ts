/**
 * Modified UTF-7 for mailbox names (RFC 3501 §5.1.3), both ways. For text of BMP and beyond, in
 * UTF-16 units as the RFC's base64 has it.
 */

import { decodeBase64, encodeBase64 } from "../base/bytes.ts";

/** The wire form of a mailbox name: printable ASCII stays, `&` is `&-`, the rest is base64 of UTF-16. */
export function encodeModifiedUtf7(name: string): string {
  return name.replace(/&|[^\u0020-\u007e]+/g, (run) => {
    if (run === "&") return "&-";
    const octets = new Uint8Array(run.length * 2);
    for (let unit = 0; unit < run.length; unit++) {
      octets[unit * 2] = run.charCodeAt(unit) >> 8;
      octets[unit * 2 + 1] = run.charCodeAt(unit) & 0xff;
    }
    return `&${encodeBase64(octets).replace(/=+$/, "").replaceAll("/", ",")}-`;
  });
}

/**
 * The name behind the wire form, or undefined where it is not what `encodeModifiedUtf7` would have
 * written: stray `&`, base64 of printable ASCII, odd octets, lone surrogates, bits left over.
 */
export function decodeModifiedUtf7(wire: string): string | undefined {
  if (!/^[\u0020-\u007e]*$/.test(wire)) return undefined;
  let isBroken = false;
  const name = wire.replace(/&([^-]*)(-?)/g, (_run, coded: string, dash: string) => {
    if (dash === "") isBroken = true;
    if (coded === "") return "&";
    const units = decodeUnits(coded);
    if (units === undefined) isBroken = true;
    return units ?? "";
  });
  return isBroken || encodeModifiedUtf7(name) !== wire || !name.isWellFormed() ? undefined : name;
}

function decodeUnits(coded: string): string | undefined {
  const base64 = coded.replaceAll(",", "/");
  const octets = decodeBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, "="));
  if (coded.includes("/") || octets === undefined || octets.length % 2 !== 0) return undefined;
  let text = "";
  for (let at = 0; at < octets.length; at += 2) {
    text += String.fromCharCode((octets[at] << 8) | octets[at + 1]);
  }
  return text;
}
