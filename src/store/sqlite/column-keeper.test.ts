import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";
import { appendTo, inboxOf, makeAccount } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";

const NEVER = Number.POSITIVE_INFINITY;
const ALICE = "alice@example.org";
const ROUNDS = Number(process.env.POSTHORN_TEST_COLUMN_ROUNDS ?? 5);
let seed = 0;

type Options = { readonly keptColumnsFrom?: number; readonly feedEntriesKept?: number };

function openIn(folder: string, options: Options = {}): Promise<Store> {
  return openStore({
    folder,
    clock: new TestClock(),
    random: new SeededRandom(++seed),
    log: silentLog,
    watchIntervalMs: 0,
    keptColumnsFrom: 1,
    ...options,
  });
}

function folderFor(t: TestContext): string {
  const folder = makeTempFolder("columns");
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function inbox(store: Store): ReturnType<typeof inboxOf> {
  const account = store.directory.account(ALICE);
  assert.ok(account);
  return inboxOf(store, account);
}

/** Everything an open mailbox says of its messages. */
async function seenBy(store: Store, name = "INBOX"): Promise<unknown> {
  const account = store.directory.account(ALICE);
  assert.ok(account);
  const info = store.mail.mailbox(account.id, name);
  if (info === undefined) return undefined;
  const box = await store.mail.open(info.grant);
  assert.ok(box);
  const { count, uidNext, highestModSeq, keywords } = box;
  const columns = [box.uids, box.flags, box.flagsHigh, box.sizesOctets, box.modSeqs].concat(
    box.messageIds as never,
    box.internalDatesMs as never,
    box.savedDatesMs as never,
    box.threadIds as never,
  );
  const seen = columns.map((column) => Array.from(column.subarray(0, count)));
  box.release();
  return { count, uidNext, highestModSeq, keywords, seen };
}

/** The same from the rows, past all that is under test. */
function seenInRows(folder: string, name = "INBOX"): unknown {
  const database = new DatabaseSync(join(folder, "posthorn.db"), { readOnly: true });
  try {
    const mailbox = database.prepare("SELECT * FROM mailbox WHERE name = ?").get(name);
    assert.ok(mailbox);
    const rows = database.prepare(`SELECT uid, flags, flags_high, size_octets, mod_seq, message_id,
      internal_date_ms, saved_date_ms, thread_id FROM entry WHERE mailbox_id = ? ORDER BY uid`);
    rows.setReturnArrays(true);
    const found = rows.all(mailbox.id) as unknown as number[][];
    return {
      count: mailbox.messages,
      uidNext: mailbox.uid_next,
      highestModSeq: mailbox.highest_mod_seq,
      keywords: JSON.parse(String(mailbox.keywords)) as unknown,
      seen: Array.from({ length: 9 }, (_, column) => found.map((row) => row[column])),
    };
  } finally {
    database.close();
  }
}

/** A mailbox of so many messages, kept in a file and closed. */
async function makeKept(folder: string, count: number): Promise<void> {
  const store = await openIn(folder);
  await makeAccount(store, ALICE);
  const { grant } = inbox(store);
  const uids = await appendTo(store, grant, count, ["\\Seen", "$One"]);
  await store.mail.changeFlags(grant, uids.slice(3, 9), { action: "add", flags: ["\\Deleted"] });
  await store.mail.expunge(grant, uids.slice(5, 7), true);
  await seenBy(store);
  await store.close();
}

function onlyFile(folder: string): string {
  const files = readdirSync(join(folder, "columns"));
  assert.equal(files.length, 1);
  return join(folder, "columns", files[0]);
}

function inDatabase(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, "posthorn.db"));
  database.exec(sql);
  database.close();
}

test("a large mailbox is opened from its file, and not from its rows", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 40);
  const path = onlyFile(folder);
  assert.equal(statSync(path).mode & 0o7777, 0o600);
  assert.equal(statSync(join(folder, "columns")).mode & 0o7777, 0o700);
  const before = seenInRows(folder);
  // Nobody may do this; it shows who reads what.
  inDatabase(folder, "UPDATE entry SET internal_date_ms = 4711");
  const store = await openIn(folder);
  assert.deepEqual(await seenBy(store), before);
  assert.deepEqual(await store.check(), []);
  await store.close();
  assert.notDeepEqual(seenInRows(folder), before);
});

test("opening reads no column; one whose file is gone by then comes from the rows", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  const store = await openIn(folder);
  const { grant } = inbox(store);
  const box = (await store.mail.open(grant)) ?? assert.fail("not open");
  rmSync(onlyFile(folder));
  assert.deepEqual([box.count, box.lastUid, box.uidNext, box.firstUnseen()], [18, 20, 21, -1]);
  await appendTo(store, grant, 1, ["\\Flagged"]);
  assert.deepEqual([box.count, box.lastUid, box.firstUnseen()], [19, 21, 18]);
  await Promise.all([box.load("flags"), box.load("all")]);
  await store.mail.changeFlags(grant, [2], { action: "remove", flags: ["\\Seen"] });
  assert.equal(box.firstUnseen(), 1);
  assert.deepEqual(await seenBy(store), seenInRows(folder));
  box.release();
  await store.close();
});

test("what has changed since the file was written is read from the feed and the rows", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 40);
  const path = onlyFile(folder);
  const other = await openIn(folder, { keptColumnsFrom: NEVER });
  const { grant } = inbox(other);
  await appendTo(other, grant, 3, ["$Two"]);
  await other.mail.changeFlags(grant, [2, 30, 41], { action: "replace", flags: ["$Three"] });
  await other.mail.expunge(grant, [1, 30, 42], false);
  await other.close();
  assert.equal(onlyFile(folder), path);
  const store = await openIn(folder);
  assert.deepEqual(await seenBy(store), seenInRows(folder));
  await store.close();
});

test("columns are the same with and without files, whatever two processes do", async (t) => {
  const folder = folderFor(t);
  const random = new SeededRandom(7);
  const some = <T>(items: readonly T[]): T[] => items.filter(() => random.float() < 0.3);
  const first = await openIn(folder);
  await makeAccount(first, ALICE);
  await first.close();
  const models = new Map<string, Set<number>>();
  for (let round = 0; round < ROUNDS; round++) {
    const stores = [await openIn(folder), await openIn(folder)];
    const account = stores[0].directory.account(ALICE);
    assert.ok(account);
    for (let step = 0; step < 8; step++) {
      const store = stores[Math.floor(random.float() * 2)];
      const [from, to] = random.float() < 0.5 ? ["INBOX", "Trash"] : ["Trash", "INBOX"];
      const a: MailboxGrant | undefined = store.mail.mailbox(account.id, from)?.grant;
      const b: MailboxGrant | undefined = store.mail.mailbox(account.id, to)?.grant;
      assert.ok(a && b);
      const uids = some([...(models.get(from) ?? new Set<number>())]);
      const there = models.get(to) ?? new Set<number>();
      const kept = models.get(from) ?? new Set<number>();
      models.set(from, kept).set(to, there);
      const pick = random.float();
      if (pick < 0.35) {
        const flags = some(["\\Seen", "\\Deleted", "$A", "$B", "$C"]);
        for (const uid of await appendTo(store, a, 1 + Math.floor(random.float() * 5), flags))
          kept.add(uid);
      } else if (pick < 0.6) {
        await store.mail.changeFlags(a, uids, {
          action: "add",
          flags: some(["\\Seen", "$D", "$B"]),
        });
      } else if (pick < 0.75) {
        for (const uid of await store.mail.expunge(a, uids, false)) kept.delete(uid);
      } else if (pick < 0.9) {
        for (const uid of (await store.mail.copy(a, uids, b)).to) there.add(uid);
      } else {
        const moved = await store.mail.move(a, uids, b);
        for (const uid of moved.from) kept.delete(uid);
        for (const uid of moved.to) there.add(uid);
      }
      if (random.float() < 0.3) await seenBy(store, to);
    }
    for (const name of ["INBOX", "Trash"]) {
      const expected = seenInRows(folder, name);
      for (const store of stores) assert.deepEqual(await seenBy(store, name), expected);
    }
    for (const store of stores) await store.close();
  }
  const last = await openIn(folder);
  for (const name of ["INBOX", "Trash"]) {
    assert.deepEqual(await seenBy(last, name), seenInRows(folder, name));
  }
  assert.deepEqual(await last.check(), []);
  await last.close();
});

test("a file that is damaged in any way is as good as none", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  const expected = seenInRows(folder);
  const good = readFileSync(onlyFile(folder));
  const damages: [name: string, damage: (path: string) => void][] = [
    ["gone", (path) => rmSync(path)],
    ["empty", (path) => truncateSync(path, 0)],
    ["cut short", (path) => truncateSync(path, good.length - 1)],
    ["too long", (path) => writeFileSync(path, Buffer.concat([good, good.subarray(0, 8)]))],
    ["full of zeros", (path) => writeFileSync(path, new Uint8Array(good.length))],
    ["a folder", (path) => (rmSync(path), mkdirSync(path))],
  ];
  damages.push([
    "one bit",
    (path) => {
      const bad = new Uint8Array(good);
      bad[good.length - 40] ^= 0x10;
      writeFileSync(path, bad);
    },
  ]);
  for (const [name, damage] of damages) {
    const copy = folderFor(t);
    cpSync(folder, copy, { recursive: true });
    damage(onlyFile(copy));
    const store = await openIn(copy);
    assert.deepEqual(await seenBy(store), expected, name);
    await store.close();
  }
});

test("security row 104: columns are never read through a link", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  const path = onlyFile(folder);
  renameSync(path, join(folder, "elsewhere"));
  symlinkSync(join(folder, "elsewhere"), path);
  inDatabase(folder, "UPDATE entry SET internal_date_ms = 4711");
  const store = await openIn(folder);
  assert.deepEqual(await seenBy(store), seenInRows(folder));
  await store.close();
  assert.ok(statSync(join(folder, "elsewhere")).isFile());
});

test("counters that do not agree with the file send to the rows", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  // As if a change had gone past the feed.
  inDatabase(
    folder,
    "UPDATE entry SET flags = flags & ~1 WHERE uid = 12; UPDATE mailbox SET unseen = unseen + 1 WHERE name = 'INBOX'",
  );
  const store = await openIn(folder);
  assert.deepEqual(await seenBy(store), seenInRows(folder));
  await store.close();
});

test("a feed that no longer reaches back sends to the rows", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  const other = await openIn(folder, { keptColumnsFrom: NEVER, feedEntriesKept: 2 });
  const { grant } = inbox(other);
  // Counters stay as they are: only the feed could tell.
  for (const flag of ["$X", "$Y", "$Z", "$V", "$W"]) {
    await other.mail.changeFlags(grant, [10], { action: "add", flags: [flag] });
  }
  await other.close();
  const store = await openIn(folder);
  assert.deepEqual(await seenBy(store), seenInRows(folder));
  await store.close();
});

test("a database from a backup believes no file of a later day", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  inDatabase(folder, "PRAGMA wal_checkpoint(TRUNCATE)");
  copyFileSync(join(folder, "posthorn.db"), join(folder, "backup"));
  const change = async (flag: string): Promise<void> => {
    const store = await openIn(folder);
    await seenBy(store);
    const { grant } = inbox(store);
    await store.mail.changeFlags(grant, [1, 2, 3], { action: "add", flags: [flag] });
    await store.close();
  };
  await change("\\Flagged");
  renameSync(join(folder, "backup"), join(folder, "posthorn.db"));
  for (const side of ["-wal", "-shm"]) rmSync(join(folder, `posthorn.db${side}`), { force: true });
  await change("\\Answered");
  const store = await openIn(folder);
  assert.deepEqual(await seenBy(store), seenInRows(folder));
  await store.close();
});

test("files go with their mailbox, and those that nobody names with the next start", async (t) => {
  const folder = folderFor(t);
  await makeKept(folder, 20);
  const path = onlyFile(folder);
  // As a process leaves it that died before the row was written.
  writeFileSync(join(folder, "columns", "1-1-0123.col"), readFileSync(path));
  const store = await openIn(folder);
  assert.equal(onlyFile(folder), path);
  await store.directory.removeAccount(ALICE);
  await store.close();
  assert.deepEqual(readdirSync(join(folder, "columns")), []);
});
