/** Networks in CIDR form, as settings give them. */

import ipaddr from "ipaddr.js";
import { NetworkSet } from "../../mta/reception/network-set.ts";

/** The network in its plain form; one address is a network of its own. Undefined when it is none. */
export function parse(text: string): string | undefined {
  const withPrefix = text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`;
  if (!ipaddr.isValidCIDR(withPrefix)) return undefined;
  const [address, bits] = ipaddr.parseCIDR(withPrefix);
  return `${address.toString()}/${bits}`;
}

const LOOPBACK = new NetworkSet(["127.0.0.0/8", "::1/128"]);

export function isLoopback(address: string): boolean {
  return LOOPBACK.has(address);
}
