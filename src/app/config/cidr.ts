/** Networks in CIDR form, for settings and for the question whether an address is in one. */

import ipaddr from "ipaddr.js";

/** The network in its plain form; one address is a network of its own. Undefined when it is none. */
export function parse(text: string): string | undefined {
  const withPrefix = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
  if (!ipaddr.isValidCIDR(withPrefix)) return undefined;
  const [address, bits] = ipaddr.parseCIDR(withPrefix);
  return `${address.toString()}/${bits}`;
}

/** Invalid addresses are in no network. */
export function isWithin(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const asked = ipaddr.process(address);
  return networks.some((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return base.kind() === asked.kind() && asked.match(base, bits);
  });
}

export function isLoopback(address: string): boolean {
  return isWithin(address, ["127.0.0.0/8", "::1/128"]);
}
