import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { ReadAhead } from "./read-ahead.ts";

function makeSource(sizes: readonly number[]): {
  loaded: number[];
  ahead: ReadAhead;
} {
  const loaded: number[] = [];
  const ahead = new ReadAhead({
    count: sizes.length,
    sizeOctets: (index) => sizes[index],
    load: (indexes) => {
      loaded.push(...indexes);
      return Promise.resolve(indexes.map((index) => Uint8Array.of(index)));
    },
  });
  return { loaded, ahead };
}

test("in order, each message is read once, and from the second on it was foreseen", async () => {
  const { loaded, ahead } = makeSource(Array<number>(100).fill(1000));
  let missed = 0;
  for (let index = 0; index < 100; index++) {
    const octets = await ahead.take(index);
    if (octets === undefined) missed++;
    else assert.deepEqual(octets, Uint8Array.of(index));
  }
  assert.equal(missed, 1);
  assert.deepEqual(
    loaded,
    Array.from({ length: 99 }, (_, index) => index + 1),
  );
});

test("out of order nothing is foreseen for long, long messages never", async () => {
  const { loaded, ahead } = makeSource(Array<number>(100).fill(1000));
  for (const index of [50, 10, 90, 30]) assert.equal(ahead.take(index), undefined);
  assert.ok(loaded.length < 5, `${loaded.length} read for nothing`);
  const long = makeSource([1000, 70_000, 1000]);
  for (let index = 0; index < 3; index++) void long.ahead.take(index);
  assert.deepEqual(long.loaded, [2]);
});

test("what is held is bounded, whatever the order, and always the right message", async () => {
  const random = new SeededRandom(5);
  const sizes = Array.from({ length: 500 }, () => Math.floor(random.float() * 80_000));
  const { ahead } = makeSource(sizes);
  let index = 0;
  for (let step = 0; step < 5_000; step++) {
    index = random.float() < 0.8 ? (index + 1) % 500 : Math.floor(random.float() * 500);
    const octets = await ahead.take(index);
    assert.ok(octets === undefined || octets[0] === (index & 255));
  }
});

test("security row 91: no more than half a megabyte is held, and what is left behind is let go", async () => {
  const { loaded, ahead } = makeSource(Array<number>(400).fill(60_000));
  for (let index = 0; index < 50; index++) {
    void ahead.take(index);
    assert.ok(Math.max(0, ...loaded) - index <= 8, "8 messages of 60,000 octets");
  }
  // Jumps leave the foreseen behind; were it kept, there would be no room for more.
  for (const from of [390, 350, 300, 250, 200, 150, 100]) {
    for (let index = from; index < from + 5; index++) void ahead.take(index);
  }
  void ahead.take(0);
  void ahead.take(1);
  for (let index = 2; index < 50; index++) assert.ok(ahead.take(index), `message ${index}`);
});

test("a failure that nobody asked for is nobody's", async () => {
  const ahead = new ReadAhead({
    count: 10,
    sizeOctets: () => 10,
    load: () => Promise.reject(new Error("gone")),
  });
  assert.equal(ahead.take(0), undefined);
  await assert.rejects(ahead.take(1) ?? Promise.resolve(), /gone/);
  await new Promise((resolve) => setImmediate(resolve));
});
