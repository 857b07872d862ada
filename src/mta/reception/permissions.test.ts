/** Who may send where, and as whom. */

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { DirectoryLists } from "../../lists/directory-lists.ts";
import { PASSWORD, World, type HostOptions, type TestHost } from "../testing/world.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

async function hostOf(options: Partial<HostOptions> = {}): Promise<TestHost> {
  const world = new World();
  worlds.push(world);
  return world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    // Nobody moves the clock on for a client that makes many errors.
    serve: { limits: { softErrors: 1000, hardErrors: 1000 } },
    lists: (store) => new DirectoryLists(store.directory),
    ...options,
  });
}

async function submitTo(host: TestHost, user = "anna"): Promise<SmtpTalk> {
  const talk = await SmtpTalk.begin(host.listener("submission"), { implicitTls: true });
  await talk.say("EHLO client.example");
  assert.match(await talk.logIn(`${user}@us.test`, PASSWORD), /^235/);
  return talk;
}

test("relay: for configured networks and for backup domains, nobody else", async () => {
  const settings = {
    relayNetworks: ["192.0.2.0/28", "2001:db8::/64"],
    relayDomains: ["backup.test"],
  };
  const host = await hostOf({ settings });
  const ask = async (address: string, recipient: string): Promise<string> => {
    const talk = await SmtpTalk.begin(host.listener("smtp"), { client: { address, port: 4000 } });
    await talk.say("EHLO x");
    await talk.say("MAIL FROM:<bob@far.test>");
    return talk.say(`RCPT TO:<${recipient}>`);
  };
  assert.match(await ask("192.0.2.1", "x@evil.test"), /^250/);
  assert.match(await ask("::ffff:192.0.2.1", "x@evil.test"), /^250/);
  assert.match(await ask("2001:db8::9", "x@evil.test"), /^250/);
  assert.match(await ask("192.0.2.16", "x@evil.test"), /^550 5\.7\.1/);
  assert.match(await ask("198.51.100.1", "x@backup.test"), /^250/);
  assert.match(await ask("198.51.100.1", "x@sub.backup.test"), /^550 5\.7\.1/);
});

test("submission: the sender is one's own address, an alias or a list of one's own, with a sentence otherwise", async () => {
  const host = await hostOf();
  const { directory } = host.store;
  await directory.addAlias({ address: "sales@us.test", targets: ["anna@us.test", "ben@us.test"] });
  await directory.addAlias({ address: "boss@us.test", targets: ["ben@us.test"] });
  await directory.addList({
    address: "club@us.test",
    displayName: "",
    owner: "anna@us.test",
    members: [],
    posting: "members",
  });
  const talk = await submitTo(host);
  for (const sender of [
    "<anna@us.test>",
    "<Anna+shop@us.test>",
    "<sales@us.test>",
    "<club@us.test>",
    "<>",
  ]) {
    assert.match(await talk.say(`MAIL FROM:${sender}`), /^250/, sender);
    await talk.say("RSET");
  }
  const refusal = await talk.say("MAIL FROM:<boss@us.test>");
  assert.equal(
    refusal,
    "550 5.7.1 anna@us.test may not send as boss@us.test; allowed: anna@us.test, sales@us.test, club@us.test",
  );
  for (const sender of [
    "<anna@evil.test>",
    "<ben@us.test>",
    "<nobody@us.test>",
    "<anna@[192.0.2.25]>",
  ]) {
    assert.match(await talk.say(`MAIL FROM:${sender}`), /^550 5\.7\.1/, sender);
  }
});

test("relay: an account that is for mail among ourselves reaches our addresses and no others, from wherever it comes", async () => {
  const settings = { relayNetworks: ["192.0.2.0/24"], relayDomains: ["backup.test"] };
  const host = await hostOf({ settings });
  await host.store.directory.addAlias({ address: "out@us.test", targets: ["x@far.test"] });
  const before = await submitTo(host);
  await before.say("MAIL FROM:<anna@us.test>");
  assert.match(await before.say("RCPT TO:<x@far.test>"), /^250/);
  const changed = await host.store.directory.changeAccount("anna@us.test", { mayRelay: false });
  assert.equal(changed.mayRelay, false);
  // What was said holds at the next command, not at the next login.
  const refusal =
    "550 5.7.1 anna@us.test may send to addresses of ours only, and y@far.test is none";
  assert.equal(await before.say("RCPT TO:<y@far.test>"), refusal);
  assert.match(await before.say("RCPT TO:<ben@us.test>"), /^250/);
  assert.match(await before.say("RCPT TO:<out@us.test>"), /^250/);
  assert.match(await before.say("RCPT TO:<z@backup.test>"), /^250/);
  const other = await submitTo(host, "ben");
  await other.say("MAIL FROM:<ben@us.test>");
  assert.match(await other.say("RCPT TO:<x@far.test>"), /^250/);
  await host.store.directory.changeAccount("anna@us.test", { mayRelay: true });
  assert.match(await before.say("RCPT TO:<y@far.test>"), /^250/);
});

test("relay: an account that was switched off or removed in the middle relays no more", async () => {
  const host = await hostOf();
  const talk = await submitTo(host);
  await talk.say("MAIL FROM:<anna@us.test>");
  await host.store.directory.changeAccount("anna@us.test", { isEnabled: false });
  assert.match(await talk.say("RCPT TO:<x@far.test>"), /^535/);
  await talk.say("RSET");
  assert.match(await talk.say("MAIL FROM:<anna@us.test>"), /^535/);
  await host.store.directory.changeAccount("anna@us.test", { isEnabled: true });
  await host.store.directory.removeAccount("anna@us.test");
  assert.match(await talk.say("MAIL FROM:<anna@us.test>"), /^535/);
});

test("submission: a list may be the sender for its owner, and for members where members may post", async () => {
  const host = await hostOf();
  const { directory } = host.store;
  const list = { displayName: "", owner: "ben@us.test", members: ["anna@us.test"] };
  await directory.addList({ ...list, address: "open@us.test", posting: "anyone" });
  await directory.addList({ ...list, address: "club@us.test", posting: "members" });
  await directory.addList({ ...list, address: "news@us.test", posting: "owner" });
  await directory.addList({ ...list, members: [], address: "other@us.test", posting: "anyone" });
  await directory.addAlias({ address: "via@us.test", targets: ["club@us.test"] });
  const asked = async (user: string): Promise<string[]> => {
    const talk = await submitTo(host, user);
    const may: string[] = [];
    for (const name of ["open", "club", "news", "other", "via", "club-bounces", "club-request"]) {
      const answer = await talk.say(`MAIL FROM:<${name}@us.test>`);
      if (answer.startsWith("250")) may.push(name);
      else assert.match(answer, /^550 5\.7\.1/);
      await talk.say("RSET");
    }
    return may;
  };
  assert.deepEqual(await asked("anna"), ["open", "club"]);
  assert.deepEqual(await asked("ben"), [
    "open",
    "club",
    "news",
    "other",
    "club-bounces",
    "club-request",
  ]);
});

test("submission: the refusal names five addresses and how many more, in one line of at most 512 octets", async () => {
  const host = await hostOf();
  const long = (index: number): string => `${"a".repeat(50)}${index}@us.test`;
  for (let index = 0; index < 9; index++) {
    await host.store.directory.addAlias({ address: long(index), targets: ["anna@us.test"] });
  }
  const talk = await submitTo(host);
  const refusal = await talk.say("MAIL FROM:<boss@us.test>");
  assert.ok(refusal.includes("allowed: anna@us.test, a"), refusal);
  assert.match(refusal, /, 5 more$/);
  assert.ok(refusal.split("\r\n").every((line) => line.length <= 510));
});
