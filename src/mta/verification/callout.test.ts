import { after, test } from "node:test";
import assert from "node:assert/strict";
import { silentLog } from "../../base/log.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { MtaSettings } from "../config.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { World, type TestHost } from "../testing/world.ts";
import { AddressVerifier, DEFAULT_VERIFIER_LIMITS } from "./address-verifier.ts";
import type { ProbeAnswer } from "./probe-address.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

async function makeWorld(
  settings: Partial<MtaSettings>,
): Promise<{ world: World; here: TestHost; there: TestHost }> {
  const world = new World();
  worlds.push(world);
  const here = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna"],
    settings: { relayDomains: ["far.test"], ...settings },
  });
  const there = await world.addHost({
    name: "mx.far.test",
    domain: "far.test",
    address: "198.51.100.25",
    accounts: ["bob"],
  });
  return { world, here, there };
}

async function ask(host: TestHost, from: string, ...to: string[]): Promise<string[]> {
  const talk = await SmtpTalk.begin(host.listener("smtp"));
  await talk.say("EHLO client.test");
  await talk.say(`MAIL FROM:<${from}>`);
  const replies: string[] = [];
  for (const each of to)
    replies.push((await talk.say(`RCPT TO:<${each}>`)).split(" ", 2).join(" "));
  await talk.say("QUIT");
  return replies;
}

test("recipients of a relay domain: taken, refused, and remembered, asked once each", async () => {
  const { world, here, there } = await makeWorld({ callout: { recipients: true, senders: false } });
  const both = ["bob@far.test", "nobody@far.test"];
  for (let n = 0; n < 3; n++) {
    assert.deepEqual(await ask(here, "x@else.test", ...both), ["250 2.1.5", "550 5.1.1"]);
  }
  assert.equal(world.connections.length, 2);
  assert.deepEqual(there.store.queue.counts(), { due: 0, leased: 0, held: 0 });
  assert.deepEqual(await there.mailbox("bob"), []);
  await world.clock.advance(4 * 3600_000);
  await there.store.directory.addAccount({ address: "nobody@far.test", password: "long enough" });
  assert.deepEqual(await ask(here, "x@else.test", "nobody@far.test"), ["250 2.1.5"]);
});

test("a server that is away: 450 for its addresses, asked once in a while; what is known stays", async () => {
  const { world, here } = await makeWorld({ callout: { recipients: true, senders: false } });
  await ask(here, "x@else.test", "bob@far.test");
  world.listen("198.51.100.25:25", undefined);
  const before = world.connections.length;
  const unknown = Array.from({ length: 10 }, (_, n) => `u${n}@far.test`);
  const replies = await ask(here, "x@else.test", "bob@far.test", ...unknown);
  assert.deepEqual(replies, ["250 2.1.5", ...unknown.map(() => "450 4.1.1")]);
  assert.equal(world.connections.length - before, 1);
});

test("senders: of strangers only, never of reports, and not of domains of ours", async () => {
  const { here } = await makeWorld({
    callout: { recipients: false, senders: true },
    relayDomains: [],
  });
  const from = async (sender: string): Promise<string> =>
    (await ask(here, sender, "anna@us.test"))[0];
  assert.equal(await from("bob@far.test"), "250 2.1.5");
  assert.equal(await from("forged@far.test"), "550 5.1.7");
  assert.equal(await from("x@nowhere.test"), "550 5.1.7");
  assert.equal(await from(""), "250 2.1.5");
  assert.equal(await from("forged@us.test"), "250 2.1.5");
});

test("mta 26: a null MX: 556 5.1.10 for a recipient, 550 5.7.27 for a sender", async () => {
  const { world, here } = await makeWorld({
    callout: { recipients: true, senders: true },
    relayDomains: ["null.test"],
  });
  world.zone["null.test"] = { mx: [{ preference: 0, exchange: "" }] };
  assert.deepEqual(await ask(here, "bob@far.test", "x@null.test"), ["556 5.1.10"]);
  assert.deepEqual(await ask(here, "x@null.test", "anna@us.test"), ["550 5.7.27"]);
});

test("who may relay is not asked about", async () => {
  const { world, here } = await makeWorld({
    callout: { recipients: true, senders: true },
    relayNetworks: ["192.0.2.1"],
  });
  assert.deepEqual(await ask(here, "x@else.test", "nobody@far.test"), ["250 2.1.5"]);
  assert.equal(world.connections.length, 0);
});

test("RCPT never waits long, and a storm of questions is cut off", async () => {
  const clock = new TestClock();
  let asked = 0;
  const answers: ((answer: ProbeAnswer) => void)[] = [];
  const verifier = new AddressVerifier(
    {
      ask: () => {
        asked++;
        return new Promise((resolve) => answers.push(resolve));
      },
      clock,
      log: silentLog,
    },
    { ...DEFAULT_VERIFIER_LIMITS, probes: 4 },
  );
  const address = (n: number, domain: string) => ({ localPart: `u${n}`, domain });
  const verdicts: Promise<ProbeAnswer>[] = [];
  for (let n = 0; n < 100; n++) {
    verdicts.push(verifier.verify(address(n, "a.test")), verifier.verify(address(0, "a.test")));
  }
  assert.equal(asked, DEFAULT_VERIFIER_LIMITS.probesPerDomain);
  for (let n = 0; n < 100; n++) verdicts.push(verifier.verify(address(0, `d${n}.test`)));
  assert.equal(asked, 4);
  await clock.advance(DEFAULT_VERIFIER_LIMITS.waitMs);
  assert.ok((await Promise.all(verdicts)).every(({ type }) => type === "unknown"));
  for (const answer of answers) answer({ type: "exists" });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await verifier.verify(address(0, "a.test"))).type, "exists");
  assert.equal(asked, 4);
});

test("RFC 6531: a recipient with a name in UTF-8 is asked for as one; whose server takes none is not asked", async () => {
  const { world, here, there } = await makeWorld({ callout: { recipients: true, senders: true } });
  await there.store.directory.addAccount({ address: "bøb@far.test", password: "long enough" });
  const talk = await SmtpTalk.begin(here.listener("smtp"));
  await talk.say("EHLO client.test");
  await talk.say("MAIL FROM:<bøb@far.test> SMTPUTF8");
  assert.match(await talk.say("RCPT TO:<bøb@far.test>"), /^250 /);
  assert.match(await talk.say("RCPT TO:<bæb@far.test>"), /^550 5\.1\.1 /);
  await talk.say("RSET");
  world.addPeer(
    "old.test",
    "198.51.100.26",
    () => ({
      connect: async () => undefined,
      helo: async () => undefined,
      mechanisms: () => [],
      startMechanism: () => undefined,
      authenticated: async () => undefined,
      mail: () => assert.fail("asked for what it cannot take"),
      rcpt: async () => undefined,
      data: () => assert.fail("text was sent"),
      reset() {},
      close() {},
    }),
    { extensions: ["PIPELINING"] },
  );
  await talk.say("MAIL FROM:<øl@old.test> SMTPUTF8");
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^250 /);
});
