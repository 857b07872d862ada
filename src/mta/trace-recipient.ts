/** How an address resolves and routes, without sending anything: what `posthorn trace` shows. */

import type { DnsAnswer, MxRecord } from "../base/resolver.ts";
import { formatAddress, parseAddress, type Address } from "../message/addr-spec.ts";
import { hopPolicy } from "./agents/remote/tls-policy.ts";
import type { MtaConfig, TlsLevel } from "./config.ts";
import type { ForwardedSender } from "./forwarding/forwarded-sender.ts";
import type { AddressMaps } from "./maps/address-maps.ts";
import type { AddressResolver } from "./resolution/address-resolver.ts";
import { withAsciiDomain } from "./resolution/ascii-domain.ts";
import type { Branch, Resolution } from "./resolution/resolution.ts";
import { chooseRoute, type Route, type RouteConfig } from "./routing/choose-route.ts";
import { findHosts, findNextHop, type RoutingDeps } from "./routing/find-hosts.ts";
import type { Host, HostsFound } from "./routing/host.ts";
import type { RoutedMail } from "./routing/route-rule.ts";

export type TracedRoute = {
  readonly address: string;
  readonly route: Route;
  /** Undefined where no host is connected to: a command, a file, our own mailboxes. */
  readonly found: HostsFound | undefined;
  /** What DNS says of the exchangers, where it is asked. */
  readonly exchangers: DnsAnswer<MxRecord> | undefined;
  /** How much TLS each host is asked for. */
  readonly tls: TlsLevel | undefined;
  /** Under whose name the copy goes out; "" for none, undefined where the sender was not told. */
  readonly reversePath: string | undefined;
};

/** What becomes of the sender before anything else. */
export type TracedSender = {
  readonly written: string;
  readonly used: string;
  /** The table that says so; undefined: it stays as it is. */
  readonly source: string | undefined;
};

export type TracedRecipient = {
  readonly sender: TracedSender | undefined;
  readonly resolution: Resolution;
  /** One for each copy that leaves this host. */
  readonly routes: readonly TracedRoute[];
};

type Asker = Pick<RoutedMail, "sender" | "account">;

export type TracerDeps = RoutingDeps & {
  readonly addresses: AddressResolver;
  readonly maps: Pick<AddressMaps, "sender">;
  readonly forwarded: Pick<ForwardedSender, "of">;
};

export class RecipientTracer {
  readonly #deps: TracerDeps;
  readonly #config: RouteConfig & Pick<MtaConfig, "remote">;

  constructor(deps: TracerDeps, config: RouteConfig & Pick<MtaConfig, "remote">) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Without routes, so that nothing is looked up in DNS. */
  resolve(address: Address): Resolution {
    return this.#deps.addresses.resolve(address);
  }

  /**
   * As for mail from `sender`, submitted by `account`; leave them out for mail from elsewhere, and to
   * see a list's members whoever may post to it.
   */
  async trace(address: Address, asker: Partial<Asker> = {}): Promise<TracedRecipient> {
    const sender = asker.sender === undefined ? undefined : this.#traceSender(asker.sender);
    const who = { sender: sender?.used ?? "", account: asker.account };
    const poster = sender && { reversePath: sender.used, account: asker.account };
    const resolution = this.#deps.addresses.resolve(address, poster);
    const routes: TracedRoute[] = [];
    for (const branch of resolution.branches) {
      const reversePath = this.#reversePathOf(branch, sender?.used);
      for (const remote of branch.remotes) {
        routes.push({ ...(await this.#route(remote, who)), reversePath });
      }
    }
    return { sender, resolution, routes };
  }

  #traceSender(written: string): TracedSender {
    const parsed = parseAddress(written);
    const found = parsed.ok ? this.#deps.maps.sender(parsed.value) : undefined;
    const used = found === undefined ? written : formatAddress(found.address);
    return { written, used, source: found?.source };
  }

  #reversePathOf(branch: Branch, sender: string | undefined): string | undefined {
    if (branch.reversePath !== undefined || sender === undefined) return branch.reversePath;
    return branch.kind === "alias" ? this.#deps.forwarded.of(sender, branch.name) : sender;
  }

  async #route(address: Address, asker: Asker): Promise<Omit<TracedRoute, "reversePath">> {
    const recipient = withAsciiDomain(address);
    const route = chooseRoute({ recipient, ...asker }, this.#config);
    const isByDns = route.transport === "smtp" && !route.destination.startsWith("[");
    return {
      address: formatAddress(address),
      route,
      found: await this.#findHosts(route),
      exchangers: isByDns ? await this.#deps.resolver.mx(route.destination) : undefined,
      tls: this.#tlsOf(route),
    };
  }

  #tlsOf(route: Route): TlsLevel | undefined {
    if (route.transport === "smtp") return hopPolicy(undefined, this.#config).tls;
    if (!("nextHops" in route)) return undefined;
    return hopPolicy(route.nextHops[0], this.#config).tls;
  }

  async #findHosts(route: Route): Promise<HostsFound | undefined> {
    const { remote } = this.#config;
    if (route.transport === "smtp") return findHosts(route.destination, this.#deps, remote);
    if (!("nextHops" in route)) return undefined;
    const all: Host[] = [];
    let problem: HostsFound | undefined;
    let isAuthentic = true;
    for (const nextHop of route.nextHops) {
      const found = await findNextHop(nextHop, this.#deps, remote);
      if (!found.ok) {
        problem ??= found;
        continue;
      }
      all.push(...found.hosts);
      isAuthentic &&= found.isAuthentic;
    }
    return all.length === 0 ? problem : { ok: true, hosts: all, isAuthentic };
  }
}
