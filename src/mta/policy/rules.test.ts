/** Rules as a client meets them, over the real engine, reception and store. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { reply } from "../../smtp/reply.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { PASSWORD, World, type HostOptions, type TestHost } from "../testing/world.ts";
import type { Rule } from "./rule.ts";
import { RuleEngine } from "./rule-engine.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

async function hostWith(rules: Rule[], options: Partial<HostOptions> = {}): Promise<TestHost> {
  const world = new World();
  worlds.push(world);
  return world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    serve: { limits: { softErrors: 1000, hardErrors: 1000 } },
    policy: new RuleEngine(rules),
    ...options,
  });
}

async function talkTo(host: TestHost): Promise<SmtpTalk> {
  const talk = await SmtpTalk.begin(host.listener("smtp"));
  assert.match(await talk.say("EHLO client.example"), /^250/);
  return talk;
}

const decisions = (host: TestHost): unknown[] =>
  host.log.events
    .filter(({ event }) => event === "mta.rule")
    .map(({ fields }) => `${fields["rule"]} ${fields["stage"]} ${fields["action"]}`);

const refuse = (code: number, text: string): Rule["action"] => ({
  type: "refuse",
  reply: reply(code, "5.7.1", text),
});
const MESSAGE = "Subject: hello\r\n\r\nText.\r\n";

test("connect and helo: refused with the rule's words, and the log has its name", async () => {
  const rule = { name: "net", stage: "connect", when: { networks: ["192.0.2.1"] } } as const;
  const host = await hostWith([{ ...rule, action: refuse(554, "Not you") }]);
  const { makeMemoryPipe } = await import("../../base/testing/memory-channel.ts");
  const { client, server } = makeMemoryPipe();
  host.listener("smtp")(server);
  const banner = await client.read(1000);
  assert.equal(new TextDecoder().decode(banner), "554 Not you\r\n");
  assert.deepEqual(decisions(host), ["net connect refuse"]);

  const second = await hostWith([
    { name: "local", stage: "helo", when: { helos: ["localhost*"] }, action: refuse(550, "No") },
  ]);
  const talk = await SmtpTalk.begin(second.listener("smtp"));
  assert.equal(await talk.say("EHLO localhost.localdomain"), "550 5.7.1 No");
  assert.match(await talk.say("MAIL FROM:<bob@far.test>"), /^503/);
  assert.match(await talk.say("EHLO client.example"), /^250/);
  assert.match(await talk.say("MAIL FROM:<bob@far.test>"), /^250/);
});

test("client names: DNS is waited for, and must agree both ways", async () => {
  const rules: Rule[] = [
    {
      name: "dyn",
      stage: "connect",
      when: { clientNames: ["*.dyn.test"] },
      action: refuse(554, "x"),
    },
    { name: "none", stage: "sender", when: { clientNames: ["unknown"] }, action: refuse(550, "y") },
  ];
  const host = await hostWith(rules);
  // 192.0.2.1 is a test network, so it is asked about; nothing is known of it.
  const talk = await talkTo(host);
  assert.equal(await talk.say("MAIL FROM:<bob@far.test>"), "550 5.7.1 y");
  host.world.zone["192.0.2.1"] = { ptr: ["h1.dyn.test"] };
  host.world.zone["h1.dyn.test"] = { a: ["192.0.2.1"] };
  await SmtpTalk.begin(host.listener("smtp"));
  assert.deepEqual(decisions(host).slice(-1), ["dyn connect refuse"]);
});

test("sender and recipient: refused, deferred, and others stand", async () => {
  const host = await hostWith([
    { name: "s", stage: "sender", when: { senders: ["bad.test"] }, action: refuse(550, "no bad") },
    {
      name: "big",
      stage: "sender",
      when: { largerThanOctets: 1000 },
      action: { type: "defer", reply: reply(450, "4.7.1", "not now") },
    },
    {
      name: "pair",
      stage: "recipient",
      when: { senders: ["far.test"], recipients: ["ben@us.test"] },
      action: refuse(553, "not to ben"),
    },
  ]);
  const talk = await talkTo(host);
  assert.equal(await talk.say("MAIL FROM:<x@bad.test>"), "550 5.7.1 no bad");
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^503/);
  assert.equal(await talk.say("MAIL FROM:<x@far.test> SIZE=1001"), "450 4.7.1 not now");
  assert.match(await talk.say("MAIL FROM:<x@far.test> SIZE=1000"), /^250/);
  assert.equal(await talk.say("RCPT TO:<ben@us.test>"), "553 5.7.1 not to ben");
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^250/);
  assert.match(await talk.say("DATA"), /^354/);
  assert.match(await talk.say(`${MESSAGE}.`), /^250/);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.equal((await host.mailbox("ben")).length, 0);
});

test("allow never opens the relay and never makes an address exist", async () => {
  const host = await hostWith([
    { name: "all", stage: "recipient", when: {}, action: { type: "allow" } },
  ]);
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<bob@far.test>");
  assert.match(await talk.say("RCPT TO:<carl@elsewhere.test>"), /^550 5\.7\.1 We do not relay/);
  assert.match(await talk.say("RCPT TO:<nobody@us.test>"), /^550 5\.1\.1/);
});

test("data: by header field and by size, after all of it has come", async () => {
  const host = await hostWith([
    {
      name: "lottery",
      stage: "data",
      when: { headers: [{ key: "subject", pattern: "*lottery*" }] },
      action: refuse(554, "no lottery"),
    },
    {
      name: "large",
      stage: "data",
      when: { largerThanOctets: 50_000 },
      action: refuse(552, "big"),
    },
  ]);
  const talk = await talkTo(host);
  const sent = async (message: string): Promise<string | undefined> =>
    (await talk.send("<bob@far.test>", ["<anna@us.test>"], message)).at(-1);
  assert.equal(await sent("Subject: A Lottery\r\n\r\nx\r\n"), "554 5.7.1 no lottery");
  assert.equal(
    await sent(`Subject: a\r\n\r\n${"x".repeat(70).concat("\r\n").repeat(800)}`),
    "552 5.7.1 big",
  );
  assert.match((await sent(MESSAGE)) ?? "", /^250/);
  assert.equal((await host.mailbox("anna")).length, 1);
});

test("tag: a header field before the message, for mailboxes and for further hops", async () => {
  const host = await hostWith(
    [
      { name: "s", stage: "sender", when: {}, action: { type: "tag", field: "X-One: 1" } },
      { name: "r", stage: "recipient", when: {}, action: { type: "tag", field: "X-Two: 2" } },
    ],
    { settings: { relayDomains: ["far.test"] } },
  );
  const far = await host.world.addHost({
    name: "mx.far.test",
    domain: "far.test",
    address: "192.0.2.26",
    accounts: ["carl"],
  });
  host.mta.runner.start();
  const talk = await talkTo(host);
  await talk.send(
    "<bob@else.test>",
    ["<anna@us.test>", "<ben@us.test>", "<carl@far.test>"],
    MESSAGE,
  );
  await host.world.settle();
  for (const text of [(await host.mailbox("anna"))[0], (await host.mailbox("ben"))[0]]) {
    assert.match(
      text,
      /^Return-Path: .*\r\nDelivered-To: .*\r\nX-One: 1\r\nX-Two: 2\r\nReceived: /,
    );
  }
  assert.match((await far.mailbox("carl"))[0], /\r\nX-One: 1\r\nX-Two: 2\r\nReceived: from client/);
});

test("hold: taken, kept from every mailbox until it is released", async () => {
  const host = await hostWith([
    {
      name: "h",
      stage: "data",
      when: { headers: [{ key: "subject", pattern: "hello" }] },
      action: { type: "hold", reason: "looks odd" },
    },
  ]);
  await host.store.directory.addAlias({ address: "team@us.test", targets: ["ben@us.test"] });
  await host.store.directory.changeDomain("us.test", { catchAll: "ben@us.test" });
  host.mta.runner.start();
  const talk = await talkTo(host);
  const to = ["<anna+shop@us.test>", "<team@us.test>", "<whoever@us.test>"];
  const replies = await talk.send("<bob@far.test>", to, MESSAGE);
  assert.ok(
    replies.every((line) => /^(250|354)/.test(line)),
    replies.join(),
  );
  await host.world.settle();
  assert.equal((await host.mailbox("anna")).length + (await host.mailbox("ben")).length, 0);
  const held = host.store.queue.list({ state: "held" });
  assert.deepEqual(held.map(({ recipient, heldBecause }) => `${recipient} ${heldBecause}`).sort(), [
    "anna+shop@us.test looks odd",
    "ben@us.test looks odd",
  ]);
  await host.store.queue.release({ state: "held" });
  await host.world.settle();
  assert.match(
    (await host.mailbox("anna"))[0],
    /^Return-Path: <bob@far\.test>\r\nDelivered-To: anna\+shop@/,
  );
  assert.equal((await host.mailbox("ben")).length, 1);
});

test("discard: the whole message, or one recipient's copy; the client hears 250", async () => {
  const host = await hostWith([
    {
      name: "r",
      stage: "recipient",
      when: { recipients: ["trap@us.test"] },
      action: { type: "discard" },
    },
    { name: "s", stage: "sender", when: { senders: ["spam.test"] }, action: { type: "discard" } },
  ]);
  const talk = await talkTo(host);
  const replies = await talk.send("<bob@far.test>", ["<trap@us.test>", "<anna@us.test>"], MESSAGE);
  assert.ok(
    replies.every((line) => /^(250|354)/.test(line)),
    replies.join(),
  );
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.match((await talk.send("<x@far.test>", ["<trap@us.test>"], MESSAGE)).at(-1) ?? "", /^250/);
  assert.match(
    (await talk.send("<x@spam.test>", ["<anna@us.test>"], MESSAGE)).at(-1) ?? "",
    /^250/,
  );
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.equal(host.log.events.filter(({ event }) => event === "mta.discarded").length, 2);
});

test("security rows 9, 10: no rule's decision outlives its transaction", async () => {
  const host = await hostWith([
    { name: "s", stage: "sender", when: { senders: ["spam.test"] }, action: { type: "discard" } },
    {
      name: "r",
      stage: "recipient",
      when: { recipients: ["ben@us.test"] },
      action: { type: "hold", reason: "x" },
    },
    {
      name: "d",
      stage: "data",
      when: { headers: [{ key: "x-bad", pattern: "*" }] },
      action: refuse(554, "no"),
    },
  ]);
  const talk = await talkTo(host);
  const ends = ["RSET", "EHLO client.example"];
  for (const end of ends) {
    await talk.say("MAIL FROM:<x@spam.test>");
    await talk.say("RCPT TO:<ben@us.test>");
    await talk.say(end);
    assert.match(
      (await talk.send("<bob@far.test>", ["<anna@us.test>"], MESSAGE)).at(-1) ?? "",
      /^250/,
    );
  }
  // Refused at the end of its data, then another.
  const refused = await talk.send("<bob@far.test>", ["<anna@us.test>"], `X-Bad: 1\r\n${MESSAGE}`);
  assert.match(refused.at(-1) ?? "", /^554/);
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^503/);
  await talk.send("<x@spam.test>", ["<anna@us.test>"], MESSAGE);
  await talk.send("<bob@far.test>", ["<anna@us.test>"], MESSAGE);
  assert.equal((await host.mailbox("anna")).length, ends.length + 1);
  assert.equal(host.store.queue.counts().held, 0);
});

test("rules know who has logged in", async () => {
  const host = await hostWith([
    {
      name: "guest",
      stage: "sender",
      when: { accounts: ["ben@us.test"], services: ["submission"] },
      action: refuse(550, "guests may not"),
    },
  ]);
  for (const [user, expected] of [
    ["ben", /^550 5\.7\.1 guests/],
    ["anna", /^250/],
  ] as const) {
    const talk = await SmtpTalk.begin(host.listener("submission"), { implicitTls: true });
    await talk.say("EHLO client.example");
    await talk.logIn(`${user}@us.test`, PASSWORD);
    assert.match(await talk.say(`MAIL FROM:<${user}@us.test>`), expected);
  }
});
