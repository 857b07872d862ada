import assert from "node:assert/strict";
import { test } from "node:test";
import { AUTHENTIC_DATA, encode } from "dns-packet";
import type { Answer, Question } from "dns-packet";
import { RecordingLog } from "../base/testing/recording-log.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import { DnsResolver } from "./dns-resolver.ts";
import { systemRandom } from "./system-random.ts";
import { TestDnsServer } from "./testing/dns-server.ts";
import type { DnsBehaviour } from "./testing/dns-server.ts";

const SOA: Answer = {
  type: "SOA",
  name: "example.test",
  ttl: 900,
  data: { mname: "ns.example.test", rname: "root.example.test", minimum: 60 },
};

type World = {
  readonly resolver: DnsResolver;
  readonly servers: TestDnsServer[];
  readonly clock: TestClock;
  readonly log: RecordingLog;
};

async function withWorld(
  behaviours: DnsBehaviour[],
  body: (world: World) => Promise<void>,
  options: { timeoutMs?: number; attempts?: number } = {},
): Promise<void> {
  const servers = await Promise.all(behaviours.map((one) => TestDnsServer.start(one)));
  const clock = new TestClock();
  const log = new RecordingLog();
  const resolver = new DnsResolver({
    settings: {
      servers: servers.map((server) => server.endpoint),
      timeoutMs: options.timeoutMs ?? 2_000,
      attempts: options.attempts ?? 1,
    },
    clock,
    random: systemRandom,
    log,
  });
  try {
    await body({ resolver, servers, clock, log });
  } finally {
    for (const server of servers) server.close();
  }
}

const a = (name: string, data: string, ttl = 300): Answer => ({ type: "A", name, ttl, data });
const cname = (name: string, data: string, ttl = 300): Answer => ({
  type: "CNAME",
  name,
  ttl,
  data,
});

test("resolver: MX records with their preferences, lower case, and the AD bit", async () => {
  const zone: DnsBehaviour = (question) => ({
    flags: AUTHENTIC_DATA,
    answers: [
      {
        type: "MX",
        name: question.name,
        ttl: 120,
        data: { preference: 10, exchange: "MX1.Example.test" },
      },
      {
        type: "MX",
        name: question.name,
        ttl: 90,
        data: { preference: 20, exchange: "mx2.example.test" },
      },
    ],
  });
  await withWorld([zone], async ({ resolver }) => {
    assert.deepEqual(await resolver.mx("Example.Test"), {
      status: "found",
      authentic: true,
      ttlSeconds: 90,
      records: [
        { preference: 10, exchange: "mx1.example.test" },
        { preference: 20, exchange: "mx2.example.test" },
      ],
    });
  });
});

test("resolver: the null MX is the empty exchange (RFC 7505)", async () => {
  const zone: DnsBehaviour = (question) => ({
    answers: [{ type: "MX", name: question.name, ttl: 60, data: { preference: 0, exchange: "." } }],
  });
  await withWorld([zone], async ({ resolver }) => {
    const answer = await resolver.mx("example.test");
    assert.equal(answer.status, "found");
    assert.deepEqual(answer.status === "found" && answer.records, [
      { preference: 0, exchange: "" },
    ]);
  });
});

test("resolver: nodata, nxdomain and failure are three different things", async () => {
  const zone: DnsBehaviour = ({ name }) => {
    if (name === "none.example.test") return { rcode: 3, authorities: [SOA] };
    if (name === "broken.example.test") return { rcode: 2 };
    return { authorities: [SOA] };
  };
  await withWorld([zone], async ({ resolver }) => {
    assert.deepEqual(await resolver.mx("empty.example.test"), {
      status: "nodata",
      authentic: false,
    });
    assert.deepEqual(await resolver.mx("none.example.test"), {
      status: "nxdomain",
      authentic: false,
    });
    const broken = await resolver.mx("broken.example.test");
    assert.equal(broken.status, "failed");
    assert.match(broken.status === "failed" ? broken.reason : "", /SERVFAIL/);
  });
});

test("resolver: A, AAAA, TXT and PTR", async () => {
  const zone: DnsBehaviour = (question: Question) => {
    const { name } = question;
    if (question.type === "A") return { answers: [a(name, "192.0.2.7")] };
    if (question.type === "AAAA") {
      return { answers: [{ type: "AAAA", name, ttl: 5, data: "2001:db8::7" }] };
    }
    if (question.type === "TXT") {
      return { answers: [{ type: "TXT", name, ttl: 5, data: ["v=spf1 ", "-all"] }] };
    }
    return { answers: [{ type: "PTR", name, ttl: 5, data: "host.example.test" }] };
  };
  await withWorld([zone], async ({ resolver, servers }) => {
    const records = async (answer: ReturnType<DnsResolver["a"]>): Promise<readonly string[]> => {
      const got = await answer;
      return got.status === "found" ? got.records : [got.status];
    };
    assert.deepEqual(await records(resolver.a("host.example.test")), ["192.0.2.7"]);
    assert.deepEqual(await records(resolver.aaaa("host.example.test")), ["2001:db8::7"]);
    assert.deepEqual(await records(resolver.txt("example.test")), ["v=spf1 -all"]);
    assert.deepEqual(await records(resolver.ptr("192.0.2.7")), ["host.example.test"]);
    assert.deepEqual(await records(resolver.ptr("2001:db8::7")), ["host.example.test"]);
    assert.ok(servers[0].asked.includes("udp PTR 7.2.0.192.in-addr.arpa"));
    assert.ok(
      servers[0].asked.includes(
        "udp PTR 7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
      ),
    );
    assert.deepEqual(await records(resolver.a("localhost")), ["127.0.0.1"]);
    assert.deepEqual(await records(resolver.ptr("not an address")), ["nxdomain"]);
  });
});

test("resolver: TLSA and CAA, and the AD bit with them", async () => {
  const zone: DnsBehaviour = ({ name, type }) => {
    if (type === "TLSA") {
      const certificate = Buffer.from("ab".repeat(32), "hex");
      const data = { usage: 3, selector: 1, matchingType: 1, certificate };
      return { flags: AUTHENTIC_DATA, answers: [{ type: "TLSA", name, ttl: 60, data }] };
    }
    const data = { flags: 128, tag: "issue", value: "ca.example.net" } as const;
    return { answers: [{ type: "CAA", name, ttl: 60, data }] };
  };
  await withWorld([zone], async ({ resolver, servers }) => {
    assert.deepEqual(await resolver.tlsa("_25._tcp.mx.example.test"), {
      status: "found",
      authentic: true,
      ttlSeconds: 60,
      records: [{ usage: 3, selector: 1, matchingType: 1, data: new Uint8Array(32).fill(0xab) }],
    });
    const caa = await resolver.caa("example.test");
    assert.deepEqual(caa.status === "found" && caa.records, [
      { isCritical: true, tag: "issue", value: "ca.example.net" },
    ]);
    assert.deepEqual(servers[0].asked, [
      "udp TLSA _25._tcp.mx.example.test",
      "udp CAA example.test",
    ]);
  });
});

test("resolver: an answer that does not fit a datagram is asked for again over TCP", async () => {
  const zone: DnsBehaviour = ({ name }) => ({
    answers: Array.from({ length: 150 }, (_, i) => a(name, `192.0.2.${i}`)),
  });
  await withWorld([zone], async ({ resolver, servers }) => {
    const answer = await resolver.a("many.example.test");
    assert.equal(answer.status === "found" && answer.records.length, 150);
    assert.deepEqual(servers[0].asked, ["udp A many.example.test", "tcp A many.example.test"]);
  });
});

test("resolver: a server that does not know EDNS is asked without it (RFC 6891 §7)", async () => {
  for (const rcode of [1, 4]) {
    const zone: DnsBehaviour = ({ name }, { hasEdns }) =>
      hasEdns ? { rcode } : { answers: [a(name, "192.0.2.1")] };
    await withWorld([zone], async ({ resolver, servers }) => {
      assert.equal((await resolver.a("old.test")).status, "found");
      assert.equal(servers[0].asked.length, 2);
    });
    const never: DnsBehaviour = () => ({ rcode });
    await withWorld([never], async ({ resolver, servers }) => {
      assert.equal((await resolver.a("old.test")).status, "failed");
      assert.equal(servers[0].asked.length, 2);
    });
  }
});

test("resolver: a datagram cut in the middle of a record also leads to TCP", async () => {
  const zone: DnsBehaviour = (question, { id, transport }) => {
    const whole = encode({
      type: "response",
      id,
      flags: transport === "udp" ? 0x0200 : 0,
      questions: [question],
      answers: [a(question.name, "192.0.2.1")],
    });
    return transport === "udp" ? whole.subarray(0, whole.length - 3) : whole;
  };
  await withWorld([zone], async ({ resolver }) => {
    assert.equal((await resolver.a("cut.example.test")).status, "found");
  });
});

test("resolver: CNAMEs are followed, within one answer and over several", async () => {
  const zone: DnsBehaviour = ({ name }) => {
    if (name === "one.test")
      return { answers: [cname("one.test", "two.test"), cname("two.test", "three.test", 7)] };
    return { answers: [a(name, "192.0.2.3")] };
  };
  await withWorld([zone], async ({ resolver }) => {
    assert.deepEqual(await resolver.a("one.test"), {
      status: "found",
      records: ["192.0.2.3"],
      authentic: false,
      ttlSeconds: 7,
      canonicalName: "three.test",
    });
  });
});

test("resolver: a CNAME to a name without the record is nodata, with the SOA's word for it", async () => {
  const zone: DnsBehaviour = ({ name }) => ({
    answers: [cname(name, "other.test")],
    authorities: [{ ...SOA, name: "test" }],
  });
  await withWorld([zone], async ({ resolver, servers }) => {
    assert.deepEqual(await resolver.mx("one.test"), { status: "nodata", authentic: false });
    assert.equal(servers[0].asked.length, 1);
  });
});

test("security row 51: a CNAME chain longer than 8, or a loop of them, is a failure", async () => {
  const chain: DnsBehaviour = ({ name }) => {
    const number = Number(name.split(".")[0].slice(1));
    return { answers: [cname(name, `c${number + 1}.test`)] };
  };
  await withWorld([chain], async ({ resolver, servers }) => {
    const answer = await resolver.a("c0.test");
    assert.match(answer.status === "failed" ? answer.reason : "", /CNAME/);
    assert.ok(servers[0].asked.length <= 9);
  });
  const loop: DnsBehaviour = () => ({
    answers: [cname("a.test", "b.test"), cname("b.test", "a.test")],
  });
  await withWorld([loop], async ({ resolver }) => {
    assert.equal((await resolver.a("a.test")).status, "failed");
  });
});

test("resolver: answers are cached for their TTL, nothing longer", async () => {
  let address = "192.0.2.1";
  const zone: DnsBehaviour = ({ name }) => ({ answers: [a(name, address, 60)] });
  await withWorld([zone], async ({ resolver, servers, clock }) => {
    await resolver.a("host.test");
    address = "192.0.2.2";
    await clock.advance(59_000);
    const cached = await resolver.a("HOST.test");
    assert.deepEqual(cached.status === "found" && [cached.records, cached.ttlSeconds], [
      ["192.0.2.1"],
      1,
    ]);
    await clock.advance(2_000);
    const fresh = await resolver.a("host.test");
    assert.deepEqual(fresh.status === "found" && fresh.records, ["192.0.2.2"]);
    assert.equal(servers[0].asked.length, 2);
  });
});

test("resolver: negative answers are cached by the SOA (RFC 2308), failures for seconds", async () => {
  const zone: DnsBehaviour = ({ name }) =>
    name === "bad.test" ? { rcode: 2 } : { rcode: 3, authorities: [SOA] };
  await withWorld([zone], async ({ resolver, servers, clock }) => {
    await resolver.mx("none.test");
    await clock.advance(59_000);
    await resolver.mx("none.test");
    assert.equal(servers[0].asked.length, 1);
    await clock.advance(2_000);
    await resolver.mx("none.test");
    assert.equal(servers[0].asked.length, 2);
    await resolver.mx("bad.test");
    await resolver.mx("bad.test");
    assert.equal(servers[0].asked.length, 3);
    await clock.advance(6_000);
    await resolver.mx("bad.test");
    assert.equal(servers[0].asked.length, 4);
  });
});

test("resolver: when nobody answers, an expired answer serves on (RFC 8767)", async () => {
  let isDown = false;
  const zone: DnsBehaviour = ({ name }) =>
    isDown ? { rcode: 2 } : { answers: [a(name, "192.0.2.1", 30)] };
  await withWorld([zone], async ({ resolver, clock }) => {
    await resolver.a("host.test");
    isDown = true;
    await clock.advance(3_600_000);
    assert.equal((await resolver.a("host.test")).status, "found");
    await clock.advance(36_000_000);
    assert.equal((await resolver.a("host.test")).status, "failed");
  });
});

test("resolver: the same question asked at once goes out once", async () => {
  const zone: DnsBehaviour = ({ name }) => ({ answers: [a(name, "192.0.2.1")] });
  await withWorld([zone], async ({ resolver, servers }) => {
    await Promise.all(Array.from({ length: 50 }, () => resolver.a("host.test")));
    assert.equal(servers[0].asked.length, 1);
  });
});

test("resolver: a silent server is passed over, and not asked first the next time", async () => {
  const silent: DnsBehaviour = () => "silence";
  const good: DnsBehaviour = ({ name }) => ({ answers: [a(name, "192.0.2.1")] });
  const run = async ({ resolver, servers }: World): Promise<void> => {
    assert.equal((await resolver.a("one.test")).status, "found");
    assert.equal((await resolver.a("two.test")).status, "found");
    assert.deepEqual(servers[0].asked, ["udp A one.test"]);
  };
  await withWorld([silent, good], run, { timeoutMs: 50 });
});

test("resolver: with every server silent the answer is failed, after the rounds agreed on", async () => {
  const silent: DnsBehaviour = () => "silence";
  const run = async ({ resolver, servers, log }: World): Promise<void> => {
    const answer = await resolver.a("one.test");
    assert.match(answer.status === "failed" ? answer.reason : "", /no answer in time/);
    assert.equal(servers[0].asked.length + servers[1].asked.length, 6);
    assert.ok(log.events.some((event) => event.event === "dns.server-failing"));
  };
  await withWorld([silent, silent], run, { timeoutMs: 20, attempts: 3 });
});

test("resolver: a port nobody listens on is failed, not a throw", async () => {
  const server = await TestDnsServer.start(() => "silence");
  server.close();
  const resolver = new DnsResolver({
    settings: { servers: [server.endpoint], timeoutMs: 200, attempts: 1 },
    clock: new TestClock(),
    random: systemRandom,
    log: new RecordingLog(),
  });
  assert.equal((await resolver.a("one.test")).status, "failed");
});

test("resolver: forged answers (wrong id, other name) are ignored while the true one is awaited", async () => {
  const zone: DnsBehaviour = (question, { id }) =>
    encode({
      type: "response",
      id: (id + 1) & 0xffff,
      questions: [question],
      answers: [a(question.name, "192.0.2.66")],
    });
  const run = async ({ resolver }: World): Promise<void> => {
    assert.equal((await resolver.a("one.test")).status, "failed");
  };
  await withWorld([zone], run, { timeoutMs: 50 });
  const other: DnsBehaviour = (_question, { id }) =>
    encode({
      type: "response",
      id,
      questions: [{ type: "A", name: "evil.test" }],
      answers: [a("one.test", "192.0.2.66")],
    });
  await withWorld([other], run, { timeoutMs: 50 });
});

test("resolver: names that can't be on the wire do not exist, and nobody is asked", async () => {
  await withWorld([() => ({ rcode: 3 })], async ({ resolver, servers }) => {
    for (const name of [
      "",
      "a..b",
      `${"x".repeat(64)}.test`,
      `${"x.".repeat(130)}test`,
      "ü.test",
      "a b.test",
      ".",
      "a\0.test",
    ]) {
      assert.equal((await resolver.mx(name)).status, "nxdomain", JSON.stringify(name));
    }
    assert.equal(servers[0].asked.length, 0);
  });
});

test("security row 52: exchanges that are no host names never reach routing", async () => {
  const zone: DnsBehaviour = ({ name }) => ({
    answers: ["ev il.test", "a\r\nb.test", "x<y>.test", "good.test"].map((exchange, index) => ({
      type: "MX",
      name,
      ttl: 5,
      data: { preference: index, exchange },
    })),
  });
  await withWorld([zone], async ({ resolver }) => {
    const answer = await resolver.mx("example.test");
    assert.deepEqual(answer.status === "found" && answer.records, [
      { preference: 3, exchange: "good.test" },
    ]);
  });
  const onlyBad: DnsBehaviour = ({ name }) => ({
    answers: [{ type: "MX", name, ttl: 5, data: { preference: 1, exchange: "ev il.test" } }],
  });
  await withWorld([onlyBad], async ({ resolver }) => {
    assert.equal((await resolver.mx("example.test")).status, "failed");
  });
});

test("security row 52: hostile answers (zero length, 64 KB, compression loops, noise) are failures, never a throw or a hang", async () => {
  const random = new SeededRandom(52);
  const header = (id: number, answers: number): number[] => [
    id >> 8,
    id & 255,
    0x81,
    0x80,
    0,
    1,
    answers >> 8,
    answers & 255,
    0,
    0,
    0,
    0,
  ];
  const question = [4, 111, 110, 101, 49, 4, 116, 101, 115, 116, 0, 0, 1, 0, 1];
  const hostile: ((id: number) => Uint8Array)[] = [
    () => new Uint8Array(0),
    () => new Uint8Array(1),
    () => new Uint8Array(11),
    (id) => Uint8Array.from(header(id, 0)),
    (id) => Uint8Array.from(header(id, 65_535)),
    (id) => Uint8Array.from([...header(id, 1), 0xc0, 12, 0, 1, 0, 1]),
    (id) =>
      Uint8Array.from([
        ...header(id, 1),
        ...question,
        0xc0,
        27,
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        9,
        0,
        4,
        1,
        2,
        3,
        4,
      ]),
    (id) =>
      Uint8Array.from([
        ...header(id, 1),
        ...question,
        0xc0,
        12,
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        9,
        0xff,
        0xff,
        1,
      ]),
    (id) =>
      Uint8Array.from([
        ...header(id, 1),
        ...question,
        0xc0,
        12,
        0,
        16,
        0,
        1,
        0,
        0,
        0,
        9,
        0,
        2,
        255,
        1,
      ]),
    (id) => Uint8Array.from([...header(id, 40_000), ...question, ...new Uint8Array(60_000)]),
    (id) => Uint8Array.from([...header(id, 1), ...random.bytes(400)]),
  ];
  let next = 0;
  const zone: DnsBehaviour = (_question, { id }) => {
    const octets = hostile[next](id);
    return octets;
  };
  const server = await TestDnsServer.start(zone);
  for (; next < hostile.length; next++) {
    const resolver = new DnsResolver({
      settings: { servers: [server.endpoint], timeoutMs: 60, attempts: 1 },
      clock: new TestClock(),
      random: systemRandom,
      log: new RecordingLog(),
    });
    assert.equal((await resolver.a("one1.test")).status, "failed", `case ${next}`);
  }
  server.close();
});

test("security row 52: a truncated answer whose TCP part is silent, empty, garbage or cut again is a failure", async () => {
  const truncated = (id: number, question: Question): Uint8Array =>
    encode({ type: "response", id, flags: 0x0200, questions: [question] });
  const byTcp: ((id: number, question: Question) => Uint8Array | "silence")[] = [
    () => "silence",
    () => new Uint8Array(0),
    () => new Uint8Array(65_535).fill(0xc0),
    truncated,
    (id, question) => truncated((id + 1) & 0xffff, question),
  ];
  for (const [index, answer] of byTcp.entries()) {
    const zone: DnsBehaviour = (question, { id, transport }) =>
      transport === "udp" ? truncated(id, question) : answer(id, question);
    const run = async ({ resolver, servers }: World): Promise<void> => {
      assert.equal((await resolver.a("host.test")).status, "failed", `case ${index}`);
      assert.deepEqual(servers[0].asked, ["udp A host.test", "tcp A host.test"]);
    };
    await withWorld([zone], run, { timeoutMs: 100 });
  }
});
