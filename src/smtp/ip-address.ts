/** Whether text is an IPv4 or IPv6 address, by the one grammar of address literals. */

import { parseDomain } from "../message/addr-spec.ts";

export function isIpAddress(text: string): boolean {
  return parseDomain(`[${text}]`).ok || parseDomain(`[IPv6:${text}]`).ok;
}
