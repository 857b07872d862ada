import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdir, readdir, symlink, writeFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import { MBOX_DIALECTS, type MboxDialect } from "../../message/mbox/dialect.ts";
import { exportMail } from "../export-mail.ts";
import { importMail, type ImportWish } from "../import-mail.ts";
import { fillWithMail, makeTransferWorld, type TransferWorld } from "../testing/transfer-world.ts";
import type { TransferReport } from "../transfer-report.ts";
import type { FileFormat } from "./detect-format.ts";
import { fileNameOf, levelOfFileName } from "./level-name.ts";
import { openSource, openTarget } from "./open-files.ts";
import { maildirFolder } from "./write-maildir.ts";

let world: TransferWorld;

before(async () => {
  world = await makeTransferWorld();
  await fillWithMail(world, world.anna);
});
after(() => world.end());

async function exportTo(
  path: string,
  format: FileFormat,
  dialect: MboxDialect = "mboxrd",
  mailboxes: readonly string[] = [],
): Promise<TransferReport> {
  const onProblem = (where: string, problem: string): void => assert.fail(`${where}: ${problem}`);
  const isOneMailbox = mailboxes.length === 1;
  const { random, store, anna } = world;
  const target = await openTarget(path, {
    format,
    dialect,
    isOneMailbox,
    random,
    nowMs: 1_750_000_000_000,
    onProblem,
  });
  return exportMail(store, target, { accountId: anna, mailboxes, isDryRun: false });
}

async function importFrom(
  path: string,
  more: Partial<ImportWish & { format: FileFormat | "auto"; dialect: MboxDialect }> = {},
): Promise<TransferReport & { problemTexts: string[] }> {
  const problemTexts: string[] = [];
  const source = await openSource(path, {
    format: "auto",
    dialect: "auto",
    onProblem: (where, problem) => problemTexts.push(`${where}: ${problem}`),
    ...more,
  });
  const report = await importMail(world.store, source, {
    accountId: world.bob,
    map: new Map(),
    into: undefined,
    duplicates: "skip",
    maxMessageOctets: 10_000_000,
    isDryRun: false,
    ...more,
  });
  problemTexts.push(...report.problems.map(({ where, problem }) => `${where}: ${problem}`));
  return Object.assign(report, { problemTexts });
}

/** Bob again without mail. */
async function emptyBob(): Promise<void> {
  await world.store.directory.removeAccount("bob@example.org");
  const bob = await world.store.directory.addAccount({
    address: "bob@example.org",
    password: "secret word",
  });
  Object.assign(world, { bob: bob.id });
}

const ROUND_TRIPS: readonly (readonly [FileFormat, MboxDialect])[] = [
  ...MBOX_DIALECTS.map((dialect) => ["mbox", dialect] as const),
  ["maildir", "mboxrd"],
  ["eml", "mboxrd"],
];

for (const [format, dialect] of ROUND_TRIPS) {
  const name = format === "mbox" ? dialect : format;
  test(`${name}: out and in again gives the same mailboxes, octets, flags, keywords and dates; twice moves nothing`, async () => {
    const path = join(world.folder, name);
    await exportTo(path, format, dialect);
    await emptyBob();
    // A bare `>From ` is what mboxo and mboxcl are known to lose; the dialect cannot be seen in mboxo.
    const told = dialect === "mboxo" ? { dialect } : {};
    const report = await importFrom(path, told);
    assert.deepEqual(report.problemTexts, []);
    const [theirs, ours] = [await world.contents(world.anna), await world.contents(world.bob)];
    if (dialect === "mboxo" || dialect === "mboxcl") {
      assert.notEqual(theirs.INBOX[1], ours.INBOX[1]);
      theirs.INBOX[1] = ours.INBOX[1];
    }
    assert.deepEqual(ours, { ...ours, ...theirs });
    if (format !== "mbox") {
      assert.ok(world.store.mail.subscriptions(world.bob).includes("Lists/v1.0 beta/Grüße"));
    }

    const again = await importFrom(path, told);
    assert.equal(again.total("added"), 0);
    assert.equal(again.total("duplicates"), report.total("added"));
    assert.deepEqual(await world.contents(world.bob), ours);
    const kept = await importFrom(path, { ...told, duplicates: "keep", isDryRun: true });
    assert.equal(kept.total("added"), report.total("added"));
  });
}

test("security row 86: no mailbox name leads out of the tree, and each comes back", () => {
  const names = [
    "..",
    ".",
    "/etc",
    "a/../b",
    "\0",
    "con:",
    "%2E",
    "~root",
    "x.sbd",
    "a.mbox",
    " ",
    "tail.",
    "ü",
  ];
  for (const name of names) {
    const file = fileNameOf(name);
    assert.doesNotMatch(file, /[/\0\\]|^\.|^~/, name);
    assert.equal(levelOfFileName(file), name);
    assert.doesNotMatch(maildirFolder(name).slice(1), /\/|\0|^~/, name);
    assert.ok(!name.includes("/") || !maildirFolder(name).includes("/"));
  }
  assert.equal(maildirFolder("../.."), ".\\2e\\2e.\\2e\\2e");
  assert.equal(levelOfFileName("100%25"), "100%");
  assert.equal(levelOfFileName("50%"), "50%");
});

test("one mailbox becomes one file; what is there is not overwritten", async () => {
  const path = join(world.folder, "sent.mbox");
  await exportTo(path, "mbox", "mboxrd", ["Sent"]);
  await assert.rejects(exportTo(path, "mbox", "mboxrd", ["Sent"]), /is there already/);
  await emptyBob();
  const report = await importFrom(path, { map: new Map([["sent", "Old/Letters"]]) });
  assert.deepEqual(
    report.mailboxes.map(({ to, added }) => [to, added]),
    [["Old/Letters", 1]],
  );
});

test("special-use names of other programs are ours, and --map and --into decide", async () => {
  const path = join(world.folder, "thunderbird");
  await mkdir(join(path, "Work.sbd"), { recursive: true });
  const entry = "From - Sat Mar  7 08:09:10 2026\nX-Mozilla-Status: 0001\nSubject: x\n\nb\n\n";
  for (const name of ["Inbox", "Sent Items", "Deleted Items", "Spam", "Work", "Work.sbd/2026"]) {
    await writeFile(join(path, name), entry);
  }
  await writeFile(join(path, "Inbox.msf"), "// index");
  await writeFile(join(path, "notes"), "no mail");
  const names = async (more: Partial<ImportWish>): Promise<string[]> => {
    const report = await importFrom(path, { isDryRun: true, ...more });
    assert.equal(report.problemTexts.length, 1);
    assert.match(report.problemTexts[0], /notes: not an mbox/);
    return report.mailboxes.map(({ to }) => to).sort();
  };
  assert.deepEqual(await names({}), ["INBOX", "Junk", "Sent", "Trash", "Work", "Work/2026"]);
  assert.deepEqual(await names({ into: "Old", map: new Map([["Work", "Projects"]]) }), [
    "Old/Deleted Items",
    "Old/Inbox",
    "Old/Sent Items",
    "Old/Spam",
    "Projects",
    "Projects/2026",
  ]);
});

test("security row 86: links in a tree are not followed", async () => {
  const path = join(world.folder, "links");
  await mkdir(join(path, "cur"), { recursive: true });
  await mkdir(join(path, "new"));
  await writeFile(join(world.folder, "secret"), "Subject: secret\n\nx\n");
  await symlink(join(world.folder, "secret"), join(path, "cur", "1.a.b:2,S"));
  await symlink("/etc", join(path, ".etc"));
  await writeFile(join(path, "cur", "2.a.b:2,FS"), "Subject: mine\n\nx\n");
  await utimes(join(path, "cur", "2.a.b:2,FS"), 1000, 1000);
  await emptyBob();
  const report = await importFrom(path);
  assert.equal(report.total("added"), 1);
  assert.equal(report.problemTexts.length, 2);
  assert.match((await world.contents(world.bob)).INBOX[0], / \\Flagged \\Seen 1000$/);
});

test("a Maildir with plain folders, keywords and modified UTF-7", async () => {
  const path = join(world.folder, "fs");
  for (const part of ["cur", "new", "tmp", "Ablage/Gr&APwA3w-e/cur", "Ablage/Gr&APwA3w-e/new"]) {
    await mkdir(join(path, part), { recursive: true });
  }
  const box = join(path, "Ablage/Gr&APwA3w-e");
  await writeFile(join(box, "dovecot-keywords"), "0 work\n1 NonJunk\n");
  await writeFile(join(box, "new/3.a.b"), "Subject: new\n\nx\n");
  await writeFile(join(box, "cur/4.a.b:2,Sb"), "Subject: old\r\n\r\nx\r\n");
  await emptyBob();
  const report = await importFrom(path);
  assert.deepEqual(report.mailboxes.map(({ to, added }) => `${to} ${added}`).sort(), [
    "Ablage/Grüße 2",
    "INBOX 0",
  ]);
  const stored = (await world.contents(world.bob))["Ablage/Grüße"];
  assert.match(stored[0], / NonJunk \\Seen \d+$/);
});

test("messages over the limit are named with their place, the rest comes", async () => {
  const path = join(world.folder, "limit.mbox");
  const entry = (size: number): string =>
    `From a@b Sat Mar  7 08:09:10 2026\nSubject: ${size}\n\n${"x".repeat(size)}\n\n`;
  await writeFile(path, entry(10) + entry(5000) + entry(20));
  await emptyBob();
  const report = await importFrom(path, { maxMessageOctets: 1000 });
  assert.equal(report.total("added"), 2);
  assert.deepEqual(report.problemTexts, [
    `${path}, octet 59: the message is over 1000 octets (--max-size)`,
  ]);
});

test("a full mailbox stops the import at a message's edge, and says so", async () => {
  const path = join(world.folder, "quota.mbox");
  const entry = (n: number): string =>
    `From a@b Sat Mar  7 08:09:10 2026\nSubject: ${n}\n\n${"x".repeat(100)}\n\n`;
  await writeFile(path, Array.from({ length: 9 }, (_, n) => entry(n)).join(""));
  await emptyBob();
  await world.store.directory.changeAccount("bob@example.org", { quotaMessages: 5 });
  const report = await importFrom(path, { into: "Old" });
  assert.equal(report.total("added"), 5);
  assert.match(report.stopped ?? "", /full/);
  await world.store.directory.changeAccount("bob@example.org", { quotaMessages: null });
  const rest = await importFrom(path, { into: "Old" });
  assert.deepEqual([rest.total("added"), rest.total("duplicates")], [4, 5]);
});

test("what is no mail is said, with what was looked for", async () => {
  const path = join(world.folder, "nothing");
  await mkdir(path);
  await writeFile(join(path, "a.txt"), "no mail");
  await assert.rejects(importFrom(path), /neither a Maildir .* nor files of mbox nor .eml files/);
  await assert.rejects(importFrom(join(path, "a.txt")), /no mbox \(at octet 0/);
  await assert.rejects(importFrom(join(path, "b")), /there is no such file/);
});

test(".eml files of other programs: date of the Date field, LF becomes CRLF, names say what is inside", async () => {
  const path = join(world.folder, "eml-files");
  await mkdir(join(path, "Club"), { recursive: true });
  await writeFile(
    join(path, "Club", "letter.EML"),
    "Date: Sat, 7 Mar 2026 08:09:10 +0000\nSubject: x\n\nbody\n",
  );
  await emptyBob();
  await importFrom(path);
  const [stored] = (await world.contents(world.bob))["Club"];
  assert.ok(stored.endsWith(`  ${Date.UTC(2026, 2, 7, 8, 9, 10) / 1000}`), stored);
  const names = await readdir(join(world.folder, "eml", "INBOX"));
  assert.ok(names.includes("1-one.eml") && names.includes("6-grüße.eml"), names.join());
});
