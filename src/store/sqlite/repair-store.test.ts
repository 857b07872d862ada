import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import { acceptFor, appendTo, inboxOf, makeAccount, MESSAGE } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";
import { storeFolders } from "./store-files.ts";

function open(folder: string): Promise<Store> {
  return openStore({
    folder,
    clock: new TestClock(),
    random: new SeededRandom(),
    log: silentLog,
  });
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = makeTempFolder("repair");
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const segmentOf = (folder: string): string =>
  join(folder, "segments", readdirSync(join(folder, "segments"))[0]);

const queuedTo = (recipient: string): object => ({
  recipients: [{ recipient, transport: "smtp", destination: "far.test" }],
});

test("repair: damaged messages leave their mailbox, counters are right, nothing is thrown away", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 4);
    await acceptFor(store, queuedTo("kept@far.test"));
    await acceptFor(store, queuedTo("cut@far.test"));
    const before = store.mail.status(grant);
    await store.close();

    const segment = segmentOf(folder);
    // The first message is overwritten, the last one, which is queued, is cut short.
    writeFileSync(segment, Buffer.alloc(MESSAGE.length, "x"), { flag: "r+" });
    truncateSync(segment, MESSAGE.length * 6 - 5);
    writeFileSync(join(folder, "segments", "1-99.seg"), "octets nobody knows");
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("UPDATE mailbox SET unseen = 70, messages = 1 WHERE id = ?", grant.mailboxId);
    database.run("UPDATE account_state SET used_octets = 1");
    database.run(`INSERT INTO message SELECT 99, segment_id, start, size_octets, header_octets, sha256,
      envelope, body_structure, structure, packed_octets FROM message WHERE id = 2`);
    database.run("UPDATE segment SET live_octets = 17");
    // As if a process had died: else the stray file would be removed as its own.
    database.run("INSERT INTO writer (id, pid, started) VALUES (90, 5000000, '')");
    database.close();

    const again = await open(folder);
    writeFileSync(join(folder, "segments", "1-98.seg"), "octets nobody knows");
    const report = await again.repair();
    // Only a person can say what becomes of the queued one.
    assert.deepEqual(
      report.after.map(({ kind, messageId }) => [kind, messageId]),
      [["octets-missing", 6]],
    );
    assert.ok(report.before.length >= 6);
    const mailbox = await again.mail.open(inboxOf(again, account).grant);
    assert.deepEqual([...(mailbox?.uids.subarray(0, mailbox.count) ?? [])], [2, 3, 4]);
    assert.deepEqual(again.mail.expungedSince(grant, before?.highestModSeq ?? 0), [1]);
    assert.equal(again.directory.usage(account.id).messages, 3);
    assert.deepEqual(
      again.queue.list({}).map(({ recipient, state }) => [recipient, state]),
      [
        ["kept@far.test", "due"],
        ["cut@far.test", "held"],
      ],
    );
    const lost = readdirSync(join(folder, "lost")).sort();
    assert.deepEqual(lost, ["1-98.seg", "message-1.eml", "message-6.eml"]);
    assert.equal(
      readFileSync(join(folder, "lost", "message-6.eml")).length,
      MESSAGE.length - 5,
      "what is left of a message is kept",
    );
    assert.equal(await again.queue.delete({ recipient: "cut@far.test" }), 1);
    assert.deepEqual((await again.repair()).after, []);
    // And life goes on.
    await appendTo(again, inboxOf(again, account).grant, 1);
    assert.equal(mailbox?.uids[mailbox.count - 1], 5);
    mailbox?.release();
    await again.close();
  }));

/** Mail whose only recipient has failed, and whose sender has not heard of it yet. */
async function oweReport(store: Store): Promise<void> {
  await makeAccount(store);
  await acceptFor(store, queuedTo("a@far.test"));
  const [job] = await store.queue.claim({
    worker: "w",
    nowMs: Date.UTC(2030, 0, 1),
    leaseMs: 60_000,
    limit: 1,
    busy: new Set(),
  });
  const { recipientId, recipient } = job.recipients[0];
  const failed = {
    recipient,
    originalRecipient: undefined,
    action: "failed",
    status: "5.1.1",
    problem: "no such user",
    remoteHost: undefined,
    diagnostic: undefined,
    lastAttemptMs: undefined,
    willRetryUntilMs: undefined,
  } as const;
  await store.queue.settle(
    [{ recipientId, outcome: "failed" }],
    [],
    [{ kind: "failed", message: job.message, dueMs: 0, recipients: [failed] }],
  );
}

function inDatabase(folder: string, sql: string): void {
  const database = Database.openForWriting(storeFolders(folder).database);
  database.run(sql);
  database.close();
}

test("repair keeps the octets that a report still owed to a sender will quote", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    await oweReport(store);
    await store.close();
    inDatabase(folder, "UPDATE segment SET live_octets = 17");

    const again = await open(folder);
    const { before, after } = await again.repair();
    assert.deepEqual([before.length, after], [1, []]);
    const [report] = again.queue.dueReports({ nowMs: 1, limit: 10 });
    const octets = await again.octets.read(report.message.messageId);
    assert.deepEqual(Buffer.from(octets), Buffer.from(MESSAGE));
    await again.close();
  }));

test("repair: a report owed about a message that is gone is found, and still goes out", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    await oweReport(store);
    await store.close();
    inDatabase(folder, "DELETE FROM message");

    const again = await open(folder);
    const { before, done, after } = await again.repair();
    const [report] = again.queue.dueReports({ nowMs: 1, limit: 10 });
    const { queueId } = report.message;
    const found = before.filter(({ kind }) => kind === "row-broken");
    assert.deepEqual(
      found.map(({ where }) => where),
      [`owed report on ${queueId}`],
    );
    assert.ok(done.some((sentence) => sentence.startsWith(`queue ${queueId}: the report owed`)));
    assert.deepEqual(after, []);
    await assert.rejects(again.octets.read(report.message.messageId), { code: "not-found" });
    await again.queue.payReports(report.ids, []);
    assert.deepEqual(await again.check(), []);
    await again.close();
  }));

test("repair leaves a store in order as it is, and does not work beside a running server", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    await makeAccount(store);
    assert.deepEqual(await store.repair(), { before: [], done: [], after: [] });
    const other = await open(folder);
    await acceptFor(other, queuedTo("a@far.test"));
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("UPDATE envelope SET recipients = 5");
    database.close();
    await assert.rejects(store.repair(), { code: "refused" });
    await other.close();
    assert.deepEqual((await store.repair()).after, []);
    await store.close();
  }));

test("repair: access lists and annotations of mailboxes that are gone are found and removed", () =>
  inFolder(async (folder) => {
    const store = await open(folder);
    await makeAccount(store);
    await store.close();
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("INSERT INTO acl (mailbox_id, identifier, rights) VALUES (4711, 'anyone', 'lr')");
    database.run(
      "INSERT INTO annotation (mailbox_id, viewer_id, name, value, mod_seq) VALUES (4711, 0, '/a', x'31', 1)",
    );
    database.close();
    const again = await open(folder);
    const { before, after } = await again.repair();
    assert.deepEqual(
      before.map(({ kind, where }) => [kind, where]),
      [
        ["row-broken", "access list of mailbox 4711"],
        ["row-broken", "annotations of mailbox 4711"],
      ],
    );
    assert.deepEqual(after, []);
    await again.close();
  }));
