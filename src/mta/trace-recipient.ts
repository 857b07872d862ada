/** How an address resolves and routes, without sending anything: what `posthorn trace` shows. */

import type { Address } from "../message/addr-spec.ts";
import { formatAddress } from "../message/addr-spec.ts";
import type { MtaConfig } from "./config.ts";
import type { AddressResolver } from "./resolution/address-resolver.ts";
import { asciiDomain } from "./resolution/ascii-domain.ts";
import type { Resolution } from "./resolution/resolution.ts";
import { chooseRoute, type Route } from "./routing/choose-route.ts";
import { findHosts, findNextHop, type RoutingDeps } from "./routing/find-hosts.ts";
import type { HostsFound } from "./routing/host.ts";

export type TracedRoute = {
  readonly address: string;
  readonly route: Route;
  readonly found: HostsFound;
};

export type TracedRecipient = {
  readonly resolution: Resolution;
  /** One for each copy that leaves this host. */
  readonly routes: readonly TracedRoute[];
};

export class RecipientTracer {
  readonly #deps: RoutingDeps & { readonly addresses: AddressResolver };
  readonly #config: Pick<MtaConfig, "routes" | "smarthost" | "remote">;

  constructor(
    deps: RoutingDeps & { readonly addresses: AddressResolver },
    config: Pick<MtaConfig, "routes" | "smarthost" | "remote">,
  ) {
    this.#deps = deps;
    this.#config = config;
  }

  /** Without routes, so that nothing is looked up in DNS. */
  resolve(address: Address): Resolution {
    return this.#deps.addresses.resolve(address);
  }

  async trace(address: Address): Promise<TracedRecipient> {
    const resolution = this.resolve(address);
    const remotes = resolution.branches.flatMap((branch) => branch.remotes);
    const routes: TracedRoute[] = [];
    for (const remote of remotes) routes.push(await this.#route(remote));
    return { resolution, routes };
  }

  async #route(address: Address): Promise<TracedRoute> {
    const route = chooseRoute(asciiDomain(address.domain), this.#config);
    const { remote } = this.#config;
    const found =
      route.transport === "smtp"
        ? await findHosts(route.destination, this.#deps, remote)
        : await findNextHop(route.nextHop, this.#deps, remote);
    return { address: formatAddress(address), route, found };
  }
}
