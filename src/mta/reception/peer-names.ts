/**
 * The name of a peer's address, if DNS says the same forward and backward. For people who read
 * Received fields; nobody is trusted for a name. Peers of our own networks are not asked about, and
 * a flood of connections makes no flood of queries.
 */

import ipaddr from "ipaddr.js";
import type { Resolver } from "../../base/resolver.ts";
import { normalAddress } from "../routing/own-hosts.ts";

/** Names tried, where an address has several. */
const MAX_NAMES = 3;
const MAX_UNDER_WAY = 100;
const OWN_RANGES: ReadonlySet<string> = new Set([
  "loopback",
  "private",
  "linkLocal",
  "uniqueLocal",
  "unspecified",
]);

export class PeerNames {
  readonly #resolver: Pick<Resolver, "ptr" | "a" | "aaaa">;
  readonly #underWay: Map<string, Promise<string | undefined>> = new Map();

  constructor(resolver: Pick<Resolver, "ptr" | "a" | "aaaa">) {
    this.#resolver = resolver;
  }

  async find(address: string): Promise<string | undefined> {
    if (!ipaddr.isValid(address)) return undefined;
    const peer = ipaddr.process(address);
    if (OWN_RANGES.has(peer.range())) return undefined;
    const wanted = peer.toString();
    const known = this.#underWay.get(wanted);
    if (known !== undefined) return known;
    if (this.#underWay.size >= MAX_UNDER_WAY) return undefined;
    const asked = this.#ask(wanted).finally(() => this.#underWay.delete(wanted));
    this.#underWay.set(wanted, asked);
    return asked;
  }

  async #ask(address: string): Promise<string | undefined> {
    const names = await this.#resolver.ptr(address);
    if (names.status !== "found") return undefined;
    for (const name of names.records.slice(0, MAX_NAMES)) {
      const isIpv6 = address.includes(":");
      const answer = await (isIpv6 ? this.#resolver.aaaa(name) : this.#resolver.a(name));
      if (answer.status !== "found") continue;
      if (answer.records.some((record) => normalAddress(record) === address)) return name;
    }
    return undefined;
  }
}
