/**
 * The DNS port. Answers are values: an empty answer and a failed look-up route mail in opposite
 * ways (RFC 5321 §5.1), so the caller is made to tell them apart.
 */

export type DnsAnswer<T> =
  | {
      readonly status: "found";
      readonly records: readonly T[];
      /** The resolver says the answer was validated by DNSSEC (AD bit). */
      readonly authentic: boolean;
      readonly ttlSeconds: number;
      /** The name after following CNAMEs, if it is another than asked. */
      readonly canonicalName?: string;
    }
  /** The name exists, but has no record of this type. */
  | { readonly status: "nodata"; readonly authentic: boolean }
  /** The name does not exist. */
  | { readonly status: "nxdomain"; readonly authentic: boolean }
  /** No usable answer: SERVFAIL, timeout, malformed, loop. Try again later. */
  | { readonly status: "failed"; readonly reason: string };

/** `exchange` is "" for the null MX (`MX 0 .`, RFC 7505). */
export type MxRecord = { readonly preference: number; readonly exchange: string };

/** RFC 6698 §2.1. What the numbers mean is not judged here. */
export type TlsaRecord = {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  /** The certificate association data. */
  readonly data: Uint8Array;
};

/** RFC 8659 §4.1: who may issue certificates for a name. */
export type CaaRecord = {
  readonly isCritical: boolean;
  /** Lower case: `issue`, `issuewild`, `iodef`. */
  readonly tag: string;
  readonly value: string;
};

/** Names are absolute without the final dot, ASCII (A-labels), lower case. */
export interface Resolver {
  mx(domain: string): Promise<DnsAnswer<MxRecord>>;
  a(host: string): Promise<DnsAnswer<string>>;
  aaaa(host: string): Promise<DnsAnswer<string>>;
  /** Each record's strings joined. */
  txt(name: string): Promise<DnsAnswer<string>>;
  /** Reverse look-up of an IPv4 or IPv6 address. */
  ptr(address: string): Promise<DnsAnswer<string>>;
  /** Of a service's name: `_25._tcp.mx.example.org` (RFC 6698 §3). */
  tlsa(name: string): Promise<DnsAnswer<TlsaRecord>>;
  caa(domain: string): Promise<DnsAnswer<CaaRecord>>;
}
