/** A Resolver over a zone written out in the test: the world's DNS in ten lines. */

import type { CaaRecord, DnsAnswer, MxRecord, Resolver, TlsaRecord } from "../resolver.ts";

export type ZoneEntry = {
  readonly mx?: readonly MxRecord[];
  readonly a?: readonly string[];
  readonly aaaa?: readonly string[];
  readonly txt?: readonly string[];
  readonly ptr?: readonly string[];
  readonly tlsa?: readonly TlsaRecord[];
  readonly caa?: readonly CaaRecord[];
  readonly cname?: string;
  /** The answers count as validated by DNSSEC. */
  readonly authentic?: boolean;
  /** Every look-up of this name fails (SERVFAIL). */
  readonly fails?: boolean;
};

export class ZoneResolver implements Resolver {
  /** Names as asked, in order, for tests that count look-ups. */
  readonly asked: string[] = [];
  readonly #zone: Map<string, ZoneEntry>;

  constructor(zone: Readonly<Record<string, ZoneEntry>>) {
    this.#zone = new Map(Object.entries(zone));
  }

  mx(domain: string): Promise<DnsAnswer<MxRecord>> {
    return this.#find(domain, (entry) => entry.mx);
  }
  a(host: string): Promise<DnsAnswer<string>> {
    return this.#find(host, (entry) => entry.a);
  }
  aaaa(host: string): Promise<DnsAnswer<string>> {
    return this.#find(host, (entry) => entry.aaaa);
  }
  txt(name: string): Promise<DnsAnswer<string>> {
    return this.#find(name, (entry) => entry.txt);
  }
  ptr(address: string): Promise<DnsAnswer<string>> {
    return this.#find(address, (entry) => entry.ptr);
  }
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>> {
    return this.#find(name, (entry) => entry.tlsa);
  }
  caa(domain: string): Promise<DnsAnswer<CaaRecord>> {
    return this.#find(domain, (entry) => entry.caa);
  }

  async #find<T>(
    name: string,
    pick: (entry: ZoneEntry) => readonly T[] | undefined,
  ): Promise<DnsAnswer<T>> {
    this.asked.push(name);
    let current = name.toLowerCase();
    let authentic = true;
    for (let hops = 0; hops < 9; hops++) {
      const entry = this.#zone.get(current);
      if (entry === undefined) return { status: "nxdomain", authentic: false };
      authentic &&= entry.authentic === true;
      if (entry.fails) return { status: "failed", reason: `SERVFAIL for ${current}` };
      if (entry.cname !== undefined) {
        current = entry.cname;
        continue;
      }
      const records = pick(entry);
      if (records === undefined || records.length === 0) {
        return { status: "nodata", authentic };
      }
      const answer = { status: "found", records, authentic, ttlSeconds: 300 } as const;
      return current === name ? answer : { ...answer, canonicalName: current };
    }
    return { status: "failed", reason: `CNAME chain too long at ${current}` };
  }
}
