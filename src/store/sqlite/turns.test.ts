import assert from "node:assert/strict";
import { test } from "node:test";

import { Turns } from "./turns.ts";

test("never more at once than there are turns, and everybody gets one in order", async () => {
  const turns = new Turns(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, index) =>
      turns.run(async () => {
        most = Math.max(most, ++running);
        order.push(index);
        await Promise.resolve();
        running--;
        if (index % 3 === 0) throw new Error("one that fails gives its turn back");
        return index;
      }),
    ),
  );
  assert.equal(most, 2);
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, index) => index),
  );
  assert.equal(results.filter(({ status }) => status === "rejected").length, 7);
});
