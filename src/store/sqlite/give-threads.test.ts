import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";

import { encodeLatin1 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import { inboxOf, makeAccount } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";
import { storeFolders } from "./store-files.ts";

const CHAINS = 1200;

/** Two messages of each chain, and one without an id. */
const LETTERS = [
  ...Array.from({ length: CHAINS }, (_, n) => `Message-ID: <${n}@x>\r\n\r\nquestion\r\n`),
  ...Array.from({ length: CHAINS }, (_, n) => `References: <${n}@x>\r\n\r\nanswer\r\n`),
  "Subject: no id\r\n\r\n",
];

async function threadsOf(store: Store): Promise<number[]> {
  const account = store.directory.account("alice@example.org");
  assert.ok(account);
  const open = await store.mail.open(inboxOf(store, account).grant);
  assert.ok(open);
  const threads = Array.from(open.threadIds.subarray(0, open.count));
  open.release();
  return threads;
}

test("messages filed before there were threads have the threads they would have had", async () => {
  const folder = makeTempFolder("threads");
  const open = (): Promise<Store> =>
    openStore({
      folder,
      clock: new TestClock(),
      random: new SeededRandom(),
      log: silentLog,
    });
  try {
    let store = await open();
    const account = await makeAccount(store);
    const requests = LETTERS.map((text) => ({
      message: store.octets.stageOctets(encodeLatin1(text)),
      flags: [],
      internalDateMs: 1,
    }));
    await store.mail.append(inboxOf(store, account).grant, requests);
    const wanted = await threadsOf(store);
    // The columns of a mailbox of this size are kept in a file, too.
    await store.close();
    const database = Database.openForWriting(storeFolders(folder).database);
    database.run("UPDATE entry SET thread_id = 0");
    database.run("DELETE FROM thread_of_id");
    // Stored before even the hashes of ids were.
    database.run("DELETE FROM message_head WHERE message_id = ?", LETTERS.length);
    database.close();
    store = await open();
    assert.deepEqual(await threadsOf(store), wanted);
    assert.equal(new Set(wanted).size, CHAINS + 1);
    assert.ok(!wanted.includes(0));
    await store.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
