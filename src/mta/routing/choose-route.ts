/**
 * Which way mail for a domain goes, by configuration alone: a fixed next hop (route rule or
 * smarthost), or the exchangers that DNS names. No look-up happens here.
 */

import type { MtaConfig, NextHop } from "../config.ts";

export type Route =
  | { readonly transport: "smtp"; readonly destination: string }
  | {
      readonly transport: "route" | "smarthost";
      readonly destination: string;
      readonly nextHop: NextHop;
    };

/** `domain` in lower-case A-labels, or an address literal. */
export function chooseRoute(
  domain: string,
  config: Pick<MtaConfig, "routes" | "smarthost">,
): Route {
  const rule = findRule(domain, config.routes);
  const nextHop = rule ?? config.smarthost;
  if (nextHop === undefined) return { transport: "smtp", destination: domain };
  const transport = rule === undefined ? "smarthost" : "route";
  return { transport, destination: formatNextHop(nextHop), nextHop };
}

function findRule(domain: string, routes: MtaConfig["routes"]): NextHop | undefined {
  if (routes.length === 0) return undefined;
  const names = [domain, ...parentsOf(domain), "*"];
  for (const name of names) {
    const rule = routes.find((candidate) => candidate.domain.toLowerCase() === name);
    if (rule !== undefined) return rule.nextHop;
  }
  return undefined;
}

/** `.b.c`, `.c` for `a.b.c`. */
function parentsOf(domain: string): string[] {
  const labels = domain.split(".");
  return labels.slice(1).map((_, index) => `.${labels.slice(index + 1).join(".")}`);
}

/** `[relay.example.net]:587`: the brackets say that no MX is looked up. */
export function formatNextHop(nextHop: Pick<NextHop, "host" | "port">): string {
  const host = nextHop.host.startsWith("[") ? nextHop.host : `[${nextHop.host}]`;
  return `${host}:${nextHop.port}`.toLowerCase();
}
