import assert from "node:assert/strict";
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { equalBytes } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import { inboxOf, makeAccount } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";

function messageOf(number: number): Uint8Array {
  return new Uint8Array(200 + ((number * 977) % 9000)).fill(1 + (number % 255));
}

async function withStores(body: (store: Store, other: Store, folder: string) => Promise<void>) {
  const folder = makeTempFolder("reader");
  const open = (): Promise<Store> =>
    openStore({
      folder,
      clock: new TestClock(),
      random: new SeededRandom(),
      log: silentLog,
      watchIntervalMs: 0,
      segmentOctets: 1_000_000,
    });
  const [store, other] = [await open(), await open()];
  try {
    await body(store, other, folder);
  } finally {
    await store.close();
    await other.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test("messages read in order while more are written are those that were written", () =>
  withStores(async (store, other) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const box = await store.mail.open(grant);
    assert.ok(box);
    const random = new SeededRandom(7);
    let written = 0;
    let read = 0;
    while (read < 600) {
      const more = Math.floor(random.float() * 8);
      if (written < 600) {
        await store.mail.append(
          grant,
          Array.from({ length: more }, () => ({
            message: store.octets.stageOctets(messageOf(written++)),
            flags: [],
            internalDateMs: 1,
          })),
        );
      }
      const until = Math.min(box.count, read + Math.floor(random.float() * 12));
      // Now and then from further back, now and then a part, here and in another process.
      if (read > 20 && random.float() < 0.2) read -= 20;
      for (; read < until; read++) {
        const expected = messageOf(read);
        const reader = random.float() < 0.3 ? other : store;
        assert.ok(equalBytes(await reader.octets.read(box.messageIds[read]), expected));
        const part = await reader.octets.read(box.messageIds[read], 100, 150);
        assert.ok(equalBytes(part, expected.subarray(100, 150)));
      }
    }
  }));

test("what is read may be changed without harm to the next reader", () =>
  withStores(async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await store.mail.append(
      grant,
      [0, 1, 2, 3].map((number) => ({
        message: store.octets.stageOctets(messageOf(number)),
        flags: [],
        internalDateMs: 1,
      })),
    );
    const box = await store.mail.open(grant);
    assert.ok(box);
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 4; index++) {
        const octets = await store.octets.read(box.messageIds[index]);
        assert.ok(equalBytes(octets, messageOf(index)));
        octets.fill(0);
      }
    }
  }));

test("security row 27: a segment that could not be opened is tried again", () =>
  withStores(async (store, other, folder) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await store.mail.append(grant, [
      { message: store.octets.stageOctets(messageOf(1)), flags: [], internalDateMs: 1 },
    ]);
    const box = await other.mail.open(grant);
    assert.ok(box);
    const messageId = box.messageIds[0];
    const [file] = readdirSync(join(folder, "segments"));
    const path = join(folder, "segments", file);
    renameSync(path, join(folder, "away"));
    await assert.rejects(other.octets.read(messageId), { code: "store-corrupt" });
    renameSync(join(folder, "away"), path);
    assert.ok(equalBytes(await other.octets.read(messageId), messageOf(1)));
  }));
