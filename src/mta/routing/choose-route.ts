/**
 * Which way mail for a recipient goes, by configuration alone: the transport of the most exact rule,
 * the smarthost, or the exchangers that DNS names. No look-up happens here.
 */

import type { MtaConfig, NextHop } from "../config.ts";
import {
  LMTP_TRANSPORT,
  LOCAL_TRANSPORT,
  ROUTE_TRANSPORT,
  SMARTHOST_TRANSPORT,
  SMTP_TRANSPORT,
} from "../agents/transports.ts";
import { transportName, type Transport } from "../transport.ts";
import { RouteTable, type RoutedMail, type RouteRule } from "./route-rule.ts";

/** `transport` and `destination` are what a row of the queue says. */
export type Route =
  | { readonly transport: typeof SMTP_TRANSPORT; readonly destination: string }
  | {
      readonly transport:
        | typeof ROUTE_TRANSPORT
        | typeof SMARTHOST_TRANSPORT
        | typeof LMTP_TRANSPORT;
      readonly destination: string;
      /** In the order they shall be tried; at least one. */
      readonly nextHops: readonly NextHop[];
    }
  | { readonly transport: typeof LOCAL_TRANSPORT; readonly destination: string }
  | {
      readonly transport: AgentTransport["kind"];
      readonly destination: string;
      readonly agent: AgentTransport;
    };

/** What happens on this host. */
export type AgentTransport = Extract<
  Transport,
  { readonly kind: "pipe" | "maildir" | "mbox" | "error" | "discard" }
>;

export type RouteByDns = Extract<Route, { readonly transport: typeof SMTP_TRANSPORT }>;
export type RouteByHops = Extract<Route, { readonly nextHops: readonly NextHop[] }>;

export type RouteConfig = Pick<MtaConfig, "routes" | "smarthost"> &
  Partial<Pick<MtaConfig, "recipientDelimiter">>;

export function chooseRoute(mail: RoutedMail, config: RouteConfig): Route {
  const rule = routeTable(config.routes).find(mail, config.recipientDelimiter);
  const domain = mail.recipient.domain.toLowerCase();
  if (rule !== undefined) return routeBy(transportOf(rule), domain);
  if (config.smarthost !== undefined) {
    return hopsRoute(SMARTHOST_TRANSPORT, [config.smarthost]);
  }
  return { transport: SMTP_TRANSPORT, destination: domain };
}

export function routeBy(transport: Transport, domain: string): Route {
  switch (transport.kind) {
    case "smtp":
      return { transport: SMTP_TRANSPORT, destination: domain };
    case "smarthost":
      return hopsRoute(ROUTE_TRANSPORT, transport.hops);
    case "lmtp":
      return hopsRoute(LMTP_TRANSPORT, transport.hops);
    case "local":
      return { transport: LOCAL_TRANSPORT, destination: LOCAL_TRANSPORT };
    case "pipe":
    case "maildir":
    case "mbox":
    case "error":
    case "discard":
      // No host name has an equals sign in it.
      return {
        transport: transport.kind,
        destination: `transport=${transportName(transport)}`,
        agent: transport,
      };
  }
}

function hopsRoute(transport: RouteByHops["transport"], nextHops: readonly NextHop[]): RouteByHops {
  return { transport, destination: nextHops.map(formatNextHop).join(","), nextHops };
}

function transportOf(rule: RouteRule): Transport {
  return "transport" in rule ? rule.transport : { kind: "smarthost", hops: [rule.nextHop] };
}

/** Tables by the rules they were made of: made once for each configuration. */
const tables: WeakMap<readonly RouteRule[], RouteTable> = new WeakMap();

export function routeTable(rules: readonly RouteRule[]): RouteTable {
  const known = tables.get(rules);
  if (known !== undefined) return known;
  const table = new RouteTable(rules);
  tables.set(rules, table);
  return table;
}

/** `[relay.example.net]:587`: the brackets say that no MX is looked up. A Unix socket is its path. */
export function formatNextHop(nextHop: Pick<NextHop, "host" | "port">): string {
  if (nextHop.host.startsWith("/")) return nextHop.host;
  const host = nextHop.host.startsWith("[") ? nextHop.host : `[${nextHop.host}]`;
  return `${host}:${nextHop.port}`.toLowerCase();
}
