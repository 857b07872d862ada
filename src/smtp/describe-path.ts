/** A path as people and logs read it: `<user@example.org>`, `<>`. */

import { type Address, formatAddress, formatLocalPart } from "../message/addr-spec.ts";
import type { ReversePath } from "./handler.ts";

export function describePath(path: ReversePath): string {
  if (path === "null") return "<>";
  return path.domain === "" ? `<${formatLocalPart(path.localPart)}>` : `<${formatAddress(path)}>`;
}

/** Whether the path can only travel under SMTPUTF8 (RFC 6531 §3.3). */
export function isAsciiPath(path: Address): boolean {
  return !/[^\u0000-\u007f]/.test(path.localPart + path.domain);
}
