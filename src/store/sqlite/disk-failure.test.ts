import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";

import { equalBytes } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
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
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";
import type { CommitPoint } from "./commit-point.ts";

async function failing(
  point: CommitPoint,
  code: string,
  body: (store: Store) => Promise<void>,
  skip = 2,
): Promise<void> {
  const folder = makeTempFolder("failure");
  const hooks = new URL(
    `../testing/fail-at.ts?point=${point}&code=${code}&times=2&skip=${skip}`,
    import.meta.url,
  );
  const store = await openStore({
    folder,
    clock: new TestClock(),
    random: new SeededRandom(),
    log: silentLog,
    writerHooks: hooks,
  });
  try {
    await body(store);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const point of [
  "before-append",
  "octets-appended",
  "rows-written",
  "octets-synced",
] as const) {
  for (const [code, expected] of [
    ["ENOSPC", "disk-full"],
    ["EDQUOT", "disk-full"],
    ["EIO", "disk-failed"],
  ] as const) {
    void test(`security row 28: ${code} at ${point} is ${expected}, nothing partial is seen`, () =>
      failing(point, code, async (store) => {
        const account = await makeAccount(store);
        const { grant } = inboxOf(store, account);
        const box = await store.mail.open(grant);
        assert.ok(box);
        const delivery = { deliveries: [deliveryTo(account)] };
        await assert.rejects(acceptFor(store, delivery), { code: expected, temporary: true });
        const message = store.octets.stageOctets(MESSAGE);
        const refused = await Promise.allSettled([
          store.mail.append(grant, [{ message, flags: ["$x"], internalDateMs: 1 }]),
          acceptFor(store, delivery),
        ]);
        assert.deepEqual(
          refused.map(({ status }) => status),
          ["rejected", "rejected"],
        );
        assert.equal(box.count, 0);
        assert.equal(store.mail.status(grant)?.messages, 0);
        assert.deepEqual(await store.check(), []);
        // The disk has room again: the same staged message can still be stored.
        const { uids } = await store.mail.append(grant, [
          { message, flags: [], internalDateMs: 1 },
        ]);
        assert.deepEqual(uids, [1]);
        assert.equal(box.count, 1);
        assert.ok(equalBytes(await store.octets.read(box.messageIds[0]), MESSAGE));
        assert.deepEqual(await store.check(), []);
      }));
  }
}

test("a failed segment does not stop requests that carry no octets", () =>
  failing("before-append", "ENOSPC", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const [accepted, created] = await Promise.allSettled([
      acceptFor(store, { deliveries: [deliveryTo(account)] }),
      store.mail.createMailbox(account.id, "x"),
    ]);
    assert.equal(accepted.status, "rejected");
    assert.equal(created.status, "fulfilled");
    assert.equal(store.mail.status(grant)?.messages, 0);
  }));

test("a failed segment refuses whatever carries octets, with the disk's own reason", () =>
  failing(
    "before-append",
    "ENOSPC",
    async (store) => {
      const account = await makeAccount(store);
      const { grant } = inboxOf(store, account);
      await appendTo(store, grant, 1);
      const message = store.octets.stageOctets(MESSAGE);
      const request = { message, flags: [], internalDateMs: 1 };
      await assert.rejects(store.mail.replace(grant, 1, grant, request), { code: "disk-full" });
      assert.equal(store.mail.status(grant)?.messages, 1);
      // What needs no octets of its own goes on: here the last message is shared.
      const [copied, replaced] = await Promise.allSettled([
        store.mail.copy(grant, [1], grant),
        store.mail.replace(grant, 1, grant, request),
      ]);
      assert.deepEqual([copied.status, replaced.status], ["fulfilled", "rejected"]);
      assert.equal((await store.mail.replace(grant, 1, grant, request)).uid, 3);
      assert.deepEqual(await store.check(), []);
    },
    3,
  ));

test("free space is told, and when it is low", async () => {
  const folder = makeTempFolder("space");
  const open = (minFreeOctets: number): Promise<Store> =>
    openStore({
      folder,
      clock: new TestClock(),
      random: new SeededRandom(),
      log: silentLog,
      minFreeOctets,
    });
  const store = await open(1);
  const space = await store.space();
  assert.ok(space.freeOctets > 1);
  assert.equal(space.isLow, false);
  await store.close();
  const anxious = await open(Number.MAX_SAFE_INTEGER);
  assert.equal((await anxious.space()).isLow, true);
  await anxious.close();
  rmSync(folder, { recursive: true, force: true });
});
