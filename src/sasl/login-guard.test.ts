import assert from "node:assert/strict";
import { test } from "node:test";
import { TestClock } from "../base/testing/test-clock.ts";
import { makeLoginGuard, type LoginGuard } from "./login-guard.ts";
import { peerNetwork } from "./peer-network.ts";

/** Tries until refused, at most `limit` times; how many were let through. */
function guess(
  guard: LoginGuard,
  peer: (n: number) => string,
  name: (n: number) => string,
): number {
  for (let tries = 0; tries < 5_000; tries++) {
    if (!guard.check(peer(tries), name(tries)).allowed) return tries;
    guard.failed(peer(tries), name(tries));
  }
  return 5_000;
}

test("security row 37: one account is guessed at 10 times, from however many networks", () => {
  const guard = makeLoginGuard(new TestClock());
  assert.equal(
    guess(
      guard,
      (n) => `198.51.${n >> 8}.${n & 255}`,
      () => "ada@example.org",
    ),
    10,
  );
});

test("security row 37: one network guesses 30 times, at however many accounts", () => {
  const guard = makeLoginGuard(new TestClock());
  assert.equal(
    guess(
      guard,
      () => "192.0.2.1",
      (n) => `user${n}@example.org`,
    ),
    30,
  );
  assert.ok(guard.check("192.0.2.2", "ada@example.org").allowed, "another network goes on");
});

test("security row 37: a whole /64 is one guesser", () => {
  const guard = makeLoginGuard(new TestClock());
  const peer = (n: number): string => `2001:db8:0:1::${n.toString(16)}`;
  assert.equal(
    guess(guard, peer, (n) => `user${n}`),
    30,
  );
  assert.ok(guard.check("2001:db8:0:2::1", "ada").allowed);
});

test("security row 37: everybody together has a bound", () => {
  const guard = makeLoginGuard(new TestClock());
  const peer = (n: number): string => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;
  assert.equal(
    guess(guard, peer, (n) => `user${n}`),
    2_000,
  );
});

test("security row 37: success never unlocks others", () => {
  const guard = makeLoginGuard(new TestClock());
  let failures = 0;
  for (let round = 0; round < 100; round++) {
    if (guard.check("192.0.2.1", "mallory").allowed) guard.succeeded("192.0.2.1", "mallory");
    if (!guard.check("192.0.2.1", "victim").allowed) continue;
    guard.failed("192.0.2.1", "victim");
    failures++;
  }
  assert.equal(failures, 10);
  const elsewhere = guess(
    guard,
    () => "192.0.2.1",
    (n) => `user${n}`,
  );
  assert.equal(elsewhere, 20, "the network's own allowance was not refilled either");
});

test("security row 37: strangers cannot lock an owner out of a network they are known from", () => {
  const clock = new TestClock();
  const guard = makeLoginGuard(clock);
  assert.ok(guard.check("203.0.113.5", "ada").allowed);
  guard.succeeded("203.0.113.5", "ada");
  guess(
    guard,
    (n) => `198.51.100.${n}`,
    () => "ada",
  );
  assert.ok(!guard.check("198.51.100.99", "ada").allowed);
  assert.ok(guard.check("203.0.113.5", "ADA").allowed);
  guard.undecided("203.0.113.5", "ada");
});

test("a network known to an account still has its own limit for it", () => {
  const guard = makeLoginGuard(new TestClock());
  guard.check("203.0.113.5", "ada");
  guard.succeeded("203.0.113.5", "ada");
  assert.equal(
    guess(
      guard,
      () => "203.0.113.5",
      () => "ada",
    ),
    30,
  );
});

test("security row 37: parallel attempts do not slip through", () => {
  const guard = makeLoginGuard(new TestClock());
  let begun = 0;
  while (begun < 10_000 && guard.check("192.0.2.1", "ada").allowed) begun++;
  assert.equal(begun, 50);
  for (let n = 0; n < begun; n++) guard.failed("192.0.2.1", "ada");
  // All of them count: the debt has to be waited off.
  const refusal = guard.check("198.51.100.1", "ada");
  assert.ok(!refusal.allowed);
  assert.equal(refusal.retryAfterMs, 41 * 60_000);
});

test("a crowd behind one address logs in at once", () => {
  const guard = makeLoginGuard(new TestClock());
  for (let n = 0; n < 150; n++) assert.ok(guard.check("192.0.2.1", `user${n}`).allowed);
  for (let n = 0; n < 150; n++) guard.succeeded("192.0.2.1", `user${n}`);
  const after = guard.check("192.0.2.1", "user1");
  assert.deepEqual(after, { allowed: true, delayMs: 0, retryAfterMs: 0 });
});

test("time heals: one more try a minute, delays that grow and end", async () => {
  const clock = new TestClock();
  const guard = makeLoginGuard(clock);
  const delays: number[] = [];
  for (let tries = 0; tries < 10; tries++) {
    delays.push(guard.check("192.0.2.1", "ada").delayMs);
    guard.failed("192.0.2.1", "ada");
  }
  assert.deepEqual(delays, [0, 0, 250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
  const refusal = guard.check("192.0.2.1", "ada");
  assert.deepEqual(refusal, { allowed: false, delayMs: 4000, retryAfterMs: 60_000 });
  await clock.advance(60_000);
  assert.ok(guard.check("192.0.2.1", "ada").allowed);
  guard.failed("192.0.2.1", "ada");
  assert.ok(!guard.check("192.0.2.1", "ada").allowed);
  await clock.advance(3_600_000);
  assert.equal(guard.check("192.0.2.1", "ada").delayMs, 0);
});

test("admit waits on the clock it was given", async () => {
  const clock = new TestClock();
  const guard = makeLoginGuard(clock);
  for (let n = 0; n < 3; n++) {
    guard.check("192.0.2.1", "ada");
    guard.failed("192.0.2.1", "ada");
  }
  let done = false;
  const waiting = guard.admit("192.0.2.1", "ada").then(() => (done = true));
  await clock.advance(499);
  assert.ok(!done);
  await clock.advance(2);
  await waiting;
  assert.ok(done);
});

test("memory is bounded: a million names leave no more than the limit", () => {
  const guard = makeLoginGuard(new TestClock(), {
    maxEntries: 100,
    total: { burst: 1e9, refillMs: 1, parallel: 1e9 },
  });
  for (let n = 0; n < 1_000; n++) {
    guard.check(`10.0.${n >> 8}.${n & 255}`, `user${n}`);
    guard.failed(`10.0.${n >> 8}.${n & 255}`, `user${n}`);
  }
  // The oldest is forgotten, the youngest is not.
  for (let n = 0; n < 9; n++) guard.failed("192.0.2.9", "user999");
  assert.ok(!guard.check("192.0.2.8", "user999").allowed);
});

test("peerNetwork: /32 for IPv4, /64 for IPv6, IPv4 in IPv6 is IPv4", () => {
  assert.equal(peerNetwork("192.0.2.1"), "192.0.2.1");
  assert.equal(peerNetwork("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(peerNetwork("::FFFF:c000:0201"), "192.0.2.1");
  assert.equal(peerNetwork("0:0:0:0:0:ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(peerNetwork("2001:db8::1"), "2001:db8:0:0::/64");
  assert.equal(peerNetwork("2001:0DB8:0:0:1:2:3:4"), "2001:db8:0:0::/64");
  assert.equal(peerNetwork("fe80::1%eth0"), "fe80:0:0:0::/64");
  assert.equal(peerNetwork("::1"), "0:0:0:0::/64");
  assert.equal(peerNetwork("1::2::3"), "1::2::3");
  assert.equal(peerNetwork(""), "");
  assert.ok(peerNetwork("x".repeat(10_000)).length < 100);
});
