import { test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { ZoneResolver, type ZoneEntry } from "../../base/testing/zone-resolver.ts";
import type { Resolver } from "../../base/resolver.ts";
import { DEFAULT_REMOTE, type NextHop } from "../config.ts";
import { findHosts, findNextHop, type RoutingDeps } from "./find-hosts.ts";
import type { HostsFound } from "./host.ts";
import { OwnHosts } from "./own-hosts.ts";

function depsOf(zone: Record<string, ZoneEntry>, seed = 1): RoutingDeps {
  return {
    resolver: new ZoneResolver(zone),
    random: new SeededRandom(seed),
    clock: new TestClock(),
    ownHosts: new OwnHosts(["mx.us.test", "192.0.2.25", "2001:db8::25"]),
  };
}

function show(found: HostsFound): string[] | string {
  if (!found.ok) return `${found.temporary ? "temporary" : "permanent"} ${found.status}`;
  return found.hosts.map(({ name, address, port }) => `${name} ${address}:${port}`);
}

const find = async (zone: Record<string, ZoneEntry>, domain = "far.test", seed = 1) =>
  show(await findHosts(domain, depsOf(zone, seed), DEFAULT_REMOTE));

const mx = (...pairs: [number, string][]): ZoneEntry => ({
  mx: pairs.map(([preference, exchange]) => ({ preference, exchange })),
});

test("mta.md 25: exchangers by preference, IPv6 and IPv4 in turns", async () => {
  const zone = {
    "far.test": mx([20, "b.far.test"], [10, "a.far.test"]),
    "a.far.test": { a: ["192.0.2.1"], aaaa: ["2001:db8::1"] },
    "b.far.test": { a: ["192.0.2.2"] },
  };
  assert.deepEqual(await find(zone), [
    "a.far.test 2001:db8::1:25",
    "a.far.test 192.0.2.1:25",
    "b.far.test 192.0.2.2:25",
  ]);
});

test("mta.md 25: equal preferences are shuffled", async () => {
  const zone = {
    "far.test": mx([10, "a.far.test"], [10, "b.far.test"]),
    "a.far.test": { a: ["192.0.2.1"] },
    "b.far.test": { a: ["192.0.2.2"] },
  };
  const first = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) first.add((await find(zone, "far.test", seed))[0]);
  assert.equal(first.size, 2);
});

test("mta.md 24: no MX record: the domain's own address is the exchanger", async () => {
  assert.deepEqual(await find({ "far.test": { a: ["192.0.2.9"] } }), ["far.test 192.0.2.9:25"]);
  assert.equal(await find({ "far.test": { txt: ["x"] } }), "permanent 5.4.4");
});

test("mta.md 24: NXDOMAIN fails, SERVFAIL defers and never falls back to A", async () => {
  assert.equal(await find({}), "permanent 5.1.2");
  assert.equal(await find({ "far.test": { fails: true, a: ["192.0.2.9"] } }), "temporary 4.4.3");
});

test("mta.md 24: MX records that lead nowhere are an error, without falling back to A", async () => {
  const zone = { "far.test": { ...mx([10, "gone.test"]), a: ["192.0.2.9"] } };
  assert.equal(await find(zone), "permanent 5.4.4");
  assert.equal(await find({ ...zone, "gone.test": { fails: true } }), "temporary 4.4.3");
});

test("mta.md 24: CNAMEs are followed, for the domain and for an exchanger", async () => {
  const zone = {
    "far.test": { cname: "real.test" },
    "real.test": mx([10, "mail.test"]),
    "mail.test": { cname: "host.test" },
    "host.test": { a: ["192.0.2.1"] },
  };
  assert.deepEqual(await find(zone), ["mail.test 192.0.2.1:25"]);
});

test("mta.md 26: a null MX fails with 5.1.10; beside real ones it is passed over", async () => {
  assert.equal(await find({ "far.test": mx([0, ""]) }), "permanent 5.1.10");
  assert.equal(await find({ "far.test": mx([0, "."]) }), "permanent 5.1.10");
  const zone = { "far.test": mx([0, ""], [10, "a.far.test"]), "a.far.test": { a: ["192.0.2.1"] } };
  assert.deepEqual(await find(zone), ["a.far.test 192.0.2.1:25"]);
});

test("security row 42: ourselves and all that are no better are left out, by name and by address", async () => {
  const others = { "a.test": { a: ["192.0.2.1"] }, "c.test": { a: ["192.0.2.3"] } };
  const byName = { "far.test": mx([10, "a.test"], [20, "MX.us.test"], [20, "c.test"]), ...others };
  assert.deepEqual(await find(byName), ["a.test 192.0.2.1:25"]);
  const byAddress = {
    "far.test": mx([10, "a.test"], [20, "alias.test"], [30, "c.test"]),
    "alias.test": { aaaa: ["2001:0db8:0:0::25"] },
    ...others,
  };
  assert.deepEqual(await find(byAddress), ["a.test 192.0.2.1:25"]);
});

test("security row 42: nobody better than ourselves is a loop", async () => {
  const zone = {
    "far.test": mx([10, "mx.us.test"], [20, "c.test"]),
    "c.test": { a: ["192.0.2.3"] },
  };
  assert.equal(await find(zone), "permanent 5.4.6");
});

test("security row 42: a better exchanger that cannot be looked up now defers", async () => {
  const zone = { "far.test": mx([5, "a.test"], [10, "mx.us.test"]), "a.test": { fails: true } };
  assert.equal(await find(zone), "temporary 4.4.3");
});

test("mta.md 28: an address literal needs no look-up", async () => {
  assert.deepEqual(await find({}, "[192.0.2.7]"), ["[192.0.2.7] 192.0.2.7:25"]);
  assert.deepEqual(await find({}, "[IPv6:2001:db8::7]"), ["[IPv6:2001:db8::7] 2001:db8::7:25"]);
  assert.equal(await find({}, "[192.0.2.25]"), "permanent 5.4.6");
});

test("security row 51: a hundred exchangers with many addresses stay within five addresses and a few queries", async () => {
  const zone: Record<string, ZoneEntry> = {
    "far.test": mx(...Array.from({ length: 100 }, (_, n): [number, string] => [10, `h${n}.test`])),
  };
  for (let n = 0; n < 100; n++) zone[`h${n}.test`] = { a: Array(50).fill(`192.0.2.${n}`) };
  const deps = depsOf(zone);
  const found = await findHosts("far.test", deps, DEFAULT_REMOTE);
  assert.ok(found.ok);
  assert.equal(found.hosts.length, 5);
  assert.ok((deps.resolver as ZoneResolver).asked.length <= 41);
});

test("security row 51: one dead exchanger with many addresses leaves room for the next", async () => {
  const zone = {
    "far.test": mx([10, "a.test"], [20, "b.test"]),
    "a.test": { a: ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6"] },
    "b.test": { a: ["192.0.2.7"] },
  };
  assert.ok((await find(zone)).includes("b.test 192.0.2.7:25"));
});

test("security row 51: look-ups that take too long defer", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  const resolver: Pick<Resolver, "mx" | "a" | "aaaa"> = { mx: never, a: never, aaaa: never };
  const clock = new TestClock();
  const found = findHosts("far.test", { ...depsOf({}), resolver, clock }, DEFAULT_REMOTE);
  await clock.advance(20_000);
  assert.equal(show(await found), "temporary 4.4.3");
});

test("security row 52: a CNAME loop is a temporary failure", async () => {
  const zone = { "far.test": { cname: "other.test" }, "other.test": { cname: "far.test" } };
  assert.equal(await find(zone), "temporary 4.4.3");
});

test("a fixed next hop: addresses of its name, no MX; a literal as it is", async () => {
  const hop: NextHop = { host: "relay.test", port: 587, tls: "require" };
  const zone = { "relay.test": { ...mx([1, "x.test"]), a: ["192.0.2.5"] } };
  const look = async (nextHop: NextHop, world: Record<string, ZoneEntry>) =>
    show(await findNextHop(nextHop, depsOf(world), DEFAULT_REMOTE));
  assert.deepEqual(await look(hop, zone), ["relay.test 192.0.2.5:587"]);
  assert.equal(await look(hop, {}), "temporary 4.3.5");
  assert.equal(await look(hop, { "relay.test": { fails: true } }), "temporary 4.4.3");
  assert.deepEqual(await look({ ...hop, host: "[127.0.0.1]" }, {}), ["[127.0.0.1] 127.0.0.1:587"]);
});
