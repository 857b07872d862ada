/**
 * Domains as DNS and the directory know them: lower case, A-labels (RFC 5891 §4). Address literals
 * pass untouched.
 */

import { domainToASCII } from "node:url";
import type { Address } from "../../message/addr-spec.ts";

/** The A-label form of `domain`, or `domain` itself where it has none. */
export function asciiDomain(domain: string): string {
  if (/^[\u0000-\u007f]*$/.test(domain)) return domain.toLowerCase();
  const ascii = domainToASCII(domain);
  return ascii === "" ? domain : ascii;
}

/** The same address with its domain in A-labels. */
export function withAsciiDomain(address: Address): Address {
  const domain = asciiDomain(address.domain);
  return domain === address.domain ? address : { localPart: address.localPart, domain };
}
