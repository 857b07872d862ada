/**
 * One mail address: `local-part@domain` (RFC 5321 §4.1.2 Mailbox, RFC 5322 §3.4.1 addr-spec without
 * comments and folding, RFC 6531 §3.3 for what is not ASCII).
 *
 * The one parser for envelopes, routing, authentication and the directory, so that no two parts
 * of Posthorn can disagree about who is meant. Header fields have their own grammar around it
 * (groups, comments, display names).
 */

import { utf8Length } from "../base/bytes.ts";
import { fault, ok, type Result } from "../base/result.ts";

export type Address = {
  /** Without quoting: `a b` for `"a b"@example.org`. Case as written (RFC 5321 §2.4). */
  readonly localPart: string;
  /** Lower case. An address literal keeps its brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`. */
  readonly domain: string;
};

/** RFC 5321 §4.5.3.1.1 */
export const MAX_LOCAL_PART_OCTETS = 64;
/** RFC 5321 §4.5.3.1.2 */
export const MAX_DOMAIN_OCTETS = 255;

const ATOM =
  /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+)*$/u;
const LABEL =
  /^[A-Za-z0-9\u0080-\u{10ffff}](?:[A-Za-z0-9_\-\u0080-\u{10ffff}]*[A-Za-z0-9\u0080-\u{10ffff}])?$/u;
// C0, DEL and C1: nothing that could end a line or steer a terminal, in any form (RFC 6532 §3.1).
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Parses `local-part@domain`. The last `@` outside quotes decides: a quoted `@` is local. */
export function parseAddress(text: string): Result<Address> {
  const local = scanLocalPart(text);
  if (!local.ok) return local;
  const { localPart, end } = local.value;
  if (text[end] !== "@") return fault("an address needs an @ after its local part", end);
  const domain = parseDomain(text.slice(end + 1));
  if (!domain.ok) return fault(domain.problem, end + 1 + domain.at);
  return ok({ localPart, domain: domain.value });
}

/**
 * Reads a local part at `from`: dot-atom or quoted string. `end` is the index after it.
 * An empty quoted local part is refused: nobody has one, and it has crashed servers (CVE-2020-10967).
 */
export function scanLocalPart(
  text: string,
  from = 0,
): Result<{ readonly localPart: string; readonly end: number }> {
  if (text[from] === '"') return scanQuotedLocalPart(text, from);
  const at = text.indexOf("@", from);
  const end = at === -1 ? text.length : at;
  const localPart = text.slice(from, end);
  if (localPart === "") return fault("the local part, before the @, is empty", from);
  if (!ATOM.test(localPart) || CONTROL.test(localPart)) {
    return fault("the local part has a character that must be quoted, or a misplaced dot", from);
  }
  if (utf8Length(localPart) > MAX_LOCAL_PART_OCTETS) {
    return fault(`the local part is longer than ${MAX_LOCAL_PART_OCTETS} octets`, from);
  }
  return ok({ localPart, end });
}

function scanQuotedLocalPart(
  text: string,
  from: number,
): Result<{ readonly localPart: string; readonly end: number }> {
  let localPart = "";
  let index = from + 1;
  while (index < text.length && text[index] !== '"') {
    if (text[index] === "\\") index++;
    if (index >= text.length) break;
    localPart += text[index++];
  }
  if (text[index] !== '"') return fault("the quoted local part has no closing quote", from);
  if (localPart === "") return fault("the quoted local part is empty", from);
  if (CONTROL.test(localPart)) return fault("the local part has a control character", from);
  if (utf8Length(localPart) > MAX_LOCAL_PART_OCTETS) {
    return fault(`the local part is longer than ${MAX_LOCAL_PART_OCTETS} octets`, from);
  }
  return ok({ localPart, end: index + 1 });
}

/** A domain name or an address literal, in lower case. */
export function parseDomain(text: string): Result<string> {
  if (text.startsWith("[")) return parseAddressLiteral(text);
  if (text === "") return fault("the domain, after the @, is empty");
  if (utf8Length(text) > MAX_DOMAIN_OCTETS) {
    return fault(`the domain is longer than ${MAX_DOMAIN_OCTETS} octets`);
  }
  let at = 0;
  for (const label of text.split(".")) {
    if (label === "")
      return fault("the domain has an empty label (two dots, or one at an end)", at);
    if (label.length > 63) return fault("a label of the domain is longer than 63 characters", at);
    if (!LABEL.test(label) || CONTROL.test(label)) {
      return fault(`"${label.replace(CONTROL, "?")}" is not a domain label`, at);
    }
    at += label.length + 1;
  }
  return ok(text.toLowerCase());
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$/;

/** RFC 5321 §4.1.3 */
function parseAddressLiteral(text: string): Result<string> {
  if (!text.endsWith("]")) return fault("the address literal has no closing bracket");
  const inner = text.slice(1, -1);
  if (IPV4.test(inner)) return ok(`[${inner}]`);
  const tagged = /^ipv6:(.*)$/i.exec(inner);
  if (tagged && isIpv6(tagged[1])) return ok(`[IPv6:${tagged[1].toLowerCase()}]`);
  return fault("the address literal is neither [IPv4] nor [IPv6:…]", 1);
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = (half: string): string[] => (half === "" ? [] : half.split(":"));
  const all = halves.flatMap(groups);
  const tail = all.at(-1);
  const isMixed = tail !== undefined && tail.includes(".");
  if (isMixed && !IPV4.test(tail)) return false;
  const hex = isMixed ? all.slice(0, -1) : all;
  if (!hex.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const width = hex.length + (isMixed ? 2 : 0);
  return halves.length === 2 ? width < 8 : width === 8;
}

/** The routing form: quoted only where the local part needs it. `parseAddress` reads it back to the same value. */
export function formatAddress(address: Address): string {
  return `${formatLocalPart(address.localPart)}@${address.domain}`;
}

export function formatLocalPart(localPart: string): string {
  return ATOM.test(localPart) ? localPart : `"${localPart.replace(/["\\]/g, "\\$&")}"`;
}

/** Whether the address can only travel under SMTPUTF8 (RFC 6531 §1.2). A U-label domain alone could be sent as an A-label. */
export function needsSmtpUtf8(address: Address): boolean {
  return /[^\u0000-\u007f]/.test(address.localPart) || /[^\u0000-\u007f]/.test(address.domain);
}

/** How local parts of our own domains compare: without case, as people expect (RFC 5321 §2.4 leaves it to the host). */
export function addressKey(address: Address): string {
  return formatAddress({ localPart: address.localPart.toLowerCase(), domain: address.domain });
}
