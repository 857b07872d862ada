/** A set of CIDR networks. IPv4 inside IPv6 (`::ffff:192.0.2.1`) counts as IPv4. */

import ipaddr from "ipaddr.js";

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

export class NetworkSet {
  readonly #networks: readonly Network[];

  /** `192.0.2.0/24`, `2001:db8::/32`, or single addresses. Throws on anything else: configuration is checked before. */
  constructor(networks: readonly string[]) {
    this.#networks = networks.map((text) => {
      if (text.includes("/")) return ipaddr.parseCIDR(text);
      const address = ipaddr.process(text);
      return [address, address.kind() === "ipv4" ? 32 : 128];
    });
  }

  has(address: string): boolean {
    if (this.#networks.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return this.#networks.some(
      ([network, bits]) => network.kind() === parsed.kind() && parsed.match([network, bits]),
    );
  }
}
