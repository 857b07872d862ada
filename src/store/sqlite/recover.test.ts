import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  readdirSync,
  rmSync,
  statSync,
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
import {
  acceptFor,
  appendTo,
  deliveryTo,
  inboxOf,
  makeAccount,
  MESSAGE,
} from "../testing/store-fixture.ts";
import { Database } from "./database.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore, type StoreOptions } from "./open-store.ts";
import { storeFolders } from "./store-files.ts";
import type { MessageId } from "../octets.ts";

const clock = new TestClock();

function open(folder: string, more: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({ folder, clock, random: new SeededRandom(), log: silentLog, ...more });
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = makeTempFolder("recover");
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes a closed store look as if its process had died: a writer that is no more owns its segment. */
function pretendCrash(folder: string): void {
  const database = Database.openForWriting(storeFolders(folder).database);
  // No process has a number beyond pid_max, which is at most 2^22.
  database.run("INSERT INTO writer (id, pid, started) VALUES (1, 5000000, 'long ago')");
  database.run("UPDATE segment SET writer_id = 1");
  database.close();
}

const segmentOf = (folder: string): string =>
  join(folder, "segments", readdirSync(join(folder, "segments"))[0]);

test("a torn tail is cut to the last committed octet, stray files go", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    await appendTo(store, inboxOf(store, account).grant, 2);
    await store.close();
    pretendCrash(folder);
    const segment = segmentOf(folder);
    const committed = statSync(segment).size;
    appendFileSync(segment, "half a mess");
    writeFileSync(join(folder, "segments", "1-77.seg"), "renamed, never committed");
    writeFileSync(join(folder, "spool", "1-5.spool"), "upload and abort");
    const log = new RecordingLog();
    const again = await open(folder, { log });
    await makeAccount(again, "bob@example.org");
    assert.equal(statSync(segment).size, committed);
    assert.equal(existsSync(join(folder, "segments", "1-77.seg")), false);
    assert.deepEqual(readdirSync(join(folder, "spool")), []);
    assert.ok(log.events.some(({ event }) => event === "store.segment-cut"));
    assert.deepEqual(await again.check(), []);
    assert.equal((await again.mail.open(inboxOf(again, account).grant))?.count, 2);
    await again.close();
  }));

test("segments and spool files of a living process are left alone", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    const staged = store.octets.stage();
    await staged.write(new Uint8Array(600_000));
    await appendTo(store, inboxOf(store, account).grant, 1);
    const other = await open(folder);
    await appendTo(other, inboxOf(other, account).grant, 1);
    assert.equal(readdirSync(join(folder, "segments")).length, 2);
    await store.mail.append(inboxOf(store, account).grant, [
      { message: staged, flags: [], internalDateMs: 1 },
    ]);
    await appendTo(store, inboxOf(store, account).grant, 1);
    assert.deepEqual(await other.check(), []);
    await other.close();
    await store.close();
  }));

test("leases of a dead process fall due at once", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    await acceptFor(store, {
      recipients: [{ recipient: "a@b.test", transport: "smtp", destination: "b.test" }],
    });
    const request = {
      worker: "w",
      nowMs: clock.nowMs(),
      leaseMs: 1e9,
      limit: 1,
      busy: new Set<string>(),
    };
    assert.equal((await store.queue.claim(request)).length, 1);
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("UPDATE writer SET pid = 5000000, started = 'long ago'");
    database.close();
    const other = await open(folder);
    assert.equal((await other.queue.claim(request)).length, 1);
    await other.close();
    await store.close();
  }));

test("check finds what is wrong with octets and counters", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 3);
    await store.close();
    const segment = segmentOf(folder);
    const octets = Buffer.alloc(MESSAGE.length, 1);
    writeFileSync(segment, octets, { flag: "r+" });
    truncateSync(segment, MESSAGE.length * 3 - 1);
    writeFileSync(join(folder, "segments", "stray"), "");
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("UPDATE mailbox SET unseen = 7 WHERE id = ?", grant.mailboxId);
    database.run(`INSERT INTO message SELECT 9, segment_id, start, size_octets, header_octets, sha256,
      envelope, body_structure, structure, packed_octets FROM message WHERE id = 2`);
    database.run("UPDATE segment SET live_octets = 1");
    const reader = await open(folder);
    const seen: number[] = [];
    const found = await reader.check((done) => seen.push(done));
    assert.deepEqual(found.map(({ kind }) => kind).sort(), [
      "counter-differs",
      "counter-differs",
      "hash-differs",
      "octets-missing",
      "octets-missing",
      "orphan-octets",
    ]);
    assert.deepEqual(seen, [4]);
    await assert.rejects(reader.octets.read(3 as MessageId), { code: "store-corrupt" });
    rmSync(segment);
    const missing = await reader.check();
    assert.equal(missing.filter(({ kind }) => kind === "octets-missing").length, 5);
    database.close();
    await reader.close();
  }));

test("a commit of several batches that fills a segment keeps the octets of all", () =>
  inFolder(async (folder) => {
    const store = await open(folder, { segmentOctets: MESSAGE.length * 3 });
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const appends: Promise<unknown>[] = [];
    for (let turn = 0; turn < 60; turn++) {
      appends.push(appendTo(store, grant, 2));
      // Each turn makes a batch; those that come while a commit is under way share the next one.
      await Promise.resolve();
    }
    await Promise.all(appends);
    assert.deepEqual(await store.check(), []);
    const box = await store.mail.open(grant);
    assert.ok(box);
    for (let index = 0; index < 120; index++) {
      const octets = await store.octets.read(box.messageIds[index]);
      assert.deepEqual(Buffer.from(octets), Buffer.from(MESSAGE));
    }
    await store.close();
  }));

test("a wrong counter of living octets costs no message", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 3);
    await store.close();
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("UPDATE segment SET live_octets = 0");
    database.close();
    const again = await open(folder);
    await again.mail.expunge(inboxOf(again, account).grant, [1], false);
    assert.deepEqual(Buffer.from(await again.octets.read(2 as MessageId)), Buffer.from(MESSAGE));
    assert.equal(readdirSync(join(folder, "segments")).length, 1);
    await again.close();
  }));

test("dead octets are counted, and a segment goes with its last message", () =>
  inFolder(async (folder) => {
    const store = await open(folder, { segmentOctets: MESSAGE.length * 2 });
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    for (let index = 0; index < 5; index++) await appendTo(store, grant, 1);
    assert.equal(readdirSync(join(folder, "segments")).length, 3);
    await store.mail.expunge(grant, [1, 3, 4], false);
    assert.equal(readdirSync(join(folder, "segments")).length, 2);
    assert.deepEqual(await store.check(), []);
    await store.mail.expunge(grant, "all", false);
    await store.close();
    const again = await open(folder);
    assert.deepEqual(readdirSync(join(folder, "segments")), []);
    await again.close();
  }));

test("security rows 86 and 104: every file is private, whatever the umask", () =>
  inFolder(async (folder) => {
    const umask = process.umask(0);
    try {
      const store = await open(join(folder, "data"));
      const account = await makeAccount(store);
      await store.mail.createMailbox(account.id, "../../outside");
      await acceptFor(store, { deliveries: [deliveryTo(account, { mailbox: "../x" })] });
      const staged = store.octets.stage();
      await staged.write(new Uint8Array(600_000));
      const paths = readdirSync(folder, { recursive: true }) as string[];
      assert.ok(paths.some((path) => path.endsWith(".spool")));
      for (const path of paths) {
        const found = statSync(join(folder, path));
        assert.equal(found.mode & 0o777, found.isDirectory() ? 0o700 : 0o600, path);
      }
      await staged.discard();
      assert.deepEqual(readdirSync(join(folder, "data", "spool")), []);
      await store.close();
    } finally {
      process.umask(umask);
    }
  }));

test("a feed that was pruned: open mailboxes are read again, old expunges are not told by half", () =>
  inFolder(async (folder) => {
    const store = await open(folder, { feedEntriesKept: 20 });
    const other = await open(folder, { watchIntervalMs: 0 });
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 10);
    const box = await other.mail.open(grant);
    assert.ok(box);
    const heard: string[] = [];
    box.onChange((change) => heard.push(change.kind));
    const before = store.mail.status(grant)?.highestModSeq ?? 0;
    await store.mail.expunge(grant, [2, 3], false);
    const between = store.mail.status(grant)?.highestModSeq ?? 0;
    for (let round = 0; round < 300; round++) {
      const action = round % 2 === 0 ? "add" : "remove";
      await store.mail.changeFlags(grant, [1], { action, flags: ["\\Seen"] });
    }
    await appendTo(store, grant, 1);
    (await other.mail.open(grant))?.release();
    assert.deepEqual(Array.from(box.uids.subarray(0, box.count)), [1, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.equal(box.highestModSeq, store.mail.status(grant)?.highestModSeq);
    assert.deepEqual(heard.slice(0, 3), ["expunged", "flags", "added"]);
    assert.equal(store.mail.expungedSince(grant, before), undefined);
    assert.deepEqual(store.mail.expungedSince(grant, between), []);
    assert.deepEqual(await store.check(), []);
    await other.close();
    await store.close();
  }));

test("a spooled message nobody wants leaves nothing behind", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const message = store.octets.stage();
    await message.write(new Uint8Array(600_000));
    assert.equal(readdirSync(join(folder, "spool")).length, 1);
    await store.accept({ message, receivedAtMs: 1, envelopes: [] });
    await message.discard();
    await store.close();
    assert.deepEqual(readdirSync(join(folder, "spool")), []);
  }));

test("security row 26: octets of a message given up are freed at once", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const message = store.octets.stage();
    await message.write(new Uint8Array(600_000));
    const pending = message.write(new Uint8Array(600_000));
    await message.discard();
    await message.discard();
    await pending;
    assert.deepEqual(readdirSync(join(folder, "spool")), []);
    await assert.rejects(message.write(new Uint8Array(1)));
    await store.close();
  }));
