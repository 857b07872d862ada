/** `posthorn dns check` with the parts of this machine: its name servers, its name, its addresses. */

import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import { silentLog } from "../base/log.ts";
import { checkDomain, type DomainCheck } from "../mta/dns-check/check-domain.ts";
import { DnsResolver } from "../net/dns-resolver.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import type { Settings } from "./config/settings-shape.ts";
import { resolverSettings } from "./resolver-settings.ts";

/** For all look-ups together: who waits at a prompt waits no longer. */
const BUDGET_MS = 20_000;

export function checkDomainRecords(
  domain: string,
  selectors: readonly string[],
  { hostname, remote, dns }: Settings,
): Promise<DomainCheck> {
  const resolver = new DnsResolver({
    settings: resolverSettings(dns),
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const host = { hostname, ownHosts: remote.ownHosts, machineAddresses: publicAddresses() };
  const deps = { resolver, clock: systemClock };
  return checkDomain(domain, deps, { host, selectors, budgetMs: BUDGET_MS });
}

function publicAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address)
    .filter((address) => ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast");
}
