import { test } from "node:test";
import assert from "node:assert/strict";
import type { Resolver } from "../../base/resolver.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { ZoneResolver, type ZoneEntry } from "../../base/testing/zone-resolver.ts";
import { checkDomain, type DomainCheck } from "./check-domain.ts";
import { reverseName } from "./check-hosts.ts";
import { askSpf } from "./spf-answer.ts";

const HOST = { hostname: "mx.us.test", ownHosts: [], machineAddresses: ["192.0.2.25"] };

const WELL: Record<string, ZoneEntry> = {
  "us.test": {
    mx: [{ preference: 10, exchange: "mx.us.test" }],
    txt: ["other text", "v=spf1 mx -all"],
  },
  "mx.us.test": { a: ["192.0.2.25"], aaaa: ["2001:db8::25"] },
  "192.0.2.25": { ptr: ["mx.us.test"] },
  "2001:db8::25": { ptr: ["mx.us.test"] },
  "_dmarc.us.test": { txt: ["v=DMARC1; p=reject"] },
  "_domainkey.us.test": {},
};

function check(
  zone: Record<string, ZoneEntry>,
  more: { selectors?: string[]; host?: typeof HOST; domain?: string } = {},
): Promise<DomainCheck> {
  const deps = { resolver: new ZoneResolver(zone), clock: new TestClock() };
  const { selectors = [], host = HOST, domain = "us.test" } = more;
  return checkDomain(domain, deps, { host, selectors, budgetMs: 20_000 });
}

/** `LEVEL TOPIC` of all but the notes. */
const levels = ({ findings }: DomainCheck): string[] =>
  findings.filter(({ level }) => level !== "note").map(({ level, topic }) => `${level} ${topic}`);
const records = ({ findings }: DomainCheck): string[] => [
  ...new Set(findings.flatMap(({ record }) => record ?? [])),
];
const textOf = ({ findings }: DomainCheck, topic: string): string =>
  findings
    .filter((finding) => finding.topic === topic)
    .map(({ text }) => text)
    .join("; ");

test("a domain with all that mail needs", async () => {
  const found = await check(WELL);
  assert.deepEqual(levels(found), [
    "ok MX",
    "ok host",
    "ok PTR",
    "ok PTR",
    "ok SPF",
    "ok SPF",
    "ok DMARC",
  ]);
  assert.ok(found.isWell);
  assert.match(textOf(found, "DKIM"), /does not sign mail yet/);
});

test("an empty zone: each record as the line to add", async () => {
  const found = await check({ "us.test": {} });
  assert.ok(!found.isWell);
  assert.deepEqual(records(found), [
    "us.test. 3600 IN MX 10 mx.us.test.",
    "mx.us.test. 3600 IN A 192.0.2.25",
    'us.test. 3600 IN TXT "v=spf1 mx a:mx.us.test -all"',
    '_dmarc.us.test. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@us.test"',
  ]);
});

test("MX: an alias, an address, no address, a null MX, another's host", async () => {
  const mx = (...exchanges: string[]): Record<string, ZoneEntry> => ({
    ...WELL,
    "us.test": {
      mx: exchanges.map((exchange, preference) => ({ preference, exchange })),
      txt: ["v=spf1 a:mx.us.test -all"],
    },
    "alias.us.test": { cname: "mx.us.test" },
    "far.test": { a: ["198.51.100.1"] },
    "other.us.test": { a: ["192.0.2.25"] },
  });
  assert.match(textOf(await check(mx("alias.us.test")), "MX"), /alias \(CNAME\) of mx\.us\.test/);
  assert.match(textOf(await check(mx("192.0.2.25")), "MX"), /is an address/);
  assert.match(textOf(await check(mx("gone.us.test")), "MX"), /has no address/);
  assert.match(textOf(await check(mx("")), "MX"), /takes no mail/);
  assert.match(textOf(await check(mx("", "mx.us.test")), "MX"), /null MX stands beside/);
  const elsewhere = await check(mx("far.test"));
  assert.match(textOf(elsewhere, "MX"), /no MX record of us\.test leads to us/);
  assert.ok(!elsewhere.isWell);
  // Another name of the same address is us, and a second exchanger elsewhere is no fault.
  assert.ok((await check(mx("other.us.test", "far.test"))).isWell);
});

test("PTR: none, one that does not lead back, one of another name", async () => {
  const ptr = (entry: ZoneEntry, more: Record<string, ZoneEntry> = {}): Promise<DomainCheck> =>
    check({ ...WELL, "192.0.2.25": entry, ...more });
  const none = await ptr({});
  assert.deepEqual(records(none), ["25.2.0.192.in-addr.arpa. 3600 IN PTR mx.us.test."]);
  assert.match(textOf(await ptr({ ptr: ["evil.test"] }), "PTR"), /does not lead back/);
  const other = await ptr({ ptr: ["dial.isp.test"] }, { "dial.isp.test": { a: ["192.0.2.25"] } });
  assert.ok(other.isWell);
  assert.match(textOf(other, "PTR"), /we say mx\.us\.test/);
  assert.equal(
    reverseName("2001:db8::25"),
    "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
  );
});

test("what the name servers do not say is unknown, and not well", async () => {
  const found = await check({ ...WELL, "us.test": { fails: true } });
  assert.ok(!found.isWell);
  assert.deepEqual(
    levels(found).filter((each) => each.startsWith("unknown")),
    ["unknown MX", "unknown SPF"],
  );
  assert.deepEqual(records(found), []);
});

test("DMARC of a domain above; a broken one; DKIM keys by selector; what is published besides", async () => {
  const zone: Record<string, ZoneEntry> = {
    ...WELL,
    "a.us.test": WELL["us.test"],
    "one._domainkey.us.test": { txt: ["v=DKIM1; k=rsa; p=MIIB"] },
    "old._domainkey.us.test": { txt: ["v=DKIM1; p="] },
    "_mta-sts.us.test": { txt: ["v=STSv1; id=1;"] },
    "_smtp._tls.us.test": { txt: ["v=TLSRPTv1; rua=mailto:a@us.test"] },
    "_25._tcp.mx.us.test": {
      tlsa: [{ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32) }],
    },
    "us.test": { ...WELL["us.test"], caa: [{ isCritical: false, tag: "issue", value: "ca.test" }] },
  };
  const found = await check(zone, { domain: "us.test", selectors: ["one", "old", "none"] });
  assert.match(
    textOf(found, "DKIM"),
    /one\._domainkey\.us\.test holds a key; the key at old\S+ is revoked; there is no none/,
  );
  assert.match(textOf(found, "MTA-STS"), /id=1/);
  assert.match(textOf(found, "TLSRPT"), /rua=/);
  assert.match(textOf(found, "DANE"), /3 1 1 \(not validated by DNSSEC/);
  assert.match(textOf(found, "CAA"), /us\.test come from ca\.test/);
  assert.match(
    textOf(await check(zone, { domain: "a.us.test" }), "DMARC"),
    /_dmarc\.us\.test says p=reject/,
  );
  const broken = { ...WELL, "_dmarc.us.test": { txt: ["v=DMARC1; rua=mailto:x@us.test"] } };
  assert.match(textOf(await check(broken), "DMARC"), /names no policy/);
});

test("a check never hangs: look-ups that nobody answers end with the time for all", async () => {
  const clock = new TestClock();
  const never = (): Promise<never> => new Promise(() => {});
  const resolver: Resolver = {
    mx: never,
    a: never,
    aaaa: never,
    txt: never,
    ptr: never,
    tlsa: never,
    caa: never,
  };
  const checking = checkDomain(
    "us.test",
    { resolver, clock },
    { host: HOST, selectors: [], budgetMs: 20_000 },
  );
  await clock.advance(20_001);
  const found = await checking;
  assert.ok(!found.isWell);
  assert.ok(levels(found).every((each) => each.startsWith("unknown")));
});

const SPF: Record<string, string[]> = {
  "ip.test": ["v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all"],
  "in.test": ["v=spf1 include:ip.test ~all"],
  "to.test": ["v=spf1 redirect=ip.test"],
  "mx.test": ["v=spf1 mx/24 -all"],
  "a.test": ["v=spf1 a:mx.us.test/24//64 ?all"],
  "two.test": ["v=spf1 -all", "v=spf1 +all"],
  "loop.test": ["v=spf1 include:loop.test -all"],
  "many.test": [`v=spf1 ${Array.from({ length: 11 }, (_, i) => `a:h${i}.test`).join(" ")} -all`],
  "bad.test": ["v=spf1 ipv4:192.0.2.1 -all"],
  "net.test": ["v=spf1 ip4:300.1.1.1 -all"],
  "hole.test": ["v=spf1 include:none.test -all"],
  "macro.test": ["v=spf1 exists:%{i}.x.test include:%{d}.test -all"],
  "long.test": ["V=SPF1  +MX  -ALL"],
};

test("SPF as receivers read it (RFC 7208): mechanisms, include, redirect, limits, faults", async () => {
  const zone: Record<string, ZoneEntry> = {
    "mx.us.test": { a: ["192.0.2.25"], aaaa: ["2001:db8::25"] },
  };
  for (const [name, txt] of Object.entries(SPF)) {
    zone[name] = { txt, mx: [{ preference: 1, exchange: "mx.us.test" }] };
  }
  const ask = async (domain: string, address = "192.0.2.25"): Promise<string> => {
    const answer = await askSpf(domain, address, new ZoneResolver(zone));
    if (answer.status === "result") return `${answer.result} ${answer.lookups}`;
    return answer.status === "broken" ? answer.problem : answer.status;
  };
  assert.equal(await ask("ip.test"), "pass 0");
  assert.equal(await ask("ip.test", "2001:db8::1"), "pass 0");
  assert.equal(await ask("ip.test", "198.51.100.1"), "fail 0");
  assert.equal(await ask("in.test"), "pass 1");
  assert.equal(await ask("in.test", "198.51.100.1"), "softfail 1");
  assert.equal(await ask("to.test"), "pass 1");
  assert.equal(await ask("mx.test", "192.0.2.200"), "pass 1");
  assert.equal(await ask("a.test", "2001:db8::abcd"), "pass 1");
  assert.equal(await ask("a.test", "198.51.100.1"), "neutral 1");
  assert.equal(await ask("macro.test"), "fail 2");
  assert.equal(await ask("long.test"), "pass 1");
  assert.equal(await ask("none.test"), "none");
  assert.match(await ask("two.test"), /2 SPF records/);
  assert.match(await ask("loop.test"), /more than 10 look-ups/);
  assert.match(await ask("many.test"), /more than 10 look-ups/);
  assert.match(await ask("bad.test"), /no mechanism/);
  assert.match(await ask("net.test"), /no network/);
  assert.match(await ask("hole.test"), /none\.test, which it includes, has no SPF record/);
});
