/**
 * Who may send to other hosts through us: those who have authenticated, unless their account is for
 * mail among ourselves; hosts of the configured networks; and everybody to the domains we are a
 * backup exchanger for. Nobody else, ever.
 */

import type { SmtpSession } from "../../smtp/handler.ts";
import type { Account } from "../../store/directory.ts";
import type { MtaConfig } from "../config.ts";
import { NetworkSet } from "./network-set.ts";

export type RelayVerdict = "allowed" | "not-permitted" | "account-is-local";

export class RelayPermission {
  readonly #networks: NetworkSet;
  readonly #domains: ReadonlySet<string>;

  constructor(config: Pick<MtaConfig, "relayNetworks" | "relayDomains">) {
    this.#networks = new NetworkSet(config.relayNetworks);
    this.#domains = new Set(config.relayDomains.map((domain) => domain.toLowerCase()));
  }

  /** To `domain`, which is none of ours. What is said of an account counts wherever it comes from. */
  judge(
    domain: string,
    session: Pick<SmtpSession, "peer">,
    account: Account | undefined,
  ): RelayVerdict {
    if (this.#domains.has(domain)) return "allowed";
    if (account !== undefined) return account.mayRelay ? "allowed" : "account-is-local";
    return this.#networks.has(session.peer.address) ? "allowed" : "not-permitted";
  }

  /** One of ours: by account, or by network. */
  isKnown(session: Pick<SmtpSession, "peer">, account: Account | undefined): boolean {
    return account !== undefined || this.#networks.has(session.peer.address);
  }
}
