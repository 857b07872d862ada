import assert from "node:assert/strict";
import { test } from "node:test";
import { isMailError, MailError } from "../../base/errors.ts";
import { RecordingLog } from "../../base/testing/recording-log.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { LEASE_MS, MaildropLock } from "./maildrop-lock.ts";

/** The lease of the store, on the test's clock. */
function makeLeases(clock: TestClock): {
  lockMaildrop(accountId: number, holder: string, leaseMs: number): Promise<boolean>;
  unlockMaildrop(accountId: number, holder: string): Promise<void>;
  fails: boolean;
} {
  let lease: { holder: string; untilMs: number } | undefined;
  return {
    fails: false,
    async lockMaildrop(_accountId, holder, leaseMs) {
      if (this.fails) throw new MailError("store-busy", "locked");
      if (lease && lease.holder !== holder && lease.untilMs > clock.nowMs()) return false;
      lease = { holder, untilMs: clock.nowMs() + leaseMs };
      return true;
    },
    async unlockMaildrop(_accountId, holder) {
      if (this.fails) throw new MailError("store-busy", "locked");
      if (lease?.holder === holder) lease = undefined;
    },
  };
}

test("the lease is renewed as long as the session lives, and given back at its end", async () => {
  const clock = new TestClock();
  const mail = makeLeases(clock);
  const deps = { mail, clock, log: new RecordingLog() };
  const lock = await MaildropLock.take(deps, 1, "one");
  assert.ok(lock);
  await clock.advance(10 * LEASE_MS);
  assert.equal(await MaildropLock.take(deps, 1, "two"), undefined);
  await lock.confirm();
  await lock.release();
  await lock.release();
  assert.equal(clock.nextDueMs, undefined, "no timer is left");
  assert.ok(await MaildropLock.take(deps, 1, "two"));
});

test("a store that is busy once does not lose the lock; a lapsed one is not confirmed", async () => {
  const clock = new TestClock();
  const mail = makeLeases(clock);
  const log = new RecordingLog();
  const deps = { mail, clock, log };
  const lock = await MaildropLock.take(deps, 1, "one");
  assert.ok(lock);
  mail.fails = true;
  await clock.advance(LEASE_MS / 2);
  mail.fails = false;
  await clock.advance(LEASE_MS);
  assert.equal(await MaildropLock.take(deps, 1, "two"), undefined, "renewed after the failure");
  mail.fails = true;
  await clock.advance(LEASE_MS + 1);
  mail.fails = false;
  const thief = await MaildropLock.take(deps, 1, "two");
  assert.ok(thief, "a crashed or stalled holder locks nobody out");
  await assert.rejects(lock.confirm(), (error) => isMailError(error, "refused"));
  await clock.advance(LEASE_MS);
  await lock.release();
  await thief.confirm();
  mail.fails = true;
  await thief.release();
  assert.ok(log.events.some(({ event }) => event === "pop3.unlock-failed"));
});
