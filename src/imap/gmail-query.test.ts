import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseGmailQuery } from "./gmail-query.ts";
import type { SearchKey } from "./search-key.ts";

const text = (word: string): SearchKey => ({ key: "text", text: word });
const from = (word: string): SearchKey => ({ key: "envelope", field: "from", text: word });

test("X-GM-RAW: words, phrases, operators, negation, OR, groups", () => {
  const rows: [string, SearchKey][] = [
    ["", { key: "all" }],
    ["hello", text("hello")],
    ['"two words" more', { key: "and", keys: [text("two words"), text("more")] }],
    ["from:ann", from("ann")],
    ['from:"Ann B"', from("Ann B")],
    ["-from:ann", { key: "not", of: from("ann") }],
    [
      "a OR b c",
      { key: "and", keys: [{ key: "or", left: text("a"), right: text("b") }, text("c")] },
    ],
    ["from:(ann bob)", { key: "and", keys: [from("ann"), from("bob")] }],
    ["{a b}", { key: "or", left: text("a"), right: text("b") }],
    ["has:attachment", { key: "attachment" }],
    ["is:unread", { key: "not", of: { key: "flag", flag: "\\Seen" } }],
    ["is:starred", { key: "flag", flag: "\\Flagged" }],
    ["in:inbox", { key: "gm-label", label: "\\Inbox" }],
    ["in:drafts", { key: "gm-label", label: "\\Draft" }],
    ["label:Work", { key: "gm-label", label: "Work" }],
    ["after:2026/2/1", { key: "date", of: "internal", compare: "since", day: 20485 }],
    ["older_than:2d", { key: "older", seconds: 172_800 }],
    ["larger:10M", { key: "larger", octets: 10_485_760 }],
    ["is:nonsense", { key: "not", of: { key: "all" } }],
    ["http://x", text("http://x")],
    ["a - b", { key: "and", keys: [text("a"), text("-"), text("b")] }],
  ];
  for (const [query, key] of rows) {
    assert.deepEqual(parseGmailQuery(query), key, query);
  }
});

test("X-GM-RAW: whatever is typed, a search comes of it", () => {
  const word = fc.constantFrom(
    ...'a OR - ( ) { } " from: is: in:x has: : older_than:1d'.split(" "),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 60 }), fc.constantFrom("", " "), (words, glue) => {
      assert.ok(parseGmailQuery(words.join(glue)).key);
    }),
    { numRuns: 500 },
  );
  assert.ok(parseGmailQuery("(".repeat(1_000)).key);
  assert.ok(parseGmailQuery("-".repeat(1_000)).key);
});
