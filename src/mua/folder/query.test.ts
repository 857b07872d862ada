import { test } from "node:test";
import assert from "node:assert/strict";
import { parseQuery } from "./query.ts";

const NOW = Date.UTC(2026, 5, 15);

test("queries as people type them", () => {
  const rows: [string[], unknown][] = [
    [["hello"], { key: "text", text: "hello" }],
    [
      ["from:anna", "-is:read"],
      {
        key: "and",
        all: [
          { key: "from", text: "anna" },
          { key: "not", of: { key: "is", is: "seen" } },
        ],
      },
    ],
    [["since:2026-01-31"], { key: "since", atMs: Date.UTC(2026, 0, 31) }],
    [["newer:2w"], { key: "since", atMs: NOW - 14 * 86_400_000 }],
    [["larger:1M"], { key: "larger", octets: 1024 * 1024 }],
    [["subject:a:b"], { key: "subject", text: "a:b" }],
    [["http://x"], { key: "text", text: "http://x" }],
  ];
  for (const [words, key] of rows) {
    const parsed = parseQuery(words, NOW);
    assert.deepEqual(parsed.ok && parsed.value, key, words.join(" "));
  }
});

test("wrong queries say what is possible", () => {
  for (const [word, problem] of [
    ["is:x", /none of unread/],
    ["since:yesterday", /needs a day/],
    ["older:x", /needs an age/],
    ["larger:big", /needs a size/],
    ["colour:red", /none of from:/],
    ["", /^$/],
  ] as const) {
    const parsed = parseQuery(word === "" ? [] : [word], NOW);
    assert.match(parsed.ok ? "fine" : parsed.problem, word === "" ? /search for what/ : problem);
  }
});
