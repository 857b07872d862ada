/**
 * Our stub resolver: asks recursive servers, follows CNAMEs, caches, and tells the four outcomes
 * apart that route mail differently. Does not validate DNSSEC: it passes the servers' AD bit on, and
 * only the operator knows whether the way to them can be trusted. Never rejects.
 */

import type { Answer, RecordType } from "dns-packet";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { CaaRecord, DnsAnswer, MxRecord, Resolver, TlsaRecord } from "../base/resolver.ts";
import { isIPv4, isIPv6 } from "node:net";
import { expandIpv6 } from "./address.ts";
import { DnsCache } from "./dns-cache.ts";
import { makeExchange } from "./dns-exchange.ts";
import type { DnsMessage } from "./dns-message.ts";
import { DnsUpstreams } from "./dns-upstreams.ts";
import { addressText, caaOf, exchangeOf, hostText, joinedText, tlsaOf } from "./dns-records.ts";
import type { ResolverSettings } from "./resolv-conf.ts";

const MAX_CNAMES = 8;
/** Records of one answer that are looked at: a hostile zone can't make us try thousands of hosts. */
const MAX_RECORDS = 200;
const DEFAULT_NEGATIVE_TTL_SECONDS = 300;

export type DnsResolverDeps = {
  readonly settings: ResolverSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
};

type Reader<T> = (answer: Answer) => T | undefined;
type Fetched<T> = { readonly answer: DnsAnswer<T>; readonly ttlSeconds: number };

export class DnsResolver implements Resolver {
  readonly #upstreams: DnsUpstreams;
  readonly #cache: DnsCache;
  readonly #underWay = new Map<string, Promise<DnsAnswer<unknown>>>();

  constructor(deps: DnsResolverDeps) {
    const { settings, clock, random, log } = deps;
    this.#upstreams = new DnsUpstreams(settings, makeExchange(random), clock, log);
    this.#cache = new DnsCache(clock);
  }

  mx(domain: string): Promise<DnsAnswer<MxRecord>> {
    return this.#find(domain, "MX", exchangeOf);
  }

  a(host: string): Promise<DnsAnswer<string>> {
    // RFC 6761 §6.3: localhost is never asked for.
    if (isLocalhost(host)) return Promise.resolve(loopback("127.0.0.1"));
    return this.#find(host, "A", addressText);
  }

  aaaa(host: string): Promise<DnsAnswer<string>> {
    if (isLocalhost(host)) return Promise.resolve(loopback("::1"));
    return this.#find(host, "AAAA", addressText);
  }

  txt(name: string): Promise<DnsAnswer<string>> {
    return this.#find(name, "TXT", joinedText);
  }

  ptr(address: string): Promise<DnsAnswer<string>> {
    const name = reverseName(address);
    if (name === undefined) return Promise.resolve({ status: "nxdomain", authentic: false });
    return this.#find(name, "PTR", hostText);
  }

  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>> {
    return this.#find(name, "TLSA", tlsaOf);
  }

  caa(domain: string): Promise<DnsAnswer<CaaRecord>> {
    return this.#find(domain, "CAA", caaOf);
  }

  #find<T>(asked: string, type: RecordType, read: Reader<T>): Promise<DnsAnswer<T>> {
    const name = asked.toLowerCase().replace(/\.$/, "");
    // Nothing can exist under a name that can't be written on the wire.
    if (!isName(name)) return Promise.resolve({ status: "nxdomain", authentic: false });
    const key = `${type} ${name}`;
    const cached = this.#cache.get<T>(key);
    if (cached !== undefined) return Promise.resolve(cached);
    const underWay = this.#underWay.get(key) as Promise<DnsAnswer<T>> | undefined;
    if (underWay !== undefined) return underWay;
    const asking = this.#fetch(name, type, read)
      .catch((error: unknown): Fetched<T> => ({
        answer: { status: "failed", reason: `broken answer: ${String(error)}` },
        ttlSeconds: 0,
      }))
      .then(({ answer, ttlSeconds }) => this.#cache.put(key, answer, ttlSeconds))
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asking);
    return asking;
  }

  /** Walks the CNAME chain; a server that gave only part of it is asked for the rest. */
  async #fetch<T>(name: string, type: RecordType, read: Reader<T>): Promise<Fetched<T>> {
    let current = name;
    let authentic = true;
    let ttlSeconds = Infinity;
    let cnames = 0;
    for (;;) {
      const reply = await this.#upstreams.ask(current, type);
      if (!reply.ok) return failed(reply.problem);
      const message = reply.value;
      authentic &&= message.isAuthentic;
      const before = current;
      for (;;) {
        const step = cnameOf(message, current);
        if (step === undefined) break;
        if (++cnames > MAX_CNAMES) return failed(`more than ${MAX_CNAMES} CNAMEs from ${name}`);
        current = step.target;
        ttlSeconds = Math.min(ttlSeconds, step.ttlSeconds);
      }
      const found = recordsOf(message, current, type, read);
      if (found.records.length > 0) {
        ttlSeconds = Math.min(ttlSeconds, found.ttlSeconds);
        const answer = { status: "found", records: found.records, authentic, ttlSeconds } as const;
        return {
          answer: current === name ? answer : { ...answer, canonicalName: current },
          ttlSeconds,
        };
      }
      // Records are there, but none can be used: that is not "no records", which would mean another route.
      if (found.unusable > 0) return failed(`${current} has only unusable ${type} records`);
      const negativeTtl = Math.min(ttlSeconds, negativeTtlOf(message));
      if (message.rcode === "NXDOMAIN") {
        return { answer: { status: "nxdomain", authentic }, ttlSeconds: negativeTtl };
      }
      const isPartial = current !== before && !message.authorities.some((a) => a.type === "SOA");
      if (!isPartial) return { answer: { status: "nodata", authentic }, ttlSeconds: negativeTtl };
    }
  }
}

function failed<T>(reason: string): Fetched<T> {
  return { answer: { status: "failed", reason }, ttlSeconds: 0 };
}

function cnameOf(
  message: DnsMessage,
  name: string,
): { target: string; ttlSeconds: number } | undefined {
  for (const answer of message.answers) {
    if (answer.type !== "CNAME" || answer.name.toLowerCase() !== name) continue;
    const target = hostText(answer);
    if (target !== undefined) return { target, ttlSeconds: answer.ttl ?? 0 };
  }
  return undefined;
}

function recordsOf<T>(
  message: DnsMessage,
  name: string,
  type: RecordType,
  read: Reader<T>,
): { records: T[]; unusable: number; ttlSeconds: number } {
  const records: T[] = [];
  let unusable = 0;
  let ttlSeconds = Infinity;
  for (const answer of message.answers) {
    if (answer.type !== type || answer.name.toLowerCase() !== name) continue;
    const record = read(answer);
    if (record === undefined) unusable++;
    if (record === undefined || records.length >= MAX_RECORDS) continue;
    records.push(record);
    ttlSeconds = Math.min(ttlSeconds, (answer as { ttl?: number }).ttl ?? 0);
  }
  return { records, unusable, ttlSeconds };
}

/** RFC 2308 §5: the lesser of the SOA's TTL and its MINIMUM. */
function negativeTtlOf(message: DnsMessage): number {
  for (const answer of message.authorities) {
    if (answer.type === "SOA") return Math.min(answer.ttl ?? 0, answer.data.minimum ?? 0);
  }
  return DEFAULT_NEGATIVE_TTL_SECONDS;
}

/** Fits the wire (RFC 1035 §2.3.4) and has no octet that a person would not put into a name. */
function isName(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= 253 &&
    name.split(".").every((label) => /^[!-\-/-~]{1,63}$/.test(label))
  );
}

function isLocalhost(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost");
}

function loopback(address: string): DnsAnswer<string> {
  return { status: "found", records: [address], authentic: false, ttlSeconds: 86_400 };
}

function reverseName(address: string): string | undefined {
  if (isIPv4(address)) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
  if (!isIPv6(address)) return undefined;
  const digits = expandIpv6(address.replace(/%.*$/, "").toLowerCase())
    .map((group) => group.padStart(4, "0"))
    .join("");
  return `${Array.from(digits).reverse().join(".")}.ip6.arpa`;
}
