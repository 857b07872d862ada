import { test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { QueueJob } from "../../store/queue.ts";
import { DEFAULT_RETRY } from "../config.ts";
import { Destinations } from "./destinations.ts";
import { expiryMs, postponementMs, retryDelayMs } from "./retry-schedule.ts";

test("mta.md 29: waits grow from five minutes to a cap, each varied a little", () => {
  const random = new SeededRandom(3);
  const minutes = (attempts: number): number =>
    retryDelayMs(attempts, { ...DEFAULT_RETRY, jitter: 0 }, random) / 60_000;
  assert.deepEqual([1, 2, 3].map(minutes).map(Math.round), [5, 8, 13]);
  assert.equal(minutes(50), 4000 / 60);
  for (let n = 0; n < 1000; n++) {
    const delayMs = retryDelayMs(1, DEFAULT_RETRY, random);
    assert.ok(delayMs >= 255_000 && delayMs <= 345_000);
  }
});

test("reports expire by a setting of their own", () => {
  const config = { ...DEFAULT_RETRY, expireAfterMs: 10, expireReportsAfterMs: 5 };
  assert.equal(expiryMs({ arrivedAtMs: 100, reversePath: "a@b" }, config), 110);
  assert.equal(expiryMs({ arrivedAtMs: 100, reversePath: "" }, config), 105);
});

const job = (destination: string): QueueJob => ({ destination }) as QueueJob;

test("no more than so many deliveries to one destination; the next waits for its turn", () => {
  const destinations = new Destinations(new TestClock(), 2);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => destinations.admit(job("a"))),
    [true, true, false, false],
  );
  assert.ok(destinations.admit(job("b")));
  assert.deepEqual([...destinations.busy()], ["a"]);
  assert.deepEqual([destinations.running, destinations.waiting], [3, 2]);
  assert.equal(destinations.finished("a").length, 1);
  assert.equal(destinations.finished("a").length, 1);
  assert.equal(destinations.finished("a").length, 0);
  assert.deepEqual([destinations.running, destinations.waiting], [2, 0]);
});

test("a destination that cannot be reached rests, longer each time, and is then probed by one", async () => {
  const clock = new TestClock();
  const destinations = new Destinations(clock, 5);
  destinations.unreachable("a", "refused");
  assert.equal(destinations.pause("a")?.forMs, 60_000);
  await clock.advance(60_000);
  assert.equal(destinations.pause("a"), undefined);
  assert.ok(destinations.admit(job("a")));
  assert.ok(!destinations.admit(job("a")));
  assert.equal(destinations.unreachable("a", "refused").length, 1);
  assert.equal(destinations.pause("a")?.forMs, 120_000);
  destinations.reachable("a");
  assert.equal(destinations.pause("a"), undefined);
  assert.ok(destinations.admit(job("a")));
});

test("deliveries that began together and fail together make one pause; who waited goes back", () => {
  const destinations = new Destinations(new TestClock(), 2);
  for (let n = 0; n < 5; n++) destinations.admit(job("a"));
  assert.equal(destinations.unreachable("a", "refused").length, 3);
  assert.equal(destinations.unreachable("a", "refused").length, 0);
  assert.equal(destinations.pause("a")?.forMs, 60_000);
  assert.equal(destinations.waiting, 0);
});

test("postponed mail waits for the pause to end, and the longer the older it is", () => {
  const wait = (ageMs: number, pauseMs: number): number =>
    postponementMs({ arrivedAtMs: 1000 }, 1000 + ageMs, pauseMs, DEFAULT_RETRY);
  assert.equal(wait(0, 60_000), 60_000);
  assert.equal(wait(3600_000, 60_000), 900_000);
  assert.equal(wait(86_400_000, 60_000), DEFAULT_RETRY.maxMs);
});

test("what waits can be taken back when the runner stops", () => {
  const destinations = new Destinations(new TestClock(), 1);
  for (let n = 0; n < 4; n++) destinations.admit(job("a"));
  assert.equal(destinations.drainWaiting().length, 3);
  assert.equal(destinations.finished("a").length, 0);
});
