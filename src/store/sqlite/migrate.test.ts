import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { Database } from "./database.ts";
import { migrate } from "./migrate.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";
import { SCHEMA } from "./schema.ts";
import { storeFolders } from "./store-files.ts";
import type { MessageId } from "../octets.ts";

async function inFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = makeTempFolder("migrate");
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const deps = { clock: new TestClock(), random: new SeededRandom(), log: silentLog };

test("a data folder of schema 1 is upgraded with all that is in it", () =>
  inFolder(async (folder) => {
    const database = Database.openForWriting(storeFolders(folder).database);
    assert.equal(migrate(database, SCHEMA.slice(0, 1)), 0);
    database.run("INSERT INTO domain (name, created_at_ms) VALUES ('old.test', 5)");
    database.run(
      `INSERT INTO envelope (queue_id, message_id, reverse_path, smtp_utf8, body, prefix,
         arrived_at_ms, size_octets, recipients) VALUES ('Qold', 1, 'a@b.test', 0, '7bit', x'', 7, 3, 1)`,
    );
    database.run(
      `INSERT INTO recipient (envelope_id, recipient, domain, transport, destination, state, attempts,
         next_attempt_ms, is_delay_reported) VALUES (1, 'x@far.test', 'far.test', 'smtp', 'far.test', 0, 2, 9, 0)`,
    );
    database.run("INSERT INTO message VALUES (1, 1, 0, 3, 2, x'00', 1)");
    database.run("INSERT INTO message_view VALUES (1, x'2831', x'2832', x'33')");
    database.close();
    const store = await openStore({ folder, ...deps });
    const [details] = store.mail.details(
      [1 as MessageId],
      ["envelope", "bodyStructure", "headerOctets", "structure"],
    );
    assert.equal(Buffer.from(details?.envelope ?? []).toString(), "(1");
    assert.equal(Buffer.from(details?.bodyStructure ?? []).toString(), "(2");
    assert.deepEqual([details?.headerOctets, Array.from(details?.structure ?? [])], [2, [0x33]]);
    assert.deepEqual(
      store.directory.domains().map(({ name }) => name),
      ["old.test"],
    );
    const jobs = await store.queue.claim({
      worker: "w",
      nowMs: 10,
      leaseMs: 10,
      limit: 5,
      busy: new Set(),
    });
    assert.deepEqual(
      jobs.map(({ recipients }) => recipients.map(({ attempts }) => attempts)),
      [[2]],
    );
    await store.close();
    const upgraded = Database.openForReading(storeFolders(folder).database);
    const found = upgraded.get<{ user_version: number }>("PRAGMA user_version");
    assert.equal(found?.user_version, SCHEMA.at(-1)?.version);
    upgraded.close();
  }));

test("a newer data folder is refused, and left as it is", () =>
  inFolder(async (folder) => {
    const database = Database.openForWriting(storeFolders(folder).database);
    migrate(database, [...SCHEMA, { version: 99, sql: "CREATE TABLE future (x INTEGER)" }]);
    await assert.rejects(openStore({ folder, ...deps }), { code: "store-newer" });
    assert.equal(database.all("SELECT * FROM future").length, 0);
    database.close();
  }));

test("a database of another program is refused", () =>
  inFolder(async (folder) => {
    const database = Database.openForWriting(storeFolders(folder).database);
    database.exec("CREATE TABLE cookies (x INTEGER)");
    database.close();
    await assert.rejects(openStore({ folder, ...deps }), { code: "store-corrupt" });
  }));

test("an upgrade that fails changes nothing", () =>
  inFolder((folder) => {
    const database = Database.openForWriting(storeFolders(folder).database);
    migrate(database, SCHEMA.slice(0, 1));
    const broken = [
      ...SCHEMA.slice(0, 1),
      { version: 2, sql: "CREATE TABLE half (x INTEGER); CREATE TABLE half (x INTEGER);" },
    ];
    assert.throws(() => migrate(database, broken));
    assert.equal(database.get("SELECT 1 FROM sqlite_schema WHERE name = 'half'"), undefined);
    assert.equal(migrate(database, SCHEMA), 1);
    assert.equal(migrate(database, SCHEMA), SCHEMA.at(-1)?.version);
    database.close();
  }));
