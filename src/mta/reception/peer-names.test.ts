import { test } from "node:test";
import assert from "node:assert/strict";
import { ZoneResolver } from "../../base/testing/zone-resolver.ts";
import { NetworkSet } from "./network-set.ts";
import { PeerNames } from "./peer-names.ts";

test("a name counts only when it leads back to the address", async () => {
  const zone = new ZoneResolver({
    "198.51.100.1": { ptr: ["wrong.test", "right.test"] },
    "2001:db8::1": { ptr: ["six.test"] },
    "198.51.100.2": { ptr: ["bank.example"] },
    "wrong.test": { a: ["198.51.100.9"] },
    "right.test": { a: ["198.51.100.1"] },
    "six.test": { aaaa: ["2001:db8:0::1"] },
  });
  const names = new PeerNames(zone);
  assert.equal(await names.find("198.51.100.1"), "right.test");
  assert.equal(await names.find("::ffff:198.51.100.1"), "right.test");
  assert.equal(await names.find("2001:DB8::1"), "six.test");
  assert.equal(await names.find("198.51.100.2"), undefined);
  assert.equal(await names.find("198.51.100.3"), undefined);
});

test("own networks are not asked about, and a flood from one address asks once", async () => {
  const zone = new ZoneResolver({ "198.51.100.1": { ptr: ["x.test"] } });
  const names = new PeerNames(zone);
  for (const address of ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "fd00::1", "nonsense"]) {
    assert.equal(await names.find(address), undefined);
  }
  assert.deepEqual(zone.asked, []);
  await Promise.all(Array.from({ length: 50 }, () => names.find("198.51.100.1")));
  assert.deepEqual(zone.asked, ["198.51.100.1", "x.test"]);
});

test("networks: CIDR and single addresses of both families, IPv4 in IPv6 as IPv4", () => {
  const networks = new NetworkSet(["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "::1"]);
  for (const address of [
    "192.0.2.255",
    "::ffff:192.0.2.1",
    "198.51.100.7",
    "2001:db8:ffff::1",
    "::1",
  ]) {
    assert.ok(networks.has(address), address);
  }
  for (const address of ["192.0.3.0", "198.51.100.8", "2001:db9::1", "::2", "", "192.0.2", "x"]) {
    assert.ok(!networks.has(address), address);
  }
  assert.ok(!new NetworkSet([]).has("127.0.0.1"));
  assert.ok(new NetworkSet(["0.0.0.0/0", "::/0"]).has("203.0.113.1"));
});
