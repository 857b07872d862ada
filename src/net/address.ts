/** IP addresses as the kernel gives them, brought to the one form that the rest of Posthorn compares. */

import { isIPv4, isIPv6 } from "node:net";
import type { Endpoint } from "../base/channel.ts";

/** `::ffff:192.0.2.1` is `192.0.2.1`, and a zone (`%eth0`) is not part of who somebody is. */
export function plainAddress(address: string): string {
  const bare = address.replace(/%.*$/, "").toLowerCase();
  const mapped = bare.startsWith("::ffff:") ? bare.slice(7) : "";
  return isIPv4(mapped) ? mapped : bare;
}

export function endpoint(address: string | undefined, port: number | undefined): Endpoint {
  return { address: address === undefined ? "" : plainAddress(address), port: port ?? 0 };
}

/** What counts as one client: an IPv4 address, or the /64 that an IPv6 customer is given. */
export function clientKey(address: string): string {
  if (!isIPv6(address)) return address;
  return `${expandIpv6(address).slice(0, 4).join(":")}::/64`;
}

/** The eight groups of a valid IPv6 address, without leading zeros. */
export function expandIpv6(address: string): string[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const text = dotted
    ? `${dotted[1]}${hexPair(dotted[2], dotted[3])}:${hexPair(dotted[4], dotted[5])}`
    : address;
  const [head, tail] = text.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].map((group) => group.replace(/^0+(?=.)/, ""));
}

function hexPair(high: string, low: string): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
