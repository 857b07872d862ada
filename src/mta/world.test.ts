import { after, test } from "node:test";
import assert from "node:assert/strict";
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import type { Channel } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";
import { DirectoryLists } from "../lists/directory-lists.ts";
import { parseMessage } from "../message/parse.ts";
import { parseDsn, type ParsedDsn } from "../message/report/dsn.ts";
import type { Address } from "../message/addr-spec.ts";
import type { MessageSink, RcptParams, SmtpHandler } from "../smtp/handler.ts";
import { reply, type Reply } from "../smtp/reply.ts";
import { SmtpTalk } from "./testing/smtp-talk.ts";
import { World, type HostOptions, type TestHost } from "./testing/world.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
const MESSAGE = "Subject: hello\r\nMessage-ID: <one@us.test>\r\n\r\nText.\r\n";

function newWorld(): World {
  const world = new World();
  worlds.push(world);
  return world;
}

/** Our host, with two people, that relays for the client in the tests. */
async function us(
  world: World,
  options: Partial<HostOptions> & { isQueueStopped?: boolean } = {},
): Promise<TestHost> {
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    lists: (store) => new DirectoryLists(store.directory),
    ...options,
    settings: { relayNetworks: ["192.0.2.1"], ...options.settings },
  });
  if (options.isQueueStopped !== true) host.mta.runner.start();
  return host;
}

async function far(world: World, options: Partial<HostOptions> = {}): Promise<TestHost> {
  const host = await world.addHost({
    name: "mx.far.test",
    domain: "far.test",
    address: "198.51.100.25",
    accounts: ["bob", "carl"],
    lists: (store) => new DirectoryLists(store.directory),
    settings: { relayNetworks: ["192.0.2.1"] },
    ...options,
  });
  host.mta.runner.start();
  return host;
}

async function post(
  host: TestHost,
  from: string,
  to: readonly string[],
  message = MESSAGE,
): Promise<string[]> {
  const talk = await SmtpTalk.begin(host.listener("smtp"));
  await talk.say("EHLO client.test");
  const replies = await talk.send(
    `<${from}>`,
    to.map((each) => `<${each}>`),
    message,
  );
  await talk.say("QUIT");
  return replies;
}

function reportIn(message: string): ParsedDsn {
  const report = parseDsn(parseMessage(encodeUtf8(message)));
  assert.ok(report, "a delivery report");
  return report;
}

type PeerRules = {
  readonly mail?: () => Reply | undefined;
  readonly rcpt?: (recipient: string, params: RcptParams) => Reply | undefined;
  readonly end?: () => Reply;
  readonly connect?: () => Reply | undefined;
};

/** A peer that answers as a test wants, and remembers what it took. */
function makePeer(rules: PeerRules = {}): {
  taken: string[];
  contents: string[];
  makeHandler: () => SmtpHandler;
} {
  const taken: string[] = [];
  const contents: string[] = [];
  const makeHandler = (): SmtpHandler => {
    let recipients: string[] = [];
    return {
      connect: async () => rules.connect?.(),
      helo: async () => undefined,
      mechanisms: () => [],
      startMechanism: () => undefined,
      authenticated: async () => undefined,
      mail: async () => rules.mail?.(),
      async rcpt({ localPart, domain }: Address, params) {
        const refusal = rules.rcpt?.(`${localPart}@${domain}`, params);
        if (refusal === undefined) recipients.push(`${localPart}@${domain}`);
        return refusal;
      },
      async data(): Promise<MessageSink> {
        let content = "";
        return {
          async write(octets) {
            content += decodeUtf8(octets);
          },
          async end() {
            const answer = rules.end?.() ?? reply(250, "2.0.0", "Ok: taken");
            if (answer.code < 300) {
              taken.push(recipients.join(" "));
              contents.push(content);
            }
            return [answer];
          },
          abort() {},
        };
      },
      reset: () => (recipients = []),
      close() {},
    };
  };
  return { taken, contents, makeHandler };
}

test("from host to host by MX, and the reply the other way", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  const [message] = await there.mailbox("bob");
  assert.match(message, /^Return-Path: <anna@us\.test>\r\nDelivered-To: bob@far\.test\r\n/);
  assert.match(
    message,
    /Received: from mx\.us\.test \(.*\[192\.0\.2\.25\]\)\r\n\tby mx\.far\.test with ESMTPS id/,
  );
  assert.ok(message.endsWith(MESSAGE));
  assert.equal(message.match(/^Received:/gm)?.length, 2);
  assert.deepEqual(here.outcomes(), ["delivered bob@far.test 2.0.0"]);
  assert.deepEqual(here.store.queue.counts(), { due: 0, leased: 0, held: 0 });
  await post(there, "bob@far.test", ["anna@us.test"]);
  await world.settle();
  assert.equal((await here.mailbox("anna")).length, 1);
});

test("an unknown user over there: a report comes back, with the host's own words", async () => {
  const world = newWorld();
  const [here] = [await us(world), await far(world)];
  await post(here, "anna@us.test", ["nobody@far.test", "bob@far.test"]);
  await world.settle();
  const [message] = await here.mailbox("anna");
  assert.match(message, /^Return-Path: <>\r\n/);
  assert.match(message, /^Auto-Submitted: auto-replied\r\n/m);
  const report = reportIn(message);
  assert.equal(report.reportingMta, "mx.us.test");
  assert.equal(report.recipients.length, 1);
  const [recipient] = report.recipients;
  assert.equal(recipient.finalRecipient, "nobody@far.test");
  assert.equal(recipient.action, "failed");
  assert.equal(recipient.status, "5.1.1");
  assert.equal(recipient.remoteMta, "mx.far.test");
  assert.match(
    recipient.diagnostic ?? "",
    /^550 5\.1\.1 There is no mailbox nobody@far\.test here/,
  );
  assert.match(report.text, /no such mailbox/i);
  assert.ok(report.returned && new TextDecoder().decode(report.returned).endsWith(MESSAGE));
});

test("security row 48: mail without a sender is never answered; its loss is told to the postmaster, and that loss to nobody", async () => {
  const world = newWorld();
  const [here] = [await us(world), await far(world)];
  await post(here, "", ["nobody@far.test"]);
  await world.settle();
  const [toPostmaster] = await here.mailbox("anna");
  assert.equal(reportIn(toPostmaster).recipients[0].finalRecipient, "nobody@far.test");
  // A postmaster elsewhere who cannot be reached ends it.
  const lonely = newWorld();
  const host = await us(lonely, {
    settings: { postmaster: "nobody@far.test", relayNetworks: ["192.0.2.1"] },
  });
  await far(lonely);
  await post(host, "", ["nobody@far.test"]);
  await lonely.settle();
  await lonely.settle();
  assert.equal(host.store.queue.counts().due, 0);
  assert.ok(host.log.events.some(({ event }) => event === "mta.unreported"));
});

test("five days without a host: retries that grow apart, a notice after four hours, a report at the end", async () => {
  const world = newWorld();
  const here = await us(world);
  world.zone["far.test"] = { mx: [{ preference: 10, exchange: "mx.far.test" }] };
  world.zone["mx.far.test"] = { a: ["198.51.100.25"] };
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.advance(3 * HOUR_MS);
  assert.equal((await here.mailbox("anna")).length, 0);
  await world.advance(2 * HOUR_MS);
  const notice = reportIn((await here.mailbox("anna"))[0]);
  assert.equal(notice.recipients[0].action, "delayed");
  assert.equal(notice.recipients[0].status, "4.4.1");
  assert.equal(notice.recipients[0].willRetryUntilMs, Date.UTC(2026, 0, 6));
  await world.advance(5 * DAY_MS);
  const messages = await here.mailbox("anna");
  assert.equal(messages.length, 2);
  const report = reportIn(messages[1]);
  assert.equal(report.recipients[0].action, "failed");
  assert.equal(report.recipients[0].status, "4.4.7");
  assert.deepEqual(here.store.queue.counts(), { due: 0, leased: 0, held: 0 });
  const attempts = world.connections.filter((at) => at === "198.51.100.25:25").length;
  assert.ok(attempts > 90 && attempts < 150, `${attempts} attempts`);
});

test("a host that is back after a day gets its mail, once", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  world.listen("198.51.100.25:25", undefined);
  await post(here, "anna@us.test", ["bob@far.test", "carl@far.test"]);
  await world.advance(DAY_MS);
  world.listen("198.51.100.25:25", there.listener("smtp"));
  await world.advance(2 * HOUR_MS);
  assert.equal((await there.mailbox("bob")).length, 1);
  assert.equal((await there.mailbox("carl")).length, 1);
});

test("an operator's retry ends the rest of a destination, and is tried at once", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  world.listen("198.51.100.25:25", undefined);
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  await post(here, "anna@us.test", ["carl@far.test"]);
  await world.advance(1000);
  const tried = world.connections.length;
  const [resting] = here.store.queue.list({ recipient: "carl@far.test" });
  assert.match(resting.lastProblem ?? "", /^not tried/);
  // Still away: one probe for all that was asked for, and the rest is no longer for it.
  assert.equal(await here.store.queue.retry({}), 2);
  await world.settle();
  assert.equal(world.connections.length, tried + 1);
  world.listen("198.51.100.25:25", there.listener("smtp"));
  await world.advance(1000);
  assert.equal(await here.store.queue.retry({ queueId: resting.queueId }), 1);
  await world.settle();
  assert.equal((await there.mailbox("carl")).length, 1);
});

test("a host that cannot be reached is named once, with a rule's fixed next hop as with exchangers", async () => {
  const world = newWorld();
  const nextHop = { host: "[203.0.113.9]", port: 9, tls: "may" } as const;
  const here = await us(world, { settings: { routes: [{ domain: "fixed.test", nextHop }] } });
  await far(world);
  world.listen("198.51.100.25:25", undefined);
  await post(here, "anna@us.test", ["bob@far.test", "eve@fixed.test"]);
  await world.settle();
  const [byMx, byRule] = here.store.queue.list({});
  assert.equal(byMx.lastProblem, "connect to mx.far.test[198.51.100.25]:25: connection refused");
  assert.equal(byRule.lastProblem, "connect to [203.0.113.9]:9: connection refused");
  assert.deepEqual([byMx.transport, byRule.transport], ["smtp", "route"]);
  assert.equal(here.store.queue.attempts(byRule.recipientId)[0].host, "[203.0.113.9]:9");
});

/** A host that takes connections and says nothing, until released. */
function makeStuck(world: World): () => void {
  world.zone["far.test"] = { a: ["198.51.100.25"] };
  let release = (): void => {};
  const stuck = new Promise<void>((resolve) => (release = resolve));
  world.listen("198.51.100.25:25", (channel) => void stuck.then(() => channel.abort()));
  return release;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test("a restart loses nothing and doubles nothing, also of what was in hand", async () => {
  const world = newWorld();
  const here = await us(world);
  const release = makeStuck(world);
  for (let n = 0; n < 12; n++) await post(here, "anna@us.test", [`u${n}@far.test`]);
  await until(() => here.store.queue.counts().leased === 5);
  const peer = makePeer();
  world.addPeer("far.test", "198.51.100.25", peer.makeHandler);
  const again = await world.restart(here);
  await world.settle();
  release();
  const recipients = Array.from({ length: 12 }, (_, n) => `u${n}@far.test`);
  assert.deepEqual(peer.taken.toSorted(), recipients.toSorted());
  assert.deepEqual(again.store.queue.counts(), { due: 0, leased: 0, held: 0 });
});

test("stopping gives back what waits, and leaves what does not end in time", async () => {
  const world = newWorld();
  const here = await us(world, { isQueueStopped: true });
  const release = makeStuck(world);
  for (let n = 0; n < 12; n++) await post(here, "anna@us.test", [`u${n}@far.test`]);
  here.mta.runner.start();
  await until(() => here.store.queue.counts().leased === 5);
  let isStopped = false;
  const stopping = here.mta.runner.stop(60_000).then(() => (isStopped = true));
  // Five are under way; none is taken that would only wait for its turn.
  assert.equal(here.store.queue.counts().due, 7);
  assert.ok(!isStopped);
  while (!isStopped) {
    await new Promise((resolve) => setImmediate(resolve));
    await world.clock.advance(1000);
  }
  await stopping;
  assert.equal(here.store.queue.counts().leased, 5);
  release();
  await world.settle();
});

test("mta.md 29: one dead host costs one attempt, not one for each message", async () => {
  const world = newWorld();
  const here = await us(world);
  world.zone["far.test"] = { a: ["198.51.100.25"] };
  for (let n = 0; n < 20; n++) await post(here, "anna@us.test", [`u${n}@far.test`]);
  await world.settle();
  assert.ok(world.connections.length <= 10, `${world.connections.length} connections`);
  assert.equal(here.store.queue.counts().due, 20);
});

test("mta.md 27: a 4xx lets the next exchanger try, a 5xx does not; a 5xx banner does", async () => {
  const world = newWorld();
  const here = await us(world);
  world.zone["far.test"] = {
    mx: [
      { preference: 5, exchange: "closed.far.test" },
      { preference: 10, exchange: "a.far.test" },
      { preference: 20, exchange: "b.far.test" },
    ],
  };
  const closed = makePeer({ connect: () => reply(554, "5.3.2", "no mail here") });
  const first = makePeer({
    rcpt: (recipient) => {
      if (recipient.startsWith("later")) return reply(450, "4.2.0", "greylisted");
      return recipient.startsWith("never") ? reply(550, "5.1.1", "unknown") : undefined;
    },
  });
  const second = makePeer();
  world.addPeer("closed.far.test", "198.51.100.1", closed.makeHandler);
  world.addPeer("a.far.test", "198.51.100.2", first.makeHandler);
  world.addPeer("b.far.test", "198.51.100.3", second.makeHandler);
  // A refused session does not use up the two that are allowed.
  const settings = { relayNetworks: ["192.0.2.1"], remote: { maxSessions: 3 } };
  const host = await us(world, {
    name: "mx2.us.test",
    domain: "us2.test",
    address: "192.0.2.26",
    settings,
  });
  await post(host, "anna@us2.test", ["now@far.test", "later@far.test", "never@far.test"]);
  await world.settle();
  assert.deepEqual(first.taken, ["now@far.test"]);
  assert.deepEqual(second.taken, ["later@far.test"]);
  assert.equal(
    reportIn((await host.mailbox("anna"))[0]).recipients[0].finalRecipient,
    "never@far.test",
  );
  assert.equal(here.store.queue.counts().due, 0);
});

test("every exchanger refuses the session for good: reported at once, not tried for five days", async () => {
  const world = newWorld();
  const here = await us(world);
  world.addPeer(
    "far.test",
    "198.51.100.1",
    makePeer({ connect: () => reply(521, "5.3.2", "no mail") }).makeHandler,
  );
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  const report = reportIn((await here.mailbox("anna"))[0]);
  assert.match(report.recipients[0].diagnostic ?? "", /^521/);
});

test("421 at RCPT and after the text: deferred, then delivered", async () => {
  const world = newWorld();
  const here = await us(world);
  let rcpts = 0;
  let ends = 0;
  const peer = makePeer({
    rcpt: () => (rcpts++ === 0 ? reply(421, "4.3.2", "going down") : undefined),
    end: () => (ends++ === 0 ? reply(421, "4.3.0", "not now") : reply(250, "2.0.0", "Ok")),
  });
  world.addPeer("far.test", "198.51.100.1", peer.makeHandler);
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.advance(HOUR_MS);
  assert.deepEqual(peer.taken, ["bob@far.test"]);
  assert.deepEqual(here.outcomes(), [
    "deferred bob@far.test 4.3.2",
    "deferred bob@far.test 4.3.0",
    "delivered bob@far.test 2.0.0",
  ]);
});

test("452 4.5.3 in the middle: the rest goes in further transactions of the same session", async () => {
  const world = newWorld();
  const here = await us(world);
  let count = 0;
  const peer = makePeer({
    mail: () => {
      count = 0;
      return undefined;
    },
    rcpt: () => (++count > 3 ? reply(452, "4.5.3", "too many") : undefined),
  });
  world.addPeer("far.test", "198.51.100.1", peer.makeHandler, {
    limits: { softErrors: 100, hardErrors: 200 },
  });
  const recipients = Array.from({ length: 8 }, (_, n) => `u${n}@far.test`);
  await post(here, "anna@us.test", recipients);
  await world.settle();
  assert.deepEqual(peer.taken.join(" ").split(" ").toSorted(), recipients);
  assert.equal(world.connections.length, 1);
});

test("a connection is used again, and given up when it has idled", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  for (let n = 0; n < 3; n++) {
    await post(here, "anna@us.test", ["bob@far.test"]);
    await world.settle();
  }
  assert.equal(world.connections.length, 1);
  await world.advance(60_000);
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  assert.equal(world.connections.length, 2);
  assert.equal((await there.mailbox("bob")).length, 4);
});

test("mta.md 42: a failed handshake: in the clear at level may, to the same host; deferred where TLS is required", async () => {
  for (const tls of ["may", "require"] as const) {
    const world = newWorld();
    const here = await us(world, { settings: { remote: { tls } } });
    const there = await far(world);
    const listener = there.listener("smtp");
    world.listen("198.51.100.25:25", listener);
    world.breakTls = true;
    await post(here, "anna@us.test", ["bob@far.test"]);
    await world.settle();
    const [message] = await there.mailbox("bob");
    if (tls === "may") {
      assert.match(message, /with ESMTP id/);
      assert.equal(world.connections.length, 2);
    } else {
      assert.equal(message, undefined);
      assert.deepEqual(here.outcomes(), ["deferred bob@far.test 4.7.5"]);
    }
  }
});

test("a host that says nothing, or nonsense, is deferred, and its connection is closed", async () => {
  const world = newWorld();
  const here = await us(world);
  const channels: Channel[] = [];
  for (const [index, words] of ["", "hello\r\n", "220 x\r\n999 what\r\n"].entries()) {
    world.zone[`d${index}.test`] = { a: [`198.51.100.${index + 1}`] };
    world.listen(`198.51.100.${index + 1}:25`, (channel) => {
      channels.push(channel);
      const said = words === "" ? channel.close() : channel.write(encodeUtf8(words));
      void said.catch(() => {});
    });
  }
  await post(here, "anna@us.test", ["x@d0.test", "x@d1.test", "x@d2.test"]);
  await world.settle();
  const outcomes = here.outcomes();
  assert.equal(outcomes.length, 3);
  assert.ok(
    outcomes.every((outcome) => outcome.startsWith("deferred x@d")),
    outcomes.join("\n"),
  );
  for (const channel of channels.slice(1)) {
    while ((await channel.read(1)) !== undefined);
  }
});

test("TLS required and not offered: deferred, nothing sent in the clear", async () => {
  const world = newWorld();
  const here = await us(world, { settings: { remote: { tls: "require" } } });
  const peer = makePeer();
  world.addPeer("far.test", "198.51.100.1", peer.makeHandler);
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  assert.deepEqual(peer.taken, []);
  assert.deepEqual(here.outcomes(), ["deferred bob@far.test 4.7.4"]);
});

test("a smarthost: all mail goes there, after logging in over TLS", async () => {
  const world = newWorld();
  const smart = await world.addHost({
    name: "smart.test",
    domain: "smart.test",
    address: "203.0.113.5",
    accounts: ["us"],
  });
  await smart.store.directory.addAlias({ address: "anna@smart.test", targets: ["us@smart.test"] });
  world.zone["smart.test"] = { a: ["203.0.113.5"] };
  world.listen("203.0.113.5:587", smart.listener("submission"));
  const credentials = { name: "us@smart.test", password: "correct horse battery staple" };
  const smarthost = { host: "smart.test", port: 587, tls: "require", credentials } as const;
  const here = await us(world, { settings: { smarthost } });
  await post(here, "anna@smart.test", ["us@smart.test", "bob@far.test"]);
  await world.settle();
  assert.equal((await smart.mailbox("us")).length, 1);
  assert.match((await smart.mailbox("us"))[0], /with ESMTPSA id/);
  assert.equal(smart.store.queue.list({})[0].recipient, "bob@far.test");
  assert.deepEqual(world.connections, ["203.0.113.5:587"]);
});

test("a wrong password at the smarthost defers: the operator can mend it", async () => {
  const world = newWorld();
  const smart = await world.addHost({
    name: "smart.test",
    domain: "smart.test",
    address: "203.0.113.5",
    accounts: ["us"],
  });
  world.listen("203.0.113.5:587", smart.listener("submission"));
  const credentials = { name: "us@smart.test", password: "wrong" };
  const smarthost = { host: "[203.0.113.5]", port: 587, tls: "may", credentials } as const;
  const here = await us(world, { settings: { smarthost } });
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  assert.deepEqual(here.outcomes(), ["deferred bob@far.test 4.7.8"]);
});

test("security row 42: exchangers that lead back to us: 5.4.6, by DNS and by the name in EHLO", async () => {
  const world = newWorld();
  const here = await us(world);
  world.zone["loop.test"] = { mx: [{ preference: 1, exchange: "mx.us.test" }] };
  // Another address of ours that nobody has told us of.
  world.zone["hidden.test"] = { a: ["203.0.113.77"] };
  world.listen("203.0.113.77:25", here.listener("smtp"));
  await post(here, "anna@us.test", ["x@loop.test", "y@hidden.test"]);
  await world.settle();
  const reports = (await here.mailbox("anna")).flatMap((message) => reportIn(message).recipients);
  assert.deepEqual(
    reports.map(({ finalRecipient, status }) => `${finalRecipient} ${status}`).toSorted(),
    ["x@loop.test 5.4.6", "y@hidden.test 5.4.6"],
  );
});

test("null MX, no such domain, SERVFAIL: reported, reported, deferred", async () => {
  const world = newWorld();
  const here = await us(world);
  world.zone["null.test"] = { mx: [{ preference: 0, exchange: "" }] };
  world.zone["broken.test"] = { fails: true };
  await post(here, "anna@us.test", ["a@null.test", "b@gone.test", "c@broken.test"]);
  await world.settle();
  const statuses = (await here.mailbox("anna")).flatMap((message) =>
    reportIn(message).recipients.map(({ status }) => status),
  );
  assert.deepEqual(statuses.toSorted(), ["5.1.10", "5.1.2"]);
  assert.equal(here.store.queue.list({})[0].lastStatus, "4.4.3");
});

test("an alias that forwards: the sender stays, Delivered-To names the alias, a loop between hosts ends", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  await here.store.directory.addAlias({ address: "fwd@us.test", targets: ["fwd@far.test"] });
  await there.store.directory.addAlias({
    address: "fwd@far.test",
    targets: ["fwd@us.test", "bob@far.test"],
  });
  await post(here, "anna@us.test", ["fwd@us.test"]);
  await world.settle();
  const [copy] = await there.mailbox("bob");
  assert.match(copy, /\r\nDelivered-To: fwd@us\.test\r\n/);
  assert.equal((await there.mailbox("bob")).length, 1);
  const report = reportIn((await here.mailbox("anna"))[0]);
  assert.equal(report.recipients[0].status, "5.4.6");
  // What the sender wrote has come along as ORCPT.
  assert.equal(report.recipients[0].originalRecipient, "fwd@us.test");
});

test("a list: members here and there, the bounce address as sender, fields put before, bounces to the owner", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  await here.store.directory.addList({
    address: "club@us.test",
    displayName: "The <Club>",
    owner: "ben@us.test",
    members: ["anna@us.test", "bob@far.test", "gone@far.test"],
    posting: "members",
  });
  assert.match(
    (await post(here, "stranger@far.test", ["club@us.test"]))[1],
    /^550 5\.7\.2 Only members/,
  );
  await post(here, "bob@far.test", ["club@us.test"]);
  await world.settle();
  const [copy] = await there.mailbox("bob");
  assert.match(
    copy,
    /^Return-Path: <club-bounces@us\.test>\r\nDelivered-To: bob@far\.test\r\nReceived: /,
  );
  const fields =
    'List-Id: "The <Club>"\r\n\t<club.us.test>\r\nList-Post: <mailto:club@us.test>\r\n' +
    "List-Help: <mailto:club-request@us.test?subject=help>\r\n" +
    "List-Unsubscribe: <mailto:club-request@us.test?subject=unsubscribe>\r\n" +
    "List-Owner: <mailto:club-owner@us.test>\r\nPrecedence: list\r\n";
  assert.ok(copy.includes(fields));
  assert.ok(copy.endsWith(MESSAGE));
  const [local] = await here.mailbox("anna");
  assert.ok(
    local.startsWith(
      `Return-Path: <club-bounces@us.test>\r\nDelivered-To: anna@us.test\r\n${fields}`,
    ),
  );
  // The bounce went to the owner, not to the poster.
  assert.equal(
    reportIn((await here.mailbox("ben"))[0]).recipients[0].finalRecipient,
    "gone@far.test",
  );
  for (const role of ["club-owner", "club-request", "owner-club"]) {
    assert.match((await post(here, "x@far.test", [`${role}@us.test`]))[1], /^250/);
  }
  assert.equal((await here.mailbox("ben")).length, 4);
});

test("security row 41: a posting that comes back to its list is refused", async () => {
  const world = newWorld();
  const here = await us(world);
  await here.store.directory.addList({
    address: "club@us.test",
    displayName: "",
    owner: "ben@us.test",
    members: ["anna@us.test"],
    posting: "anyone",
  });
  const replies = await post(
    here,
    "x@far.test",
    ["club@us.test"],
    `List-Id: Club <CLUB.us.test>\r\n${MESSAGE}`,
  );
  assert.match(replies[3], /^554 5\.4\.6/);
  assert.equal((await here.mailbox("anna")).length, 0);
  assert.match(
    (await post(here, "", ["club@us.test"]))[1],
    /^550 5\.7\.1 The list club@us\.test takes no reports/,
  );
});

test("a broken target of an alias: the others get theirs, and the postmaster hears of it (security row 49)", async () => {
  const world = newWorld();
  const here = await us(world);
  await here.store.directory.addAlias({
    address: "team@us.test",
    targets: ["ben@us.test", "gone@us.test"],
  });
  await post(here, "forged@evil.test", ["team@us.test"]);
  await world.settle();
  assert.equal((await here.mailbox("ben")).length, 1);
  const report = reportIn((await here.mailbox("anna"))[0]);
  assert.equal(report.recipients[0].finalRecipient, "gone@us.test");
  assert.equal(report.recipients[0].status, "5.1.1");
  assert.ok(!world.connections.length);
});

test("NOTIFY=NEVER is silence; NOTIFY=SUCCESS past a host without DSN is reported as relayed", async () => {
  const world = newWorld();
  const here = await us(world);
  const peer = makePeer({
    rcpt: (name) => (name.startsWith("no") ? reply(550, "5.1.1", "no") : undefined),
  });
  world.addPeer("far.test", "198.51.100.1", peer.makeHandler, { extensions: ["PIPELINING"] });
  const talk = await SmtpTalk.begin(here.listener("smtp"));
  await talk.say("EHLO x");
  await talk.say("MAIL FROM:<anna@us.test>");
  await talk.say("RCPT TO:<no@far.test> NOTIFY=NEVER");
  await talk.say("RCPT TO:<yes@far.test> NOTIFY=SUCCESS");
  await talk.say("DATA");
  await talk.say(`${MESSAGE}.`);
  await world.settle();
  const messages = await here.mailbox("anna");
  assert.equal(messages.length, 1);
  const [recipient] = reportIn(messages[0]).recipients;
  assert.deepEqual([recipient.finalRecipient, recipient.action], ["yes@far.test", "relayed"]);
});

test("DSN parameters travel on to a host that knows them", async () => {
  const world = newWorld();
  const here = await us(world);
  const seen: RcptParams[] = [];
  const peer = makePeer({
    rcpt: (_name, params) => {
      seen.push(params);
      return undefined;
    },
  });
  world.addPeer("far.test", "198.51.100.1", peer.makeHandler);
  const talk = await SmtpTalk.begin(here.listener("smtp"));
  await talk.say("EHLO x");
  await talk.say("MAIL FROM:<anna@us.test> RET=HDRS ENVID=abc");
  await talk.say("RCPT TO:<bob@far.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Old+2BBob@far.test");
  await talk.say("DATA");
  await talk.say(`${MESSAGE}.`);
  await world.settle();
  assert.deepEqual(seen, [{ notify: ["success", "delay"], orcpt: "rfc822;Old+Bob@far.test" }]);
  assert.equal((await here.mailbox("anna")).length, 0);
});

test("8-bit text to a hop that takes only 7-bit is converted; what is signed is reported", async () => {
  const world = newWorld();
  const here = await us(world);
  const peer = makePeer();
  world.addPeer("far.test", "198.51.100.1", peer.makeHandler, { extensions: ["PIPELINING"] });
  const send = async (message: string): Promise<void> => {
    const talk = await SmtpTalk.begin(here.listener("smtp"));
    await talk.say("EHLO x");
    await talk.say("MAIL FROM:<anna@us.test> BODY=8BITMIME");
    await talk.say("RCPT TO:<bob@far.test>");
    await talk.say("DATA");
    await talk.say(`${message}\r\n.`);
    await world.settle();
  };
  await send("Subject: s\r\n\r\nplain");
  await send("Subject: s\r\n\r\ngrün");
  assert.equal(peer.taken.length, 2);
  assert.match(peer.contents[0], /Subject: s\r\n\r\nplain\r\n$/);
  assert.match(
    peer.contents[1],
    /Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BCn\r\n$/,
  );
  await send("DKIM-Signature: v=1\r\n\r\ngrün");
  assert.equal(peer.taken.length, 2);
  assert.equal(reportIn((await here.mailbox("anna"))[0]).recipients[0].status, "5.6.3");
});

test("mta.md 17: an address that needs SMTPUTF8: another exchanger, or 5.6.7", async () => {
  const world = newWorld();
  const here = await us(world);
  const mx = [
    { preference: 1, exchange: "old.test" },
    { preference: 2, exchange: "new.test" },
  ];
  world.zone["far.test"] = { mx };
  world.zone["only-old.test"] = { mx: mx.slice(0, 1) };
  const [old, recent] = [makePeer(), makePeer()];
  world.addPeer("old.test", "198.51.100.1", old.makeHandler, { extensions: ["8BITMIME"] });
  world.addPeer("new.test", "198.51.100.2", recent.makeHandler);
  const talk = await SmtpTalk.begin(here.listener("smtp"));
  await talk.say("EHLO x");
  await talk.say("MAIL FROM:<anna@us.test> SMTPUTF8 BODY=8BITMIME");
  await talk.say("RCPT TO:<bücher@far.test>");
  await talk.say("RCPT TO:<bücher@only-old.test>");
  await talk.say("DATA");
  await talk.say(`${MESSAGE}.`);
  await world.settle();
  assert.deepEqual(recent.taken, ["bücher@far.test"]);
  assert.deepEqual(old.taken, []);
  assert.deepEqual(
    here.outcomes().filter((line) => line.startsWith("failed")),
    ["failed bücher@only-old.test 5.6.7"],
  );
});

test("mta.md 40: a long message comes back as its header section alone, a short one whole", async () => {
  const world = newWorld();
  const here = await us(world);
  world.zone["null.test"] = { mx: [{ preference: 0, exchange: "" }] };
  const long = `Subject: long\r\n\r\n${"0123456789\r\n".repeat(10_000)}`;
  await post(here, "anna@us.test", ["x@null.test"], long);
  await post(here, "anna@us.test", ["x@null.test"], MESSAGE);
  await world.settle();
  const [first, second] = (await here.mailbox("anna")).map(reportIn);
  assert.equal(first.returned, undefined);
  const header = decodeUtf8(first.returnedHeader ?? new Uint8Array());
  assert.ok(header.includes("Subject: long") && !header.includes("0123456789"));
  assert.ok(decodeUtf8(second.returned ?? new Uint8Array()).endsWith(MESSAGE));
});

test("a backup exchanger takes mail for a host that is down, and hands it on when it is back", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = await far(world);
  const backup = await world.addHost({
    name: "mx.backup.test",
    domain: "backup.test",
    address: "203.0.113.9",
    settings: { relayDomains: ["far.test"] },
  });
  backup.mta.runner.start();
  world.zone["far.test"] = {
    mx: [
      { preference: 10, exchange: "mx.far.test" },
      { preference: 20, exchange: "mx.backup.test" },
    ],
  };
  world.listen("198.51.100.25:25", undefined);
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  assert.equal(backup.store.queue.counts().due, 1);
  world.listen("198.51.100.25:25", there.listener("smtp"));
  await world.advance(HOUR_MS);
  const [message] = await there.mailbox("bob");
  assert.equal(message.match(/^Received: /gm)?.length, 3);
  assert.equal(backup.store.queue.counts().due, 0);
});

test("a large message travels in pieces, octet for octet", async () => {
  const world = newWorld();
  const [here, there] = [await us(world), await far(world)];
  const line = `${"0123456789".repeat(7)}\r\n`;
  const message = `Subject: large\r\n\r\n${line.repeat(30_000)}`;
  await post(here, "anna@us.test", ["bob@far.test", "ben@us.test"], message);
  await world.settle();
  for (const [copy] of [await there.mailbox("bob"), await here.mailbox("ben")]) {
    assert.ok(copy.endsWith(`\r\n${message}`));
  }
});

test("a thousand recipients at fifty domains: each ends once, delivered or reported", async () => {
  const world = newWorld();
  const here = await us(world);
  const taken: string[] = [];
  for (let n = 0; n < 50; n++) {
    if (n % 10 === 9) continue;
    const peer = makePeer({
      rcpt: (name) => {
        if (name.startsWith("no")) return reply(550, "5.1.1", "unknown");
        taken.push(name);
        return undefined;
      },
    });
    world.addPeer(`d${n}.test`, `198.51.100.${n + 1}`, peer.makeHandler, {
      limits: { softErrors: 1000, hardErrors: 1000 },
    });
  }
  const recipients = Array.from(
    { length: 1000 },
    (_, n) => `${n % 7 === 0 ? "no" : "u"}${n}@d${n % 50}.test`,
  );
  const replies = await post(here, "anna@us.test", recipients);
  assert.match(replies.at(-1) ?? "", /^250 2\.0\.0/);
  await world.settle();
  const reports = (await here.mailbox("anna")).map(reportIn);
  const failed = reports.flatMap((report) => report.recipients.map((each) => each.finalRecipient));
  assert.deepEqual([...taken, ...failed].toSorted(), recipients.toSorted());
  assert.equal(here.store.queue.counts().due, 0);
});

test("a fault in one message holds that message with its reason; the others flow (security row 29)", async () => {
  const world = newWorld();
  let poison = -1;
  const here = await us(world, {
    wrapStore: (store) => ({
      ...view(store),
      octets: {
        ...view(store.octets),
        read: (id, start, end) => {
          if (poison === -1) poison = id;
          if (id === poison) return Promise.reject(new MailError("store-corrupt", "hash differs"));
          return store.octets.read(id, start, end);
        },
      },
    }),
  });
  const there = await far(world);
  await post(here, "anna@us.test", ["bob@far.test"]);
  await world.settle();
  await post(here, "anna@us.test", ["carl@far.test"]);
  await world.advance(HOUR_MS);
  const [held] = here.store.queue.list({ state: "held" });
  assert.equal(held.recipient, "bob@far.test");
  assert.match(held.heldBecause ?? "", /hash differs/);
  assert.equal((await there.mailbox("carl")).length, 1);
});

test("property: every accepted recipient ends delivered, reported or in the queue", async () => {
  const world = newWorld();
  const retry = { expireAfterMs: DAY_MS, maxMs: 2 * HOUR_MS };
  const [here, there] = [await us(world, { settings: { retry } }), await far(world)];
  await here.store.directory.addAlias({
    address: "all@us.test",
    targets: ["anna@us.test", "ben@us.test", "carl@far.test"],
  });
  const flaky = makePeer({
    rcpt: (name) => {
      const n = Number(/\d+/.exec(name)?.[0] ?? 0) + world.connections.length;
      return [undefined, reply(450, "4.2.0", "later"), reply(550, "5.1.1", "never")][n % 3];
    },
  });
  world.addPeer("flaky.test", "198.51.100.9", flaky.makeHandler, {
    limits: { softErrors: 1000, hardErrors: 1000 },
  });
  world.zone["down.test"] = { a: ["198.51.100.99"] };
  const sent: string[] = [];
  for (let n = 0; n < 6; n++) {
    const recipients = [
      `u${n}@flaky.test`,
      `v${n}@flaky.test`,
      "bob@far.test",
      `gone${n}@far.test`,
      `x${n}@down.test`,
      "all@us.test",
    ];
    await post(here, "anna@us.test", recipients, `Subject: ${n}\r\n\r\n`);
    sent.push(...recipients);
    await world.advance(HOUR_MS);
  }
  await world.advance(2 * DAY_MS);
  assert.deepEqual(here.store.queue.counts(), { due: 0, leased: 0, held: 0 });
  const reports = (await here.mailbox("anna"))
    .filter((m) => m.includes("multipart/report"))
    .map(reportIn);
  const failed = reports
    .flatMap((report) => report.recipients)
    .filter(({ action }) => action === "failed");
  const ended = new Map<string, number>();
  const count = (name: string): unknown => ended.set(name, (ended.get(name) ?? 0) + 1);
  for (const { finalRecipient } of failed) count(finalRecipient);
  for (const name of flaky.taken.join(" ").split(" ")) count(name);
  for (let n = 0; n < 6; n++) {
    for (const name of [
      `u${n}@flaky.test`,
      `v${n}@flaky.test`,
      `gone${n}@far.test`,
      `x${n}@down.test`,
    ]) {
      assert.equal(ended.get(name), 1, name);
    }
  }
  assert.equal((await there.mailbox("bob")).length, 6);
  assert.equal((await there.mailbox("carl")).length, 6);
  assert.equal((await here.mailbox("ben")).length, 6);
});

/** A plain object with the target's methods, to be spread and changed. */
function view<T extends object>(target: T): T {
  return new Proxy({} as T, {
    ownKeys: () => keysOf(target),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get(_, key) {
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function keysOf(target: object): string[] {
  const prototype: unknown = Object.getPrototypeOf(target);
  const inherited =
    typeof prototype === "object" && prototype !== null
      ? Object.getOwnPropertyNames(prototype)
      : [];
  return [
    ...new Set([...Object.keys(target), ...inherited.filter((key) => key !== "constructor")]),
  ];
}
