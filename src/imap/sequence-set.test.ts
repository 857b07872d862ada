import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSet, MAX_RANGES, parseSequenceSet, resolveRanges } from "./sequence-set.ts";

const INFINITE = Number.POSITIVE_INFINITY;

test("RFC 9051 §9 sequence-set: what is one", () => {
  const rows: [string, unknown][] = [
    ["1", [{ from: 1, to: 1 }]],
    ["2:4", [{ from: 2, to: 4 }]],
    ["4:2", [{ from: 2, to: 4 }]],
    ["*", [{ from: INFINITE, to: INFINITE }]],
    ["*:5", [{ from: 5, to: INFINITE }]],
    [
      "1,3:*,4294967295",
      [
        { from: 1, to: 1 },
        { from: 3, to: INFINITE },
        { from: 4294967295, to: 4294967295 },
      ],
    ],
    ["$", "saved"],
  ];
  for (const [text, value] of rows) assert.deepEqual(parseSequenceSet(text), { ok: true, value });
});

test("RFC 9051 §9 sequence-set: what is none", () => {
  for (const text of [
    "",
    "0",
    "0:1",
    "1:",
    ":1",
    "1,",
    ",1",
    "1:2:3",
    "a",
    "-1",
    "01",
    "4294967296",
    "$,1",
    "1 ",
    "**",
  ]) {
    assert.equal(parseSequenceSet(text).ok, false, text);
  }
});

test("security row 85: the cost of a set is its ranges, and those are capped", () => {
  const bomb = Array.from({ length: MAX_RANGES }, () => "1:4294967295").join(",");
  const parsed = parseSequenceSet(bomb);
  assert.ok(parsed.ok && parsed.value !== "saved");
  assert.deepEqual(resolveRanges(parsed.value, 10), [{ from: 1, to: 4294967295 }]);
  assert.equal(parseSequenceSet(`${bomb},1`).ok, false);
});

test("pitfall 17: a range whose begin is beyond the last message includes the last", () => {
  assert.deepEqual(resolveRanges([{ from: 9, to: INFINITE }], 5), [{ from: 5, to: 9 }]);
});

test("pitfall 11: resolved ranges ascend and are unique", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 })), {
        minLength: 1,
      }),
      (pairs) => {
        const parsed = parseSequenceSet(pairs.map(([a, b]) => `${a}:${b}`).join(","));
        assert.ok(parsed.ok && parsed.value !== "saved");
        const numbers: number[] = [];
        for (const { from, to } of resolveRanges(parsed.value, 60)) {
          for (let number = from; number <= to; number++) numbers.push(number);
        }
        const wanted = new Set<number>();
        for (const [a, b] of pairs) {
          for (let number = Math.min(a, b); number <= Math.max(a, b); number++) wanted.add(number);
        }
        assert.deepEqual(
          numbers,
          [...wanted].sort((a, b) => a - b),
        );
      },
    ),
  );
});

test("formatted sets read back", () => {
  assert.equal(formatSet([1, 2, 3, 7, 9, 10]), "1:3,7,9:10");
  assert.equal(formatSet([]), "");
});
