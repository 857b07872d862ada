/**
 * The name of a peer's address, if DNS says the same forward and backward. For people who read
 * Received fields; nobody is trusted for a name.
 */

import type { Resolver } from "../../base/resolver.ts";
import { normalAddress } from "../routing/own-hosts.ts";

/** Names tried, where an address has several. */
const MAX_NAMES = 3;

export class PeerNames {
  readonly #resolver: Pick<Resolver, "ptr" | "a" | "aaaa">;

  constructor(resolver: Pick<Resolver, "ptr" | "a" | "aaaa">) {
    this.#resolver = resolver;
  }

  async find(address: string): Promise<string | undefined> {
    const names = await this.#resolver.ptr(address);
    if (names.status !== "found") return undefined;
    for (const name of names.records.slice(0, MAX_NAMES)) {
      const isIpv6 = address.includes(":");
      const answer = await (isIpv6 ? this.#resolver.aaaa(name) : this.#resolver.a(name));
      if (answer.status !== "found") continue;
      const wanted = normalAddress(address);
      if (answer.records.some((record) => normalAddress(record) === wanted)) return name;
    }
    return undefined;
  }
}
