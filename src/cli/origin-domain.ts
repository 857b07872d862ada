/**
 * The domain that completes a bare name (`root`, `anna`) on this host: the host's own name where that
 * is a domain of ours, else the nearest domain above it, else the oldest domain.
 */

import type { Domain } from "../store/directory.ts";

export function originDomain(hostname: string, domains: readonly Domain[]): string {
  const host = hostname.toLowerCase().replace(/\.$/, "");
  const above = domains
    .filter(({ name }) => host === name || host.endsWith(`.${name}`))
    .toSorted((a, b) => b.name.length - a.name.length);
  const byAge = domains.toSorted((a, b) => a.id - b.id);
  return (above[0] ?? byAge[0])?.name ?? hostname;
}
