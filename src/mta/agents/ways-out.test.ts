import { after, test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import type { CommandEnd, CommandRun, Commands } from "../../base/commands.ts";
import { parseMessage } from "../../message/parse.ts";
import { parseDsn } from "../../message/report/dsn.ts";
import type { AliasFileConfig, MtaSettings } from "../config.ts";
import type { NextHop } from "../next-hop.ts";
import type { RouteRule } from "../routing/route-rule.ts";
import { ScriptedServer } from "../../smtp/testing/scripted-server.ts";
import { SmtpTalk } from "../testing/smtp-talk.ts";
import { PASSWORD, World, type TestHost } from "../testing/world.ts";
import type { Transport } from "../transport.ts";

const worlds: World[] = [];
const folders: string[] = [];
after(async () => {
  for (const world of worlds) await world.close();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const DAY_MS = 24 * 3600_000;
const MESSAGE = "Subject: hello\r\n\r\nFrom here\r\n";

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-ways-"));
  folders.push(folder);
  return folder;
}

type FakeEnd = (run: CommandRun) => Partial<CommandEnd> | Promise<Partial<CommandEnd>>;

/** Programs that end as a test wants, and what they were given. */
class FakeCommands implements Commands {
  readonly ownUid = 1000;
  readonly runs: { words: string; environment: CommandRun["environment"]; input: string }[] = [];
  readonly #end: FakeEnd;

  constructor(end: FakeEnd = () => ({})) {
    this.#end = end;
  }

  async run(run: CommandRun): Promise<CommandEnd> {
    let input = "";
    for await (const piece of run.input) input += decodeUtf8(piece);
    this.runs.push({ words: run.words.join(" "), environment: run.environment, input });
    const end = { exitCode: 0, signal: undefined, hasTimedOut: false, output: "" };
    return { ...end, ...(await this.#end(run)) };
  }
}

async function us(
  settings: Partial<MtaSettings>,
  commands: Commands = new FakeCommands(),
): Promise<{ world: World; host: TestHost }> {
  const world = new World();
  worlds.push(world);
  const host = await world.addHost({
    name: "mx.us.test",
    domain: "us.test",
    address: "192.0.2.25",
    accounts: ["anna", "ben"],
    commands,
    settings: { relayNetworks: ["192.0.2.1"], ...settings },
  });
  host.mta.runner.start();
  return { world, host };
}

async function post(
  { world, host }: { world: World; host: TestHost },
  to: readonly string[],
  { from = "anna@us.test", parameters = "" } = {},
): Promise<string[]> {
  const talk = await SmtpTalk.begin(host.listener("smtp"));
  await talk.say("EHLO client.test");
  const replies = await talk.send(
    `<${from}>`,
    to.map((each) => `<${each}>${parameters}`),
    MESSAGE,
  );
  await talk.say("QUIT");
  await world.settle();
  return replies;
}

async function reports(host: TestHost, user = "anna"): Promise<string[]> {
  return (await host.mailbox(user)).flatMap((message) => {
    const report = parseDsn(parseMessage(encodeUtf8(message)));
    return (report?.recipients ?? []).map(
      ({ action, finalRecipient, status }) => `${action} ${finalRecipient} ${status}`,
    );
  });
}

function pipe(command: readonly string[]): Transport {
  return { kind: "pipe", command, timeoutMs: 1000, memoryOctets: 0 };
}

test("a route to a command: what it is told, and its reports", async () => {
  const commands = new FakeCommands(({ words }) =>
    words[1] === "gone" ? { exitCode: 67, output: "5.1.6 moved away\n" } : {},
  );
  const transport = pipe(["/usr/bin/rt", "{user}", "{detail}", "{sender}", "{queueId}"]);
  const here = await us({ routes: [{ domain: "rt.test", transport }] }, commands);
  await post(here, ["ask+now@rt.test", "gone@rt.test"], { parameters: " NOTIFY=SUCCESS,FAILURE" });
  const [run] = commands.runs;
  assert.match(run.words, /^\/usr\/bin\/rt ask now anna@us\.test [0-9a-z]{12}$/);
  assert.equal(run.environment["EXTENSION"], "now");
  assert.match(
    run.input,
    /^Return-Path: <anna@us\.test>\nDelivered-To: ask\+now@rt\.test\nReceived: [^\r]*\n\nFrom here\n$/,
  );
  assert.deepEqual((await reports(here.host)).toSorted(), [
    "delivered ask+now@rt.test 2.0.0",
    "failed gone@rt.test 5.1.6",
  ]);
  const all = (await here.host.mailbox("anna")).join("");
  assert.match(all, /^Diagnostic-Code: x-unix; 5\.1\.6 moved away\r$/m);
});

test("a command that asks for later is asked again, for five days", async () => {
  const commands = new FakeCommands(() => ({ exitCode: 75 }));
  const here = await us({ routes: [{ domain: "rt.test", transport: pipe(["/x"]) }] }, commands);
  await post(here, ["ask@rt.test"]);
  await here.world.advance(6 * DAY_MS);
  assert.ok(commands.runs.length > 50, String(commands.runs.length));
  assert.deepEqual((await reports(here.host)).at(-1), "failed ask@rt.test 4.4.7");
});

test("many recipients of a slow command: the rest of a job waits before its lease lapses", async () => {
  const clocks: World[] = [];
  const commands = new FakeCommands(async () => {
    await clocks[0]?.clock.advance(10 * 60_000);
    return {};
  });
  const here = await us({ routes: [{ domain: "rt.test", transport: pipe(["/x"]) }] }, commands);
  clocks.push(here.world);
  await post(here, ["a@rt.test", "b@rt.test", "c@rt.test", "d@rt.test"]);
  assert.ok(commands.runs.length >= 2 && commands.runs.length < 4, String(commands.runs.length));
  clocks.pop();
  await here.world.advance(DAY_MS);
  assert.equal(commands.runs.length, 4);
  assert.deepEqual(here.host.store.queue.counts(), { due: 0, leased: 0, held: 0 });
});

test("transport error: 5xx is reported, 4xx waits; discard says so in the log", async () => {
  const error = (code: number, status: string): Transport => ({
    kind: "error",
    reply: { code, status, text: "Closed for good" },
  });
  const routes: RouteRule[] = [
    { domain: "closed.test", transport: error(550, "5.1.6") },
    { domain: "later.test", transport: error(450, "4.3.2") },
    { domain: "hole.test", transport: { kind: "discard" } },
  ];
  const here = await us({ routes });
  const to = ["a@closed.test", "b@later.test", "c@hole.test"];
  await post(here, to, { parameters: " NOTIFY=SUCCESS,FAILURE" });
  assert.deepEqual(here.host.outcomes().toSorted(), [
    "deferred b@later.test 4.3.2",
    "delivered c@hole.test 2.0.0",
    "failed a@closed.test 5.1.6",
  ]);
  assert.deepEqual(await reports(here.host), ["failed a@closed.test 5.1.6"]);
  assert.match((await here.host.mailbox("anna"))[0], /Closed for good/);
  const dropped = here.host.log.events.filter(({ event }) => event === "mta.discarded");
  assert.deepEqual(dropped[0].fields["to"], ["c@hole.test"]);
});

test("files by route: a Maildir for each user, unknown where there is none; an mbox", async () => {
  const folder = await makeFolder();
  await mkdir(join(folder, "boxes.test", "carl", "new"), { recursive: true });
  await mkdir(join(folder, "boxes.test", "carl", "tmp"));
  const here = await us({
    routes: [
      { domain: "boxes.test", transport: { kind: "maildir", path: `${folder}/{domain}/{user}` } },
      { domain: "one.test", transport: { kind: "mbox", path: `${folder}/one` } },
    ],
  });
  await post(here, ["Carl+x@boxes.test", "dora@boxes.test", '".."@boxes.test', "x@one.test"]);
  const inbox = join(folder, "boxes.test", "carl", "new");
  const [name] = await readdir(inbox);
  assert.match(await readFile(join(inbox, name), "latin1"), /Delivered-To: Carl\+x@boxes\.test\n/);
  assert.match(
    await readFile(`${folder}/one`, "latin1"),
    /^From anna@us\.test .*\n[^]*\n>From here/,
  );
  assert.deepEqual((await reports(here.host)).toSorted(), [
    'failed ".."@boxes.test 5.1.1',
    "failed dora@boxes.test 5.1.1",
  ]);
});

async function withAliases(
  text: string,
  config: Partial<AliasFileConfig>,
  commands?: Commands,
  settings: Partial<MtaSettings> = {},
): Promise<{ world: World; host: TestHost; folder: string }> {
  const folder = await makeFolder();
  const path = join(folder, "aliases");
  await writeFile(path, text.replaceAll("FOLDER", folder));
  const file = { path, fileFolders: [`${folder}/files`], ...config };
  await mkdir(`${folder}/files`);
  const here = await us({ aliasFiles: [file], ...settings }, commands);
  await here.host.mta.loadAliases();
  return { ...here, folder };
}

test("mta 33: files and commands of an alias file, through the queue, each once", async () => {
  const commands = new FakeCommands();
  const here = await withAliases(
    [
      'all: anna, FOLDER/files/archive, "|/usr/bin/filter one", "|/usr/bin/filter two", copy',
      "copy: FOLDER/files/copies/",
      "evil: |/bin/sh, FOLDER/aliases",
    ].join("\n"),
    { commands: ["/usr/bin/filter"] },
    commands,
  );
  const replies = await post(here, ["all@us.test", "copy@us.test", "evil@us.test"]);
  assert.match(replies.join("\n"), /550 5\.7\.1 .*\(commands\)|550 5\.7\.1 /);
  assert.deepEqual(commands.runs.map(({ words }) => words).toSorted(), [
    "/usr/bin/filter one",
    "/usr/bin/filter two",
  ]);
  assert.equal(commands.runs[0].environment["RECIPIENT"], "all@us.test");
  const archive = await readFile(`${here.folder}/files/archive`, "latin1");
  assert.match(archive, /Return-Path: <anna@us\.test>\nDelivered-To: all@us\.test\n/);
  assert.equal((await readdir(`${here.folder}/files/copies/new`)).length, 1);
  assert.equal((await here.host.mailbox("anna")).length, 1);
  assert.deepEqual(here.host.store.queue.counts(), { due: 0, leased: 0, held: 0 });
});

test("mta 34: a target waits in the queue; what the alias file does not say any more is not run", async () => {
  const commands = new FakeCommands(() => ({ exitCode: 75 }));
  const here = await withAliases(
    "robot: |/usr/bin/filter",
    { commands: ["/usr/bin/filter"] },
    commands,
  );
  await post(here, ["robot@us.test"]);
  assert.deepEqual(here.host.outcomes(), ["deferred robot@us.test 4.3.0"]);
  await writeFile(join(here.folder, "aliases"), "robot: anna\n");
  await here.host.mta.loadAliases();
  const runs = commands.runs.length;
  await here.world.advance(DAY_MS);
  assert.equal(commands.runs.length, runs);
  assert.deepEqual(await reports(here.host), ["failed robot@us.test 5.1.1"]);
});

test("mta 22: a command that posts to its own alias ends the circle", async () => {
  const commands = new FakeCommands();
  const here = await withAliases(
    "robot: |/usr/bin/filter",
    { commands: ["/usr/bin/filter"] },
    commands,
  );
  await post(here, ["robot@us.test"]);
  const talk = await SmtpTalk.begin(here.host.listener("smtp"));
  await talk.say("EHLO client.test");
  const again = commands.runs[0].input.replaceAll("\n", "\r\n");
  const replies = await talk.send("<anna@us.test>", ["<robot@us.test>"], again);
  assert.match(replies.at(-1) ?? "", /^554 5\.4\.6/);
  await here.world.settle();
  assert.equal(commands.runs.length, 1);
});

test("a named transport as an alias target, and as the route of one address of ours", async () => {
  const commands = new FakeCommands();
  const tickets = { ...pipe(["/usr/bin/rt", "{user}"]), name: "tickets" };
  const here = await withAliases("help: :transport:tickets", {}, commands, {
    transports: [tickets],
    routes: [{ recipient: "bugs@us.test", transport: tickets }],
  });
  await post(here, ["help@us.test", "bugs+7@us.test"], { from: "stranger@far.test" });
  assert.deepEqual(commands.runs.map(({ words }) => words).toSorted(), [
    "/usr/bin/rt bugs",
    "/usr/bin/rt help",
  ]);
});

test("a domain of which only some are here: the others go where its route leads, roles stay", async () => {
  const hop: NextHop = { host: "[198.51.100.25]", port: 25, tls: "may" };
  const here = await us({
    routes: [{ domain: "us.test", nextHop: hop }],
    postmaster: "ben@us.test",
  });
  const there = await here.world.addHost({
    name: "mx.them.test",
    domain: "us.test",
    address: "198.51.100.25",
    accounts: ["dora"],
  });
  await post(here, ["anna@us.test", "dora@us.test", "postmaster@us.test"], { from: "x@far.test" });
  assert.equal((await there.mailbox("dora")).length, 1);
  assert.equal((await here.host.mailbox("anna")).length, 1);
  assert.equal((await here.host.mailbox("ben")).length, 1);
});

test("mta 48: LMTP: each recipient has its own fate, and the connection is used again", async () => {
  const hop: NextHop = { host: "[198.51.100.25]", port: 24, tls: "may" };
  const here = await us({
    routes: [{ domain: "far.test", transport: { kind: "lmtp", hops: [hop] } }],
  });
  const there = await here.world.addHost({
    name: "mx.us.test",
    domain: "far.test",
    address: "198.51.100.25",
    accounts: ["bob", "carl"],
  });
  here.world.listen("198.51.100.25:24", there.listener("lmtp"));
  await there.store.directory.changeAccount("carl@far.test", { quotaOctets: 10 });
  const before = here.world.connections.length;
  const to = ["bob@far.test", "carl@far.test", "nobody@far.test"];
  await post(here, to, { parameters: " NOTIFY=SUCCESS,FAILURE" });
  await post(here, ["bob@far.test"]);
  assert.equal(here.world.connections.length - before, 1);
  assert.equal((await there.mailbox("bob")).length, 2);
  assert.match((await there.mailbox("bob"))[0], /with LMTPS id/);
  const outcomes = here.host.outcomes().filter((outcome) => !outcome.includes("anna"));
  assert.deepEqual(outcomes.toSorted(), [
    // A 552 at RCPT may only mean "too many" (line 3).
    "deferred carl@far.test 4.2.2",
    "delivered bob@far.test 2.0.0",
    "delivered bob@far.test 2.0.0",
    "failed nobody@far.test 5.1.1",
  ]);
  assert.deepEqual(await reports(here.host), ["failed nobody@far.test 5.1.1"]);
});

test("LMTP: TLS as it is asked for, then a login, and only then mail", async () => {
  const credentials = { name: "us", password: "pw" };
  const hop: NextHop = { host: "/run/lmtp", port: 0, tls: "require", credentials };
  const here = await us({
    routes: [{ domain: "far.test", transport: { kind: "lmtp", hops: [hop] } }],
  });
  let peer: ScriptedServer | undefined;
  here.world.listen("/run/lmtp:0", (channel) => {
    peer = new ScriptedServer(channel);
    void peer.play("220 lmtp.test", (line) => {
      if (line.startsWith("LHLO")) {
        const more = channel.tls === undefined ? "STARTTLS" : "AUTH PLAIN";
        return `250-lmtp.test\r\n250-ENHANCEDSTATUSCODES\r\n250 ${more}`;
      }
      if (line === "STARTTLS") return "220 2.0.0 Go";
      if (line.startsWith("AUTH")) return "235 2.7.0 Ok";
      if (line === "DATA") return "354 Go";
      return line === "." ? "250 2.0.0 Ok\r\n452 4.2.2 Full" : "250 2.1.0 Ok";
    });
  });
  await post(here, ["bob@far.test", "carl@far.test"]);
  assert.deepEqual(
    peer?.commands.slice(0, 4).map((line) => line.split(" ", 1)[0]),
    ["LHLO", "STARTTLS", "LHLO", "AUTH"],
  );
  assert.deepEqual(here.host.outcomes(), [
    "delivered bob@far.test 2.0.0",
    "deferred carl@far.test 4.2.2",
  ]);
});

test("several fixed hops: the next one where the first is away", async () => {
  const hops: NextHop[] = [
    { host: "[203.0.113.1]", port: 25, tls: "may" },
    { host: "[198.51.100.25]", port: 25, tls: "may" },
  ];
  const here = await us({
    routes: [{ domain: "far.test", transport: { kind: "smarthost", hops } }],
  });
  const there = await here.world.addHost({
    name: "mx.far.test",
    domain: "far.test",
    address: "198.51.100.25",
    accounts: ["bob"],
  });
  await post(here, ["bob@far.test"]);
  assert.equal((await there.mailbox("bob")).length, 1);
  assert.deepEqual(here.world.connections, ["203.0.113.1:25", "198.51.100.25:25"]);
});

test("the fallback relay takes what no exchanger answers for, and nothing that was refused", async () => {
  const fallbackRelay: NextHop[] = [{ host: "[198.51.100.9]", port: 25, tls: "may" }];
  const here = await us({ remote: { fallbackRelay } });
  const relay = await here.world.addHost({
    name: "mx.relay.test",
    domain: "relay.test",
    address: "198.51.100.9",
    settings: { relayNetworks: ["192.0.2.25"] },
  });
  here.world.zone["dead.test"] = { a: ["203.0.113.1"] };
  here.world.zone["broken.test"] = { fails: true };
  here.world.zone["null.test"] = { mx: [{ preference: 0, exchange: "" }] };
  await post(here, ["a@dead.test", "b@broken.test", "c@null.test", "d@nowhere.test"]);
  assert.deepEqual(
    relay.store.queue
      .list({})
      .map(({ recipient }) => recipient)
      .toSorted(),
    ["a@dead.test", "b@broken.test"],
  );
  assert.deepEqual((await reports(here.host)).toSorted(), [
    "failed c@null.test 5.1.10",
    "failed d@nowhere.test 5.1.2",
  ]);
});

test("by the account that submits: its route, and not that of others", async () => {
  const text = "Log in to send";
  const errorReply = { code: 550, status: "5.7.1", text };
  const routes: RouteRule[] = [
    { account: "anna@us.test", transport: { kind: "discard" } },
    { sender: "@us.test", transport: { kind: "error", reply: errorReply } },
  ];
  const here = await us({ routes, clearAuthNetworks: ["192.0.2.1/32"] });
  await post(here, ["bob@far.test"]);
  const talk = await SmtpTalk.begin(here.host.listener("submission"));
  await talk.say("EHLO client.test");
  const response = btoa(`\0anna@us.test\0${PASSWORD}`);
  assert.match(await talk.say(`AUTH PLAIN ${response}`), /^235/);
  await talk.send("<anna@us.test>", ["<carl@far.test>"], MESSAGE);
  await here.world.settle();
  assert.deepEqual(here.host.outcomes().slice(0, 2), [
    "failed bob@far.test 5.7.1",
    "delivered carl@far.test 2.0.0",
  ]);
});

test("RFC 3461 §5.2.7.2: of an alias that was expanded its sender hears once, not of each file too", async () => {
  const here = await withAliases("all: ben, FOLDER/files/one, FOLDER/files/two", {});
  await post(here, ["all@us.test"], { parameters: " NOTIFY=SUCCESS" });
  assert.match(await readFile(`${here.folder}/files/two`, "latin1"), /^From anna@us\.test/);
  assert.deepEqual(await reports(here.host), ["expanded all@us.test 2.1.5"]);
});

test("requeue of one copy of an alias delivers no other copy again", async () => {
  let exitCode = 75;
  const commands = new FakeCommands(() => ({ exitCode }));
  const here = await withAliases(
    'all: \\anna, ben, FOLDER/files/archive, "|/usr/bin/filter"\nanna: \\anna, ben',
    { commands: ["/usr/bin/filter"] },
    commands,
  );
  const { directory, queue } = here.host.store;
  await directory.changeAccount("anna@us.test", { quotaOctets: 400 });
  await post(here, ["anna@us.test"], { from: "bob@far.test" });
  await post(here, ["all@us.test", "anna@us.test"], { from: "bob@far.test" });
  const waiting = queue.list({}).map(({ recipient, transport }) => `${transport} ${recipient}`);
  assert.deepEqual(waiting.toSorted(), ["local anna@us.test", "target all@us.test"]);
  exitCode = 0;
  await directory.changeAccount("anna@us.test", { quotaOctets: null });
  assert.equal(await queue.requeue({}), 2);
  await here.world.advance(1000);
  assert.equal((await here.host.mailbox("anna")).length, 2);
  assert.equal((await here.host.mailbox("ben")).length, 2);
  assert.equal(commands.runs.length, 2);
  const archive = await readFile(`${here.folder}/files/archive`, "latin1");
  assert.equal(archive.match(/^From bob/gm)?.length, 1);
});
