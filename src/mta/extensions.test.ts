import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concatBytes, decodeLatin1, encodeLatin1, encodeUtf8 } from "../base/bytes.ts";
import { DirectoryLists } from "../lists/directory-lists.ts";
import { bodyOctets } from "../message/decode-body.ts";
import { parseMessage } from "../message/parse.ts";
import { parseDsn, type ParsedDsn } from "../message/report/dsn.ts";
import type { Extension } from "../smtp/extension-names.ts";
import type { ServeOptions } from "../smtp/serve-options.ts";
import { TRANSFER_EXTENSIONS } from "./extensions.ts";
import { RecordingPeer } from "./testing/recording-peer.ts";
import { SmtpTalk } from "./testing/smtp-talk.ts";
import { PASSWORD, World, type HostOptions, type TestHost } from "./testing/world.ts";

const worlds: World[] = [];
after(async () => {
  for (const world of worlds) await world.close();
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PLAIN: readonly Extension[] = ["8BITMIME", "PIPELINING", "DSN", "ENHANCEDSTATUSCODES"];

function newWorld(): World {
  const world = new World();
  worlds.push(world);
  return world;
}

/** Our host, for whose clients at 192.0.2.1 we relay. */
async function us(
  world: World,
  settings: HostOptions["settings"] = {},
  isQueueStopped = false,
): Promise<TestHost> {
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    lists: (store) => new DirectoryLists(store.directory),
    settings: { relayNetworks: ["192.0.2.1"], ...settings },
  });
  if (!isQueueStopped) host.mta.runner.start();
  return host;
}

function peer(
  world: World,
  extensions: readonly Extension[] = PLAIN,
  options: Partial<ServeOptions> = {},
): RecordingPeer {
  return new RecordingPeer(world, "far.test", "198.51.100.25", extensions, options);
}

type Sent = {
  readonly params?: string;
  readonly rcptParams?: string;
  readonly from?: string;
  readonly octets?: Uint8Array;
  readonly isSecure?: boolean;
  readonly client?: string;
};

const TEXT = encodeLatin1("Subject: hello\r\nMessage-ID: <one@us.test>\r\n\r\nText.\r\n");

/** Hands a message in by BDAT; resolves with the replies to MAIL, RCPT and BDAT. */
async function post(host: TestHost, to: string, sent: Sent = {}): Promise<string[]> {
  const { params = "", rcptParams = "", from = "<anna@us.test>", octets = TEXT } = sent;
  const talk = await SmtpTalk.begin(host.listener("smtp"), {
    client: { address: sent.client ?? "192.0.2.1", port: 5000 },
  });
  await talk.say("EHLO client.test");
  if (sent.isSecure === true) {
    await talk.say("STARTTLS");
    await talk.channel.startTls();
    await talk.say("EHLO client.test");
  }
  const replies = [
    await talk.say(`MAIL FROM:${from} ${params}`.trimEnd()),
    await talk.say(`RCPT TO:<${to}> ${rcptParams}`.trimEnd()),
  ];
  if (!replies[1].startsWith("250")) return replies;
  await talk.channel.write(concatBytes([encodeUtf8(`BDAT ${octets.length} LAST\r\n`), octets]));
  replies.push(await talk.reply());
  await talk.say("QUIT");
  return replies;
}

async function reports(host: TestHost, user = "anna"): Promise<(ParsedDsn & { raw: string })[]> {
  return (await host.mailbox(user)).map((raw) => {
    const report = parseDsn(parseMessage(encodeUtf8(raw)));
    assert.ok(report, raw);
    return { ...report, raw };
  });
}

/** What stands behind the fields that hosts have put before it. */
function endsWith(octets: Uint8Array, end: Uint8Array): boolean {
  return decodeLatin1(octets).endsWith(decodeLatin1(end));
}

const BINARY_BODY = "\0\x01\n.\n\r\0\r\n.\r\n\xff";
const BINARY = encodeLatin1(
  "Subject: b\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\n" +
    `Content-Transfer-Encoding: binary\r\n\r\n${BINARY_BODY}`,
);

test("RFC 3030: a binary message is stored and passed on octet for octet where the next host takes it", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world, [...PLAIN, "CHUNKING", "BINARYMIME"]);
  const replies = await post(here, "bob@far.test", { params: "BODY=BINARYMIME", octets: BINARY });
  assert.match(replies[2], /^250 2\.0\.0 Ok: queued as/);
  await world.settle();
  const [taken] = there.taken;
  assert.deepEqual(taken.params, { body: "binarymime" });
  assert.ok(endsWith(taken.octets, BINARY));
  // At home.
  await post(here, "ben@us.test", { params: "BODY=BINARYMIME", octets: BINARY });
  const account = here.store.directory.account("ben@us.test");
  assert.ok(account);
  const usage = here.store.directory.usage(account.id);
  assert.equal(usage.messages, 1);
});

test("RFC 3030 §3: binary parts become base64 for a host without BINARYMIME, and decode to the same", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world, ["8BITMIME", "CHUNKING"]);
  await post(here, "bob@far.test", { params: "BODY=BINARYMIME", octets: BINARY });
  await world.settle();
  const [{ octets, params }] = there.taken;
  assert.deepEqual(params, {});
  assert.match(decodeLatin1(octets), /\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEK/);
  const { root } = parseMessage(octets);
  assert.equal(decodeLatin1(bodyOctets(octets, root)), BINARY_BODY);
});

test("RFC 3030 §3: what is signed is not converted but returned, and the report says why", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world);
  const signed = concatBytes([encodeLatin1("DKIM-Signature: v=1; b=x\r\n"), BINARY]);
  await post(here, "bob@far.test", { params: "BODY=BINARYMIME", octets: signed });
  await world.settle();
  assert.deepEqual(there.taken, []);
  const [report] = await reports(here);
  assert.equal(report.recipients[0].status, "5.6.3");
  assert.match(report.text, /does not take binary content, and to convert the message would break/);
});

const LONG = `Subject: long\r\n\r\n${"long line ".repeat(200)}\r\nshort\r\n`;

test("B16: lines of more than 998 octets are re-encoded on the way out, and are as they were inside", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world);
  await post(here, "bob@far.test", { octets: encodeLatin1(LONG) });
  await world.settle();
  const [{ octets }] = there.taken;
  const text = decodeLatin1(octets);
  assert.ok(text.split("\r\n").every((line) => line.length <= 998));
  assert.match(text, /Content-Transfer-Encoding: quoted-printable\r\n/);
  const { root } = parseMessage(octets);
  assert.ok(LONG.endsWith(decodeLatin1(bodyOctets(octets, root))));
});

test("B16: long lines that are signed, or go to a host that takes binary, leave as they are", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world);
  const signed = encodeLatin1(`DKIM-Signature: v=1; b=x\r\n${LONG}`);
  await post(here, "bob@far.test", { octets: signed });
  await world.settle();
  assert.ok(endsWith(there.taken[0].octets, signed));
  const able = newWorld();
  const home = await us(able);
  const binary = peer(able, [...PLAIN, "CHUNKING", "BINARYMIME"]);
  await post(home, "bob@far.test", { octets: encodeLatin1(LONG) });
  await able.settle();
  assert.ok(endsWith(binary.taken[0].octets, encodeLatin1(LONG)));
  assert.deepEqual(binary.taken[0].params, { body: "binarymime" });
});

const REQUIRE = { params: "REQUIRETLS", isSecure: true };

/** A far host that promises TLS all the way, under names that DNSSEC vouches for. */
function trustworthy(world: World): RecordingPeer {
  const there = peer(world, [...PLAIN, "REQUIRETLS"], { startTls: "offered" });
  world.zone["far.test"] = {
    mx: [{ preference: 1, exchange: "mx.far.test" }],
    authentic: true,
  };
  world.zone["mx.far.test"] = { a: ["198.51.100.25"], authentic: true };
  return there;
}

test("H44: REQUIRETLS is offered under TLS only, and goes with the message to a host that passes it on", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = trustworthy(world);
  const clear = await post(here, "bob@far.test", { params: "REQUIRETLS" });
  assert.match(clear[0], /^555 5\.5\.4 /);
  const replies = await post(here, "bob@far.test", REQUIRE);
  assert.match(replies[2], /^250 /);
  await world.settle();
  assert.deepEqual(
    there.taken.map(({ params, isSecure }) => ({ params, isSecure })),
    [{ params: { requireTls: true }, isSecure: true }],
  );
});

test("H44: REQUIRETLS goes through aliases and lists", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = trustworthy(world);
  await here.store.directory.addAlias({ address: "fwd@us.test", targets: ["bob@far.test"] });
  await here.store.directory.addList({
    address: "news@us.test",
    owner: "anna@us.test",
    displayName: "",
    members: ["carl@far.test"],
    posting: "anyone",
  });
  await post(here, "fwd@us.test", REQUIRE);
  await post(here, "news@us.test", REQUIRE);
  await world.settle();
  assert.deepEqual(
    // Two messages, each on its way by itself.
    there.taken
      .map(({ to, params }) => [to[0], params] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    [
      ["bob@far.test", { requireTls: true }],
      ["carl@far.test", { requireTls: true }],
    ],
  );
});

for (const [name, spoil, status, words] of [
  [
    "exchangers that DNSSEC does not vouch for",
    (world: World) => {
      world.zone["far.test"] = { mx: [{ preference: 1, exchange: "mx.far.test" }] };
    },
    "5.7.30",
    /no DNSSEC/,
  ],
  [
    "a host without STARTTLS",
    (world: World) => {
      peer(world, [...PLAIN, "REQUIRETLS"], { startTls: "off" });
    },
    "5.7.10",
    /TLS is required here/,
  ],
  [
    "a host without REQUIRETLS",
    (world: World) => {
      peer(world, PLAIN, { startTls: "offered" });
    },
    "5.7.30",
    /cannot promise TLS for the whole way/,
  ],
] as const) {
  test(`H44: REQUIRETLS and ${name}: the message comes back, its header section alone`, async () => {
    const world = newWorld();
    const here = await us(world);
    trustworthy(world);
    spoil(world);
    await post(here, "bob@far.test", REQUIRE);
    await world.settle();
    const [report] = await reports(here);
    assert.equal(report.recipients[0].status, status);
    assert.match(report.text, words);
    assert.match(report.raw, /Content-Type: text\/rfc822-headers/i);
    assert.doesNotMatch(report.raw, /\r\nText\.\r\n/);
  });
}

test("H44: the report about a message under REQUIRETLS goes under REQUIRETLS itself", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = trustworthy(world);
  await here.store.directory.addAlias({ address: "gone@us.test", targets: ["nobody@lost.test"] });
  await post(here, "nobody@lost.test", { ...REQUIRE, from: "<bob@far.test>" });
  await world.settle();
  const [report] = there.taken;
  assert.deepEqual(report.params, { requireTls: true });
  assert.match(decodeLatin1(report.octets), /Status: 5\.1\.2/);
});

test("H44: TLS-Required: No lets a message go in the clear where strangers' TLS is wanted but broken", async () => {
  const world = newWorld();
  const here = await us(world, { remote: { tls: "verify" } });
  const there = peer(world, PLAIN, { startTls: "offered" });
  world.breakTls = true;
  await post(here, "bob@far.test");
  await world.settle();
  assert.equal(there.taken.length, 0);
  const waived = concatBytes([encodeLatin1("TLS-Required: No\r\n"), TEXT]);
  await post(here, "carl@far.test", { octets: waived });
  await world.advance(HOUR_MS);
  assert.deepEqual(
    there.taken.map(({ to }) => to),
    [["carl@far.test"]],
  );
  // Asked for by the envelope, the field counts for nothing (RFC 8689 §5).
  await post(here, "dora@far.test", { ...REQUIRE, octets: waived });
  await world.settle();
  assert.equal(there.taken.length, 1);
});

test("RFC 6710: a priority is stored, told, passed on and written into Received; a stranger's is lowered", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world, [...PLAIN, "MT-PRIORITY"]);
  const [granted] = await post(here, "bob@far.test", { params: "MT-PRIORITY=4" });
  assert.equal(granted, "250 2.1.0 Sender ok");
  await world.settle();
  assert.deepEqual(there.taken[0].params, { priority: 4 });
  assert.match(decodeLatin1(there.taken[0].octets), /\r\n\tPRIORITY 4;\r\n/);
  const stranger = { client: "203.0.113.7", from: "<x@far.test>" };
  const [lowered] = await post(here, "ben@us.test", { ...stranger, params: "MT-PRIORITY=9" });
  assert.equal(lowered, "250 2.3.6 0 is the new priority assigned to the message");
  const [kept] = await post(here, "ben@us.test", { ...stranger, params: "MT-PRIORITY=-9" });
  assert.equal(kept, "250 2.1.0 Sender ok");
  const [, second] = await here.mailbox("ben");
  assert.match(second, /\r\n\tPRIORITY -9;\r\n/);
});

test("RFC 6710: what is urgent leaves first, and its report is as urgent", async () => {
  const world = newWorld();
  const here = await us(world, { queue: { concurrency: 1, concurrencyPerDestination: 1 } }, true);
  const there = peer(world, [...PLAIN, "MT-PRIORITY"]);
  for (const priority of [-2, 0, 7, 3]) {
    await post(here, `p${priority}@far.test`, { params: `MT-PRIORITY=${priority}` });
  }
  await post(here, "nobody@lost.test", { params: "MT-PRIORITY=9", from: "<bob@far.test>" });
  here.mta.runner.start();
  await world.settle();
  const report = there.taken.find(({ to }) => to[0] === "bob@far.test");
  assert.deepEqual(report?.params, { priority: 9 });
  const order = there.taken.map(({ to }) => to[0]).filter((to) => to !== "bob@far.test");
  assert.deepEqual(order, ["p7@far.test", "p3@far.test", "p0@far.test", "p-2@far.test"]);
});

/** far.test is away. */
function away(world: World): void {
  world.zone["far.test"] = { a: ["198.51.100.25"] };
}

test("RFC 2852: mail to be given back by a time fails with 5.4.7 at that time", async () => {
  const world = newWorld();
  const here = await us(world);
  away(world);
  await post(here, "bob@far.test", { params: "BY=3600;R" });
  await world.advance(HOUR_MS - MINUTE_MS);
  assert.deepEqual(await reports(here), []);
  await world.advance(2 * MINUTE_MS);
  const [report] = await reports(here);
  assert.deepEqual(
    report.recipients.map(({ action, status }) => [action, status]),
    [["failed", "5.4.7"]],
  );
  assert.deepEqual(here.store.queue.counts(), { due: 0, leased: 0, held: 0 });
  // Nobody tries after the time.
  const tries = world.connections.length;
  await world.advance(24 * HOUR_MS);
  assert.equal(world.connections.length, tries);
});

test("RFC 2852: mail to be told of is reported late at that time, and goes on", async () => {
  const world = newWorld();
  const here = await us(world);
  away(world);
  await post(here, "bob@far.test", { params: "BY=600;N" });
  await world.advance(9 * MINUTE_MS);
  assert.deepEqual(await reports(here), []);
  await world.advance(2 * MINUTE_MS);
  const [notice] = await reports(here);
  assert.equal(notice.recipients[0].action, "delayed");
  const there = peer(world, [...PLAIN, "DELIVERBY"]);
  await world.advance(2 * HOUR_MS);
  assert.equal(there.taken.length, 1);
  // RFC 2852 §4: a time that has passed is negative.
  const { deliverBy } = there.taken[0].params as { deliverBy: { seconds: number; mode: string } };
  assert.equal(deliverBy.mode, "notify");
  assert.ok(deliverBy.seconds < 0, `${deliverBy.seconds}`);
  assert.equal((await reports(here)).length, 1);
});

test("RFC 2852: what is left of the time is passed on; a trace tells of each hop", async () => {
  const world = newWorld();
  const here = await us(world);
  away(world);
  await post(here, "bob@far.test", { params: "BY=7200;RT" });
  await world.advance(20 * MINUTE_MS);
  const there = peer(world, [...PLAIN, "DELIVERBY"]);
  await world.advance(HOUR_MS);
  const { deliverBy } = there.taken[0].params as { deliverBy: { seconds: number } };
  assert.ok(deliverBy.seconds > 7200 - 3600 - 1200 && deliverBy.seconds < 7200 - 600);
  const [report] = await reports(here);
  assert.equal(report.recipients[0].action, "relayed");
});

test("RFC 2852: to a host without DELIVERBY goes what is only to be told of, and we tell that it went", async () => {
  const world = newWorld();
  const here = await us(world);
  const there = peer(world);
  await post(here, "bob@far.test", { params: "BY=600;R" });
  await world.settle();
  assert.equal(there.taken.length, 0);
  await post(here, "bob@far.test", { params: "BY=600;N" });
  await post(here, "carl@far.test", { params: "BY=600;N", rcptParams: "NOTIFY=NEVER" });
  await world.settle();
  assert.equal(there.taken.length, 2);
  const found = await reports(here);
  assert.deepEqual(
    found.map(({ recipients: [{ action, status, finalRecipient }] }) => [
      finalRecipient,
      action,
      status,
    ]),
    [
      ["bob@far.test", "failed", "5.4.7"],
      ["bob@far.test", "relayed", "2.0.0"],
    ],
  );
});

test("RFC 2852, RFC 4865: a time of return before the time of release is refused", async () => {
  const world = newWorld();
  const here = await us(world);
  const talk = await SmtpTalk.begin(here.listener("submission"));
  const mail = await world.addHost({
    name: "mx.held.test",
    domain: "held.test",
    address: "192.0.2.26",
    accounts: ["dora"],
    serve: { extensions: [...TRANSFER_EXTENSIONS, "FUTURERELEASE"] },
  });
  await talk.say("QUIT");
  const dora = await SmtpTalk.begin(mail.listener("submission"));
  await dora.say("EHLO client.test");
  await dora.say("STARTTLS");
  await dora.channel.startTls();
  assert.match(await dora.say("EHLO client.test"), /FUTURERELEASE 2592000 /);
  assert.match(await dora.logIn("dora@held.test", PASSWORD), /^235 /);
  const refused = await dora.say("MAIL FROM:<dora@held.test> HOLDFOR=600 BY=600;R");
  assert.match(refused, /^501 5\.5\.4 BY ends before/);
  // What is held waits in the queue, to be seen there, and is delivered when its time has come.
  await dora.send(
    "<dora@held.test> HOLDFOR=3600 BY=7200;R",
    ["<dora@held.test>"],
    "Subject: x\r\n\r\nx\r\n",
  );
  mail.mta.runner.start();
  await world.advance(59 * MINUTE_MS);
  const [held] = mail.store.queue.list({});
  assert.equal(held.nextAttemptMs, Date.UTC(2026, 0, 1, 1));
  assert.equal((await mail.mailbox("dora")).length, 0);
  await world.advance(2 * MINUTE_MS);
  assert.equal((await mail.mailbox("dora")).length, 1);
});

test("RFC 9422: a transaction keeps to the next host's RCPTMAX and RCPTDOMAINMAX, a session to its MAILMAX", async () => {
  const world = newWorld();
  const nextHop = { host: "[198.51.100.25]", port: 25, tls: "may" } as const;
  const here = await us(world, { smarthost: nextHop }, true);
  const there = new RecordingPeer(world, "smart.test", "198.51.100.25", ["LIMITS", "PIPELINING"], {
    limits: { maxRecipients: 2, maxTransactions: 2 },
  });
  const talk = await SmtpTalk.begin(here.listener("smtp"), {
    client: { address: "192.0.2.1", port: 5000 },
  });
  await talk.say("EHLO client.test");
  const people = ["a@one.test", "b@two.test", "c@one.test", "d@one.test", "e@two.test"];
  await talk.send(
    "<anna@us.test>",
    people.map((to) => `<${to}>`),
    "Subject: x\r\n\r\nx\r\n",
  );
  here.mta.runner.start();
  await world.settle();
  await world.advance(HOUR_MS);
  const batches = there.taken.map(({ to }) => to.length);
  assert.ok(
    batches.every((size) => size <= 2),
    `${batches}`,
  );
  assert.deepEqual(there.taken.flatMap(({ to }) => to).toSorted(), people.toSorted());
  assert.ok(world.connections.length >= 2);
});

test("H44, RFC 2852: a Unix socket is no way that needs TLS, and who answers by LMTP has delivered", async () => {
  const world = newWorld();
  const nextHop = { host: "/run/imap/lmtp", port: 0, tls: "never" } as const;
  const here = await us(world, {
    routes: [{ domain: "box.test", transport: { kind: "lmtp", hops: [nextHop] } }],
  });
  const there = new RecordingPeer(world, "box.test", "203.0.113.1", PLAIN, { protocol: "lmtp" });
  world.listen("/run/imap/lmtp:0", there.listener);
  await post(here, "bob@box.test", { params: "REQUIRETLS BY=60;R", isSecure: true });
  await world.settle();
  assert.equal(there.taken.length, 1);
  assert.deepEqual(await reports(here), []);
});

test("RFC 3030 §3: into a file a binary part goes encoded, for a file has lines", async () => {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-binary-"));
  const world = newWorld();
  const path = join(folder, "mbox");
  const here = await us(world, {
    routes: [{ domain: "box.test", transport: { kind: "mbox", path, detailFolder: false } }],
  });
  await post(here, "bob@box.test", { params: "BODY=BINARYMIME", octets: BINARY });
  await world.settle();
  const text = await readFile(path, "latin1");
  await rm(folder, { recursive: true });
  assert.match(text, /\nContent-Transfer-Encoding: base64\n\nAAEK/);
});

test("RFC 1985: ETRN hastens the mail that waits for a relay domain, for those whom the operator names", async () => {
  const world = newWorld();
  const here = await us(world, {
    relayDomains: ["far.test", "branch.far.test"],
    queries: { etrnFrom: ["192.0.2.1"] },
  });
  away(world);
  for (const name of ["branch.far.test", "gone.test"]) {
    world.zone[name] = { a: ["198.51.100.25"] };
  }
  await post(here, "bob@far.test");
  await post(here, "bob@branch.far.test");
  await post(here, "eve@gone.test");
  await world.advance(1000);
  const asks = async (client: string, ...lines: string[]): Promise<string[]> => {
    const talk = await SmtpTalk.begin(here.listener("smtp"), {
      client: { address: client, port: 5 },
    });
    const answers = [await talk.say("EHLO client.test")];
    for (const line of lines) answers.push(await talk.say(line));
    return answers;
  };
  const [ehlo, ...answers] = await asks(
    "192.0.2.1",
    "ETRN us.test",
    "ETRN #far.test",
    "ETRN nothing.far.test",
    "ETRN @other.test",
  );
  assert.match(ehlo, /\|250[- ]ETRN/);
  assert.deepEqual(
    answers.map((answer) => answer.slice(0, 3)),
    ["459", "501", "459", "459"],
  );
  const there = peer(world);
  const [, one] = await asks("192.0.2.1", "ETRN far.test");
  assert.equal(one, "253 2.0.0 1 pending messages for node far.test started");
  await world.settle();
  assert.deepEqual(
    there.taken.map(({ to }) => to[0]),
    ["bob@far.test"],
  );
  // Of all that lies below it only what we relay for: no word of the mail for gone.test.
  const [, all, none] = await asks("192.0.2.1", "ETRN @test", "ETRN far.test");
  assert.equal(all, "253 2.0.0 1 pending messages for node test started");
  assert.equal(none, "251 2.0.0 No messages waiting for node far.test");
  await world.settle();
  assert.equal(there.taken.length, 2);
  const [plain, refused] = await asks("203.0.113.7", "ETRN far.test");
  assert.doesNotMatch(plain, /ETRN/);
  assert.match(refused, /^502 /);
});

test("security row 39: VRFY and EXPN tell only those who may ask, and the same of what is absent and what is not shown", async () => {
  const world = newWorld();
  const here = await us(world, {
    queries: { vrfy: "confirm", expn: "aliases", verifyFrom: ["192.0.2.1"] },
  });
  await here.store.directory.addAlias({
    address: "team@us.test",
    targets: ["anna@us.test", "bob@far.test"],
  });
  await here.store.directory.addList({
    address: "news@us.test",
    owner: "anna@us.test",
    displayName: "",
    members: ["anna@us.test"],
    posting: "anyone",
  });
  const asks = async (client: string): Promise<string[]> => {
    const talk = await SmtpTalk.begin(here.listener("smtp"), {
      client: { address: client, port: 5 },
    });
    const ehlo = await talk.say("EHLO client.test");
    const answers = [`${/VRFY/.test(ehlo)} ${/EXPN/.test(ehlo)}`];
    for (const line of [
      "VRFY anna@us.test",
      "VRFY <Team@US.test>",
      "VRFY nobody@us.test",
      "VRFY bob@far.test",
      "VRFY anna",
      "EXPN team@us.test",
      "EXPN news@us.test",
      "EXPN nobody@us.test",
      "EXPN anna@us.test",
    ]) {
      answers.push(await talk.say(line));
    }
    return answers;
  };
  const may = await asks("192.0.2.1");
  const cannot = "252 2.0.0 Cannot tell; send a message and see";
  const nothing = "550 5.1.1 There is nothing of that name to expand";
  assert.deepEqual(may, [
    "true true",
    "250 2.1.5 <anna@us.test>",
    "250 2.1.5 <Team@us.test>",
    "550 5.1.1 There is no such address here",
    cannot,
    cannot,
    "250-2.1.5 <anna@us.test>|250 2.1.5 <bob@far.test>",
    nothing,
    nothing,
    nothing,
  ]);
  const others = await asks("203.0.113.7");
  assert.deepEqual(new Set(others.slice(1, 6)), new Set([cannot]));
  assert.deepEqual(new Set(others.slice(6)), new Set(["502 5.5.1 Command not implemented"]));
  assert.equal(others[0], "false false");
});

test("RFC 5321 §3.5.2: EXPN of an alias file's entry names its members whole, and neither files nor programs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-expn-"));
  const path = join(folder, "aliases");
  await writeFile(path, 'team: anna, bob@far.test, /srv/mail/archive, "|/bin/filter x"\n');
  const here = await us(newWorld(), {
    queries: { expn: "aliases", verifyFrom: ["192.0.2.1"] },
    aliasFiles: [{ path, fileFolders: ["/srv/mail"], commands: ["/bin/filter"] }],
  });
  await here.mta.loadAliases();
  await rm(folder, { recursive: true });
  const talk = await SmtpTalk.begin(here.listener("smtp"), {
    client: { address: "192.0.2.1", port: 5 },
  });
  await talk.say("EHLO client.test");
  assert.equal(
    await talk.say("EXPN team@us.test"),
    "250-2.1.5 <anna@us.test>|250 2.1.5 <bob@far.test>",
  );
});
