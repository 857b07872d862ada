import { after, test } from "node:test";
import assert from "node:assert/strict";
import { encodeUtf8 } from "../../base/bytes.ts";
import { parseMessage } from "../../message/parse.ts";
import { parseDsn } from "../../message/report/dsn.ts";
import { reply } from "../../smtp/reply.ts";
import type { Store } from "../../store/contract.ts";
import type { QueueStore } from "../../store/queue.ts";
import { CountingPeer } from "../testing/counting-peer.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { TestHost, World, type HostOptions } from "../testing/world.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function newWorld(): World {
  const world = new World();
  worlds.push(world);
  return world;
}

const OURS: HostOptions = {
  name: "mx.us.test",
  domain: "us.test",
  address: "192.0.2.25",
  accounts: ["anna"],
  settings: { relayNetworks: ["192.0.2.1"] },
};

async function us(world: World, options: Partial<HostOptions> = {}): Promise<TestHost> {
  const settings = { ...OURS.settings, ...options.settings };
  const host = await world.addHost({ ...OURS, ...options, settings });
  host.mta.runner.start();
  return host;
}

async function post(host: TestHost, to: readonly string[], from = "anna@us.test"): Promise<void> {
  const talk = await SmtpTalk.begin(host.listener("smtp"));
  await talk.say("EHLO client.test");
  const paths = to.map((each) => `<${each}>`);
  const replies = await talk.send(`<${from}>`, paths, "Subject: hello\r\n\r\nText.\r\n");
  assert.match(replies.at(-1) ?? "", /^250/);
  await talk.say("QUIT");
}

/** `recipient action status` of every report in a mailbox. */
async function reports(host: TestHost): Promise<string[]> {
  const messages = await host.mailbox("anna");
  return messages.flatMap((message) => {
    const report = parseDsn(parseMessage(encodeUtf8(message)));
    assert.ok(report);
    return report.recipients.map(
      ({ finalRecipient, action, status }) => `${finalRecipient} ${action} ${status}`,
    );
  });
}

type WriteName = "claim" | "settle" | "settle a delivery" | "payReports" | "accept";

/** What becomes of the next writes of one kind, in turn: each is met before it is done, and after. */
const FATES = ["dies before", "lives", "dies after", "lives"] as const;

/** Lets a host die at its writes. */
class Crasher {
  /** Mail was taken over there, and we died before we had written it down. */
  lostOutcomes = 0;
  readonly crashes: Map<string, number> = new Map();
  readonly #writes: Map<WriteName, number> = new Map();
  #isArmed = false;
  #died: (() => void) | undefined;
  death: Promise<void> = this.#newLife();

  arm(): void {
    this.#isArmed = true;
  }

  reborn(): void {
    this.death = this.#newLife();
  }

  #fate(name: WriteName): (typeof FATES)[number] {
    const count = this.#writes.get(name) ?? 0;
    this.#writes.set(name, count + 1);
    const fate = FATES[count % FATES.length];
    const key = `${name} ${fate}`;
    if (fate !== "lives") this.crashes.set(key, (this.crashes.get(key) ?? 0) + 1);
    return fate;
  }

  readonly wrap = (store: Store): Store => {
    let isDead = false;
    const write = async <T>(name: WriteName, run: () => Promise<T>) => {
      const never = new Promise<T>(() => {});
      if (isDead) return never;
      if (!this.#isArmed) return run();
      const fate = this.#fate(name);
      if (fate === "lives") return run();
      if (fate === "dies after") await run();
      else if (name === "settle a delivery") this.lostOutcomes++;
      isDead = true;
      this.#died?.();
      return never;
    };
    const queue = new Proxy(store.queue, {
      get(target, name: keyof QueueStore) {
        switch (name as string) {
          case "claim":
            return (...args: Parameters<QueueStore["claim"]>) => {
              const dueMs = target.nextDueMs();
              // Nothing due writes nothing.
              if (dueMs === undefined || dueMs > args[0].nowMs) return target.claim(...args);
              return write("claim", () => target.claim(...args));
            };
          case "settle":
            return (...args: Parameters<QueueStore["settle"]>) =>
              write(
                args[0].some(({ outcome }) => outcome === "delivered")
                  ? "settle a delivery"
                  : "settle",
                () => target.settle(...args),
              );
          case "payReports":
            return (...args: Parameters<QueueStore["payReports"]>) =>
              write("payReports", () => target.payReports(...args));
          default: {
            const member = target[name];
            return typeof member === "function" ? member.bind(target) : member;
          }
        }
      },
    });
    return new Proxy(store, {
      get(target, name: keyof Store) {
        if (name === "queue") return queue;
        if (name === "accept") {
          return (...args: Parameters<Store["accept"]>) =>
            write("accept", () => target.accept(...args));
        }
        const member = target[name];
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  };

  #newLife(): Promise<void> {
    return new Promise((resolve) => (this.#died = resolve));
  }
}

test("five days of retries with a crash at every write: nothing lost, and doubled only what was taken and not yet written down", async () => {
  const world = newWorld();
  const crasher = new Crasher();
  // One at a time, so that each crash meets one thing under way.
  const settings = {
    queue: { concurrency: 1 },
    retry: { firstMs: 40 * HOUR_MS, growth: 1, maxMs: 40 * HOUR_MS },
  };
  let host = await us(world, { settings, wrapStore: crasher.wrap });
  const good = new CountingPeer(world, "good.test", "198.51.100.1");
  let greyTries = 0;
  const grey = new CountingPeer(world, "grey.test", "198.51.100.2", {
    rcpt: () => (greyTries++ < 2 ? reply(451, "4.7.1", "Greylisted") : undefined),
  });
  new CountingPeer(world, "strict.test", "198.51.100.3", {
    rcpt: () => reply(550, "5.1.1", "No such user"),
  });
  world.zone["back.test"] = { a: ["198.51.100.4"] };
  world.zone["dead.test"] = { a: ["198.51.100.5"] };
  const recipients = ["a@good.test", "b@good.test", "c@grey.test", "d@strict.test"];
  for (const recipient of [...recipients, "e@back.test", "f@dead.test"]) {
    await post(host, [recipient]);
  }
  const settle = async (): Promise<void> => {
    for (let lives = 0; ; lives++) {
      assert.ok(lives < 200, "it gets on");
      const isDead = await Promise.race([
        crasher.death.then(() => true),
        world.settle().then(() => false),
      ]);
      if (!isDead) return;
      crasher.reborn();
      // The dead do not look at the clock any more.
      void host.mta.runner.stop(0);
      host = await world.restart(host);
    }
  };
  crasher.arm();
  await world.clock.advance(2 * DAY_MS, settle);
  const back = new CountingPeer(world, "back.test", "198.51.100.4");
  await world.clock.advance(4 * DAY_MS, settle);
  const doubled = [good, grey, back].flatMap(({ taken }) => [...taken.values()]);
  assert.deepEqual([good, grey, back].flatMap(({ taken }) => [...taken.keys()]).toSorted(), [
    "a@good.test",
    "b@good.test",
    "c@grey.test",
    "e@back.test",
  ]);
  assert.equal(
    doubled.reduce((sum, times) => sum + times - 1, 0),
    crasher.lostOutcomes,
    "what came twice is what was lost between their 250 and our commit",
  );
  assert.ok(crasher.lostOutcomes > 0);
  for (const name of ["claim", "settle", "settle a delivery", "payReports"]) {
    assert.ok(crasher.crashes.has(`${name} dies before`), name);
    assert.ok(crasher.crashes.has(`${name} dies after`), name);
  }
  assert.deepEqual(host.store.queue.counts(), { due: 0, leased: 0, held: 0 });
  const told = await reports(host);
  for (const wanted of ["d@strict.test failed 5.1.1", "f@dead.test failed 4.4.7"]) {
    assert.equal(told.filter((each) => each === wanted).length, 1, `${wanted} in ${told.join()}`);
  }
  assert.deepEqual(await host.store.check(), []);
});

test("two runners on one store: each message goes once, and what a dead one had in hand goes on after its lease", async () => {
  const world = newWorld();
  const first = await us(world);
  const second = await TestHost.open(world, first.folder, {
    ...first.options,
    name: "mx-two.us.test",
  });
  world.hosts.push(second);
  let release = (): void => {};
  const stuck = new Promise<void>((resolve) => (release = resolve));
  let isStuck = true;
  const peer = new CountingPeer(world, "far.test", "198.51.100.1", {
    before: () => (isStuck ? stuck : Promise.resolve()),
  });
  for (let n = 0; n < 5; n++) await post(first, [`u${n}@far.test`]);
  while (first.store.queue.counts().leased < 5) await new Promise((go) => setImmediate(go));
  // The first hangs from here on, as a process does that was stopped.
  isStuck = false;
  second.mta.runner.start();
  for (let n = 0; n < 30; n++) await post(second, [`v${n}@far.test`]);
  await second.mta.runner.idle();
  while (peer.taken.size < 30) await new Promise((go) => setImmediate(go));
  assert.ok([...peer.taken.values()].every((times) => times === 1));
  await world.clock.advance(HOUR_MS + 1000, async () => {
    for (let n = 0; n < 20; n++) await new Promise((go) => setImmediate(go));
    await second.mta.runner.idle();
  });
  // Either of the two may have taken them in hand, and the first is not waited for above.
  while (peer.taken.size < 35) await new Promise((go) => setImmediate(go));
  assert.equal(peer.taken.size, 35);
  assert.ok([...peer.taken.values()].every((times) => times === 1));
  release();
});

test("a message that is held until a time leaves then, not before and not after", async () => {
  const world = newWorld();
  const host = await us(world);
  const peer = new CountingPeer(world, "far.test", "198.51.100.1");
  const notBeforeMs = world.clock.nowMs() + 90 * MINUTE_MS + 7;
  await host.store.accept({
    message: host.store.octets.stageOctets(encodeUtf8("Subject: x\r\n\r\ny\r\n")),
    receivedAtMs: world.clock.nowMs(),
    envelopes: [
      {
        queueId: "QLATER",
        reversePath: "anna@us.test",
        smtpUtf8: false,
        body: "7bit",
        prefix: new Uint8Array(0),
        deliveries: [],
        recipients: [{ recipient: "a@far.test", transport: "smtp", destination: "far.test" }],
        notBeforeMs,
      },
    ],
  });
  await world.advance(notBeforeMs - 1 - world.clock.nowMs());
  assert.equal(peer.taken.size, 0);
  await world.advance(1);
  assert.equal(peer.taken.size, 1);
});

test("expire: no further attempt, and the sender hears of it as after five days", async () => {
  const world = newWorld();
  const host = await us(world);
  world.zone["dead.test"] = { a: ["198.51.100.9"] };
  await post(host, ["a@dead.test", "b@dead.test"]);
  await world.settle();
  const tried = world.connections.length;
  assert.equal(await host.store.queue.expire({ recipient: "a@dead.test" }), 1);
  await world.advance(MINUTE_MS);
  assert.deepEqual(await reports(host), ["a@dead.test failed 4.4.7"]);
  assert.equal(world.connections.length, tried);
  assert.equal(host.store.queue.counts().due, 1);
});

test("requeue: the address is resolved and routed anew, under a new queue id", async () => {
  const world = newWorld();
  const host = await us(world);
  world.zone["moved.test"] = { a: ["198.51.100.9"] };
  await post(host, ["anna@moved.test"]);
  await post(host, ["bob@moved.test"]);
  await world.settle();
  const before = host.store.queue.list({}).map(({ queueId }) => queueId);
  await host.store.directory.addDomain({ name: "moved.test" });
  await host.store.directory.addAlias({ address: "anna@moved.test", targets: ["anna@us.test"] });
  await host.store.directory.addAlias({ address: "bob@moved.test", targets: ["x@far.test"] });
  const peer = new CountingPeer(world, "far.test", "198.51.100.1");
  assert.equal(await host.store.queue.requeue({}), 2);
  await world.advance(1000);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.deepEqual([...peer.taken.keys()], ["x@far.test"]);
  assert.deepEqual(host.store.queue.list({ queueId: before[0] }), []);
  assert.deepEqual(host.store.queue.counts(), { due: 0, leased: 0, held: 0 });
});

test("flush: all of it is tried at once, also where the destination rests", async () => {
  const world = newWorld();
  const host = await us(world);
  world.zone["away.test"] = { a: ["198.51.100.9"] };
  for (let n = 0; n < 8; n++) await post(host, [`u${n}@away.test`], `s${n}@us.test`);
  await world.advance(2000);
  const peer = new CountingPeer(world, "away.test", "198.51.100.9");
  assert.equal(await host.store.queue.flush({ domain: "away.test" }), 8);
  await world.advance(1000);
  assert.equal(peer.taken.size, 8);
});

test("domains with the same exchangers share their connections", async () => {
  const world = newWorld();
  const host = await us(world, { settings: { queue: { concurrencyPerDestination: 3 } } });
  let release = (): void => {};
  let gate: Promise<void> = Promise.resolve();
  const peer = new CountingPeer(world, "mx.hoster.test", "198.51.100.1", { before: () => gate });
  for (let n = 0; n < 6; n++) {
    world.zone[`d${n}.test`] = { mx: [{ preference: 10, exchange: "mx.hoster.test" }] };
    await post(host, [`a@d${n}.test`]);
  }
  await world.settle();
  assert.equal(peer.taken.size, 6);
  await world.advance(HOUR_MS);
  peer.mostSessions = 0;
  gate = new Promise((resolve) => (release = resolve));
  for (let n = 0; n < 6; n++) await post(host, [`b@d${n}.test`], `s${n}@us.test`);
  for (let n = 0; n < 50; n++) await new Promise((go) => setImmediate(go));
  assert.equal(peer.mostSessions, 3);
  release();
  gate = Promise.resolve();
  await world.advance(MINUTE_MS);
  assert.equal(peer.taken.size, 12);
});
