import assert from "node:assert/strict";
import { test } from "node:test";

import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { MessageId } from "../../store/octets.ts";
import { MessageSet } from "./message-set.ts";
import { Slicer } from "./slicer.ts";

test("a set of stored messages holds what was put in, in whatever order, and nothing else", async () => {
  const random = new SeededRandom(5);
  const slicer = new Slicer(new TestClock());
  for (const size of [0, 1, 2, 1000, 40_000]) {
    const ids = Float64Array.from({ length: size }, (_, n) => 2 * n + 10);
    // As after copies: a few far from where they came.
    for (let n = 0; n < size / 100; n++) {
      const [a, b] = [Math.floor(random.float() * size), Math.floor(random.float() * size)];
      [ids[a], ids[b]] = [ids[b], ids[a]];
    }
    const set = await MessageSet.of(ids.slice(), slicer);
    for (let id = 8; id < 2 * size + 12; id++) {
      const isThere = id >= 10 && id < 2 * size + 10 && id % 2 === 0;
      assert.equal(set.has(id as MessageId), isThere, `${id} of ${size}`);
    }
  }
});
