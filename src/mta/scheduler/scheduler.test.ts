import { test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { QueueJob } from "../../store/queue.ts";
import { DEFAULT_QUEUE_LIMITS, DEFAULT_RETRY } from "../config.ts";
import { deferralOf, fittedDelayMs } from "./deferral.ts";
import { expiryMs, postponementMs, retryDelayMs } from "./retry-schedule.ts";
import { Sites, type SitesConfig } from "./sites.ts";

test("mta.md 29: waits grow from five minutes to a cap, each varied a little", () => {
  const random = new SeededRandom(3);
  const minutes = (attempts: number): number =>
    retryDelayMs(attempts, { ...DEFAULT_RETRY, jitter: 0 }, random.float()) / 60_000;
  assert.deepEqual([1, 2, 3].map(minutes).map(Math.round), [5, 8, 13]);
  assert.equal(minutes(50), 4000 / 60);
  for (let n = 0; n < 1000; n++) {
    const delayMs = retryDelayMs(1, DEFAULT_RETRY, random.float());
    assert.ok(delayMs >= 255_000 && delayMs <= 345_000);
  }
});

test("reports expire by a setting of their own", () => {
  const config = { ...DEFAULT_RETRY, expireAfterMs: 10, expireReportsAfterMs: 5 };
  assert.equal(expiryMs({ arrivedAtMs: 100, reversePath: "a@b" }, config), 110);
  assert.equal(expiryMs({ arrivedAtMs: 100, reversePath: "" }, config), 105);
});

const job = (destination: string): QueueJob => ({ destination }) as QueueJob;

function makeSites(
  config: Partial<SitesConfig> = {},
  clock: TestClock = new TestClock(),
): { sites: Sites; clock: TestClock } {
  const random = new SeededRandom(5);
  return { sites: new Sites(clock, random, { ...DEFAULT_QUEUE_LIMITS, ...config }), clock };
}

const refused = { problem: "refused", triedAtMs: 0, site: "a" };

test("no more than so many deliveries to one destination; the next waits for its turn", () => {
  const { sites } = makeSites({ concurrencyPerDestination: 2 });
  const jobs = [1, 2, 3, 4].map(() => job("a"));
  assert.deepEqual(
    jobs.map((each) => sites.admit(each)),
    [true, true, false, false],
  );
  assert.ok(sites.admit(job("b")));
  assert.deepEqual([...sites.rooms().busy], ["a"]);
  assert.deepEqual([sites.running, sites.waiting], [3, 2]);
  assert.deepEqual(sites.finished(jobs[0]), [jobs[2]]);
  assert.deepEqual(sites.finished(jobs[1]), [jobs[3]]);
  assert.equal(sites.finished(jobs[2]).length, 0);
  assert.deepEqual([sites.running, sites.waiting], [2, 0]);
});

/** How many may run at once there. */
function windowOf(sites: Sites, destination: string): number {
  const jobs: QueueJob[] = [];
  for (;;) {
    const next = job(destination);
    if (!sites.admit(next)) break;
    jobs.push(next);
  }
  sites.drainWaiting();
  for (const each of jobs) sites.finished(each);
  return jobs.length;
}

test("a site's window begins small, grows with success up to the setting, and shrinks with failure", () => {
  const { sites } = makeSites({ concurrencyPerDestination: 8 });
  assert.equal(windowOf(sites, "a"), 5);
  for (let n = 0; n < 6; n++) sites.reachable("a");
  assert.equal(windowOf(sites, "a"), 6);
  for (let n = 0; n < 200; n++) sites.reachable("a");
  assert.equal(windowOf(sites, "a"), 8);
  sites.unreachable("a", refused);
  assert.equal(windowOf(sites, "a"), 7, "one failure of a site that was fine is no rest");
  sites.throttled("a");
  assert.equal(windowOf(sites, "a"), 3);
});

test("a site that was fine rests when a whole cohort has failed", () => {
  const { sites } = makeSites();
  sites.admit(job("a"));
  sites.reachable("a");
  for (let n = 0; n < 2; n++) {
    sites.unreachable("a", refused);
    assert.equal(sites.pause("a"), undefined);
  }
  sites.unreachable("a", refused);
  assert.ok(sites.pause("a"));
});

test("a destination that cannot be reached rests, longer each time, and is then probed by one", async () => {
  const { sites, clock } = makeSites();
  sites.unreachable("a", refused);
  const first = sites.pause("a")?.forMs ?? 0;
  assert.ok(first >= 54_000 && first <= 66_000, `${first}`);
  assert.deepEqual([...sites.resting()], ["a"]);
  assert.deepEqual([...sites.rooms().busy], ["a"]);
  await clock.advance(Math.ceil(first));
  assert.equal(sites.pause("a"), undefined);
  assert.ok(sites.admit(job("a")));
  assert.ok(!sites.admit(job("a")));
  assert.equal(sites.unreachable("a", refused).length, 1);
  const second = sites.pause("a")?.forMs ?? 0;
  assert.ok(second >= 108_000 && second <= 132_000, `${second}`);
  sites.reachable("a");
  assert.equal(sites.pause("a"), undefined);
  assert.ok(sites.admit(job("a")));
});

test("deliveries that began together and fail together make one rest; who waited goes back", () => {
  const { sites } = makeSites({ concurrencyPerDestination: 2 });
  for (let n = 0; n < 5; n++) sites.admit(job("a"));
  assert.equal(sites.unreachable("a", refused).length, 3);
  const pause = sites.pause("a");
  assert.equal(sites.unreachable("a", refused).length, 0);
  assert.deepEqual(sites.pause("a"), pause);
  assert.equal(sites.waiting, 0);
});

test("destinations with the same exchangers share window and rest; a name that cannot be looked up rests alone", () => {
  const { sites } = makeSites({ concurrencyPerDestination: 5 });
  for (const name of ["a", "b"]) sites.learn(name, "mx.host");
  assert.equal(windowOf(sites, "a"), 5);
  const three = [1, 2, 3].map(() => job("a"));
  for (const each of three) assert.ok(sites.admit(each));
  assert.ok(sites.admit(job("b")));
  assert.ok(sites.admit(job("b")));
  assert.ok(!sites.admit(job("b")));
  sites.unreachable("b", { problem: "SERVFAIL", triedAtMs: 0, site: undefined });
  assert.ok(sites.pause("b"));
  assert.equal(sites.pause("a"), undefined);
  sites.unreachable("a", { ...refused, site: "mx.host" });
  assert.ok(sites.pause("a"));
});

test("a site with endless domains is remembered by some of them; its window holds for all", () => {
  const { sites } = makeSites({ concurrencyPerDestination: 5 });
  for (let n = 0; n < 3000; n++) {
    sites.learn(`d${n}.test`, "mx.hoster");
    sites.admit(job(`d${n}.test`));
  }
  assert.equal(sites.running, 5);
  assert.ok(sites.rooms().busy.size <= 1000);
});

test("slow sites do not get all slots: the last are for sites that have none", () => {
  const { sites } = makeSites({ concurrency: 40, concurrencyPerDestination: 20 });
  for (let site = 0; site < 10; site++) {
    for (let tries = 0; tries < 20; tries++) {
      const { busy, sites: rooms, roomElsewhere } = sites.rooms();
      const name = `slow${site}`;
      const room = busy.has(name)
        ? 0
        : (rooms.find(({ destinations }) => destinations.includes(name))?.room ?? roomElsewhere);
      if (room > 0) assert.ok(sites.admit(job(name)));
    }
  }
  assert.ok(sites.running < 40, `${sites.running}`);
  assert.equal(sites.rooms().roomElsewhere, 1);
});

test("a rate: so many messages a minute, for all domains of a pattern that share a site", async () => {
  const limits = [{ domain: ".slow.test", messagesPerMinute: 60 }];
  const { sites, clock } = makeSites({ limits });
  sites.learn("a.slow.test", "mx");
  sites.learn("b.slow.test", "mx");
  let begun = 0;
  for (let second = 0; second < 10; second++) {
    begun += sites.beginnable().length;
    for (const name of ["a.slow.test", "b.slow.test"]) {
      const next = job(name);
      if (!sites.rooms().busy.has(name) && sites.admit(next)) begun++;
      sites.finished(next);
    }
    await clock.advance(1000);
  }
  assert.ok(begun >= 9 && begun <= 11, `${begun} in ten seconds`);
  assert.ok(!sites.rooms().busy.has("other.test"));
});

test("an operator's flush ends a rest; a retry lets one probe through", () => {
  const { sites } = makeSites();
  sites.unreachable("a", refused);
  sites.wake("a", 1);
  assert.equal(windowOf(sites, "a"), 1);
  sites.unreachable("a", refused);
  sites.forgetPause("a", 0);
  assert.ok(sites.pause("a"), "asked for before it was tried last");
  sites.forgetPause("a", 1);
  assert.equal(windowOf(sites, "a"), 5);
});

test("status: who has what under way, and who rests, why and how long", () => {
  const { sites } = makeSites();
  sites.learn("a", "mx");
  sites.admit(job("a"));
  sites.unreachable("b", { problem: "refused", triedAtMs: 0, site: undefined });
  const [a, b] = sites.status();
  assert.deepEqual(a, {
    site: "mx",
    destinations: ["a"],
    running: 1,
    waiting: 0,
    limit: 5,
    pause: undefined,
  });
  assert.deepEqual([b.site, b.running, b.limit, b.pause?.problem], ["b", 0, 0, "refused"]);
});

test("what kind of not-now it is, and what that does to the wait", () => {
  const kind = (diagnostic: string, status: string): string =>
    deferralOf({ isUnreachable: false, status, diagnostic });
  assert.equal(kind("451 4.7.1 Greylisted, come back", "4.7.1"), "greylisted");
  assert.equal(kind("450 4.2.0 try later", "4.2.0"), "greylisted");
  assert.equal(kind("452 4.2.2 Over quota", "4.2.2"), "mailbox-full");
  assert.equal(kind("421 4.7.0 Too many connections", "4.7.0"), "throttled");
  assert.equal(kind("450 4.7.28 rate limit", "4.7.28"), "throttled");
  assert.equal(kind("451 4.3.0 disk", "4.3.0"), "other");
  assert.equal(
    deferralOf({ isUnreachable: true, status: "4.4.1", diagnostic: undefined }),
    "unreachable",
  );
  const waitMs = (deferral: Parameters<typeof fittedDelayMs>[1], attempts: number): number =>
    fittedDelayMs(300_000, deferral, attempts, DEFAULT_RETRY);
  assert.equal(waitMs("greylisted", 1), 100_000);
  assert.equal(waitMs("greylisted", 3), 300_000);
  assert.equal(waitMs("mailbox-full", 1), 1_200_000);
  assert.equal(waitMs("other", 1), 300_000);
});

test("postponed mail waits for the pause to end, and the longer the older it is", () => {
  const wait = (ageMs: number, pauseMs: number): number =>
    postponementMs({ arrivedAtMs: 1000 }, 1000 + ageMs, pauseMs, DEFAULT_RETRY);
  assert.equal(wait(0, 60_000), 60_000);
  assert.equal(wait(3600_000, 60_000), 900_000);
  assert.equal(wait(86_400_000, 60_000), DEFAULT_RETRY.maxMs);
});

test("what waits can be taken back when the runner stops", () => {
  const { sites } = makeSites({ concurrencyPerDestination: 1 });
  const jobs = [1, 2, 3, 4].map(() => job("a"));
  for (const each of jobs) sites.admit(each);
  assert.equal(sites.drainWaiting().length, 3);
  assert.equal(sites.finished(jobs[0]).length, 0);
});
