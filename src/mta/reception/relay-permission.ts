/**
 * Who may send to other hosts through us: those who have authenticated, hosts of the configured
 * networks, and everybody to the domains we are a backup exchanger for. Nobody else, ever.
 */

import type { SmtpSession } from "../../smtp/handler.ts";
import type { MtaConfig } from "../config.ts";
import { NetworkSet } from "./network-set.ts";

export class RelayPermission {
  readonly #networks: NetworkSet;
  readonly #domains: ReadonlySet<string>;

  constructor(config: Pick<MtaConfig, "relayNetworks" | "relayDomains">) {
    this.#networks = new NetworkSet(config.relayNetworks);
    this.#domains = new Set(config.relayDomains.map((domain) => domain.toLowerCase()));
  }

  /** To any domain. */
  mayRelay(session: SmtpSession): boolean {
    return session.identity !== undefined || this.#networks.has(session.peer.address);
  }

  isRelayDomain(domain: string): boolean {
    return this.#domains.has(domain);
  }
}
