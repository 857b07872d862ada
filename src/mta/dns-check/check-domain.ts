/**
 * What mail for and from a domain needs of DNS, and what of it is there: for `posthorn dns check`.
 * Asks and changes nothing; every look-up stands under one limit of time.
 */

import type { Clock } from "../../base/clock.ts";
import type { Resolver } from "../../base/resolver.ts";
import {
  addressesOf,
  checkExchangers,
  checkHostName,
  checkReverse,
  ourAddresses,
  type OurHost,
} from "./check-hosts.ts";
import {
  checkCaa,
  checkDkim,
  checkDmarc,
  checkSpf,
  checkTransportPolicies,
} from "./check-policies.ts";
import type { Finding } from "./finding.ts";
import { withinBudget } from "./within-budget.ts";

export type DomainCheck = {
  readonly domain: string;
  readonly findings: readonly Finding[];
  /** Nothing is missing, and nothing that matters is unknown. */
  readonly isWell: boolean;
};

export type CheckOptions = {
  readonly host: OurHost;
  /** DKIM selectors to look for. */
  readonly selectors: readonly string[];
  readonly budgetMs: number;
};

/** `domain` in A-labels. */
export async function checkDomain(
  domain: string,
  deps: { readonly resolver: Resolver; readonly clock: Clock },
  { host, selectors, budgetMs }: CheckOptions,
): Promise<DomainCheck> {
  const resolver = withinBudget(deps.resolver, deps.clock, budgetMs);
  const found = await addressesOf(host.hostname, resolver);
  const ours = ourAddresses(host, found);
  const exchangers = await checkExchangers(domain, host, ours, resolver);
  const rest = await Promise.all([
    checkReverse(ours, host, resolver),
    checkSpf(domain, host, ours, resolver),
    checkDkim(domain, selectors, resolver),
    checkDmarc(domain, resolver),
    checkTransportPolicies(domain, exchangers.exchanges, resolver),
    checkCaa(host.hostname, resolver),
  ]);
  const findings = [...exchangers.findings, ...checkHostName(host, found), ...rest.flat()];
  const isWell = findings.every(({ level }) => level === "ok" || level === "note");
  return { domain, findings, isWell };
}
