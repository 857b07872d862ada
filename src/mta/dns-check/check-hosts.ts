/** Our host as other mail servers see it: its addresses, their names, and the MX records that lead here. */

import type { Resolver } from "../../base/resolver.ts";
import { findings, zoneLine, type Finding } from "./finding.ts";

export type OurHost = {
  readonly hostname: string;
  /** Other names and addresses under which the world knows us. */
  readonly ownHosts: readonly string[];
  /** Public addresses of this machine, for the lines that are proposed. */
  readonly machineAddresses: readonly string[];
};

export type HostAddresses = {
  readonly addresses: readonly string[];
  /** A look-up failed: there may be more. */
  readonly problem: string | undefined;
  /** The name is an alias of this one. */
  readonly canonicalName: string | undefined;
};

export async function addressesOf(name: string, resolver: Resolver): Promise<HostAddresses> {
  const answers = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
  let problem: string | undefined;
  let canonicalName: string | undefined;
  const addresses: string[] = [];
  for (const answer of answers) {
    if (answer.status === "failed") problem = answer.reason;
    if (answer.status !== "found") continue;
    addresses.push(...answer.records);
    canonicalName ??= answer.canonicalName;
  }
  return { addresses, problem, canonicalName };
}

const ADDRESS = /^[0-9.]+$|:/;

/** Addresses of ours that the world may meet: those of our name, and those that are configured. */
export function ourAddresses(host: OurHost, found: HostAddresses): readonly string[] {
  return [...new Set([...found.addresses, ...host.ownHosts.filter((each) => ADDRESS.test(each))])];
}

export function checkHostName(host: OurHost, found: HostAddresses): Finding[] {
  const { ok, missing, unknown } = findings("host");
  const { hostname, machineAddresses } = host;
  if (!hostname.includes(".") || hostname === "localhost") {
    return [missing(`hostname is "${hostname}": set it to a full name such as mail.example.org`)];
  }
  if (found.addresses.length > 0) return [ok(`${hostname} is ${found.addresses.join(", ")}`)];
  if (found.problem !== undefined) return [unknown(`addresses of ${hostname}: ${found.problem}`)];
  const own = ourAddresses(host, found);
  const candidates = own.length > 0 ? own : machineAddresses;
  const data = candidates.length > 0 ? candidates : ["<the public IPv4 address of this machine>"];
  return data.map((address) =>
    missing(
      `${hostname}, our name, has no address`,
      zoneLine(hostname, address.includes(":") ? "AAAA" : "A", address),
    ),
  );
}

/** Receivers look from the address to the name and back (RFC 1912 §2.1). */
export async function checkReverse(
  addresses: readonly string[],
  { hostname }: OurHost,
  resolver: Resolver,
): Promise<Finding[]> {
  return Promise.all(addresses.map((address) => reverseOf(address, hostname, resolver)));
}

async function reverseOf(address: string, hostname: string, resolver: Resolver): Promise<Finding> {
  const { ok, missing, unknown, note } = findings("PTR");
  const answer = await resolver.ptr(address);
  if (answer.status === "failed") return unknown(`name of ${address}: ${answer.reason}`);
  const line = zoneLine(reverseName(address), "PTR", `${hostname}.`);
  if (answer.status !== "found") {
    return missing(`${address} has no name; whoever gave you the address can set it`, line);
  }
  for (const name of answer.records) {
    const { addresses } = await addressesOf(name, resolver);
    if (!addresses.includes(address)) continue;
    return name === hostname
      ? ok(`${address} is ${name}, there and back`)
      : note(`${address} is ${name}, there and back; we say ${hostname}, which many accept`);
  }
  return missing(
    `${address} says that it is ${answer.records.join(", ")}, which does not lead back to it`,
    line,
  );
}

/** `25.2.0.192.in-addr.arpa`, `….ip6.arpa` */
export function reverseName(address: string): string {
  if (!address.includes(":")) return `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
  const [head, tail] = address.split("::");
  const groups = (text: string | undefined): string[] =>
    text === undefined || text === "" ? [] : text.split(":");
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  const digits = [...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join("");
  return `${Array.from(digits).toReversed().join(".")}.ip6.arpa`;
}

export async function checkExchangers(
  domain: string,
  host: OurHost,
  ours: readonly string[],
  resolver: Resolver,
): Promise<{ readonly findings: readonly Finding[]; readonly exchanges: readonly string[] }> {
  const { missing, unknown } = findings("MX");
  const line = zoneLine(domain, "MX", `10 ${host.hostname}.`);
  const answer = await resolver.mx(domain);
  if (answer.status === "failed") {
    return { findings: [unknown(`MX records of ${domain}: ${answer.reason}`)], exchanges: [] };
  }
  if (answer.status !== "found") {
    const why = answer.status === "nxdomain" ? "does not exist" : "has no MX record";
    return { findings: [missing(`${domain} ${why}`, line)], exchanges: [] };
  }
  const records = answer.records.toSorted((a, b) => a.preference - b.preference);
  const real = records.filter(({ exchange }) => exchange !== "");
  if (real.length === 0) {
    const text = `${domain} says that it takes no mail (a null MX, RFC 7505): replace it`;
    return { findings: [missing(text, line)], exchanges: [] };
  }
  const found: Finding[] = [];
  let leadsToUs = false;
  for (const { preference, exchange } of real) {
    const judged = await exchangerOf(exchange, host, ours, resolver);
    leadsToUs ||= judged.isUs;
    found.push({ ...judged.finding, text: `${preference} ${exchange} ${judged.finding.text}` });
  }
  if (real.length < records.length) {
    found.push(missing(`a null MX stands beside others, which RFC 7505 forbids: take it out`));
  }
  if (!leadsToUs) found.push(missing(`no MX record of ${domain} leads to us`, line));
  return { findings: found, exchanges: real.map(({ exchange }) => exchange) };
}

async function exchangerOf(
  exchange: string,
  { hostname, ownHosts }: OurHost,
  ours: readonly string[],
  resolver: Resolver,
): Promise<{ readonly finding: Finding; readonly isUs: boolean }> {
  const { ok, missing, unknown, note } = findings("MX");
  if (/^[0-9.]+$/.test(exchange)) {
    return { finding: missing("is an address; an MX record needs a name"), isUs: false };
  }
  const { addresses, problem, canonicalName } = await addressesOf(exchange, resolver);
  const isNamedLikeUs = exchange === hostname || ownHosts.includes(exchange);
  const isUs = isNamedLikeUs || addresses.some((address) => ours.includes(address));
  if (canonicalName !== undefined) {
    // RFC 2181 §10.3
    const text = `is an alias (CNAME) of ${canonicalName}: name that one in the MX record`;
    return { finding: missing(text), isUs };
  }
  if (addresses.length === 0) {
    const finding =
      problem === undefined ? missing("has no address") : unknown(`could not be found: ${problem}`);
    return { finding, isUs };
  }
  const where = addresses.join(", ");
  return {
    finding: isUs ? ok(`leads to us (${where})`) : note(`leads to another host (${where})`),
    isUs,
  };
}
