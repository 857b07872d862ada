/** LMTP (RFC 2033): a reply for each recipient, for our own mailboxes only. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { World, type TestHost } from "../testing/world.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

async function lmtpHost(): Promise<{ host: TestHost; talk: SmtpTalk }> {
  const world = new World();
  worlds.push(world);
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    settings: { relayNetworks: ["0.0.0.0/0"], relayDomains: ["far.test"] },
    serve: { limits: { softErrors: 1000, hardErrors: 1000 } },
  });
  const talk = await SmtpTalk.begin(host.listener("lmtp"));
  assert.match(await talk.say("EHLO client.example"), /^50[0-9]/);
  assert.match(await talk.say("LHLO client.example"), /^250/);
  return { host, talk };
}

/** DATA and a message; as many replies as recipients. */
async function deliver(talk: SmtpTalk, to: readonly string[], message: string): Promise<string[]> {
  await talk.say("MAIL FROM:<bob@far.test>");
  for (const recipient of to) assert.match(await talk.say(`RCPT TO:<${recipient}>`), /^250/);
  assert.match(await talk.say("DATA"), /^354/);
  const replies = [await talk.say(`${message}.`)];
  while (replies.length < to.length) replies.push(await talk.reply());
  return replies;
}

const MESSAGE = `Subject: hello\r\n\r\n${`${"x".repeat(70)}\r\n`.repeat(40)}`;

test("LMTP: each recipient has its own reply; the message is there when it is said", async () => {
  const { host, talk } = await lmtpHost();
  const replies = await deliver(talk, ["anna@us.test", "ben@us.test"], MESSAGE);
  assert.equal(replies.length, 2);
  for (const line of replies) assert.match(line, /^250 2\.0\.0 Ok: queued as/);
  const [message] = await host.mailbox("anna");
  assert.match(message, /^Return-Path: <bob@far\.test>\r\n.*\r\nReceived: from client\.example /);
  assert.match(message, /with LMTP id/);
  assert.equal((await host.mailbox("ben")).length, 1);
  assert.match(await talk.say("NOOP"), /^250/);
});

test("LMTP: addresses of others are refused, whatever the relay permission; unknown ones too", async () => {
  const { talk } = await lmtpHost();
  await talk.say("MAIL FROM:<bob@far.test>");
  assert.match(await talk.say("RCPT TO:<carl@far.test>"), /^550 5\.1\.2 carl@far\.test/);
  assert.match(await talk.say("RCPT TO:<nobody@us.test>"), /^550 5\.1\.1/);
  assert.match(await talk.say("DATA"), /^503/);
});

test("LMTP: who has no room is told so; the others get theirs", async () => {
  const { host, talk } = await lmtpHost();
  await host.store.directory.changeAccount("ben@us.test", { quotaOctets: 2000 });
  await host.store.directory.addAlias({ address: "team@us.test", targets: ["ben@us.test"] });
  const replies = await deliver(talk, ["ben@us.test", "anna@us.test", "team@us.test"], MESSAGE);
  assert.match(replies[0], /^552 5\.2\.2 .*ben@us\.test/);
  assert.match(replies[1], /^250/);
  assert.match(replies[2], /^552 5\.2\.2/);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.equal((await host.mailbox("ben")).length, 0);
  const all = await deliver(talk, ["ben@us.test", "team@us.test"], MESSAGE);
  assert.ok(
    all.every((line) => line.startsWith("552")),
    all.join(),
  );
});

test("LMTP: an alias that leads on goes to the queue, and one reply answers for it", async () => {
  const { host, talk } = await lmtpHost();
  await host.store.directory.addAlias({
    address: "out@us.test",
    targets: ["carl@far.test", "anna@us.test"],
  });
  const [reply] = await deliver(talk, ["out@us.test"], MESSAGE);
  assert.match(reply, /^250/);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.deepEqual(
    host.store.queue.list({}).map(({ recipient }) => recipient),
    ["carl@far.test"],
  );
});
