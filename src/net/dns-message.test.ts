import assert from "node:assert/strict";
import { test } from "node:test";
import { decode, encode } from "dns-packet";
import type { Answer, RecordType } from "dns-packet";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { decodeAnswer, encodeQuestion } from "./dns-message.ts";
import { addressText, exchangeOf, hostText, joinedText } from "./dns-records.ts";

const TYPES: RecordType[] = ["A", "AAAA", "MX", "TXT", "CNAME", "PTR", "SOA", "SRV", "TLSA", "CAA"];

const RECORDS: Answer[] = [
  { type: "A", name: "one.test", ttl: 1, data: "192.0.2.1" },
  { type: "AAAA", name: "one.test", ttl: 1, data: "2001:db8::1" },
  { type: "MX", name: "one.test", ttl: 1, data: { preference: 1, exchange: "mx.one.test" } },
  { type: "TXT", name: "one.test", ttl: 1, data: ["v=spf1", " -all"] },
  { type: "CNAME", name: "one.test", ttl: 1, data: "two.test" },
  { type: "PTR", name: "one.test", ttl: 1, data: "two.test" },
];

test("a question carries EDNS0, RD, AD and its id", () => {
  const packet = decode(Buffer.from(encodeQuestion(4711, "one.test", "MX")));
  assert.equal(packet.id, 4711);
  assert.equal(packet.flag_rd, true);
  assert.equal(packet.flag_ad, true);
  assert.deepEqual(packet.questions, [{ name: "one.test", type: "MX", class: "IN" }]);
  const opt = packet.additionals?.find((extra) => extra.type === "OPT");
  assert.equal(opt?.type === "OPT" && opt.udpPayloadSize, 1_232);
});

test("security row 52: 20,000 mutated answers: never a throw, and each record read is a string or nothing", () => {
  const random = new SeededRandom(20_000);
  const pick = (below: number): number => Math.floor(random.float() * below);
  for (let i = 0; i < 20_000; i++) {
    const type = TYPES[pick(TYPES.length)];
    const whole = encode({
      type: "response",
      id: 7,
      questions: [{ name: "one.test", type: "A" }],
      answers: RECORDS.slice(0, 1 + pick(RECORDS.length)),
    });
    const octets = new Uint8Array(whole);
    for (let change = pick(8); change > 0; change--) octets[pick(octets.length)] = pick(256);
    const cut = random.float() < 0.2 ? octets.subarray(0, pick(octets.length)) : octets;
    const answer = decodeAnswer(cut, 7, "one.test", type);
    if (!answer.ok) continue;
    for (const record of answer.value.answers) {
      for (const text of [addressText(record), hostText(record), joinedText(record)]) {
        assert.ok(text === undefined || typeof text === "string");
      }
      const exchange = exchangeOf(record);
      if (exchange) assert.match(exchange.exchange, /^[a-z0-9_.-]*$/);
    }
  }
});
