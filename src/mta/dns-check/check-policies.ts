/** What a domain says about its mail: who may send it, how it is signed and protected. */

import type { Resolver } from "../../base/resolver.ts";
import { findings, quoted, zoneLine, type Finding } from "./finding.ts";
import type { OurHost } from "./check-hosts.ts";
import { askSpf } from "./spf-answer.ts";

export async function checkSpf(
  domain: string,
  host: OurHost,
  ours: readonly string[],
  resolver: Resolver,
): Promise<Finding[]> {
  const { ok, missing, unknown, note } = findings("SPF");
  const line = zoneLine(domain, "TXT", quoted(`v=spf1 mx a:${host.hostname} -all`));
  // Without an address of ours the record can still be read.
  const asked = ours.length > 0 ? ours : ["192.0.2.1"];
  const found: Finding[] = [];
  for (const address of asked) {
    const answer = await askSpf(domain, address, resolver);
    if (answer.status === "none")
      return [missing(`${domain} does not say who sends its mail`, line)];
    if (answer.status === "unknown") return [unknown(`SPF of ${domain}: ${answer.reason}`)];
    if (answer.status === "broken") return [missing(`SPF of ${domain}: ${answer.problem}`, line)];
    const { result, lookups } = answer;
    if (ours.length === 0) {
      found.push(
        note(`there is a record (${lookups} look-ups); which addresses are ours is not known`),
      );
    } else if (result === "pass") {
      found.push(ok(`${address} may send for ${domain} (${lookups} of 10 look-ups)`));
    } else {
      found.push(missing(`${address} is ours, and SPF of ${domain} says ${result} to it`, line));
    }
  }
  return found;
}

/** A key in the store would be asked for here; this version signs nothing. */
export async function checkDkim(
  domain: string,
  selectors: readonly string[],
  resolver: Resolver,
): Promise<Finding[]> {
  const { ok, missing, unknown, note } = findings("DKIM");
  if (selectors.length === 0) {
    const below = await resolver.txt(`_domainkey.${domain}`);
    const there =
      below.status === "nxdomain"
        ? "and no key is published"
        : "name a selector with --selector to see its key";
    return [note(`Posthorn does not sign mail yet, so no record is needed for it; ${there}`)];
  }
  return Promise.all(
    selectors.map(async (selector) => {
      const name = `${selector}._domainkey.${domain}`;
      const answer = await resolver.txt(name);
      if (answer.status === "failed") return unknown(`${name}: ${answer.reason}`);
      if (answer.status !== "found") return missing(`there is no ${name}`);
      const keys = answer.records.filter((text) => /(?:^|;)\s*p\s*=/i.test(text));
      if (keys.length !== 1) return missing(`${name} holds ${keys.length} keys: one may be there`);
      if (/(?:^|;)\s*p\s*=\s*(?:;|$)/i.test(keys[0]))
        return missing(`the key at ${name} is revoked`);
      return ok(`${name} holds a key`);
    }),
  );
}

export async function checkDmarc(domain: string, resolver: Resolver): Promise<Finding[]> {
  const { ok, missing, unknown } = findings("DMARC");
  const line = zoneLine(
    `_dmarc.${domain}`,
    "TXT",
    quoted(`v=DMARC1; p=none; rua=mailto:postmaster@${domain}`),
  );
  // RFC 9989 §4.10: a domain above may speak for it.
  for (const name of withParents(domain)) {
    const answer = await resolver.txt(`_dmarc.${name}`);
    if (answer.status === "failed") return [unknown(`_dmarc.${name}: ${answer.reason}`)];
    if (answer.status !== "found") continue;
    const records = answer.records.filter((text) => /^v=DMARC1\s*(?:;|$)/.test(text));
    if (records.length > 1) return [missing(`_dmarc.${name} holds ${records.length} policies`)];
    if (records.length === 0) continue;
    const policy = /;\s*p\s*=\s*([a-z]+)/i.exec(records[0])?.[1]?.toLowerCase();
    if (policy === undefined) return [missing(`_dmarc.${name} names no policy (p=)`, line)];
    return [ok(`_dmarc.${name} says p=${policy}`)];
  }
  return [missing(`${domain} does not say what to do with mail that is not its own`, line)];
}

/** The domain and those above it, down to two labels. */
function withParents(domain: string): string[] {
  const labels = domain.split(".");
  const last = Math.max(1, labels.length - 1);
  return labels.slice(0, Math.min(last, 8)).map((_, index) => labels.slice(index).join("."));
}

/** Protection of the way to us: told, not asked for. */
export async function checkTransportPolicies(
  domain: string,
  exchanges: readonly string[],
  resolver: Resolver,
): Promise<Finding[]> {
  const [sts, reports, ...dane] = await Promise.all([
    policyRecord("MTA-STS", `_mta-sts.${domain}`, /^v=STSv1\s*;/, resolver),
    policyRecord("TLSRPT", `_smtp._tls.${domain}`, /^v=TLSRPTv1\s*;/, resolver),
    ...exchanges.slice(0, 5).map((exchange) => tlsaOf(exchange, resolver)),
  ]);
  return [sts, reports, ...dane];
}

async function policyRecord(
  topic: "MTA-STS" | "TLSRPT",
  name: string,
  form: RegExp,
  resolver: Resolver,
): Promise<Finding> {
  const { note } = findings(topic);
  const answer = await resolver.txt(name);
  if (answer.status === "failed") return note(`${name}: ${answer.reason}`);
  const records = answer.status === "found" ? answer.records.filter((text) => form.test(text)) : [];
  if (records.length === 0) return note(`there is no ${name}`);
  return note(
    records.length === 1 ? `${name}: ${records[0]}` : `${name} holds several: none counts`,
  );
}

async function tlsaOf(exchange: string, resolver: Resolver): Promise<Finding> {
  const { note } = findings("DANE");
  const name = `_25._tcp.${exchange}`;
  const answer = await resolver.tlsa(name);
  if (answer.status === "failed") return note(`${name}: ${answer.reason}`);
  if (answer.status !== "found") return note(`there is no ${name}`);
  const kinds = answer.records.map((r) => `${r.usage} ${r.selector} ${r.matchingType}`).join(", ");
  // RFC 7672 §2.2: without DNSSEC the records mean nothing.
  const proof = answer.authentic ? "validated by DNSSEC" : "not validated by DNSSEC: of no effect";
  return note(`${name}: ${kinds} (${proof})`);
}

export async function checkCaa(hostname: string, resolver: Resolver): Promise<Finding[]> {
  const { note } = findings("CAA");
  for (const name of withParents(hostname)) {
    const answer = await resolver.caa(name);
    if (answer.status === "failed") return [note(`CAA of ${name}: ${answer.reason}`)];
    if (answer.status !== "found") continue;
    const issuers = answer.records.filter(({ tag }) => tag === "issue").map(({ value }) => value);
    return [note(`certificates for ${name} come from ${issuers.join(", ") || "nobody"}`)];
  }
  return [note(`any authority may give out certificates for ${hostname}`)];
}
