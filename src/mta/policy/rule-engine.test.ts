import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeLatin1 } from "../../base/bytes.ts";
import type { Scene } from "./policy.ts";
import type { RuleConditions } from "./rule.ts";
import { RuleEngine } from "./rule-engine.ts";

const SCENE: Scene = {
  service: "smtp",
  clientAddress: "192.0.2.1",
  clientName: "mx.far.test",
  helo: "far.test",
  isTls: true,
  account: undefined,
  sender: "bob@far.test",
  recipient: "anna@us.test",
  sizeOctets: 1000,
};

function fits(when: RuleConditions, scene: Partial<Scene> = {}): boolean {
  const engine = new RuleEngine([{ name: "r", stage: "data", when, action: { type: "discard" } }]);
  return engine.decide("data", { ...SCENE, ...scene }) !== undefined;
}

test("each condition, when it holds and when it does not", () => {
  const cases: [RuleConditions, Partial<Scene>][] = [
    [{ services: ["smtp", "lmtp"] }, { service: "submission" }],
    [{ networks: ["192.0.2.0/24", "2001:db8::/32"] }, { clientAddress: "198.51.100.1" }],
    [{ clientNames: ["*.far.test"] }, { clientName: undefined }],
    [{ helos: ["far.*"] }, { helo: undefined }],
    [{ senders: ["far.test"] }, { sender: "" }],
    [{ recipients: ["anna@us.test"] }, { recipient: undefined }],
    [{ isAuthenticated: false }, { account: "anna@us.test" }],
    [{ isTls: true }, { isTls: false }],
    [{ largerThanOctets: 999 }, { sizeOctets: 999 }],
    [{ largerThanOctets: 999 }, { sizeOctets: undefined }],
  ];
  for (const [when, otherwise] of cases) {
    assert.equal(fits(when), true, JSON.stringify(when));
    assert.equal(fits(when, otherwise), false, JSON.stringify([when, otherwise]));
  }
  assert.equal(fits({ accounts: ["us.test"] }, { account: "anna@us.test" }), true);
  assert.equal(fits({ accounts: ["us.test"] }), false);
  assert.equal(fits({ clientNames: ["unknown"] }, { clientName: undefined }), true);
  assert.equal(fits({ networks: ["192.0.2.0/24"] }, { clientAddress: "::ffff:192.0.2.9" }), true);
});

test("all conditions must hold; without any a rule fits always", () => {
  assert.equal(fits({ isTls: true, senders: ["far.test"] }), true);
  assert.equal(fits({ isTls: true, senders: ["near.test"] }), false);
  assert.equal(fits({}), true);
});

test("the first rule that fits decides, each stage by itself", () => {
  const engine = new RuleEngine([
    { name: "a", stage: "sender", when: { isTls: false }, action: { type: "discard" } },
    { name: "b", stage: "recipient", when: {}, action: { type: "discard" } },
    { name: "c", stage: "sender", when: {}, action: { type: "allow" } },
    { name: "d", stage: "sender", when: {}, action: { type: "discard" } },
  ]);
  assert.deepEqual(engine.decide("sender", SCENE), { rule: "c", action: { type: "allow" } });
  assert.equal(engine.decide("recipient", SCENE)?.rule, "b");
  assert.equal(engine.decide("helo", SCENE), undefined);
  assert.deepEqual([engine.has("sender"), engine.has("helo")], [true, false]);
  engine.replace([]);
  assert.equal(engine.decide("sender", SCENE), undefined);
});

test("header fields: folded, encoded, several, hostile names, and no more than is asked for", () => {
  const headers = [
    { key: "subject", pattern: "*lottery*" },
    { key: "__proto__", pattern: "x" },
  ];
  const engine = new RuleEngine([
    { name: "r", stage: "data", when: { headers }, action: { type: "discard" } },
  ]);
  const fitsHeader = (text: string): boolean => {
    const header = engine.readHeader(encodeLatin1(text));
    assert.ok([...header.keys()].every((key) => headers.some((asked) => asked.key === key)));
    return engine.decide("data", { ...SCENE, header }) !== undefined;
  };
  assert.equal(fitsHeader("Subject: the lottery\r\n\r\n"), true);
  assert.equal(fitsHeader("Subject: the\r\n lottery\r\n of today\r\n\r\n"), true);
  assert.equal(fitsHeader("SUBJECT: =?utf-8?B?TG90dGVyeQ==?=\r\n\r\n"), true);
  assert.equal(fitsHeader("Subject: no\r\nSubject: lottery\r\n\r\n"), true);
  assert.equal(fitsHeader("Comments: lottery\r\n\r\nSubject: lottery\r\n"), false);
  assert.equal(fitsHeader("__proto__: x\r\n\r\n"), true);
  assert.equal(fitsHeader("constructor: x\r\n\r\n"), false);
  assert.equal(fitsHeader(""), false);
  const flood = "Subject: nothing\r\n".repeat(10_000);
  assert.ok((engine.readHeader(encodeLatin1(flood)).get("subject")?.length ?? 0) <= 200);
  const long = engine.readHeader(encodeLatin1(`Subject: ${"x".repeat(500_000)}\r\n\r\n`));
  assert.ok((long.get("subject")?.[0].length ?? 0) <= 10_000);
});
