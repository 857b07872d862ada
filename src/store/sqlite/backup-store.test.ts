import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { encodeLatin1 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { systemClock } from "../../net/system-clock.ts";
import type { Store } from "../contract.ts";
import { inboxOf, makeAccount } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore, type StoreOptions } from "./open-store.ts";

function open(folder: string, more: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({
    folder,
    clock: systemClock,
    random: new SeededRandom(),
    log: silentLog,
    segmentOctets: 100_000,
    ...more,
  });
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = makeTempFolder("backup");
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Messages of a store by UID, each as it was put in. */
async function contentOf(folder: string): Promise<Map<number, string>> {
  const store = await open(folder);
  const found = new Map<number, string>();
  try {
    assert.deepEqual(await store.check(), []);
    const account = store.directory.account("alice@example.org");
    assert.ok(account);
    const mailbox = await store.mail.open(inboxOf(store, account).grant);
    assert.ok(mailbox);
    for (let at = 0; at < mailbox.count; at++) {
      const octets = await store.octets.read(mailbox.messageIds[at]);
      found.set(mailbox.uids[at], Buffer.from(octets).toString("latin1"));
    }
    mailbox.release();
  } finally {
    await store.close();
  }
  return found;
}

const textOf = (n: number): string => `Subject: ${n}\r\n\r\n${`line ${n}\r\n`.repeat(500)}`;

test("a backup made while mail comes, goes and is compacted holds all that was there before it", () =>
  inFolder(async (folder) => {
    const data = join(folder, "data");
    const store = await open(data, {
      compaction: { pauseMs: 0, restMs: 1, minDeadOctets: 1000, minDeadShare: 0.1 },
    });
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const given = new Map<number, string>();
    let n = 0;
    const append = async (): Promise<void> => {
      const text = textOf(n++);
      const message = store.octets.stageOctets(encodeLatin1(text));
      const { uids } = await store.mail.append(grant, [{ message, flags: [], internalDateMs: 1 }]);
      given.set(uids[0], text);
    };
    for (let k = 0; k < 60; k++) await append();
    writeFileSync(join(data, "note"), "something else");
    let isOver = false;
    const changing = (async (): Promise<void> => {
      for (let uid = 1; !isOver; uid += 2) {
        await append();
        await store.mail.expunge(grant, [uid], false);
      }
    })();
    const target = join(folder, "backup");
    for (let round = 0; round < 4; round++) {
      const before = new Map(given);
      const { octets, copiedOctets } = await store.backup(target);
      if (round === 0) assert.equal(copiedOctets, octets);
      else assert.ok(copiedOctets <= octets);
      const found = await contentOf(target);
      for (const [uid, text] of found) assert.equal(text, given.get(uid), `UID ${uid}`);
      const last = Math.max(...before.keys());
      assert.ok(found.has(last), `the newest message before the backup, ${last}, is in it`);
    }
    isOver = true;
    await changing;
    assert.ok(existsSync(join(target, "note")));
    await store.close();
  }));

test("a second backup copies only what is new, and removes what is gone", () =>
  inFolder(async (folder) => {
    const data = join(folder, "data");
    const target = join(folder, "backup");
    const store = await open(data);
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const put = async (texts: readonly string[]): Promise<void> => {
      const requests = texts.map((text) => ({
        message: store.octets.stageOctets(encodeLatin1(text)),
        flags: [],
        internalDateMs: 1,
      }));
      await store.mail.append(grant, requests);
    };
    await put([textOf(1), textOf(2)]);
    const first = await store.backup(target);
    await put([textOf(3)]);
    const second = await store.backup(target);
    assert.equal(second.copiedOctets, textOf(3).length);
    assert.equal(second.octets, first.octets + second.copiedOctets);
    writeFileSync(join(target, "segments", "77-1.seg"), "of an earlier backup");
    // The power failed while an earlier one was made.
    const [name] = readdirSync(join(data, "segments"));
    writeFileSync(join(target, "segments", name), Buffer.alloc(second.octets));
    await store.backup(target);
    assert.deepEqual(readdirSync(join(target, "segments")), readdirSync(join(data, "segments")));
    assert.deepEqual([...(await contentOf(target)).values()], [1, 2, 3].map(textOf));
    await store.close();
  }));

test("a backup goes into a new or empty folder or an earlier backup, and nowhere else", () =>
  inFolder(async (folder) => {
    const store = await open(join(folder, "data"));
    await makeAccount(store);
    const full = join(folder, "full");
    mkdirSync(full);
    writeFileSync(join(full, "diary"), "dear");
    for (const target of [
      full,
      join(full, "diary"),
      join(folder, "data"),
      join(folder, "data/x"),
    ]) {
      await assert.rejects(store.backup(target), { code: "refused" }, target);
    }
    // Another server's data folder, and one that is in use.
    const other = await open(join(folder, "other"));
    await assert.rejects(store.backup(join(folder, "other")), { code: "refused" });
    await other.close();
    await assert.rejects(store.backup(join(folder, "other")), { code: "refused" });
    mkdirSync(join(folder, "empty"));
    await store.backup(join(folder, "empty"));
    await store.close();
  }));
