import { test } from "node:test";
import assert from "node:assert/strict";
import { casemap, compareCodePoints } from "./unicode-casemap.ts";

test("RFC 5051: texts that differ in case or composition alone are equal", () => {
  for (const [a, b] of [
    ["Hello", "hELLO"],
    ["Ärger", "a\u0308RGER"],
    ["ΣΊΣΥΦΟΣ", "σίσυφος"],
    ["Ǆ", "ǆ"],
    ["ǅ", "ǆ"],
    ["Ⅷ", "ⅷ"],
    ["ᾀ", "ᾈ"],
    ["ᾳ", "ᾼ"],
    ["Ｆull", "full"],
    ["ЖУК", "жук"],
    ["\u{10428}", "\u{10400}"],
  ]) {
    assert.equal(casemap(a), casemap(b), `${a} ${b}`);
  }
});

test("RFC 5051: simple mappings only; what differs otherwise stays different", () => {
  assert.notEqual(casemap("straße"), casemap("strasse"));
  assert.notEqual(casemap("ა"), casemap("Ა"));
  assert.notEqual(casemap("a"), casemap("ä"));
});

test("order is that of code points, also above U+FFFF", () => {
  const texts = ["a", "\u{10000}", "\ue000", "\ud7ff", "ab", "", "\uffff", "\u{1f600}"];
  const byPoints = [...texts].sort(compareCodePoints);
  const octets = (text: string): string => new TextEncoder().encode(text).join(",");
  const byOctets = [...texts].sort((a, b) => {
    const [left, right] = [octets(a), octets(b)].map((list) => list.split(",").map(Number));
    for (let at = 0; at < Math.min(left.length, right.length); at++) {
      if (left[at] !== right[at]) return left[at] - right[at];
    }
    return left.length - right.length;
  });
  assert.deepEqual(byPoints, byOctets);
  assert.equal(compareCodePoints("x", "x"), 0);
});
