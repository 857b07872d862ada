/** Import and export against real programs: other IMAP servers both ways, and readers and writers of mbox and Maildir. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ImapClient } from "../../src/imap/client/imap-client.ts";
import type { MboxDialect } from "../../src/message/mbox/dialect.ts";
import { connect } from "../../src/net/connect.ts";
import { exportMail } from "../../src/transfer/export-mail.ts";
import { openSource, openTarget } from "../../src/transfer/files/open-files.ts";
import { importMail } from "../../src/transfer/import-mail.ts";
import {
  makeTransferWorld,
  type TransferWorld,
} from "../../src/transfer/testing/transfer-world.ts";
import { makePosthornFolder, type PosthornFolder } from "../system/posthorn-process.ts";
import { DOVECOT_PASSWORD, startDovecot, type DovecotServer } from "./dovecot-server.ts";
import { peerTest, run } from "./peers.ts";

type Counts = {
  added: number;
  duplicates: number;
  flagsChanged: number;
  skipped: number;
  problems: unknown[];
  mailboxes: { from: string; to: string; added: number }[];
};

const PASSWORD = "secret word here";

async function transfer(folder: PosthornFolder, ...args: string[]): Promise<Counts> {
  const { stdout, stderr, status } = await folder.cli(...args, "--json");
  assert.equal(status, 0, stdout + stderr);
  return JSON.parse(stdout) as Counts;
}

function toDovecot(dovecot: DovecotServer, user: string): string[] {
  return [
    `imaps://${user}@localhost:${dovecot.imaps}`,
    "--password-command",
    `echo ${DOVECOT_PASSWORD}`,
    "--certificate",
    dovecot.certificateFile,
  ];
}

async function dovecotClient(dovecot: DovecotServer, user: string): Promise<ImapClient> {
  const channel = await connect({
    host: "localhost",
    port: dovecot.imaps,
    timeoutMs: 5000,
    trust: [dovecot.certificate],
    tls: { serverName: "localhost", verify: true },
  });
  const client = new ImapClient(channel);
  await client.open();
  await client.login(user, DOVECOT_PASSWORD);
  return client;
}

/** By mailbox: flags, date, size and subject of each message, in order. */
async function viewOf(client: ImapClient): Promise<Record<string, string[]>> {
  const view: Record<string, string[]> = {};
  for (const { name, isSelectable } of await client.list()) {
    if (!isSelectable) continue;
    const selected = await client.select(name, { readOnly: true });
    view[name] = [];
    if (selected.messages === 0) continue;
    const items = ["flags", "date", "size", { section: "" }] as const;
    await selected.fetch("1:*", items, ({ flags = [], internalDateMs, sections }) => {
      const kept = flags.filter((flag) => flag !== "\\Recent").sort();
      const text = Buffer.from(sections.get("") ?? []).toString("base64");
      view[name].push(`${kept.join(" ")} ${internalDateMs} ${text}`);
    });
  }
  return view;
}

function letter(subject: string, body = "Hello.\r\n"): Uint8Array {
  return Buffer.from(`From: a@b.test\r\nSubject: ${subject}\r\n\r\n${body}`, "latin1");
}

peerTest(
  "a copy from Dovecot: mail, flags, dates; again moves nothing but what is new",
  ["dovecot"],
  async (context) => {
    const dovecot = await startDovecot();
    context.after(() => dovecot.stop());
    const client = await dovecotClient(dovecot, "anna");
    const dateMs = Date.UTC(2020, 1, 3, 4, 5, 6);
    for (let n = 0; n < 60; n++) {
      await client.append("INBOX", letter(`mail ${n}`), {
        flags: ["\\Seen"],
        dateMs: dateMs + n * 1000,
      });
    }
    await client.append("INBOX", letter("large", `${"x".repeat(70)}\r\n`.repeat(9000)), { dateMs });
    await client.create("Lists/Grüße");
    await client.append("Lists/Grüße", letter("keyword"), { flags: ["work", "\\Flagged"], dateMs });
    await client.append("Sent", letter("sent"), { flags: ["\\Seen"], dateMs });
    await client.subscribe("Lists/Grüße");

    const folder = await makePosthornFolder(context);
    await folder.must("domain", "add", "example.org");
    await folder.addAccount("anna@example.org", PASSWORD);
    const args = ["import", "anna@example.org", ...toDovecot(dovecot, "anna")];
    assert.equal((await transfer(folder, ...args, "--dry-run")).added, 63);
    const first = await transfer(folder, ...args);
    assert.equal(first.added, 63);
    assert.equal(first.mailboxes.find(({ from }) => from === "Sent")?.to, "Sent");

    const second = await transfer(folder, ...args);
    assert.deepEqual([second.added, second.duplicates, second.flagsChanged], [0, 0, 0]);

    const inbox = await client.select("INBOX");
    await inbox.addFlags([3], ["\\Flagged"]);
    await client.append("INBOX", letter("new"), { dateMs });
    const third = await transfer(folder, ...args);
    assert.deepEqual([third.added, third.flagsChanged], [1, 1]);

    const server = await folder.start();
    const channel = await connect({ host: "127.0.0.1", port: server.ports.imap, timeoutMs: 5000 });
    const own = new ImapClient(channel);
    await own.open();
    await own.login("anna@example.org", PASSWORD);
    const [theirs, ours] = [await viewOf(client), await viewOf(own)];
    assert.deepEqual(ours, { ...ours, ...theirs });
    await own.logout();
    await client.logout();

    // The other way, to another user of the same Dovecot, and from there to a second Posthorn account.
    await folder.addAccount("bob@example.org", PASSWORD);
    const out = ["export", "anna@example.org", ...toDovecot(dovecot, "carl")];
    assert.equal((await transfer(folder, ...out)).added, 64);
    assert.equal((await transfer(folder, ...out)).added, 0);
    const carl = await dovecotClient(dovecot, "carl");
    const copy = await viewOf(carl);
    assert.deepEqual(copy, { ...copy, ...theirs });
    await carl.logout();
  },
);

test("a copy from one Posthorn to another, killed in the middle, brings each message once", async (context) => {
  const [from, to] = [await makePosthornFolder(context), await makePosthornFolder(context)];
  for (const folder of [from, to]) {
    await folder.must("domain", "add", "example.org");
    await folder.addAccount("anna@example.org", PASSWORD);
  }
  const entries = Array.from(
    { length: 300 },
    (_, n) => `From a@b Sat Mar  7 08:09:10 2026\nSubject: ${n % 290}\n\nbody\n\n`,
  );
  writeFileSync(join(from.path, "mail.mbox"), entries.join(""));
  assert.equal(
    (await transfer(from, "import", "anna@example.org", "mail.mbox", "--map", "mail=INBOX")).added,
    300,
  );
  const server = await from.start();
  const url = `imap://anna%40example.org@127.0.0.1:${server.ports.imap}`;
  const args = ["import", "anna@example.org", url, "--password-command", `echo ${PASSWORD}`];
  await killInTheMiddle(to, args);
  const rest = await transfer(to, ...args);
  const again = await transfer(to, ...args);
  assert.deepEqual([again.added, again.duplicates], [0, 0]);
  const count = await transfer(to, "export", "anna@example.org", "out.mbox", "--mailbox", "INBOX");
  assert.equal(count.added, 300, JSON.stringify(rest));
  const subjects =
    readFileSync(join(to.path, "out.mbox"), "latin1").match(/^Subject: \d+$/gm) ?? [];
  assert.equal(new Set(subjects).size, 290);

  // And outwards, killed as well: the target is looked at before anything is sent again.
  const target = await makePosthornFolder(context);
  await target.must("domain", "add", "example.org");
  await target.addAccount("anna@example.org", PASSWORD);
  const other = await target.start();
  const out = `imap://anna%40example.org@127.0.0.1:${other.ports.imap}`;
  const push = ["export", "anna@example.org", out, "--password-command", `echo ${PASSWORD}`];
  await killInTheMiddle(to, push);
  await transfer(to, ...push);
  assert.equal((await transfer(to, ...push)).added, 0);
  const there = await transfer(
    target,
    "export",
    "anna@example.org",
    "out.mbox",
    "--mailbox",
    "INBOX",
  );
  assert.equal(there.added, 300);
});

/** Starts the command and kills it as soon as its journal has a batch, so that some is noted and some is not. */
async function killInTheMiddle(folder: PosthornFolder, args: string[]): Promise<void> {
  const { spawn } = await import("node:child_process");
  const { globSync } = await import("node:fs");
  const bin = join(import.meta.dirname, "../../bin/posthorn.js");
  const before = globSync(join(folder.path, "data/transfers/*.jsonl"));
  const child = spawn(process.execPath, [bin, ...args, "--config", folder.config], {
    cwd: folder.path,
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const poll = setInterval(() => {
    const fresh = globSync(join(folder.path, "data/transfers/*.jsonl")).filter(
      (path) => !before.includes(path),
    );
    if (fresh.some((path) => readFileSync(path, "utf8").includes('"m":[['))) child.kill("SIGKILL");
  }, 2);
  await ended;
  clearInterval(poll);
}

const PYTHON = `
import mailbox, sys, json
kind, path = sys.argv[1], sys.argv[2]
box = mailbox.mbox(path, create=False) if kind == "mbox" else mailbox.Maildir(path, create=False)
keys = sorted(box.keys(), key=str)
print(json.dumps([[box[k]["Subject"], "".join(sorted(box[k].get_flags())), box[k].get_payload()] for k in keys]))
`;

const WRITE = `
import mailbox, sys, time
kind, path = sys.argv[1], sys.argv[2]
box = mailbox.mbox(path) if kind == "mbox" else mailbox.Maildir(path)
for n in range(3):
    m = (mailbox.mboxMessage if kind == "mbox" else mailbox.MaildirMessage)()
    m["From"] = "a@b.test"
    m["Subject"] = "python %d" % n
    m.set_payload("From me\\nbody %d\\n" % n)
    m.set_flags("RF" if kind == "mbox" else "SF")
    if kind == "maildir": m.set_subdir("cur")
    box.add(m)
box.flush()
`;

/** Without a process of its own for each step: that would be most of the time. */
async function bringIn(world: TransferWorld, path: string, into?: string): Promise<number> {
  const onProblem = (where: string, problem: string): void => assert.fail(`${where}: ${problem}`);
  const source = await openSource(path, { format: "auto", dialect: "auto", onProblem });
  const report = await importMail(world.store, source, {
    accountId: world.anna,
    map: new Map(),
    into,
    duplicates: "skip",
    maxMessageOctets: 1_000_000,
    isDryRun: false,
  });
  return report.total("added");
}

async function takeOut(
  world: TransferWorld,
  path: string,
  format: "mbox" | "maildir",
  wish: { mailbox?: string; dialect?: MboxDialect } = {},
): Promise<void> {
  const { random, store, anna: accountId } = world;
  const target = await openTarget(path, {
    format,
    dialect: wish.dialect ?? "mboxrd",
    isOneMailbox: wish.mailbox !== undefined,
    random,
    nowMs: 1_750_000_000_000,
    onProblem: (where, problem) => assert.fail(`${where}: ${problem}`),
  });
  const mailboxes = wish.mailbox === undefined ? [] : [wish.mailbox];
  await exportMail(store, target, { accountId, mailboxes, isDryRun: false });
}

peerTest(
  "Python's mailbox module reads what we write, and we read what it writes",
  ["python3"],
  async (context) => {
    const world = await makeTransferWorld();
    context.after(() => world.end());
    for (const kind of ["mbox", "maildir"]) {
      const path = join(world.folder, `py-${kind}`);
      await run("python3", ["-c", WRITE, kind, path]);
      assert.equal(await bringIn(world, path, kind), 3);
    }
    for (const mailbox of ["mbox/py-mbox", "maildir/INBOX"]) {
      const path = join(world.folder, `${mailbox.replace("/", "-")}.mbox`);
      await takeOut(world, path, "mbox", { mailbox });
      const python = await run("python3", ["-c", PYTHON, "mbox", path]);
      const seen = JSON.parse(python.stdout) as string[][];
      assert.deepEqual(
        seen.map(([subject]) => subject),
        ["python 0", "python 1", "python 2"],
      );
      for (const [, flags, payload] of seen) {
        assert.ok(flags.includes("R") && flags.includes("F"), flags);
        assert.match(payload, /^>+From me\nbody \d\n$/);
      }
    }
    const path = join(world.folder, "out");
    await takeOut(world, path, "maildir");
    for (const box of [".mbox.py-mbox", ".maildir.INBOX"]) {
      const python = await run("python3", ["-c", PYTHON, "maildir", join(path, box)]);
      const seen = JSON.parse(python.stdout) as string[][];
      assert.deepEqual(
        seen.map(([subject, flags]) => `${subject} ${flags}`),
        [0, 1, 2].map((n) => `python ${n} FS`),
      );
    }
  },
);

peerTest("s-nail reads our mbox", ["s-nail"], async (context) => {
  const world = await makeTransferWorld();
  context.after(() => world.end());
  mkdirSync(join(world.folder, "in"));
  writeFileSync(join(world.folder, "in/1.eml"), letter("first", "From me\r\n"));
  writeFileSync(join(world.folder, "in/2.eml"), letter("second"));
  assert.equal(await bringIn(world, join(world.folder, "in")), 2);
  // It knows no lengths: of mboxcl2 it would take a quoted line for the next message.
  for (const dialect of ["mboxo", "mboxrd", "mboxcl"] as const) {
    const path = join(world.folder, `${dialect}.mbox`);
    await takeOut(world, path, "mbox", { mailbox: "INBOX", dialect });
    const { stdout } = await run("s-nail", ["-n", "-R", "-H", "-f", path], {
      env: { HOME: world.folder, LC_ALL: "C" },
    });
    assert.match(stdout, /first[^]*second/, stdout);
  }
});
