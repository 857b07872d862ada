/** Address tables at work, as SMTP clients see them. */

import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NO_MAPS, type MapConfig } from "./config.ts";
import { SmtpTalk } from "./testing/smtp-talk.ts";
import { PASSWORD, World, type TestHost } from "./testing/world.ts";

const worlds: World[] = [];
const folders: string[] = [];
after(async () => {
  for (const world of worlds) await world.close();
  for (const folder of folders) await rm(folder, { recursive: true });
});

const MESSAGE =
  "From: Anna <anna@desk.us.test>\r\nTo: old@far.test\r\nSubject: hello\r\n\r\nText.\r\n";

async function us(
  tables: Record<string, string>,
  more: Partial<MapConfig> = {},
): Promise<TestHost> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-rewriting-"));
  folders.push(folder);
  const maps: Record<string, readonly string[]> = { ...NO_MAPS, ...more };
  for (const [role, text] of Object.entries(tables)) {
    await writeFile(join(folder, role), text);
    maps[role] = [join(folder, role)];
  }
  const world = new World();
  worlds.push(world);
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    settings: { maps: maps as MapConfig, clearAuthNetworks: ["0.0.0.0/0"] },
  });
  assert.deepEqual(await host.mta.loadAliases(), []);
  return host;
}

async function begin(host: TestHost, service: "smtp" | "submission"): Promise<SmtpTalk> {
  const talk = await SmtpTalk.begin(host.listener(service));
  await talk.say("EHLO client.test");
  if (service === "submission") await talk.logIn("anna@us.test", PASSWORD);
  return talk;
}

test("a submitted message: sender and header in their forms for the world; a relayed one keeps its header", async () => {
  const tables = {
    recipientCanonical: "old@far.test ben@us.test",
    canonical: "anna anna.smith@us.test",
  };
  const host = await us(tables, { masqueradeDomains: ["us.test"] });
  await host.store.directory.addAlias({ address: "anna.smith@us.test", targets: ["anna@us.test"] });
  const submission = await begin(host, "submission");
  const replies = await submission.send("<anna@us.test>", ["<old@far.test>"], MESSAGE);
  assert.match(replies.at(-1) ?? "", /^250/);
  const [submitted] = await host.mailbox("ben");
  assert.match(submitted, /^Return-Path: <anna\.smith@us\.test>\r\n/);
  assert.match(submitted, /^From: Anna <anna@us\.test>\r\nTo: ben@us\.test\r\n/m);
  const relay = await begin(host, "smtp");
  await relay.send("<x@host.us.test>", ["<ben@us.test>"], MESSAGE);
  const [, relayed] = await host.mailbox("ben");
  assert.match(relayed, /^Return-Path: <x@us\.test>\r\n/);
  assert.ok(relayed.endsWith(MESSAGE));
});

test("security row 20: an address table opens no relay: another host's address stays another host's", async () => {
  const host = await us({
    virtual: "old@far.test anna@us.test",
    canonical: "way@far.test ben@us.test",
  });
  const stranger = await begin(host, "smtp");
  await stranger.say("MAIL FROM:<x@evil.test>");
  assert.match(await stranger.say("RCPT TO:<old@far.test>"), /^550 5\.7\.1/);
  assert.match(await stranger.say("RCPT TO:<way@far.test>"), /^550 5\.7\.1/);
  const talk = await begin(host, "submission");
  await talk.send("<anna@us.test>", ["<old@far.test>", "<way@far.test>"], MESSAGE);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.equal((await host.mailbox("ben")).length, 1);
});

test("virtual: several levels, an address that names itself, and the trace of it", async () => {
  const host = await us({
    virtual:
      "team@us.test ben, more@us.test\nmore@us.test anna\nben@us.test ben@us.test, x@home.test",
  });
  const talk = await begin(host, "smtp");
  const replies = await talk.send("<x@far.test>", ["<team@us.test>"], MESSAGE);
  assert.match(replies.at(-1) ?? "", /^250/);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.equal((await host.mailbox("ben")).length, 1);
  const [queued] = host.store.queue.list({});
  assert.equal(queued.recipient, "x@home.test");
  assert.equal(queued.originalRecipient, "rfc822;team@us.test");
  const { steps } = host.mta.tracer.resolve({ localPart: "team", domain: "us.test" });
  assert.deepEqual(
    steps.map(({ depth, kind, address }) => `${depth} ${kind} ${address}`),
    [
      "0 virtual team@us.test",
      "1 virtual ben@us.test",
      "1 account ben@us.test",
      "2 remote x@home.test",
      "1 virtual more@us.test",
      "2 account anna@us.test",
    ],
  );
});

test("relocated: 551 with an address, 550 with words; a mailbox that is there all the same gets nothing", async () => {
  const host = await us({ relocated: "carl carl@new.test\nben@us.test Paris, phone 5" });
  const talk = await begin(host, "smtp");
  await talk.say("MAIL FROM:<x@far.test>");
  assert.equal(
    await talk.say("RCPT TO:<carl@us.test>"),
    "551 5.1.6 carl@us.test has moved to carl@new.test",
  );
  assert.equal(
    await talk.say("RCPT TO:<ben+x@us.test>"),
    "550 5.1.6 ben+x@us.test has moved to Paris, phone 5",
  );
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^250/);
});

test("security row 43: virtual tables that lead in circles end", async () => {
  const host = await us({
    virtual: "a@us.test b@us.test\nb@us.test a@us.test\n@loop.test @us.test",
  });
  const talk = await begin(host, "smtp");
  await talk.say("MAIL FROM:<x@far.test>");
  assert.match(await talk.say("RCPT TO:<a@us.test>"), /^554 5\.4\.6/);
});
