/** Whether an exchanger is this host itself (RFC 5321 §5.1): by name or by address. */

import ipaddr from "ipaddr.js";

export class OwnHosts {
  readonly #names: ReadonlySet<string>;
  readonly #addresses: ReadonlySet<string>;

  /** Names and addresses, mixed. */
  constructor(hosts: readonly string[]) {
    const addresses = hosts.filter((host) => ipaddr.isValid(host));
    this.#names = new Set(hosts.filter((host) => !ipaddr.isValid(host)).map(lower));
    this.#addresses = new Set(addresses.map(normalAddress));
  }

  hasName(name: string): boolean {
    return this.#names.has(lower(name));
  }

  hasAddress(address: string): boolean {
    return this.#addresses.has(normalAddress(address));
  }
}

function lower(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** One spelling for each address; IPv4 inside IPv6 is IPv4. */
export function normalAddress(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.process(address).toString() : address;
}
