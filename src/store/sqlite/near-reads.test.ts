import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearReads } from "./near-reads.ts";

const reads = fc.array(
  fc.record({
    file: fc.constantFrom("a", "b"),
    start: fc.integer({ min: 0, max: 9_000_000 }),
    size: fc.integer({ min: 0, max: 900_000 }),
  }),
  { maxLength: 40 },
);

test("every read is in one joined read that covers it, and little is read that nobody asked for", () => {
  fc.assert(
    fc.property(reads, (wanted) => {
      const placed = wanted.map(({ file, start, size }, index) => ({
        index,
        file,
        start,
        end: start + size,
      }));
      const joined = nearReads(placed);
      const seen = joined.flatMap(({ parts }) => parts.map(({ index }) => index));
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        placed.map(({ index }) => index),
      );
      for (const { file, start, end, parts } of joined) {
        for (const part of parts) {
          assert.equal(part.file, file);
          assert.ok(part.start >= start && part.end <= end);
        }
        const asked = parts.reduce((sum, part) => sum + part.end - part.start, 0);
        assert.ok(end - start <= asked + 262_144);
      }
    }),
  );
});

test("neighbours are one read, what lies far away is another", () => {
  const at = (index: number, start: number, file = "a") => ({
    index,
    file,
    start,
    end: start + 10,
  });
  const joined = nearReads([at(0, 30), at(1, 0), at(2, 10), at(3, 1_000_000), at(4, 20, "b")]);
  assert.deepEqual(
    joined.map(({ file, start, end }) => [file, start, end]),
    [
      ["a", 0, 40],
      ["a", 1_000_000, 1_000_010],
      ["b", 20, 30],
    ],
  );
});
