/** Our resolver over unbound, a real recursive server, with a zone of its own on a loopback port. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DnsAnswer } from "../../src/base/resolver.ts";
import { RecordingLog } from "../../src/base/testing/recording-log.ts";
import { ZoneResolver } from "../../src/base/testing/zone-resolver.ts";
import { checkDomain } from "../../src/mta/dns-check/check-domain.ts";
import { findHosts } from "../../src/mta/routing/find-hosts.ts";
import { DEFAULT_REMOTE } from "../../src/mta/config.ts";
import { OwnHosts } from "../../src/mta/routing/own-hosts.ts";
import { DnsResolver } from "../../src/net/dns-resolver.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { findProgram, peerTest } from "./peers.ts";

const MANY = Array.from({ length: 120 }, (_, i) => `many.us.test. 300 IN A 198.51.100.${i}`);

const ZONE = [
  "us.test. 300 IN SOA ns.us.test. root.us.test. 1 3600 600 86400 60",
  "us.test. 300 IN MX 20 b.us.test.",
  "us.test. 120 IN MX 10 A.us.test.",
  'us.test. 300 IN TXT "v=spf1 ip4:192.0.2.1 " "-all"',
  'us.test. 300 IN CAA 0 issue "ca.test"',
  "a.us.test. 300 IN A 192.0.2.1",
  "a.us.test. 300 IN AAAA 2001:db8::1",
  "b.us.test. 300 IN A 192.0.2.2",
  "null.us.test. 300 IN MX 0 .",
  "only-a.us.test. 300 IN A 192.0.2.3",
  `_25._tcp.a.us.test. 300 IN TLSA 3 1 1 ${"ab".repeat(32)}`,
  '_dmarc.us.test. 300 IN TXT "v=DMARC1; p=none"',
  ...MANY,
];

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

function configuration(folder: string, port: number): string {
  return [
    "server:",
    `  interface: 127.0.0.1@${port}`,
    "  access-control: 127.0.0.0/8 allow",
    `  directory: "${folder}"`,
    '  username: ""',
    '  chroot: ""',
    '  pidfile: ""',
    "  use-syslog: no",
    "  do-daemonize: no",
    '  module-config: "iterator"',
    "  edns-buffer-size: 1232",
    "  num-threads: 1",
    '  local-zone: "us.test." static',
    '  local-zone: "refused.test." refuse',
    '  local-zone: "silent.test." deny',
    '  local-zone: "2.0.192.in-addr.arpa." static',
    ...ZONE.map((record) => `  local-data: '${record}'`),
    "  local-data-ptr: '192.0.2.1 300 a.us.test.'",
    "remote-control:",
    "  control-enable: no",
    "",
  ].join("\n");
}

async function withUnbound(body: (resolver: DnsResolver) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-unbound-"));
  const port = await freePort();
  const file = join(folder, "unbound.conf");
  writeFileSync(file, configuration(folder, port));
  const child = spawn(findProgram("unbound") ?? "unbound", ["-d", "-c", file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (octets: Buffer) => (said += octets.toString()));
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  const [dead, alive] = [await freePort(), port];
  const settings = {
    // The first is not there: each question must find its way past it.
    servers: [dead, alive].map((at) => ({ address: "127.0.0.1", port: at })),
    timeoutMs: 700,
    attempts: 2,
  };
  const make = (): DnsResolver =>
    new DnsResolver({
      settings,
      clock: systemClock,
      random: systemRandom,
      log: new RecordingLog(),
    });
  try {
    // A resolver remembers failures: a new one for each try.
    for (let tries = 0; (await make().a("a.us.test")).status !== "found"; tries++) {
      assert.ok(tries < 40 && child.exitCode === null, `unbound did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await body(make());
  } finally {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

const records = <T>(answer: DnsAnswer<T>): readonly T[] | string =>
  answer.status === "found" ? answer.records : answer.status;

peerTest(
  "the resolver over unbound: every type, lengths over UDP and TCP, what is not there",
  ["unbound"],
  () =>
    withUnbound(async (resolver) => {
      const mx = await resolver.mx("US.test");
      assert.ok(mx.status === "found" && mx.ttlSeconds <= 120 && !mx.authentic);
      assert.deepEqual(
        mx.records.toSorted((a, b) => a.preference - b.preference),
        [
          { preference: 10, exchange: "a.us.test" },
          { preference: 20, exchange: "b.us.test" },
        ],
      );
      assert.deepEqual(records(await resolver.txt("us.test")), ["v=spf1 ip4:192.0.2.1 -all"]);
      assert.deepEqual(records(await resolver.aaaa("a.us.test")), ["2001:db8::1"]);
      assert.deepEqual(records(await resolver.ptr("192.0.2.1")), ["a.us.test"]);
      assert.deepEqual(records(await resolver.mx("null.us.test")), [
        { preference: 0, exchange: "" },
      ]);
      const tlsa = records(await resolver.tlsa("_25._tcp.a.us.test"));
      assert.ok(typeof tlsa !== "string");
      assert.deepEqual([tlsa[0].usage, tlsa[0].data.length], [3, 32]);
      assert.deepEqual(records(await resolver.caa("us.test")), [
        { isCritical: false, tag: "issue", value: "ca.test" },
      ]);
      // 120 addresses do not fit into a datagram.
      assert.equal(records(await resolver.a("many.us.test")).length, 120);
      assert.equal(records(await resolver.mx("only-a.us.test")), "nodata");
      assert.equal(records(await resolver.mx("gone.us.test")), "nxdomain");
      assert.equal(records(await resolver.mx("refused.test")), "failed");
      assert.equal(records(await resolver.mx("silent.test")), "failed");
    }),
);

peerTest("routing and dns check over unbound", ["unbound"], () =>
  withUnbound(async (resolver) => {
    const deps = {
      resolver,
      clock: systemClock,
      random: systemRandom,
      ownHosts: new OwnHosts(["mx.other.test"]),
    };
    const found = await findHosts("us.test", deps, { ...DEFAULT_REMOTE, families: ["ipv4"] });
    assert.ok(found.ok);
    assert.deepEqual(
      found.hosts.map(({ name, address }) => `${name} ${address}`),
      ["a.us.test 192.0.2.1", "b.us.test 192.0.2.2"],
    );
    const nobody = await findHosts("gone.us.test", deps, DEFAULT_REMOTE);
    assert.deepEqual([nobody.ok, !nobody.ok && nobody.temporary], [false, false]);
    const host = { hostname: "a.us.test", ownHosts: [], machineAddresses: [] };
    const options = { host, selectors: [], budgetMs: 10_000 };
    const check = await checkDomain("us.test", { resolver, clock: systemClock }, options);
    const level = (topic: string): string[] =>
      check.findings.filter((each) => each.topic === topic).map((each) => each.level);
    assert.deepEqual(level("MX"), ["ok", "note"]);
    assert.deepEqual(level("DMARC"), ["ok"]);
    // Our IPv6 address is in no SPF record and has no name.
    assert.deepEqual(level("SPF"), ["ok", "missing"]);
    assert.ok(!check.isWell);
    // The resolver that tests use must agree with a real server on what is not there.
    const zone = new ZoneResolver({ "only-a.us.test": { a: ["192.0.2.3"] } });
    for (const name of ["only-a.us.test", "gone.us.test"]) {
      assert.equal((await zone.mx(name)).status, (await resolver.mx(name)).status);
    }
  }),
);
