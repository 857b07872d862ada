/**
 * The header fields a list puts before each copy (RFC 2369, RFC 2919), and the names they rest on.
 * They stand in the envelope's prefix: the message itself is not touched, so signatures hold.
 */

import { encodeUtf8 } from "../base/bytes.ts";
import { formatAddress, parseAddress, type Address } from "../message/addr-spec.ts";
import { cleanText, formatPhrase } from "../message/address-format.ts";
import type { List } from "../store/directory.ts";

/** Roles of a list beside posting, by the suffix of their local part. */
export type ListRole = "owner" | "request" | "bounces";

export const LIST_ROLES: readonly ListRole[] = ["owner", "request", "bounces"];

/** `name-bounces@domain` */
export function roleAddress(list: Pick<List, "address">, role: ListRole): string {
  const { localPart, domain } = splitAddress(list.address);
  return formatAddress({ localPart: `${localPart}-${role}`, domain });
}

/** RFC 2919 §3: the local part and the domain, joined by a dot. */
export function listIdOf(list: Pick<List, "address">): string {
  const { localPart, domain } = splitAddress(list.address);
  return `${localPart.replace(/[^a-z0-9._-]/gi, "-")}.${domain}`.toLowerCase();
}

export function listFields(list: List): Uint8Array {
  const request = roleAddress(list, "request");
  const title = cleanText(list.displayName);
  const name = title === "" ? "" : `${formatPhrase(title)}\r\n\t`;
  const fields = [
    `List-Id: ${name}<${listIdOf(list)}>`,
    `List-Post: <${mailto(list.address)}>`,
    `List-Help: <${mailto(request)}?subject=help>`,
    `List-Unsubscribe: <${mailto(request)}?subject=unsubscribe>`,
    `List-Owner: <${mailto(roleAddress(list, "owner"))}>`,
    // RFC 2076, and what every program looks for before it answers by itself.
    "Precedence: list",
  ];
  return encodeUtf8(`${fields.join("\r\n")}\r\n`);
}

/** RFC 6068 §2: what has a meaning in a URI is percent-coded. */
function mailto(address: string): string {
  const { localPart, domain } = splitAddress(address);
  const local = encodeURIComponent(localPart).replace(/%2B/g, "+");
  return `mailto:${local}@${domain}`;
}

function splitAddress(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed.ok) return parsed.value;
  // The directory checks what it stores; an old row must still not stop the others.
  const at = text.lastIndexOf("@");
  return { localPart: text.slice(0, Math.max(0, at)), domain: text.slice(at + 1) };
}
