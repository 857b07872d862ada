import { after, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { TestClock } from "../../base/testing/test-clock.ts";
import { encodeUtf8 } from "../../base/bytes.ts";
import { formatAddress, parseAddress, type Address } from "../../message/addr-spec.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { testCrypto, World, type TestHost } from "../testing/world.ts";
import { SenderRewriting } from "./sender-rewriting.ts";

const DAY_MS = 86_400_000;

function parse(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

function rewriting(clock = new TestClock(), secret = "secret"): SenderRewriting {
  return new SenderRewriting({ crypto: testCrypto, clock, secret: encodeUtf8(secret) });
}

const back = (srs: SenderRewriting, address: Address): string => {
  const result = srs.reverse(address);
  if (result === undefined) return "no such address";
  return result.ok ? formatAddress(result.value) : result.problem;
};

const localPart = fc.stringMatching(/^[a-z0-9=+_-]{1,20}$/);
const domain = fc.stringMatching(/^[a-z0-9]{1,10}\.[a-z]{2,8}$/);

test("property: what is forwarded leads back, also with its case lost, for three weeks", () => {
  fc.assert(
    fc.property(localPart, domain, fc.nat(3000), fc.nat(21), (user, host, startDay, age) => {
      const clock = new TestClock();
      void clock.advance(startDay * DAY_MS);
      const sender = { localPart: user, domain: host };
      fc.pre(!/^srs[01]=/i.test(user));
      const forwarded = rewriting(clock).forward(sender, "ours.test");
      assert.ok(forwarded);
      void clock.advance(age * DAY_MS);
      assert.equal(back(rewriting(clock), forwarded), `${user}@${host}`);
      const folded = { ...forwarded, localPart: forwarded.localPart.toLowerCase() };
      assert.equal(back(rewriting(clock), folded), `${user}@${host}`);
    }),
    { numRuns: 300 },
  );
});

test("property: security row 20: one character changed anywhere, or another secret, leads nowhere", () => {
  fc.assert(
    fc.property(localPart, domain, fc.nat(), fc.nat(35), (user, host, at, other) => {
      const forwarded = rewriting().forward({ localPart: user, domain: host }, "ours.test");
      assert.ok(forwarded);
      assert.equal(back(rewriting(undefined, "other"), forwarded), "its hash is wrong");
      const text = forwarded.localPart;
      const index = 5 + (at % (text.length - 5));
      const char = other.toString(36);
      fc.pre(text[index].toLowerCase() !== char && text[index] !== "=");
      const changed = text.slice(0, index) + char + text.slice(index + 1);
      const result = rewriting().reverse({ ...forwarded, localPart: changed });
      assert.equal(result?.ok, false);
    }),
    { numRuns: 300 },
  );
});

test("property: nothing that a stranger writes is reversed, and nothing throws", () => {
  const tail = fc.string({ maxLength: 60 });
  fc.assert(
    fc.property(fc.constantFrom("SRS0=", "SRS1=", "srs0=", "SRS0", "SRS1+"), tail, (head, text) => {
      const result = rewriting().reverse({ localPart: head + text, domain: "ours.test" });
      assert.ok(result === undefined || !result.ok);
    }),
  );
});

test("an address is old after three weeks; one whose name is too long for a local part stays", async () => {
  const clock = new TestClock();
  const forwarded = rewriting(clock).forward(parse("ann@far.test"), "ours.test");
  assert.ok(forwarded);
  await clock.advance(22 * DAY_MS);
  assert.equal(back(rewriting(clock), forwarded), "it has expired");
  await clock.advance(1002 * DAY_MS);
  // Stamps repeat after 1024 days, keys do not.
  assert.equal(back(rewriting(clock), forwarded), "its hash is wrong");
  assert.equal(rewriting().forward(parse(`${"x".repeat(60)}@far.test`), "ours.test"), undefined);
});

test("a chain of forwarders: the second keeps the first, the third too, and each leads back one step", () => {
  const [one, two, three] = [
    rewriting(undefined, "1"),
    rewriting(undefined, "2"),
    rewriting(undefined, "3"),
  ];
  const first = one.forward(parse("ann@a.test"), "f1.test");
  const second = two.forward(first ?? parse("x@x"), "f2.test");
  const third = three.forward(second ?? parse("x@x"), "f3.test");
  assert.ok(first && second && third);
  assert.match(second.localPart, /^SRS1=[a-z2-7]{8}=f1\.test==[a-z2-7]{8}=..=a\.test=ann$/);
  assert.match(third.localPart, /^SRS1=[a-z2-7]{8}=f1\.test==/);
  // The reports skip those between.
  assert.equal(back(three, third), formatAddress(first));
  assert.equal(back(two, second), formatAddress(first));
  assert.equal(back(one, first), "ann@a.test");
});

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

const MESSAGE = "Subject: hello\r\n\r\nText.\r\n";

async function host(world: World, domainName: string, address: string): Promise<TestHost> {
  const made = await world.addHost({
    name: `mx.${domainName}`,
    domain: domainName,
    address,
    accounts: ["anna"],
    settings: { relayNetworks: ["192.0.2.1"] },
  });
  made.mta.runner.start();
  return made;
}

async function post(to: TestHost, sender: string, recipient: string): Promise<string> {
  const talk = await SmtpTalk.begin(to.listener("smtp"));
  await talk.say("EHLO client.test");
  return (await talk.send(`<${sender}>`, [`<${recipient}>`], MESSAGE)).join("|");
}

test("forwarded from host to host: the report comes back by us; forged and expired ones are refused", async () => {
  const world = new World();
  worlds.push(world);
  const [us, there] = [
    await host(world, "us.test", "192.0.2.25"),
    await host(world, "far.test", "198.51.100.25"),
  ];
  const sender = await host(world, "home.test", "203.0.113.25");
  const { directory } = us.store;
  await directory.addAlias({ address: "fwd@us.test", targets: ["anna@far.test"] });
  await directory.addAlias({ address: "dead@us.test", targets: ["gone@far.test"] });
  await post(us, "anna@home.test", "fwd@us.test");
  await world.settle();
  const [arrived] = await there.mailbox("anna");
  const [, path] = /^Return-Path: <(SRS0=[^>]+=home\.test=anna@us\.test)>/.exec(arrived) ?? [];
  assert.ok(path, arrived);
  assert.ok(arrived.endsWith(MESSAGE));
  // What a catch-all takes is forwarded as well.
  await directory.changeDomain("us.test", { catchAll: "anna@far.test" });
  await post(us, "anna@home.test", "anybody@us.test");
  await world.settle();
  assert.match((await there.mailbox("anna"))[1], /^Return-Path: <SRS0=[^>]+=anna@us\.test>/);
  await directory.changeDomain("us.test", { catchAll: null });
  // Mail of our own people keeps its sender.
  await post(us, "anna@us.test", "fwd@us.test");
  await world.settle();
  assert.match((await there.mailbox("anna"))[2], /^Return-Path: <anna@us\.test>/);
  // A report of theirs to the rewritten sender, as a stranger's host would send it.
  assert.match(await post(us, "", path), /\|250 [^|]*queued/);
  await world.settle();
  assert.equal((await sender.mailbox("anna")).length, 1);
  assert.match(await post(us, "", path.replace("=anna@", "=evil@")), /\|550 5\.1\.1 /);
  await world.clock.advance(22 * DAY_MS);
  assert.match(await post(us, "", path), /\|550 5\.1\.1 [^|]*expired/);
  // All the way by itself: the failure at the second hop is told to who sent it.
  await post(us, "anna@home.test", "dead@us.test");
  await world.settle();
  const reports = await sender.mailbox("anna");
  assert.match(reports[1], /Final-Recipient: rfc822; gone@far\.test/);
});
