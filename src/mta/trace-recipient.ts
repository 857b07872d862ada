/** How an address resolves and routes, without sending anything: what `posthorn trace` shows. */

import type { Address } from "../message/addr-spec.ts";
import { formatAddress } from "../message/addr-spec.ts";
import type { MtaConfig } from "./config.ts";
import type { AddressResolver } from "./resolution/address-resolver.ts";
import { withAsciiDomain } from "./resolution/ascii-domain.ts";
import type { Resolution } from "./resolution/resolution.ts";
import { chooseRoute, type Route, type RouteConfig } from "./routing/choose-route.ts";
import { findHosts, findNextHop, type RoutingDeps } from "./routing/find-hosts.ts";
import type { Host, HostsFound } from "./routing/host.ts";
import type { RoutedMail } from "./routing/route-rule.ts";

export type TracedRoute = {
  readonly address: string;
  readonly route: Route;
  /** Undefined where no host is connected to: a command, a file, our own mailboxes. */
  readonly found: HostsFound | undefined;
};

export type TracedRecipient = {
  readonly resolution: Resolution;
  /** One for each copy that leaves this host. */
  readonly routes: readonly TracedRoute[];
};

type Asker = Pick<RoutedMail, "sender" | "account">;

export class RecipientTracer {
  readonly #deps: RoutingDeps & { readonly addresses: AddressResolver };
  readonly #config: RouteConfig & Pick<MtaConfig, "remote">;

  constructor(
    deps: RoutingDeps & { readonly addresses: AddressResolver },
    config: RouteConfig & Pick<MtaConfig, "remote">,
  ) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Without routes, so that nothing is looked up in DNS. */
  resolve(address: Address): Resolution {
    return this.#deps.addresses.resolve(address);
  }

  /** As for mail from `sender`, submitted by `account`; leave them out for mail from elsewhere. */
  async trace(address: Address, asker: Partial<Asker> = {}): Promise<TracedRecipient> {
    const { sender = "", account } = asker;
    const resolution = this.resolve(address);
    const remotes = resolution.branches.flatMap((branch) => branch.remotes);
    const routes: TracedRoute[] = [];
    for (const remote of remotes) routes.push(await this.#route(remote, { sender, account }));
    return { resolution, routes };
  }

  async #route(address: Address, asker: Asker): Promise<TracedRoute> {
    const recipient = withAsciiDomain(address);
    const route = chooseRoute({ recipient, ...asker }, this.#config);
    return { address: formatAddress(address), route, found: await this.#findHosts(route) };
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
