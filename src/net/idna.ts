/**
 * Domain names between people (U-labels) and the wire (A-labels), RFC 5891 and UTS 46. The
 * platform's converter was made for URLs: it turns `127.1` and `0x7f.1` into addresses, decodes
 * `%6d`, and lets empty labels and outer hyphens pass. Each of these is refused here, before or
 * after. Does not look anything up.
 */

import { domainToASCII, domainToUnicode } from "node:url";

/** RFC 1035 §2.3.4, without the final dot and the length octets. */
const MAX_NAME_OCTETS = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** All that may stand in a name on its way in: ASCII letters, digits, hyphen, underscore, dots, and beyond ASCII. */
const PLAUSIBLE = /^[A-Za-z0-9_.\-\u0080-\u{10ffff}]+$/u;
const ENDS_IN_NUMBER = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i;

/** A name made of legal A-labels, lower case, without final dot; not an address in disguise. */
export function isAsciiDomain(name: string): boolean {
  return (
    name.length <= MAX_NAME_OCTETS &&
    !ENDS_IN_NUMBER.test(name) &&
    name.split(".").every((label) => LABEL.test(label))
  );
}

/** The A-label form, lower case, without a final dot; undefined when `domain` can't be a domain name. */
export function toAsciiDomain(domain: string): string | undefined {
  // A name of 253 octets has at most 253 characters; the cap keeps the converter from long work.
  const bare = domain.endsWith(".") ? domain.slice(0, -1) : domain;
  if (bare === "" || bare.length > MAX_NAME_OCTETS || !PLAUSIBLE.test(bare)) return undefined;
  const lower = bare.toLowerCase();
  if (ENDS_IN_NUMBER.test(lower)) return undefined;
  const needsConversion = /[^\0-\x7f]/.test(lower) || lower.includes("xn--");
  const ascii = needsConversion ? domainToASCII(lower) : lower;
  return ascii !== "" && isAsciiDomain(ascii) ? ascii : undefined;
}

/** The form people read. A name that can't be converted is given back as it is. */
export function toUnicodeDomain(domain: string): string {
  if (!domain.toLowerCase().includes("xn--") || toAsciiDomain(domain) === undefined) return domain;
  return domainToUnicode(domain) || domain;
}
