/** Addresses as resolution knows them: their names, and targets that are completed from what leads to them. */

import { addressKey, parseAddress, type Address } from "../../message/addr-spec.ts";
import { withAsciiDomain } from "./ascii-domain.ts";

/** Local parts of ours compare without case; those of others are theirs to judge (RFC 5321 §2.4). */
export function nameOf(address: Address): string {
  return address.domain === "" ? address.localPart.toLowerCase() : addressKey(address);
}

export function readTarget(text: string, parent: Address | undefined): Address | undefined {
  const parsed = parseAddress(text);
  if (parsed.ok) return withAsciiDomain(parsed.value);
  if (parent === undefined) return undefined;
  const qualified = parseAddress(`${text}@${parent.domain}`);
  return qualified.ok ? qualified.value : undefined;
}
