import { test } from "node:test";
import assert from "node:assert/strict";
import { compileListPattern } from "./list-pattern.ts";

test("RFC 9051 §6.3.9: wildcards", () => {
  const rows: [string, string, boolean][] = [
    ["*", "a/b/c", true],
    ["%", "a", true],
    ["%", "a/b", false],
    ["a/%", "a/b", true],
    ["a/%", "a", false],
    ["a/%", "a/b/c", false],
    ["a*", "a", true],
    ["*c", "a/b/c", true],
    ["%/%", "a/b", true],
    ["%b%", "abc", true],
    ["a%c*", "abc/d", true],
    ["*%", "a/b", true],
    ["inbox", "INBOX", true],
    ["InBox/%", "INBOX/x", true],
    ["iNb%", "INBOX", false],
    ["", "a", false],
    ["a", "A", false],
    ["%😀", "x😀", true],
    ["a*b*c", "aXbYc", true],
    ["a*b*c", "aXcYb", false],
  ];
  for (const [pattern, name, expected] of rows) {
    assert.equal(compileListPattern(pattern)(name), expected, `${pattern} ~ ${name}`);
  }
});

test("security row 85: a pattern of many wildcards costs no more than its length", () => {
  const pattern = `${"*a%".repeat(300)}b`;
  const name = "a".repeat(900);
  const began = performance.now();
  assert.equal(compileListPattern(pattern)(name), false);
  // With backtracking it would not end at all.
  assert.ok(performance.now() - began < 20_000);
});
