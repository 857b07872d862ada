/** RFC 3461, rule by rule: what travels on, what is reported here, and what never is. */

import { after, test } from "node:test";
import assert from "node:assert/strict";
import { encodeUtf8 } from "../../base/bytes.ts";
import { DirectoryLists } from "../../lists/directory-lists.ts";
import { parseMessage } from "../../message/parse.ts";
import { parseDsn, type ParsedDsn } from "../../message/report/dsn.ts";
import type { MailParams, RcptParams, SmtpHandler } from "../../smtp/handler.ts";
import { reply } from "../../smtp/reply.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { World, type TestHost } from "../testing/world.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

const HOUR_MS = 3600_000;
const MESSAGE = "Subject: hello\r\nMessage-ID: <one@us.test>\r\n\r\nText.\r\n";

type Seen = { readonly mail: MailParams; readonly rcpt: Record<string, RcptParams> };

/** Takes mail, but none whose recipient begins with `no`; `late` for ever later. */
function peer(seen: Seen[]): () => SmtpHandler {
  return () => {
    let mail: MailParams = {};
    let rcpt: Record<string, RcptParams> = {};
    return {
      connect: async () => undefined,
      helo: async () => undefined,
      mechanisms: () => [],
      startMechanism: () => undefined,
      authenticated: async () => undefined,
      async mail(_path, params) {
        mail = params;
        rcpt = {};
        return undefined;
      },
      async rcpt({ localPart }, params) {
        if (localPart.startsWith("no")) return reply(550, "5.1.1", "no such user");
        if (localPart.startsWith("late")) return reply(450, "4.2.1", "come again");
        rcpt[localPart] = params;
        return undefined;
      },
      data: async () => ({
        write: async () => {},
        end: async () => {
          seen.push({ mail, rcpt });
          return [reply(250, "2.0.0", "Ok: taken")];
        },
        abort() {},
      }),
      reset() {},
      close() {},
    };
  };
}

type Setting = { readonly here: TestHost; readonly world: World; readonly seen: Seen[] };

async function setUp(extensions?: readonly string[]): Promise<Setting> {
  const world = new World();
  worlds.push(world);
  const here = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    lists: (store) => new DirectoryLists(store.directory),
    settings: { relayNetworks: ["192.0.2.1"] },
  });
  here.mta.runner.start();
  const seen: Seen[] = [];
  const options = extensions === undefined ? {} : { extensions: ["PIPELINING"] as const };
  world.addPeer("far.test", "198.51.100.1", peer(seen), options);
  return { here, world, seen };
}

const WITHOUT_DSN = ["PIPELINING"];

async function send(
  { here, world }: Setting,
  mail: string,
  rcpt: readonly string[],
  text = "",
): Promise<readonly string[]> {
  const talk = await SmtpTalk.begin(here.listener("smtp"));
  await talk.say("EHLO client.test");
  const replies = [await talk.say(`MAIL FROM:<anna@us.test> ${mail}`.trimEnd())];
  for (const each of rcpt) replies.push(await talk.say(`RCPT TO:${each}`));
  await talk.say("DATA");
  replies.push(await talk.say(`${MESSAGE}${text}.`));
  await world.settle();
  return replies;
}

async function reports({ here }: Setting): Promise<ParsedDsn[]> {
  return (await here.mailbox("anna")).flatMap((message) => {
    return parseDsn(parseMessage(encodeUtf8(message))) ?? [];
  });
}

const outcomes = (all: readonly ParsedDsn[]): string[] =>
  all.flatMap(({ recipients }) =>
    recipients.map(({ action, finalRecipient }) => `${action} ${finalRecipient}`),
  );

test("RFC 3461 §5.2.1: NOTIFY, ORCPT, RET and ENVID go on unchanged to a host that knows them, and nothing is reported here", async () => {
  const setting = await setUp();
  await send(setting, "RET=HDRS ENVID=a+2Bb", [
    "<x@far.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Old+2BX@far.test",
    "<y@far.test> NOTIFY=NEVER",
    "<z@far.test>",
  ]);
  assert.deepEqual([setting.seen[0].mail.ret, setting.seen[0].mail.envid], ["headers", "a+b"]);
  assert.deepEqual(setting.seen[0].rcpt, {
    x: { notify: ["success", "delay"], orcpt: "rfc822;Old+X@far.test" },
    y: { notify: [] },
    z: {},
  });
  assert.deepEqual(await reports(setting), []);
});

test("RFC 3461 §5.2.2: past a host that does not know them, success is reported as relayed, once asked for", async () => {
  const setting = await setUp(WITHOUT_DSN);
  await send(setting, "ENVID=id1", [
    "<x@far.test> NOTIFY=SUCCESS",
    "<y@far.test> NOTIFY=FAILURE",
    "<z@far.test>",
  ]);
  const [report, ...more] = await reports(setting);
  assert.equal(more.length, 0);
  assert.deepEqual(outcomes([report]), ["relayed x@far.test"]);
  assert.equal(report.envelopeId, "id1");
  assert.equal(report.recipients[0].remoteMta, "far.test");
});

test("RFC 3461 §4.1: NEVER and SUCCESS alone keep failures silent; nothing said, and FAILURE, do not", async () => {
  const setting = await setUp();
  await send(setting, "", [
    "<no1@far.test> NOTIFY=NEVER",
    "<no2@far.test> NOTIFY=SUCCESS",
    "<no3@far.test> NOTIFY=DELAY",
    "<no4@far.test> NOTIFY=FAILURE",
    "<no5@far.test>",
  ]);
  assert.deepEqual(outcomes(await reports(setting)).toSorted(), [
    "failed no4@far.test",
    "failed no5@far.test",
  ]);
});

test("RFC 3461 §4.1: a delay is told to who asked for it, or said nothing", async () => {
  const setting = await setUp();
  await send(setting, "", [
    "<late1@far.test> NOTIFY=FAILURE",
    "<late2@far.test> NOTIFY=DELAY",
    "<late3@far.test>",
    "<late4@far.test> NOTIFY=NEVER",
  ]);
  await setting.world.advance(6 * HOUR_MS);
  assert.deepEqual(outcomes(await reports(setting)).toSorted(), [
    "delayed late2@far.test",
    "delayed late3@far.test",
  ]);
});

test("RFC 3461 §6.2: RET decides what comes back with a failure; other reports bring the header alone", async () => {
  for (const [ret, isWhole] of [
    ["RET=FULL", true],
    ["RET=HDRS", false],
  ] as const) {
    const setting = await setUp();
    await send(setting, ret, ["<no@far.test>", "<ben@us.test> NOTIFY=SUCCESS"]);
    const all = await reports(setting);
    const failed = all.find(({ recipients }) => recipients[0].action === "failed");
    const arrived = all.find(({ recipients }) => recipients[0].action === "delivered");
    assert.equal(failed?.returned !== undefined, isWhole, ret);
    assert.equal(arrived?.returned, undefined);
    assert.ok(arrived?.returnedHeader);
  }
});

test("RFC 3461 §6.3: Original-Envelope-Id and Original-Recipient only where they were given", async () => {
  const setting = await setUp();
  await send(setting, "ENVID=job+207", ["<no1@far.test> ORCPT=rfc822;First@old.test"]);
  await send(setting, "", ["<no2@far.test>"]);
  const [given, plain] = await reports(setting);
  assert.equal(given.envelopeId, "job 7");
  assert.equal(given.recipients[0].originalRecipient, "First@old.test");
  assert.equal(plain.envelopeId, undefined);
  assert.equal(plain.recipients[0].originalRecipient, undefined);
});

test("RFC 3461 §5.2.7: an alias of one target hands everything on; ORCPT says what the sender wrote", async () => {
  const setting = await setUp();
  await setting.here.store.directory.addAlias({ address: "one@us.test", targets: ["x@far.test"] });
  await send(setting, "RET=FULL ENVID=e1", ["<one@us.test> NOTIFY=SUCCESS,FAILURE"]);
  assert.deepEqual(setting.seen[0].rcpt, {
    x: { notify: ["success", "failure"], orcpt: "rfc822;one@us.test" },
  });
  assert.deepEqual([setting.seen[0].mail.ret, setting.seen[0].mail.envid], ["full", "e1"]);
  assert.deepEqual(await reports(setting), []);
});

test("RFC 3461 §5.2.7.2: an alias of several targets is expanded: SUCCESS ends here, FAILURE and ENVID go on", async () => {
  const setting = await setUp();
  const targets = ["x@far.test", "y@far.test"];
  await setting.here.store.directory.addAlias({ address: "two@us.test", targets });
  await send(setting, "ENVID=e2", [
    "<two@us.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@old.test",
  ]);
  const params = { notify: ["failure"], orcpt: "rfc822;first@old.test" };
  assert.deepEqual(setting.seen[0].rcpt, { x: params, y: params });
  assert.equal(setting.seen[0].mail.envid, "e2");
  const [report] = await reports(setting);
  assert.deepEqual(outcomes([report]), ["expanded two@us.test"]);
  assert.match(report.text, /went on to everybody that this address stands for/);
  // SUCCESS alone becomes NEVER.
  await send(setting, "", ["<two@us.test> NOTIFY=SUCCESS"]);
  assert.deepEqual(setting.seen[1].rcpt["x"].notify, []);
});

test("RFC 3461 §5.2.7.3: a list has delivered once it has taken the mail, and hands nothing of the wishes on", async () => {
  const setting = await setUp();
  await setting.here.store.directory.addList({
    address: "club@us.test",
    displayName: "",
    owner: "ben@us.test",
    members: ["x@far.test"],
    posting: "anyone",
  });
  await send(setting, "RET=FULL ENVID=e3", [
    "<club@us.test> NOTIFY=SUCCESS ORCPT=rfc822;club@us.test",
  ]);
  assert.deepEqual(setting.seen[0].rcpt, { x: {} });
  assert.deepEqual([setting.seen[0].mail.envid, setting.seen[0].mail.ret], [undefined, undefined]);
  assert.deepEqual(outcomes(await reports(setting)), ["delivered club@us.test"]);
});

test("RFC 3461 §4.1: NEVER stands alone; §4.4: ENVID has at most 100 characters", async () => {
  const setting = await setUp();
  const [, never] = await send(setting, "", ["<x@far.test> NOTIFY=NEVER,SUCCESS"]);
  assert.match(never, /^501 /);
  const [envid] = await send(setting, `ENVID=${"x".repeat(101)}`, ["<x@far.test>"]);
  assert.match(envid, /^501 /);
  assert.equal(setting.seen.length, 0);
});

test("RFC 3461 §4.1: a copy for a mailbox without room waits with the wishes of its sender", async () => {
  const setting = await setUp();
  const { here, world } = setting;
  const { directory } = here.store;
  await directory.addAccount({ address: "cleo@us.test", password: "correct horse battery staple" });
  for (const name of ["ben", "cleo"]) {
    await directory.changeAccount(`${name}@us.test`, { quotaOctets: 3000 });
  }
  const line = `${"x".repeat(500)}\r\n`;
  await send(setting, "", ["<ben@us.test>", "<cleo@us.test>"], line.repeat(4));
  const replies = await send(
    setting,
    "",
    [
      "<ben@us.test> NOTIFY=NEVER",
      "<cleo@us.test> NOTIFY=SUCCESS ORCPT=rfc822;cleo@home.test",
      "<anna@us.test>",
    ],
    line.repeat(3),
  );
  assert.match(replies.at(-1) ?? "", /^250/);
  assert.equal(here.store.queue.list({}).length, 2);
  await directory.changeAccount("cleo@us.test", { quotaOctets: null });
  await world.advance(6 * 24 * HOUR_MS);
  assert.equal((await here.mailbox("cleo")).length, 2);
  assert.equal((await here.mailbox("ben")).length, 1);
  const all = await reports(setting);
  assert.deepEqual(outcomes(all), ["delivered cleo@us.test"]);
  assert.equal(all[0].recipients[0].originalRecipient, "cleo@home.test");
});
