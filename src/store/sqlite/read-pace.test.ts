import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { ReadPace } from "./read-pace.ts";

/** A clock that reads can take time of. */
function makeClock(): { readonly clock: Clock; readonly pass: (ms: number) => void } {
  let nowMs = 0;
  const clock = Object.assign(new TestClock(), { monotonicMs: () => nowMs });
  return { clock, pass: (ms) => void (nowMs += ms) };
}

test("reads are done at once while they are quick, and for long not after one that was slow", async () => {
  const { clock, pass } = makeClock();
  const pace = new ReadPace(clock);
  const isDone = (): boolean => pace.attempt(4096, () => true) === true;
  for (let n = 0; n < 100; n++) assert.ok(isDone());
  pace.attempt(4096, () => pass(20));
  await nextTurn();
  for (let n = 0; n < 32; n++) assert.ok(!isDone());
  assert.ok(isDone());
  assert.ok(isDone());
});

test("whoever reads on and on lets others have their turn", async () => {
  const pace = new ReadPace(new TestClock());
  for (let turn = 0; turn < 3; turn++) {
    let reads = 0;
    while (pace.attempt(4096, () => true) === true) reads++;
    assert.equal(reads, 256);
    await nextTurn();
    await nextTurn();
  }
  const { clock, pass } = makeClock();
  const timed = new ReadPace(clock);
  let reads = 0;
  while (timed.attempt(4096, () => true) === true) {
    pass(1);
    reads++;
  }
  assert.equal(reads, 11);
});

test("a slow disk holds the loop for few reads, also when they fail", async () => {
  const { clock, pass } = makeClock();
  const pace = new ReadPace(clock);
  let held = 0;
  for (let n = 0; n < 330; n++) {
    await nextTurn();
    try {
      pace.attempt(4096, () => {
        held++;
        pass(10);
        throw new Error("no such disk");
      });
    } catch {
      // Whoever reads hears of it.
    }
  }
  assert.equal(held, 10);
});

test("long reads are never done at once", () => {
  const pace = new ReadPace(new TestClock());
  assert.equal(
    pace.attempt(1_048_577, () => assert.fail("read")),
    undefined,
  );
});
