import { test } from "node:test";
import assert from "node:assert/strict";
import { rangeWithin } from "./partial-range.ts";

const within = (first: number, last: number, length: number): number[] => {
  const isFromEnd = first < 0;
  const range = { isFromEnd, first: Math.abs(first), last: Math.abs(last) };
  const { from, to } = rangeWithin(range, length);
  return Array.from({ length }, (_, index) => index + 1).slice(from, to);
};

test("RFC 9394 §3.1: ranges from either end, in either order, beyond the end", () => {
  assert.deepEqual(within(1, 3, 10), [1, 2, 3]);
  assert.deepEqual(within(3, 1, 10), [1, 2, 3]);
  assert.deepEqual(within(9, 20, 10), [9, 10]);
  assert.deepEqual(within(11, 20, 10), []);
  assert.deepEqual(within(-1, -3, 10), [8, 9, 10]);
  assert.deepEqual(within(-3, -1, 10), [8, 9, 10]);
  assert.deepEqual(within(-9, -20, 10), [1, 2]);
  assert.deepEqual(within(-11, -20, 10), []);
  assert.deepEqual(within(1, 4294967295, 0), []);
  assert.deepEqual(within(-1, -1, 0), []);
});
