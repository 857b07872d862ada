import assert from "node:assert/strict";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import { acceptFor, deliveryTo, makeAccount } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";
import { createPrivateFile } from "./store-files.ts";

function open(folder: string): Promise<Store> {
  const clock = new TestClock();
  return openStore({ folder, clock, random: new SeededRandom(), log: silentLog });
}

test("security row 104: a new file is 0600, takes no name that is taken, and follows no link", () => {
  const folder = makeTempFolder("files");
  try {
    const path = join(folder, "new");
    const umask = process.umask(0);
    createPrivateFile(path);
    process.umask(umask);
    assert.equal(statSync(path).mode & 0o7777, 0o600);
    assert.throws(() => createPrivateFile(path), { code: "EEXIST" });
    symlinkSync(join(folder, "elsewhere"), join(folder, "link"));
    assert.throws(() => createPrivateFile(join(folder, "link")), { code: /EEXIST|ELOOP/ });
    assert.deepEqual(readdirSync(folder).sort(), ["link", "new"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("security row 104: the database and the segments are never reached through a link", async () => {
  const folder = makeTempFolder("links");
  const victim = join(folder, "victim");
  try {
    writeFileSync(victim, "do not touch");
    const data = join(folder, "data");
    mkdirSync(data);
    symlinkSync(victim, join(data, "posthorn.db"));
    await assert.rejects(open(data));
    assert.equal(readFileSync(victim, "utf8"), "do not touch");

    const other = join(folder, "other");
    const store = await open(other);
    const account = await makeAccount(store);
    await acceptFor(store, { deliveries: [deliveryTo(account)] });
    const info = store.mail.mailbox(account.id, "INBOX");
    assert.ok(info);
    const box = await store.mail.open(info.grant);
    assert.ok(box);
    const id = box.messageIds[0];
    box.release();
    await store.close();
    const [segment] = readdirSync(join(other, "segments"));
    renameSync(join(other, "segments", segment), victim);
    symlinkSync(victim, join(other, "segments", segment));
    const before = readFileSync(victim);
    const again = await open(other).catch(() => undefined);
    if (again !== undefined) {
      await assert.rejects(again.octets.read(id));
      await again.close();
    }
    assert.deepEqual(readFileSync(victim), before);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
