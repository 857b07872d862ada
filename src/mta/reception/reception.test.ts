import { after, test } from "node:test";
import assert from "node:assert/strict";
import { MailError } from "../../base/errors.ts";
import { DirectoryLists } from "../../lists/directory-lists.ts";
import type { Store } from "../../store/contract.ts";
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

async function talkTo(host: TestHost, chunkOctets?: number): Promise<SmtpTalk> {
  const talk = await SmtpTalk.begin(host.listener("smtp"), { chunkOctets });
  await talk.say("EHLO client.example");
  return talk;
}

async function submitTo(host: TestHost, user = "anna"): Promise<SmtpTalk> {
  const talk = await SmtpTalk.begin(host.listener("submission"), { implicitTls: true });
  await talk.say("EHLO client.example");
  assert.match(await talk.logIn(`${user}@us.test`, PASSWORD), /^235/);
  return talk;
}

const MESSAGE = "Subject: hello\r\n\r\nText.\r\n";

/** Octets with the parts that differ from run to run made plain. */
function plain(message: string): string {
  return message.replace(/ id [a-z0-9]{12}\r\n/, " id ID\r\n");
}

test("a message to a local user: replies, trace fields, octets", async () => {
  const host = await hostOf();
  for (const chunk of [undefined, 1]) {
    const talk = await talkTo(host, chunk);
    const replies = await talk.send("<Bob@far.test>", ["<anna@us.test>"], MESSAGE);
    assert.match(replies[0], /^250 2\.1\.0/);
    assert.match(replies[1], /^250 2\.1\.5/);
    assert.match(replies[3], /^250 2\.0\.0 Ok: queued as [a-z0-9]{12}$/);
  }
  const [first, second] = await host.mailbox("anna");
  assert.equal(
    plain(first),
    "Return-Path: <Bob@far.test>\r\nDelivered-To: anna@us.test\r\n" +
      "Received: from client.example ([192.0.2.1])\r\n\tby mx.us.test with ESMTP id ID\r\n" +
      "\tfor <anna@us.test>;\r\n\tThu, 1 Jan 2026 00:00:00 +0000\r\n" +
      MESSAGE,
  );
  assert.equal(plain(second), plain(first));
});

test("mta.md 20: `for` names one recipient only; keywords of RFC 3848 and 6531; TLS is told", async () => {
  const host = await hostOf({ settings: { authOnRelay: true } });
  const talk = await talkTo(host);
  await talk.say("STARTTLS");
  await talk.channel.startTls();
  await talk.say("EHLO [192.0.2.1]");
  await talk.send("<>", ["<anna@us.test>", "<ben@us.test>"], MESSAGE);
  const [message] = await host.mailbox("anna");
  assert.match(message, /^Return-Path: <>\r\n/);
  assert.match(
    message,
    /with ESMTPS id [a-z0-9]+\r\n\t\(using TLSv1\.3 with cipher TLS_AES_256_GCM_SHA384 \(256 bits\)\);/,
  );
  assert.doesNotMatch(message, /for </);
  await talk.say("MAIL FROM:<> SMTPUTF8");
  await talk.say("RCPT TO:<anna@us.test>");
  await talk.say("DATA");
  await talk.say(`${MESSAGE}.`);
  assert.match((await host.mailbox("anna"))[1], /with UTF8SMTPS id/);
  const plainTalk = await SmtpTalk.begin(host.listener("smtp"));
  await plainTalk.say("HELO old.example");
  await plainTalk.send("<>", ["<anna@us.test>"], MESSAGE);
  assert.match((await host.mailbox("anna"))[2], /by mx\.us\.test with SMTP id/);
});

test("security row 49: an unknown local user is refused at RCPT", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<bob@far.test>");
  assert.match(
    await talk.say("RCPT TO:<nobody@us.test>"),
    /^550 5\.1\.1 There is no mailbox nobody@us\.test/,
  );
  assert.match(await talk.say("DATA"), /^554/);
});

test("security row 18: an empty quoted local part is refused as what it is", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<bob@far.test>");
  assert.match(await talk.say('RCPT TO:<""@us.test>'), /^501 5\.1\.3/);
  assert.match(await talk.say('MAIL FROM:<""@us.test>'), /^50[13]/);
});

test("security row 19: the last @ outside quotes decides, for every part that asks", async () => {
  const host = await hostOf();
  await host.store.directory.addAlias({
    address: '"anna@evil.test x"@us.test',
    targets: ["anna@us.test"],
  });
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<bob@far.test>");
  // A local address, not one of evil.test: and so no relaying.
  assert.match(await talk.say('RCPT TO:<"anna@evil.test x"@us.test>'), /^250/);
  assert.match(await talk.say('RCPT TO:<"anna@us.test"@evil.test>'), /^550 5\.7\.1/);
  const submission = await submitTo(host);
  assert.match(await submission.say('MAIL FROM:<"anna@us.test"@evil.test>'), /^550 5\.7\.1/);
});

test("security row 17: shell characters in a local part are letters like others", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<bob@far.test>");
  for (const name of ["`id`", "$(id)", ";id;", "|id", "a&b", "../../etc/passwd", "-froot"]) {
    assert.match(await talk.say(`RCPT TO:<"${name}"@us.test>`), /^550 5\.1\.1/, name);
  }
});

test("postmaster is always there, also without a domain; the null reverse-path is taken", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  const recipients = [
    "<Postmaster>",
    "<postmaster@us.test>",
    "<ABUSE@us.test>",
    "<postmaster@mx.us.test>",
  ];
  const replies = await talk.send("<>", recipients, MESSAGE);
  assert.ok(
    replies.every((reply) => /^[23]5[04]/.test(reply)),
    replies.join("\n"),
  );
  // One account, one copy.
  assert.equal((await host.mailbox("anna")).length, 1);
});

test("security row 20: 25 relay tricks, all refused without authentication", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<anna@us.test>");
  const tricks = [
    "<victim@evil.test>",
    "<victim%evil.test@us.test>",
    "<victim%evil.test@mx.us.test>",
    "<evil.test!victim@us.test>",
    "<evil.test!victim>",
    "<@us.test:victim@evil.test>",
    "<@us.test,@mx.us.test:victim@evil.test>",
    "<@mx.us.test:victim@evil.test>",
    '<"victim@evil.test"@us.test>',
    '<"victim@evil.test">',
    '<"victim%evil.test"@us.test>',
    '<"evil.test!victim"@us.test>',
    "<victim@evil.test@us.test>",
    "<victim@[192.0.2.25]>",
    "<victim%evil.test@[192.0.2.25]>",
    '<"victim@evil.test"@[192.0.2.25]>',
    "<evil.test!victim@[192.0.2.25]>",
    "<victim@[IPv6:2001:db8::25]>",
    "<victim@us.test.evil.test>",
    "<victim@sub.us.test>",
    "<victim%evil.test>",
    "<us.test!evil.test!victim@mx.us.test>",
    "<victim@EVIL.test>",
    "<anna@us.test@evil.test>",
    "<victim@localhost>",
  ];
  assert.equal(tricks.length, 25);
  for (const trick of tricks) {
    // Some are not addresses at all: refused too, by their syntax.
    assert.match(
      await talk.say(`RCPT TO:${trick}`),
      /^(550 5\.(7\.1|1\.1)|50[13] 5\.1\.3|553 5\.1\.3)/,
      trick,
    );
    await talk.say("RSET");
    await talk.say("MAIL FROM:<anna@us.test>");
  }
});

test("security row 41: too many Received fields, or our own Delivered-To: 554 5.4.6", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  const received = "Received: from a by b; Thu, 1 Jan 2026 00:00:00 +0000\r\n";
  const many = await talk.send("<>", ["<anna@us.test>"], received.repeat(101) + MESSAGE);
  assert.match(many[3], /^554 5\.4\.6/);
  const few = await talk.send("<>", ["<anna@us.test>"], received.repeat(100) + MESSAGE);
  assert.match(few[3], /^250/);
  const looping = `Delivered-To: Anna@us.test\r\n${MESSAGE}`;
  const own = await talk.send("<>", ["<anna@us.test>"], looping);
  assert.match(own[3], /^554 5\.4\.6/);
  // Another recipient gets it all the same; what goes in circles is reported, not dropped.
  const mixed = await talk.send("<bob@far.test>", ["<anna@us.test>", "<ben@us.test>"], looping);
  assert.match(mixed[4], /^250/);
  assert.equal((await host.mailbox("ben")).length, 1);
  assert.equal(host.store.queue.counts().due, 1);
});

test("a message brings its own Return-Path along: its octets stay, ours comes first", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  const message = `Return-Path: <forged@evil.test>\r\n${MESSAGE}`;
  await talk.send("<bob@far.test>", ["<anna@us.test>"], message);
  const [stored] = await host.mailbox("anna");
  assert.ok(stored.startsWith("Return-Path: <bob@far.test>\r\n"));
  assert.ok(stored.endsWith(message));
});

test("submission: authentication first; Date and Message-ID added, Bcc removed, nothing else", async () => {
  const host = await hostOf();
  const bare = await SmtpTalk.begin(host.listener("submission"), { implicitTls: true });
  await bare.say("EHLO x");
  assert.match(await bare.say("MAIL FROM:<anna@us.test>"), /^530 5\.7\.0/);
  const talk = await submitTo(host);
  const before =
    "To: ben@us.test\r\nBcc: secret@us.test,\r\n\tother@us.test\r\nSubject: s\r\nX-A:  odd\tspace \r\n\r\n.dot\r\n";
  await talk.send("<anna@us.test>", ["<ben@us.test>"], before.replace(".dot", "..dot"));
  const [message] = await host.mailbox("ben");
  const content = message.slice(message.indexOf("Date: "));
  assert.match(
    content,
    /^Date: Thu, 1 Jan 2026 00:00:00 \+0000\r\nMessage-ID: <[a-z0-9]{24}@us\.test>\r\nTo: ben@us\.test\r\nSubject: s\r\nX-A: {2}odd\tspace \r\n\r\n\.dot\r\n$/,
  );
  assert.match(message, /with ESMTPSA id/);
  const whole = "Date: Wed, 31 Dec 2025 00:00:00 +0000\r\nMessage-ID: <x@y>\r\n\r\n";
  await talk.send("<anna@us.test>", ["<ben@us.test>"], whole);
  assert.ok((await host.mailbox("ben"))[1].endsWith(`+0000\r\n${whole}`));
});

test("submission: text without a header section is not swallowed by what we add", async () => {
  const host = await hostOf();
  const talk = await submitTo(host);
  await talk.send("<anna@us.test>", ["<ben@us.test>"], "just text\r\n");
  assert.match((await host.mailbox("ben"))[0], /Message-ID: <[^>]+>\r\n\r\njust text\r\n$/);
});

test("relayed mail is not completed: Bcc stays, nothing is added", async () => {
  const host = await hostOf({ settings: { relayNetworks: ["192.0.2.1"] } });
  const talk = await talkTo(host);
  const message = "Bcc: x@us.test\r\n\r\nText\r\n";
  await talk.send("<bob@far.test>", ["<anna@us.test>"], message);
  assert.ok((await host.mailbox("anna"))[0].endsWith(`+0000\r\n${message}`));
});

test("authentication: not in the clear, not on the relay service, and only for accounts that are on", async () => {
  const host = await hostOf();
  const clear = await SmtpTalk.begin(host.listener("submission"));
  assert.doesNotMatch(await clear.say("EHLO x"), /AUTH/);
  assert.match(await clear.logIn("anna@us.test", PASSWORD), /^5(04|38|30|02|03)/);
  const relay = await SmtpTalk.begin(host.listener("smtp"), { implicitTls: true });
  assert.doesNotMatch(await relay.say("EHLO x"), /AUTH/);
  const talk = await submitTo(host);
  await host.store.directory.changeAccount("anna@us.test", { isEnabled: false });
  assert.match(await talk.say("MAIL FROM:<anna@us.test>"), /^535/);
});

test("security row 28: little room on the disk: 452 4.3.1 at MAIL", async () => {
  let isLow = true;
  const wrapStore = (store: Store): Store =>
    withOverrides(store, { space: () => Promise.resolve({ freeOctets: 0, isLow }) });
  const host = await hostOf({ wrapStore });
  const talk = await talkTo(host);
  assert.match(await talk.say("MAIL FROM:<bob@far.test>"), /^452 4\.3\.1/);
  await host.world.clock.advance(2000);
  assert.match(await talk.say("MAIL FROM:<bob@far.test>"), /^452 4\.3\.1/);
  const told = (): string[] =>
    host.log.events
      .filter(({ event }) => event.startsWith("mta.disk-"))
      .map(({ level, event }) => `${level} ${event}`);
  assert.deepEqual(told(), ["warn mta.disk-low"], "once, while it lasts");
  isLow = false;
  await host.world.clock.advance(2000);
  assert.match(await talk.say("MAIL FROM:<bob@far.test>"), /^250/);
  await host.world.clock.advance(2000);
  await talk.say("RSET");
  assert.match(await talk.say("MAIL FROM:<bob@far.test>"), /^250/);
  assert.deepEqual(told(), ["warn mta.disk-low", "info mta.disk-roomy"]);
});

test("security row 28: the store fails: 4xx, the message is nowhere, and the session goes on", async () => {
  const failures = [
    new MailError("disk-full", "ENOSPC"),
    new MailError("disk-failed", "EIO"),
    new MailError("store-busy", "locked"),
  ];
  let accepts = 0;
  const wrapStore = (store: Store): Store =>
    withOverrides(store, {
      accept: (acceptance) => {
        const failure = failures[accepts++];
        return failure === undefined ? store.accept(acceptance) : Promise.reject(failure);
      },
    });
  const host = await hostOf({ wrapStore });
  const talk = await talkTo(host);
  const send = (): Promise<string[]> =>
    talk.send("<bob@far.test>", ["<anna@us.test>", "<ben@us.test>"], MESSAGE);
  assert.match((await send())[4], /^452 4\.3\.1/);
  assert.match((await send())[4], /^451 4\.3\.0/);
  assert.match((await send())[4], /^451 4\.3\.0/);
  assert.equal((await host.mailbox("anna")).length, 0);
  assert.match((await send())[4], /^250/);
  assert.equal((await host.mailbox("anna")).length, 1);
});

test("security row 28: the disk fails in the middle of a message: refused at its end, none of its text read as commands", async () => {
  const wrapStore = (store: Store): Store =>
    withOverrides(store, {
      octets: withOverrides(store.octets, {
        stage: () =>
          withOverrides(store.octets.stage(), {
            write: () => Promise.reject(new MailError("disk-full", "ENOSPC")),
          }),
      }),
    });
  const host = await hostOf({ wrapStore });
  const talk = await talkTo(host);
  const replies = await talk.send("<bob@far.test>", ["<anna@us.test>"], `${MESSAGE}QUIT\r\n`);
  assert.match(replies[3], /^452 4\.3\.1/);
  assert.match(await talk.say("NOOP"), /^250/);
});

test("a full mailbox: 452 at RCPT, 552 for what can never fit; beside others it waits in the queue", async () => {
  const host = await hostOf();
  await host.store.directory.changeAccount("anna@us.test", { quotaOctets: 700 });
  const talk = await talkTo(host);
  assert.match(await talk.say("MAIL FROM:<bob@far.test> SIZE=5000"), /^250/);
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^552 5\.2\.2/);
  await talk.say("RSET");
  assert.match((await talk.send("<bob@far.test>", ["<anna@us.test>"], MESSAGE))[3], /^250/);
  await talk.say("MAIL FROM:<bob@far.test> SIZE=650");
  assert.match(await talk.say("RCPT TO:<anna@us.test>"), /^452 4\.2\.2/);
  await talk.say("RSET");
  // Without SIZE nobody can tell at RCPT; ben must not suffer for it.
  const large = `Subject: s\r\n\r\n${"x".repeat(300)}\r\n`;
  const replies = await talk.send("<bob@far.test>", ["<anna@us.test>", "<ben@us.test>"], large);
  assert.match(replies[4], /^250/);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.equal((await host.mailbox("ben")).length, 1);
  host.mta.runner.start();
  await host.world.settle();
  assert.deepEqual(host.outcomes().slice(-1), ["deferred anna@us.test 4.2.2"]);
  await host.store.directory.changeAccount("anna@us.test", { quotaOctets: null });
  await host.world.advance(10 * 60_000);
  assert.equal((await host.mailbox("anna")).length, 2);
});

test("a full mailbox alone: without SIZE it is refused when all has come, not taken and reported", async () => {
  const host = await hostOf();
  await host.store.directory.changeAccount("anna@us.test", { quotaOctets: 700 });
  const talk = await talkTo(host);
  const far = "<bob@far.test>";
  const [large, larger] = [400, 5000].map((size) => `Subject: s\r\n\r\n${"x".repeat(size)}\r\n`);
  assert.match((await talk.send(far, ["<anna@us.test>"], larger)).at(-1) ?? "", /^552 5\.2\.2/);
  assert.match((await talk.send(far, ["<anna@us.test>"], MESSAGE)).at(-1) ?? "", /^250/);
  assert.match((await talk.send(far, ["<anna@us.test>"], large)).at(-1) ?? "", /^452 4\.2\.2/);
  assert.equal((await host.mailbox("anna")).length, 1);
  assert.deepEqual(host.store.queue.list({}), []);
});

test("an account switched off in the directory takes no mail", async () => {
  const host = await hostOf();
  await host.store.directory.changeAccount("ben@us.test", { isEnabled: false });
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<>");
  assert.match(await talk.say("RCPT TO:<ben@us.test>"), /^550 5\.2\.1/);
});

test("the recipients of a transaction die with it", async () => {
  const host = await hostOf();
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<>");
  await talk.say("RCPT TO:<ben@us.test>");
  await talk.say("RSET");
  await talk.send("<>", ["<anna@us.test>"], MESSAGE);
  await talk.send("<>", ["<anna@us.test>"], MESSAGE);
  assert.equal((await host.mailbox("ben")).length, 0);
  assert.equal((await host.mailbox("anna")).length, 2);
});

test("NOTIFY=SUCCESS: delivered into a mailbox, expanded by an alias", async () => {
  const host = await hostOf();
  await host.store.directory.addAlias({
    address: "team@us.test",
    targets: ["anna@us.test", "x@far.test"],
  });
  const talk = await talkTo(host);
  await talk.say("MAIL FROM:<ben@us.test> ENVID=QQ314159");
  await talk.say("RCPT TO:<anna@us.test> NOTIFY=SUCCESS ORCPT=rfc822;first@us.test");
  await talk.say("RCPT TO:<team@us.test> NOTIFY=SUCCESS,FAILURE");
  await talk.say("DATA");
  assert.match(await talk.say(`${MESSAGE}.`), /^250/);
  const [report] = await host.mailbox("ben");
  assert.match(report, /^Return-Path: <>\r\n/);
  assert.match(report, /Original-Envelope-Id: QQ314159\r\n/);
  assert.match(
    report,
    /Original-Recipient: rfc822; ?first@us\.test\r\nFinal-Recipient: rfc822; ?anna@us\.test\r\nAction: delivered\r\n/,
  );
  assert.match(report, /Final-Recipient: rfc822; ?team@us\.test\r\nAction: expanded\r\n/);
  const [row] = host.store.queue.list({});
  assert.deepEqual(row.notify, ["failure"]);
  assert.equal(row.originalRecipient, "rfc822;team@us.test");
});

/** The same object with some methods replaced. */
function withOverrides<T extends object>(target: T, overrides: Partial<T>): T {
  return new Proxy(target, {
    get(object, key) {
      const source = key in overrides ? overrides : object;
      const value: unknown = Reflect.get(source, key, source);
      return typeof value === "function" ? value.bind(source) : value;
    },
  });
}

test("security row 26: who gives up message after message is turned away for a while; one that is taken clears it", async () => {
  const world = new World();
  worlds.push(world);
  const here = await world.addHost({
    name: "mx.up.test",
    domain: "up.test",
    address: "192.0.2.80",
    accounts: ["anna"],
    settings: { reception: { uploadsGivenUp: 3 } },
  });
  const from = (address: string): { client: { address: string; port: number } } => ({
    client: { address, port: 4000 },
  });
  const sessionsClosed = (): number =>
    here.log.events.filter(({ event }) => event === "smtp.closed").length;
  const giveUp = async (address: string): Promise<string> => {
    const talk = await SmtpTalk.begin(here.listener("smtp"), from(address));
    const answer = await talk.say("EHLO client.test").catch(() => "closed");
    if (!answer.startsWith("250")) return answer;
    await talk.say("MAIL FROM:<x@far.test>");
    await talk.say("RCPT TO:<anna@up.test>");
    await talk.say("DATA");
    await talk.channel.write(new TextEncoder().encode("Subject: never\r\n"));
    const closed = sessionsClosed();
    talk.channel.abort();
    while (sessionsClosed() === closed) await new Promise((resolve) => setImmediate(resolve));
    return "given up";
  };
  const finish = async (address: string): Promise<string | undefined> => {
    const talk = await SmtpTalk.begin(here.listener("smtp"), from(address));
    await talk.say("EHLO client.test");
    const replies = await talk.send("<x@far.test>", ["<anna@up.test>"], "Subject: x\r\n\r\nx\r\n");
    return replies.at(-1)?.slice(0, 3);
  };
  const stranger = "2001:db8:1:2::7";
  await giveUp(stranger);
  await giveUp(stranger);
  assert.equal(await finish(stranger), "250");
  for (let times = 0; times < 3; times++) assert.equal(await giveUp(stranger), "given up");
  // The whole of the customer's network, and nobody else.
  assert.match(await giveUp("2001:db8:1:2::8"), /^closed/);
  assert.equal(await finish("2001:db8:1:3::7"), "250");
  await world.advance(11 * 60_000);
  assert.equal(await finish(stranger), "250");
  for (let times = 0; times < 4; times++) assert.equal(await giveUp("127.0.0.1"), "given up");
});

test("security row 22: a header section over the limit is refused in a submission; relayed it is stored whole, and looked at up to the limit", async () => {
  const host = await hostOf({ settings: { reception: { headerOctets: 20_000 } } });
  const field = `X-Long: ${"a".repeat(70)}\r\n`;
  const message = (fields: number): string => `${field.repeat(fields)}\r\nText.\r\n`;
  const submission = await submitTo(host);
  const refused = await submission.send("<anna@us.test>", ["<ben@us.test>"], message(1000));
  assert.match(refused[3], /^552 5\.3\.4/);
  const taken = await submission.send("<anna@us.test>", ["<ben@us.test>"], message(200));
  assert.match(taken[3], /^250/);
  const relay = await talkTo(host);
  const whole = await relay.send("<bob@far.test>", ["<anna@us.test>"], message(1000));
  assert.match(whole[3], /^250/);
  assert.ok((await host.mailbox("anna"))[0].endsWith(message(1000)));
});
