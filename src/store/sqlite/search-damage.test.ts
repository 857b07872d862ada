import assert from "node:assert/strict";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { encodeLatin1 } from "../../base/bytes.ts";
import { silentLog, type Log } from "../../base/log.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { Store } from "../contract.ts";
import type { MailboxInfo } from "../mail.ts";
import { Database } from "./database.ts";
import { openStore } from "./open-store.ts";
import { storeFolders } from "./store-files.ts";

const MESSAGES = 300;
const QUERY = { field: "subject", text: "NUMBER 42", from: 0, to: 10_000 } as const;

type World = {
  readonly search: string;
  readonly store: Store;
  readonly inbox: MailboxInfo;
  readonly warnings: string[];
  readonly append: (count: number) => Promise<void>;
  readonly reopen: () => Promise<Store>;
};

/** A server with an index that is complete, and in its file rather than in the write-ahead log. */
async function inWorld(body: (world: World) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-search-damage-"));
  const { search } = storeFolders(folder);
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (event) => void warnings.push(event) };
  const open = (): Promise<Store> =>
    openStore({
      folder,
      clock: systemClock,
      random: systemRandom,
      log,
      buildsSearchIndex: true,
    });
  let store = await open();
  try {
    await store.directory.addDomain({ name: "example.org" });
    const address = "u@example.org";
    const { id } = await store.directory.addAccount({ address, password: "correct horse" });
    const inbox = store.mail.mailbox(id, "INBOX");
    assert.ok(inbox);
    const append = async (count: number): Promise<void> => {
      const requests = Array.from({ length: count }, (_, n) => ({
        message: store.octets.stageOctets(encodeLatin1(`Subject: number ${n}\r\n\r\nx ${n}\r\n`)),
        flags: [],
        internalDateMs: 1,
      }));
      await store.mail.append(inbox.grant, requests);
    };
    await append(MESSAGES);
    await store.mail.whenIndexed();
    const database = Database.openForWriting(search);
    database.get("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    const reopen = async (): Promise<Store> => {
      await store.close();
      store = await open();
      return store;
    };
    await body({ search, store, inbox, warnings, append, reopen });
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

/** From its second page on; the header still says that it is a database of the right version. */
function spoil(file: string): void {
  const pages = statSync(file).size / 4096;
  const descriptor = openSync(file, "r+");
  for (let page = 1; page < pages; page++) {
    writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
  }
  closeSync(descriptor);
}

async function isRebuilt(store: Store, inbox: MailboxInfo, indexedTo: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    await store.mail.whenIndexed();
    const found = store.mail.textCandidates(inbox.grant, QUERY);
    if (found?.indexedTo === indexedTo && found.uids.has(43)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("the index was not built anew");
}

test("an index damaged inside while it is used is begun anew, and said so once", () =>
  inWorld(async ({ search, store, inbox, warnings, append }) => {
    spoil(search);
    // The reader still has pages in memory; what comes now has to be written into damaged ones.
    await append(10);
    await isRebuilt(store, inbox, MESSAGES + 10);
    assert.deepEqual(warnings, ["store.search-index-damaged"]);
  }));

test("an index found damaged by a search is begun anew, and that search looks at every message", () =>
  inWorld(async ({ search, inbox, warnings, reopen }) => {
    const store = await reopen();
    await store.mail.whenIndexed();
    spoil(search);
    assert.equal(store.mail.textCandidates(inbox.grant, QUERY), undefined);
    await isRebuilt(store, inbox, MESSAGES);
    assert.deepEqual(warnings, ["store.search-index-damaged"]);
  }));

test("an index found damaged at the start is begun anew", () =>
  inWorld(async ({ search, inbox, warnings, reopen }) => {
    spoil(search);
    const store = await reopen();
    await isRebuilt(store, inbox, MESSAGES);
    assert.deepEqual(warnings, ["store.search-index-damaged"]);
  }));

test("an index that is removed under a running server is built again", () =>
  inWorld(async ({ search, store, inbox, warnings, append }) => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(search + suffix, { force: true });
    await append(1);
    await isRebuilt(store, inbox, MESSAGES + 1);
    assert.ok(existsSync(search));
    assert.deepEqual(warnings, []);
  }));
