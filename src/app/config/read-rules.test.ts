import assert from "node:assert/strict";
import { test } from "node:test";
import { describeProblems, readConfig } from "./read-config.ts";
import { readRules } from "./read-rules.ts";
import type { RuleReading } from "./read-rules.ts";

function rulesOf(source: string): RuleReading["rules"] {
  const outcome = readConfig(source);
  assert.ok(outcome.ok, outcome.ok ? "" : describeProblems("x", outcome.problems));
  return readRules(outcome.settings.rules).rules;
}

test("rules: what is written arrives as data", () => {
  const [first, second] = rulesOf(`
[[rules]]
stage = "recipient"
client = "192.0.2.7"
sender = ["<>", ".far.test"]
tls = false
largerThan = "1MB"
action = "refuse"
[[rules]]
name = "bulk"
stage = "data"
header = "Precedence: bulk"
action = "tag"
field = "X-Filter: bulk"
`);
  assert.equal(first.name, "rule 1");
  assert.deepEqual(JSON.parse(JSON.stringify(first.when)), {
    networks: ["192.0.2.7/32"],
    senders: ["<>", ".far.test"],
    isTls: false,
    largerThanOctets: 1_048_576,
  });
  assert.deepEqual(first.action, {
    type: "refuse",
    reply: { code: 550, enhanced: "5.7.1", lines: ["Not accepted by the rules of this server"] },
  });
  assert.deepEqual(second.when.headers, [{ key: "precedence", pattern: "bulk" }]);
  assert.deepEqual(second.action, { type: "tag", field: "X-Filter: bulk" });
});

test("rules: codes where none are given", () => {
  const codes = rulesOf(
    ["connect", "helo"]
      .flatMap((stage) =>
        ["refuse", "defer"].map((a) => `[[rules]]\nstage = "${stage}"\naction = "${a}"\n`),
      )
      .join(""),
  ).map(({ action }) => ("reply" in action ? action.reply.code : 0));
  assert.deepEqual(codes, [554, 421, 550, 450]);
});

const WRONG: [members: string, complaint: string][] = [
  [
    'stage = "helo"\naction = "hold"',
    '3:1: rules.action "hold" needs a message: stage "sender", "recipient" or "data"',
  ],
  [
    'stage = "connect"\naction = "allow"\nsender = "a.test"',
    '4:1: rules.sender is not known yet at stage "connect", only from "sender" on',
  ],
  [
    'stage = "data"\naction = "allow"\nrecipient = "a.test"',
    '4:1: rules.recipient is a question for stage "recipient"',
  ],
  [
    'stage = "data"\naction = "allow"\nheader = "no colon"',
    '4:1: rules.header must be a field name, ":" and a pattern, such as "Subject: *lottery*"',
  ],
  [
    'stage = "connect"\naction = "refuse"\ncode = 550',
    '4:1: rules.code must be one of 521, 554 for "refuse" at stage "connect"',
  ],
  [
    'stage = "data"\naction = "defer"\nstatus = "5.7.1"',
    '4:1: rules.status must be 4.x.y for "defer", such as "4.7.1"',
  ],
  [
    'stage = "data"\naction = "discard"\ncode = 550',
    '4:1: rules.code is for "refuse" and "defer" only',
  ],
  [
    'stage = "data"\naction = "refuse"\ntext = "a\\r\\n250 b"',
    "4:1: rules.text must be one line of up to 400 ASCII characters",
  ],
  [
    'stage = "data"\naction = "tag"\nfield = "X: a\\r\\nBcc: b"',
    '4:1: rules.field must be a header field in ASCII for "tag", such as "X-Filter: newsletter"',
  ],
  [
    'stage = "data"\naction = "tag"',
    '1:1: rules.field must be a header field in ASCII for "tag", such as "X-Filter: newsletter"',
  ],
  [
    'stage = "dat"\naction = "allow"',
    '2:1: rules.stage must be one of "connect", "helo", "sender", "recipient", "data", not "dat". Did you mean "data"?',
  ],
];

for (const [members, complaint] of WRONG) {
  test(`rules: ${JSON.stringify(members)} is refused with place and advice`, () => {
    const outcome = readConfig(`[[rules]]\n${members}\n`);
    assert.ok(!outcome.ok);
    assert.equal(describeProblems("x", outcome.problems).replace(/^x:/, ""), complaint);
  });
}
