/** Names and addresses as the directory stores them; what is none is refused with a sentence. */

import { MailError } from "../../base/errors.ts";
import { addressKey, formatAddress, parseAddress, parseDomain } from "../../message/addr-spec.ts";

/** The key of an address; what is no address is the key of nothing. */
export function keyOf(address: string): string {
  const parsed = parseAddress(address);
  return parsed.ok ? addressKey(parsed.value) : "";
}

export function ownAddress(text: string): { address: string; domain: string } {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new MailError("refused", `${text} is not an address: ${parsed.problem}`);
  return { address: addressKey(parsed.value), domain: parsed.value.domain };
}

/** A target keeps its case: a remote host may care (RFC 5321 §2.4). */
export function targetOf(text: string): string {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new MailError("refused", `${text} is not an address: ${parsed.problem}`);
  return formatAddress(parsed.value);
}

export function targetsOf(targets: readonly string[]): readonly string[] {
  if (targets.length === 0) throw new MailError("refused", "an alias needs at least one target");
  return targets.map(targetOf);
}

export function domainName(text: string): string {
  const parsed = parseDomain(text);
  if (!parsed.ok) throw new MailError("refused", `${text} is not a domain: ${parsed.problem}`);
  return parsed.value;
}
