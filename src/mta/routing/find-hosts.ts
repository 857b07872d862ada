/**
 * From a domain to the hosts that take its mail, in the order they shall be tried (RFC 5321 §5.1,
 * RFC 7505), and from a fixed next hop to its addresses.
 *
 * A failed look-up defers and never falls back to the domain's own address; MX records that lead
 * nowhere are an error; ourselves among the exchangers cuts off all that are no better than we.
 * Work is bounded whatever a zone says (security rows 42, 51, 52).
 */

import type { Clock } from "../../base/clock.ts";
import { shuffled, type Random } from "../../base/random.ts";
import type { MxRecord, Resolver } from "../../base/resolver.ts";
import type { RemoteConfig } from "../config.ts";
import type { NextHop } from "../next-hop.ts";
import { routeProblem, type Host, type HostsFound } from "./host.ts";
import { lookUpAddresses } from "./look-up-addresses.ts";
import type { OwnHosts } from "./own-hosts.ts";

/** Exchangers whose addresses are asked for at all: two queries each. */
const MAX_EXCHANGERS = 20;
/** Addresses of one exchanger, while there are others. */
const ADDRESSES_PER_EXCHANGER = 2;

export type RoutingDeps = {
  readonly resolver: Pick<Resolver, "mx" | "a" | "aaaa">;
  readonly random: Random;
  readonly clock: Clock;
  readonly ownHosts: OwnHosts;
};

export type RoutingConfig = Pick<
  RemoteConfig,
  "port" | "maxAddresses" | "dnsBudgetMs" | "families"
>;

/** The hosts for `domain`: lower-case A-labels, or an address literal. */
export async function findHosts(
  domain: string,
  deps: RoutingDeps,
  config: RoutingConfig,
): Promise<HostsFound> {
  if (domain.startsWith("[")) return literalHost(domain, config.port, deps.ownHosts);
  return withinBudget(deps.clock, config.dnsBudgetMs, domain, () => byMx(domain, deps, config));
}

/** The hosts of a next hop that configuration names: its addresses, no MX; or a Unix socket. */
export async function findNextHop(
  nextHop: NextHop,
  deps: RoutingDeps,
  config: RoutingConfig,
): Promise<HostsFound> {
  const { host: name, port } = nextHop;
  if (name.startsWith("/"))
    return { ok: true, hosts: [{ name, address: name, port: 0 }], isAuthentic: true };
  if (name.startsWith("[")) return literalHost(name, port, undefined);
  return withinBudget(deps.clock, config.dnsBudgetMs, name, async () => {
    const found = await lookUpAddresses(name, deps, config.families);
    switch (found.status) {
      case "failed":
        return routeProblem("temporary", "4.4.3", `looking up ${name} failed: ${found.reason}`);
      case "none":
        // The operator's mistake, not the recipient's: wait for it to be mended.
        return routeProblem("temporary", "4.3.5", `the next hop ${name} has no address`);
      case "found":
        return {
          ok: true,
          hosts: hostsAt(name, port, found.addresses, config.maxAddresses),
          isAuthentic: true,
        };
    }
  });
}

async function byMx(domain: string, deps: RoutingDeps, config: RoutingConfig): Promise<HostsFound> {
  const answer = await deps.resolver.mx(domain);
  switch (answer.status) {
    case "failed":
      return routeProblem(
        "temporary",
        "4.4.3",
        `looking up the exchangers of ${domain} failed: ${answer.reason}`,
      );
    case "nxdomain":
      return routeProblem("permanent", "5.1.2", `the domain ${domain} does not exist`);
    case "nodata":
      // The implicit MX, preference 0.
      return byExchangers(
        domain,
        [{ preference: 0, exchange: domain }],
        answer.authentic,
        deps,
        config,
      );
    case "found":
      break;
  }
  const real = answer.records.filter(({ exchange }) => exchange !== "" && exchange !== ".");
  if (real.length === 0) {
    // RFC 7505 §3
    return routeProblem("permanent", "5.1.10", `the domain ${domain} takes no mail (null MX)`);
  }
  return byExchangers(domain, real, answer.authentic, deps, config);
}

async function byExchangers(
  domain: string,
  exchangers: readonly MxRecord[],
  isAuthentic: boolean,
  deps: RoutingDeps,
  config: RoutingConfig,
): Promise<HostsFound> {
  const hosts: Host[] = [];
  let failure: string | undefined;
  for (const group of inOrder(exchangers, deps.random)) {
    if (hosts.length >= config.maxAddresses) break;
    const names = group.map(({ exchange }) => exchange.toLowerCase());
    const found = await Promise.all(
      names.map((name) => lookUpAddresses(name, deps, config.families)),
    );
    const isOwn = names.some(
      (name, index) => deps.ownHosts.hasName(name) || hasOwnAddress(found[index], deps.ownHosts),
    );
    if (isOwn) {
      if (hosts.length > 0 || failure !== undefined) break;
      // RFC 5321 §5.1: nobody better than we, and we do not take it.
      return routeProblem("permanent", "5.4.6", `mail for ${domain} loops back to this host`);
    }
    const perHost = exchangers.length === 1 ? config.maxAddresses : ADDRESSES_PER_EXCHANGER;
    for (const [index, answer] of found.entries()) {
      if (answer.status === "found") {
        hosts.push(...hostsAt(names[index], config.port, answer.addresses, perHost));
      } else if (answer.status === "failed") failure ??= `${names[index]}: ${answer.reason}`;
    }
  }
  if (hosts.length > 0) {
    const site = siteOf(exchangers);
    return { ok: true, hosts: hosts.slice(0, config.maxAddresses), isAuthentic, site };
  }
  if (failure !== undefined) {
    return routeProblem(
      "temporary",
      "4.4.3",
      `looking up the exchangers of ${domain} failed: ${failure}`,
    );
  }
  return routeProblem("permanent", "5.4.4", `no exchanger of ${domain} has an address`);
}

/** Groups of equal preference, best first, each in random order; not more than we ask about. */
function inOrder(exchangers: readonly MxRecord[], random: Random): MxRecord[][] {
  const sorted = shuffled(exchangers, random)
    .toSorted((a, b) => a.preference - b.preference)
    .slice(0, MAX_EXCHANGERS);
  const groups: MxRecord[][] = [];
  for (const exchanger of sorted) {
    const last = groups.at(-1);
    if (last !== undefined && last[0].preference === exchanger.preference) last.push(exchanger);
    else groups.push([exchanger]);
  }
  return groups;
}

/** The same for all domains with the same exchangers, in whatever order a zone names them. */
function siteOf(exchangers: readonly MxRecord[]): string {
  const names = exchangers.map(({ exchange }) => exchange.toLowerCase()).toSorted();
  return [...new Set(names)].slice(0, MAX_EXCHANGERS).join(" ");
}

function hasOwnAddress(
  found: Awaited<ReturnType<typeof lookUpAddresses>>,
  ownHosts: OwnHosts,
): boolean {
  return (
    found.status === "found" && found.addresses.some((address) => ownHosts.hasAddress(address))
  );
}

function hostsAt(name: string, port: number, addresses: readonly string[], most: number): Host[] {
  return addresses.slice(0, most).map((address) => ({ name, address, port }));
}

/** RFC 5321 §4.1.3: the address is the host. */
function literalHost(literal: string, port: number, ownHosts: OwnHosts | undefined): HostsFound {
  const address = literal.slice(1, -1).replace(/^ipv6:/i, "");
  if (ownHosts?.hasAddress(address)) {
    return routeProblem("permanent", "5.4.6", `${literal} is this host itself`);
  }
  return { ok: true, hosts: [{ name: literal, address, port }], isAuthentic: true };
}

async function withinBudget(
  clock: Clock,
  budgetMs: number,
  domain: string,
  look: () => Promise<HostsFound>,
): Promise<HostsFound> {
  let cancel: (() => void) | undefined;
  const late = new Promise<HostsFound>((resolve) => {
    cancel = clock.setTimer(budgetMs, () =>
      resolve(routeProblem("temporary", "4.4.3", `looking up ${domain} took too long`)),
    );
  });
  try {
    return await Promise.race([look(), late]);
  } finally {
    cancel?.();
  }
}
