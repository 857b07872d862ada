/**
 * What a domain's SPF record says of an address (RFC 7208), as far as a check of one's own records
 * needs it: all mechanisms but macros. Counts the look-ups, of which a receiver makes ten.
 */

import type { Resolver } from "../../base/resolver.ts";
import { NetworkSet } from "../reception/network-set.ts";

export type SpfResult = "pass" | "fail" | "softfail" | "neutral";

export type SpfAnswer =
  | { readonly status: "result"; readonly result: SpfResult; readonly lookups: number }
  /** The record does not say what it should (RFC 7208 §2.6.7), and why. */
  | { readonly status: "broken"; readonly problem: string }
  | { readonly status: "none" }
  | { readonly status: "unknown"; readonly reason: string };

/** RFC 7208 §4.6.4 */
export const MAX_LOOKUPS = 10;
const MAX_HOSTS = 10;
const RESULTS: Readonly<Record<string, SpfResult>> = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
};

class Stop extends Error {
  readonly answer: SpfAnswer;
  constructor(answer: SpfAnswer) {
    super("stop");
    this.answer = answer;
  }
}

const broken = (problem: string): Stop => new Stop({ status: "broken", problem });

export async function askSpf(
  domain: string,
  address: string,
  resolver: Resolver,
): Promise<SpfAnswer> {
  const check = new SpfCheck(address, resolver);
  try {
    const result = await check.result(domain, true);
    if (result === undefined) return { status: "none" };
    // RFC 7208 §4.6.4: the whole record is counted here, also behind what matches, since other
    // senders get that far.
    return { status: "result", result, lookups: check.lookups };
  } catch (error) {
    if (error instanceof Stop) return error.answer;
    throw error;
  }
}

class SpfCheck {
  lookups = 0;
  readonly #address: string;
  readonly #resolver: Resolver;

  constructor(address: string, resolver: Resolver) {
    this.#address = address;
    this.#resolver = resolver;
  }

  /** Undefined: the domain has no record. */
  async result(domain: string, isFirst = false): Promise<SpfResult | undefined> {
    const record = await this.#record(domain);
    if (record === undefined) {
      // RFC 7208 §5.2: an included domain without a record breaks the whole.
      if (isFirst) return undefined;
      throw broken(`${domain}, which it includes, has no SPF record`);
    }
    let found: SpfResult | undefined;
    let redirect: string | undefined;
    for (const term of record.split(/ +/).slice(1)) {
      if (/^redirect=/i.test(term)) redirect = term.slice(9);
      if (term === "" || /^[a-z][a-z0-9_.-]*=/i.test(term)) continue;
      const [, sign = "", mechanism] = /^([+\-~?]?)(.+)$/.exec(term) ?? [];
      const isMatch = await this.#matches(mechanism ?? "", domain);
      if (isMatch && found === undefined) found = RESULTS[sign] ?? "pass";
    }
    if (found !== undefined) return found;
    if (redirect === undefined) return "neutral";
    this.#count();
    return this.result(redirect);
  }

  async #record(domain: string): Promise<string | undefined> {
    const answer = await this.#resolver.txt(domain);
    if (answer.status === "failed") throw new Stop({ status: "unknown", reason: answer.reason });
    if (answer.status !== "found") return undefined;
    const records = answer.records.filter((text) => /^v=spf1(?: |$)/i.test(text));
    if (records.length > 1)
      throw broken(`${domain} has ${records.length} SPF records: one may be there`);
    return records[0];
  }

  async #matches(mechanism: string, domain: string): Promise<boolean> {
    const [, name = "", target, bits4, bits6] =
      /^([a-z0-9]+)(?::([^/]*(?:\/(?![0-9/])[^/]*)*))?(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/i.exec(
        mechanism,
      ) ?? [];
    const isMacro = target?.includes("%") === true;
    switch (name.toLowerCase()) {
      case "all":
        return true;
      case "ip4":
      case "ip6":
        return this.#isIn(mechanism.slice(4));
      case "include":
        this.#count();
        if (target === undefined || target === "") throw broken(`"${mechanism}" names no domain`);
        return !isMacro && (await this.result(target)) === "pass";
      case "a":
        this.#count();
        return !isMacro && this.#isHost(target || domain, bits4, bits6);
      case "mx":
        this.#count();
        return !isMacro && this.#isExchanger(target || domain, bits4, bits6);
      case "exists":
      case "ptr":
        this.#count();
        return false;
      default:
        throw broken(`"${mechanism}" is no mechanism of SPF`);
    }
  }

  #count(): void {
    if (++this.lookups > MAX_LOOKUPS) {
      throw broken(`it needs more than ${MAX_LOOKUPS} look-ups, and receivers make no more`);
    }
  }

  #isIn(network: string): boolean {
    if (!/^[0-9a-f:.]+(?:\/\d{1,3})?$/i.test(network)) throw broken(`"${network}" is no network`);
    try {
      return new NetworkSet([network]).has(this.#address);
    } catch {
      throw broken(`"${network}" is no network`);
    }
  }

  async #isHost(host: string, bits4 = "32", bits6 = "128"): Promise<boolean> {
    const is6 = this.#address.includes(":");
    const answer = await (is6 ? this.#resolver.aaaa(host) : this.#resolver.a(host));
    if (answer.status === "failed") throw new Stop({ status: "unknown", reason: answer.reason });
    if (answer.status !== "found") return false;
    return answer.records.some((address) => this.#isIn(`${address}/${is6 ? bits6 : bits4}`));
  }

  async #isExchanger(domain: string, bits4?: string, bits6?: string): Promise<boolean> {
    const answer = await this.#resolver.mx(domain);
    if (answer.status === "failed") throw new Stop({ status: "unknown", reason: answer.reason });
    if (answer.status !== "found") return false;
    for (const { exchange } of answer.records.slice(0, MAX_HOSTS)) {
      if (exchange !== "" && (await this.#isHost(exchange, bits4, bits6))) return true;
    }
    return false;
  }
}
