import { test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { sortMessages, type SortKey } from "./sort-order.ts";
import type { Summary } from "./summary.ts";
import { threadOrder, type ThreadMember } from "./thread-order.ts";

function item(
  number: number,
  change: {
    subject?: string;
    from?: string;
    atMs?: number;
    sizeOctets?: number;
    flags?: string[];
    id?: string;
    inReplyTo?: string;
    references?: string[];
  },
): { number: number; summary: Summary } {
  const address = { displayName: change.from ?? "", localPart: "x", domain: "y.example" };
  return {
    number,
    summary: {
      uid: number,
      flags: new Set(change.flags),
      sizeOctets: change.sizeOctets ?? 0,
      arrivedAtMs: number,
      writtenAtMs: change.atMs ?? number,
      references: change.references ?? [],
      envelope: {
        date: "",
        subject: change.subject ?? "",
        from: [address],
        sender: [],
        replyTo: [],
        to: [],
        cc: [],
        bcc: [],
        inReplyTo: change.inReplyTo ?? "",
        messageId: change.id ?? `<${number}@x>`,
      },
    },
  };
}

test("each order, stable and reversible", () => {
  const items = [
    item(1, { subject: "Re: b", from: "Zoe", atMs: 30, sizeOctets: 5, flags: ["\\Seen"] }),
    item(2, { subject: "=?utf-8?q?A?=", from: "=?utf-8?q?anna?=", atMs: 10, sizeOctets: 7 }),
    item(3, {
      subject: "B",
      from: "Max",
      atMs: 20,
      sizeOctets: 5,
      flags: ["\\Seen", "\\Answered"],
    }),
  ];
  const rows: [SortKey, number[]][] = [
    ["arrival", [1, 2, 3]],
    ["date", [2, 3, 1]],
    ["from", [2, 3, 1]],
    ["subject", [2, 1, 3]],
    ["size", [1, 3, 2]],
    ["status", [2, 1, 3]],
  ];
  for (const [key, numbers] of rows) {
    assert.deepEqual(
      sortMessages(items, key).map((row) => row.number),
      numbers,
      key,
    );
    assert.deepEqual(
      sortMessages(items, key, { reverse: true }).map((row) => row.number),
      numbers.toReversed(),
    );
  }
});

test("conversations: answers under their question, lost ancestors bridged, order of time", () => {
  const items = [
    item(1, { id: "<a>", atMs: 50 }),
    item(2, { id: "<c>", references: ["<a>", "<lost>"], atMs: 70 }),
    item(3, { id: "<x>", atMs: 10 }),
    item(4, { id: "<b>", inReplyTo: "your mail of today <a>", atMs: 60 }),
    item(5, { id: "<d>", references: ["<a>", "<b>"], atMs: 65 }),
    item(6, { id: "", atMs: 55 }),
  ];
  assert.deepEqual(sortMessages(items, "thread"), [
    { number: 3, depth: 0 },
    { number: 1, depth: 0 },
    { number: 4, depth: 1 },
    { number: 5, depth: 2 },
    { number: 2, depth: 1 },
    { number: 6, depth: 0 },
  ]);
});

test("loops and doubles in references lose nobody and hang nothing", () => {
  const random = new SeededRandom(3);
  const pick = (): string => `<${Math.floor(random.float() * 30)}>`;
  for (let round = 0; round < 500; round++) {
    const members: ThreadMember[] = Array.from({ length: 40 }, (_, key) => ({
      key,
      messageId: pick(),
      ancestors: [pick(), pick(), pick()],
      atMs: random.float(),
    }));
    const keys = threadOrder(members)
      .map((row) => row.key)
      .sort((a, b) => a - b);
    assert.deepEqual(
      keys,
      members.map((member) => member.key),
    );
  }
});

test("a conversation of 20,000 answers is ordered in time", () => {
  const members = Array.from({ length: 20_000 }, (_, key): ThreadMember => ({
    key,
    messageId: `<${key}>`,
    ancestors: key === 0 ? [] : [`<${key - 1}>`],
    atMs: key,
  }));
  assert.equal(threadOrder(members).length, 20_000);
});
