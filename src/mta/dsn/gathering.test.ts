/** One report for all of a message's failures; and none is lost, wherever the process ends. */

import { after, test } from "node:test";
import assert from "node:assert/strict";
import { encodeUtf8 } from "../../base/bytes.ts";
import type { Channel } from "../../base/channel.ts";
import { MailError } from "../../base/errors.ts";
import { parseMessage } from "../../message/parse.ts";
import { parseDsn } from "../../message/report/dsn.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { World, type TestHost } from "../testing/world.ts";

const worlds: World[] = [];
const held: Channel[] = [];
after(async () => {
  for (const channel of held) channel.abort();
  for (const world of worlds) await world.close();
});

const MESSAGE = "Subject: hello\r\n\r\nText.\r\n";

async function us(wrapStore?: (host: TestHost["store"]) => TestHost["store"]): Promise<TestHost> {
  const world = new World();
  worlds.push(world);
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna"],
    settings: { relayNetworks: ["192.0.2.1"] },
    ...(wrapStore && { wrapStore }),
  });
  // Three domains that do not exist, and one host that takes the call and says nothing.
  world.zone["silent.test"] = { a: ["198.51.100.9"] };
  world.listen("198.51.100.9:25", (channel) => held.push(channel));
  return host;
}

async function post(host: TestHost, recipients: readonly string[]): Promise<void> {
  const talk = await SmtpTalk.begin(host.listener("smtp"));
  await talk.say("EHLO client.test");
  const to = recipients.map((each) => `<${each}>`);
  assert.match((await talk.send("<anna@us.test>", to, MESSAGE)).at(-1) ?? "", /^250/);
}

async function reports(host: TestHost): Promise<string[][]> {
  return (await host.mailbox("anna")).map((message) => {
    const report = parseDsn(parseMessage(encodeUtf8(message)));
    assert.ok(report);
    return report.recipients.map(({ finalRecipient }) => finalRecipient).toSorted();
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const GONE = ["a@one.test", "b@two.test", "c@three.test"];

test("failures at several destinations share one report, at once when nobody else is in hand", async () => {
  const host = await us();
  host.mta.runner.start();
  await post(host, GONE);
  await host.world.settle();
  assert.deepEqual(await reports(host), [GONE.toSorted()]);
});

test("who is tried for long keeps the report back for half a minute, not longer", async () => {
  const host = await us();
  host.mta.runner.start();
  await post(host, [...GONE, "x@silent.test"]);
  await until(() => host.store.queue.counts().leased === 1);
  await until(() => host.store.queue.nextReportMs() !== undefined);
  assert.deepEqual(await reports(host), []);
  await host.world.clock.advance(29_000);
  assert.deepEqual(await reports(host), []);
  await host.world.clock.advance(2_000);
  await until(() => host.store.queue.nextReportMs() === undefined);
  assert.deepEqual(await reports(host), [GONE.toSorted()]);
});

test("a process that ends between failure and report: the next one reports (Invariant 5)", async () => {
  let isBroken = true;
  const host = await us((store) => ({
    ...store,
    directory: store.directory,
    accept: store.accept.bind(store),
    space: store.space.bind(store),
    check: store.check.bind(store),
    close: store.close.bind(store),
    queue: new Proxy(store.queue, {
      get(target, name) {
        if (name === "payReports" && isBroken) return () => new Promise(() => {});
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
  }));
  host.mta.runner.start();
  await post(host, GONE);
  await until(() => host.store.queue.counts().due + host.store.queue.counts().leased === 0);
  await until(() => host.store.queue.nextReportMs() !== undefined);
  assert.deepEqual(await reports(host), []);
  isBroken = false;
  const again = await host.world.restart(host);
  await host.world.settle();
  assert.deepEqual(await reports(again), [GONE.toSorted()]);
  assert.deepEqual(await again.store.check(), []);
});

test("a report that cannot be made keeps no other back, and is made when it can", async () => {
  let unreadable: number | undefined;
  const host = await us((store) => ({
    ...store,
    directory: store.directory,
    queue: store.queue,
    accept: store.accept.bind(store),
    space: store.space.bind(store),
    check: store.check.bind(store),
    close: store.close.bind(store),
    octets: new Proxy(store.octets, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        if (name !== "read") return value.bind(target);
        return (messageId: number, ...range: unknown[]) => {
          if (messageId === unreadable) return Promise.reject(new MailError("store-busy", "busy"));
          return Reflect.apply(value, target, [messageId, ...range]);
        };
      },
    }),
  }));
  await post(host, [GONE[0]]);
  await post(host, [GONE[1]]);
  const [first] = host.store.queue.list({});
  unreadable = host.store.queue.message(first.queueId)?.messageId;
  assert.ok(unreadable !== undefined);
  host.mta.runner.start();
  await host.world.settle();
  assert.deepEqual(await reports(host), [[GONE[1]]]);
  await post(host, [GONE[2]]);
  await host.world.settle();
  assert.equal((await reports(host)).length, 2);
  unreadable = undefined;
  await host.world.advance(60_000);
  assert.equal((await reports(host)).length, 3);
  assert.equal(host.store.queue.nextReportMs(), undefined);
});
