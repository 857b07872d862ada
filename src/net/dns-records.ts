/** What a record says, or undefined where its data can't be what its type promises: a hostile zone writes anything. */

import { isIP } from "node:net";
import type { Answer } from "dns-packet";
import type { CaaRecord, MxRecord, TlsaRecord } from "../base/resolver.ts";

const MAX_TEXT_OCTETS = 65_535;
/** Host names go into logs, SMTP dialogues and certificates: nothing but letters, digits, hyphen, underscore. */
const HOST = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

export function exchangeOf(answer: Answer): MxRecord | undefined {
  if (answer.type !== "MX" || typeof answer.data?.exchange !== "string") return undefined;
  const preference = answer.data.preference ?? 0;
  // RFC 7505: "." is the null MX. Routing knows it as the empty name.
  if (answer.data.exchange === "." || answer.data.exchange === "") {
    return { preference, exchange: "" };
  }
  const exchange = hostName(answer.data.exchange);
  return exchange === undefined ? undefined : { preference, exchange };
}

export function addressText(answer: Answer): string | undefined {
  if (answer.type !== "A" && answer.type !== "AAAA") return undefined;
  return typeof answer.data === "string" && isIP(answer.data) !== 0 ? answer.data : undefined;
}

export function hostText(answer: Answer): string | undefined {
  if (answer.type !== "CNAME" && answer.type !== "PTR") return undefined;
  return typeof answer.data === "string" ? hostName(answer.data) : undefined;
}

/** RFC 7208 §3.3: the strings of a record are joined without a space. Octets beyond ASCII stay one character each. */
export function joinedText(answer: Answer): string | undefined {
  if (answer.type !== "TXT") return undefined;
  const parts = Array.isArray(answer.data) ? answer.data : [answer.data];
  const text = parts
    .map((part) => (typeof part === "string" ? part : Buffer.from(part).toString("latin1")))
    .join("");
  return text.length <= MAX_TEXT_OCTETS ? text : undefined;
}

export function tlsaOf(answer: Answer): TlsaRecord | undefined {
  if (answer.type !== "TLSA") return undefined;
  const { usage, selector, matchingType, certificate } = answer.data;
  if (!(certificate instanceof Uint8Array) || certificate.length === 0) return undefined;
  return { usage, selector, matchingType, data: Uint8Array.from(certificate) };
}

export function caaOf(answer: Answer): CaaRecord | undefined {
  if (answer.type !== "CAA") return undefined;
  const { flags, tag, value } = answer.data;
  // RFC 8659 §4.1: a tag is letters and digits.
  if (typeof tag !== "string" || !/^[A-Za-z0-9]{1,15}$/.test(tag)) return undefined;
  if (typeof value !== "string") return undefined;
  return { isCritical: ((flags ?? 0) & 128) !== 0, tag: tag.toLowerCase(), value };
}

function hostName(text: string): string | undefined {
  const name = text.toLowerCase().replace(/\.$/, "");
  return HOST.test(name) ? name : undefined;
}
