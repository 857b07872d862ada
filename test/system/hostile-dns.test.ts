/** Hostile name servers and the mail that waits for them: never a throw, never a hang, always "later". */

import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, type Question } from "dns-packet";
import { RecordingLog } from "../../src/base/testing/recording-log.ts";
import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import { DEFAULT_REMOTE } from "../../src/mta/config.ts";
import { findHosts } from "../../src/mta/routing/find-hosts.ts";
import { OwnHosts } from "../../src/mta/routing/own-hosts.ts";
import { DnsResolver } from "../../src/net/dns-resolver.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { TestDnsServer, type DnsBehaviour } from "../../src/net/testing/dns-server.ts";

const random = new SeededRandom(52);
const HEADER_OCTETS = 12;

/** The true header and question, so that what follows is looked at; then `tail`. */
function answerWith(id: number, question: Question, records: number, tail: Uint8Array): Uint8Array {
  const head = encode({ type: "response", id, questions: [question] });
  head.writeUInt16BE(records, 6);
  return Buffer.concat([head, tail]);
}

const LOOPS: readonly number[][] = [
  // A name that points at itself, at the one after, and at the header.
  [0xc0, 29, 0, 15, 0, 1, 0, 0, 0, 9, 0, 4, 0, 1, 0xc0, 29],
  [0xc0, 0, 0, 15, 0, 1, 0, 0, 0, 9, 0, 4, 0, 1, 0xc0, 43],
  [0xff, 0xff, 0, 15, 0, 1, 0, 0, 0, 9, 0, 4, 0, 1, 0xff, 0xff],
];

const HOSTILE: readonly (readonly [string, DnsBehaviour])[] = [
  ["zero octets", () => new Uint8Array(0)],
  [
    "a header alone",
    (_question, { id }) => Uint8Array.from([id >> 8, id & 255, 0x81, 0x80, 0, 0, 0, 0, 0, 0, 0, 0]),
  ],
  [
    "64 KB over TCP",
    (question, { id, transport }) => {
      if (transport === "udp")
        return encode({ type: "response", id, flags: 0x0200, questions: [question] });
      return answerWith(id, question, 65_535, new Uint8Array(65_000).fill(0xc0)).subarray(
        0,
        65_535,
      );
    },
  ],
  ...LOOPS.map((octets, index): [string, DnsBehaviour] => [
    `compression loop ${index}`,
    (question, { id }) => answerWith(id, question, 1, Uint8Array.from(octets)),
  ]),
  ...Array.from({ length: 12 }, (_, index): [string, DnsBehaviour] => {
    const tail = random.bytes(20 + index * 40);
    return [`noise ${index}`, (question, { id }) => answerWith(id, question, 1 + index, tail)];
  }),
  [
    "a true answer with its end broken",
    (question, { id }) => {
      const data = { preference: 1, exchange: "mx.us.test" };
      const answers = [{ type: "MX", name: question.name, ttl: 9, data } as const];
      const whole = encode({ type: "response", id, questions: [question], answers });
      return whole.subarray(0, Math.max(HEADER_OCTETS, whole.length - 5));
    },
  ],
];

test("security row 52: whatever a name server answers, mail for the domain waits, and the process lives", async () => {
  for (const [name, behaviour] of HOSTILE) {
    const server = await TestDnsServer.start(behaviour);
    try {
      const resolver = new DnsResolver({
        settings: { servers: [server.endpoint], timeoutMs: 50, attempts: 1 },
        clock: systemClock,
        random: systemRandom,
        log: new RecordingLog(),
      });
      const ownHosts = new OwnHosts(["mx.other.test"]);
      const deps = { resolver, clock: systemClock, random: systemRandom, ownHosts };
      const found = await findHosts("us.test", deps, DEFAULT_REMOTE);
      assert.ok(!found.ok, name);
      assert.deepEqual([found.temporary, found.status], [true, "4.4.3"], name);
    } finally {
      server.close();
    }
  }
});
