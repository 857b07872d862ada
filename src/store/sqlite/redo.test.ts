import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "../../base/log.ts";
import { RecordingLog } from "../../base/testing/recording-log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import type { Account } from "../directory.ts";
import { appendTo, inboxOf, makeAccount, MESSAGE } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { Database } from "./database.ts";
import { openStore, type StoreOptions } from "./open-store.ts";
import { storeFolders } from "./store-files.ts";

const clock = new TestClock();

function open(folder: string, more: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({ folder, clock, random: new SeededRandom(), log: silentLog, ...more });
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = makeTempFolder("redo");
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The folder as a machine that lost its power may find it: the database is there, the writer is not. */
function cutPower(folder: string, copy: string): string {
  mkdirSync(copy);
  for (const file of ["posthorn.db", "posthorn.db-wal"]) {
    copyFileSync(join(folder, file), join(copy, file));
  }
  cpSync(join(folder, "segments"), join(copy, "segments"), { recursive: true });
  const database = Database.openForWriting(storeFolders(copy).database);
  // No process has a number beyond pid_max, which is at most 2^22.
  database.run("UPDATE writer SET pid = 5000000, started = 'long ago'");
  database.close();
  return copy;
}

const segmentsOf = (folder: string): string[] =>
  readdirSync(join(folder, "segments")).map((file) => join(folder, "segments", file));

function redoRows(folder: string): number {
  const database = Database.openForReading(storeFolders(folder).database);
  const rows = database.all("SELECT 1 FROM redo").length;
  database.close();
  return rows;
}

async function assertHolds(store: Store, account: Account, count: number): Promise<void> {
  assert.deepEqual(await store.check(), []);
  const box = await store.mail.open(inboxOf(store, account).grant);
  assert.equal(box?.count, count);
  for (let index = 0; index < count; index++) {
    const octets = await store.octets.read(box!.messageIds[index]);
    assert.deepEqual(Buffer.from(octets), Buffer.from(MESSAGE));
  }
  box?.release();
}

for (const [what, spoil] of [
  ["is empty", (file: string) => truncateSync(file)],
  ["ends in the middle of a message", (file: string) => truncateSync(file, MESSAGE.length + 9)],
  ["has zeros instead", (file: string) => writeFileSync(file, new Uint8Array(100_000))],
  ["is not there", (file: string) => rmSync(file)],
] as const) {
  void test(`a power cut before the segment was synced: it ${what}, and nothing is lost`, () =>
    inFolder(async (folder) => {
      const store = await open(join(folder, "data"));
      const account = await makeAccount(store);
      for (let index = 0; index < 3; index++) {
        await appendTo(store, inboxOf(store, account).grant, 1 + index);
      }
      assert.equal(redoRows(join(folder, "data")), 3);
      const copy = cutPower(join(folder, "data"), join(folder, "copy"));
      const [segment] = segmentsOf(copy);
      spoil(segment);
      const log = new RecordingLog();
      const again = await open(copy, { log });
      await makeAccount(again, "bob@example.org");
      assert.ok(log.events.some(({ event }) => event === "store.octets-put-back"));
      assert.equal(statSync(segment).size, 6 * MESSAGE.length);
      assert.equal(statSync(segment).mode & 0o777, 0o600);
      assert.equal(redoRows(copy), 0);
      await assertHolds(again, account, 6);
      await again.close();
      await store.close();
    }));
}

test("redo rows of a living process are left alone", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    await appendTo(store, inboxOf(store, account).grant, 2);
    const [segment] = segmentsOf(folder);
    const before = statSync(segment);
    const other = await open(folder);
    await makeAccount(other, "bob@example.org");
    assert.equal(redoRows(folder), 1);
    assert.equal(statSync(segment).mtimeMs, before.mtimeMs);
    await other.close();
    assert.equal(redoRows(folder), 1);
    await assertHolds(store, account, 2);
    await store.close();
    assert.equal(redoRows(folder), 0, "a store that was closed has none");
  }));

test("redo rows are dropped once their segment has been synced, in bounds and behind a large group", () =>
  inFolder(async (folder) => {
    const redo = { groupOctets: MESSAGE.length * 2, keptOctets: MESSAGE.length * 4 };
    const store = await open(folder, { redo });
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    let most = 0;
    for (let index = 0; index < 40; index++) {
      await appendTo(store, grant, 1);
      most = Math.max(most, redoRows(folder));
    }
    assert.ok(most >= 4 && most <= 20, `${most} redo rows at most`);
    await appendTo(store, grant, 1);
    assert.ok(redoRows(folder) > 0);
    await appendTo(store, grant, 3);
    assert.equal(redoRows(folder), 0);
    await assertHolds(store, account, 44);
    await store.close();
  }));

test("a segment is sealed only when it is on disk, and needs no redo rows then", () =>
  inFolder(async (folder) => {
    const store = await open(join(folder, "data"), { segmentOctets: MESSAGE.length * 2 });
    const account = await makeAccount(store);
    for (let index = 0; index < 5; index++) {
      await appendTo(store, inboxOf(store, account).grant, 1);
    }
    assert.equal(redoRows(join(folder, "data")), 1);
    const copy = cutPower(join(folder, "data"), join(folder, "copy"));
    const again = await open(copy);
    await assertHolds(again, account, 5);
    await again.close();
    await store.close();
  }));

function failing(times: number): URL {
  return new URL(`../testing/fail-at.ts?point=segment-synced&times=${times}`, import.meta.url);
}

test("a segment that cannot be synced: what only redo rows have goes to another one", () =>
  inFolder(async (folder) => {
    const log = new RecordingLog();
    const store = await open(join(folder, "data"), {
      writerHooks: failing(1),
      redo: { groupOctets: 1e6, keptOctets: MESSAGE.length * 3 },
      log,
    });
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    let sent = 0;
    const told = (event: string): boolean => log.events.some((known) => known.event === event);
    while (!told("store.octets-rescued")) {
      await appendTo(store, grant, 1);
      assert.ok(++sent < 100);
    }
    assert.ok(told("store.segment-sync-failed"));
    await assertHolds(store, account, sent);
    assert.equal(segmentsOf(join(folder, "data")).length, 2);
    const copy = cutPower(join(folder, "data"), join(folder, "copy"));
    const given = segmentsOf(copy).find((file) => file.endsWith("-1.seg"));
    assert.ok(given);
    truncateSync(given);
    const again = await open(copy);
    await assertHolds(again, account, sent);
    await again.close();
    await store.close();
    // What was given up is sealed by the next start, whether its writer died or ended.
    const next = await open(join(folder, "data"));
    await assertHolds(next, account, sent);
    await next.mail.expunge(inboxOf(next, account).grant, "all", false);
    assert.deepEqual(await next.check(), []);
    await next.close();
    await (await open(join(folder, "data"))).close();
    assert.deepEqual(segmentsOf(join(folder, "data")), []);
  }));

test("a disk that fails to the end: redo rows stay, and the next start puts the octets back", () =>
  inFolder(async (folder) => {
    const store = await open(folder, { writerHooks: failing(1000) });
    const account = await makeAccount(store);
    for (let index = 0; index < 3; index++) {
      await appendTo(store, inboxOf(store, account).grant, 1);
    }
    await store.close();
    assert.equal(redoRows(folder), 3);
    for (const file of segmentsOf(folder)) truncateSync(file);
    const again = await open(folder);
    assert.equal(redoRows(folder), 0);
    await assertHolds(again, account, 3);
    await again.close();
  }));

test("a segment that takes nothing back after a crash: its messages move to another", () =>
  inFolder(async (folder) => {
    const store = await open(join(folder, "data"));
    const account = await makeAccount(store);
    await appendTo(store, inboxOf(store, account).grant, 3);
    const copy = cutPower(join(folder, "data"), join(folder, "copy"));
    await store.close();
    const [segment] = segmentsOf(copy);
    rmSync(segment);
    symlinkSync(join(folder, "elsewhere"), segment);
    const log = new RecordingLog();
    const again = await open(copy, { log });
    await makeAccount(again, "bob@example.org");
    assert.ok(log.events.some(({ event }) => event === "store.octets-rescued"));
    assert.equal(redoRows(copy), 0);
    await assertHolds(again, account, 3);
    await appendTo(again, inboxOf(again, account).grant, 1);
    await assertHolds(again, account, 4);
    await again.close();
    assert.deepEqual(readdirSync(folder).sort(), ["copy", "data"]);
  }));

test("check and repair: a redo row without a segment", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    await appendTo(store, inboxOf(store, account).grant, 1);
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("INSERT INTO redo (segment_id, start, octets) VALUES (77, 0, x'00')");
    database.close();
    const found = await store.check();
    assert.deepEqual(
      found.map(({ kind, where }) => [kind, where]),
      [["row-broken", "redo row 2"]],
    );
    assert.deepEqual((await store.repair()).after, []);
    await assertHolds(store, account, 1);
    await store.close();
  }));
