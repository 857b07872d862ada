/** What stands on the right-hand side of address tables: one address or several, and how they complete. */

import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";

/** Members of a list of addresses: commas or white space between them, quoted strings whole. */
export function splitTargets(value: string): readonly string[] {
  return value.match(/(?:"(?:[^"\\]|\\.)*"|[^\s,"])+/g) ?? [];
}

/** `user@domain`, `user`, `@domain`. */
function isTarget(text: string): boolean {
  if (text.startsWith("@")) return parseAddress(`x${text}`).ok;
  return parseAddress(text).ok || parseAddress(`${text}@x.test`).ok;
}

export function checkTargets(value: string): string | undefined {
  const wrong = splitTargets(value).find((target) => !isTarget(target));
  return wrong === undefined ? undefined : `"${wrong}" is not an address`;
}

export function checkOneTarget(value: string): string | undefined {
  if (splitTargets(value).length > 1) return "one address may stand here, not several";
  return checkTargets(value);
}

/**
 * A target made whole: `@other` keeps the local part of `from`, `user` its domain, and a detail that
 * took no part in the search moves along. Undefined: that makes no address.
 */
export function completeTarget(
  target: string,
  from: Address,
  unmatchedDetail: string | undefined,
): Address | undefined {
  if (target.startsWith("@")) {
    const parsed = parseAddress(formatAddress({ ...from, domain: target.slice(1).toLowerCase() }));
    return parsed.ok ? withAsciiDomain(parsed.value) : undefined;
  }
  const whole = parseAddress(target);
  const parsed = whole.ok ? whole : parseAddress(`${target}@${from.domain}`);
  if (!parsed.ok) return undefined;
  const { localPart, domain } = withAsciiDomain(parsed.value);
  if (unmatchedDetail === undefined) return { localPart, domain };
  const detailed = parseAddress(formatAddress({ localPart: localPart + unmatchedDetail, domain }));
  return detailed.ok ? detailed.value : { localPart, domain };
}
