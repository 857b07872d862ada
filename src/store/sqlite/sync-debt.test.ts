import assert from "node:assert/strict";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Acceptance } from "../acceptance.ts";
import type { Store } from "../contract.ts";
import { claim, to } from "../testing/queue-fixture.ts";
import {
  acceptFor,
  deliveryTo,
  envelopeOf,
  makeAccount,
  MESSAGE,
} from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";

async function withStore(
  settlementLingerMs: number,
  body: (store: Store, folder: string, clock: TestClock) => Promise<void>,
): Promise<void> {
  const folder = makeTempFolder("debt");
  const clock = new TestClock();
  const store = await openStore({
    folder,
    clock,
    random: new SeededRandom(),
    log: silentLog,
    settlementLingerMs,
  });
  try {
    await body(store, folder, clock);
  } finally {
    await store.close();
    const left = readdirSync(join(folder, "segments"));
    assert.deepEqual(left.filter(isLarge(folder)), [], "a store that is closed owes nothing");
    rmSync(folder, { recursive: true, force: true });
  }
}

const LARGE = new Uint8Array(600_000);

function isLarge(folder: string): (file: string) => boolean {
  return (file) => statSync(join(folder, "segments", file)).size === LARGE.length;
}

/** Queues a message that is a segment file of its own, delivers it; returns the file. */
async function deliverLarge(
  store: Store,
  folder: string,
  clock: TestClock,
  reports: readonly Acceptance[] = [],
): Promise<string> {
  const message = store.octets.stage();
  await message.write(LARGE);
  await acceptFor(store, { recipients: [to("a@b.test")] }, MESSAGE, { message });
  const file = readdirSync(join(folder, "segments")).find(isLarge(folder));
  assert.ok(file !== undefined);
  const [{ recipients }] = await claim(store, { nowMs: clock.nowMs() });
  const [{ recipientId }] = recipients;
  await store.queue.settle([{ recipientId, outcome: "delivered" }], reports);
  assert.deepEqual(await claim(store, { nowMs: clock.nowMs() + 1e9 }), []);
  return join(folder, "segments", file);
}

/** A day: no timer comes to the help of these tests. */
const NEVER_MS = 86_400_000;

test("a settlement is seen at once, and no file goes before another commit has synced it", () =>
  withStore(NEVER_MS, async (store, folder, clock) => {
    const file = await deliverLarge(store, folder, clock);
    assert.ok(existsSync(file), "after a power cut its rows may be there again");
    assert.deepEqual(await store.check(), []);
    await makeAccount(store);
    assert.ok(!existsSync(file));
  }));

test("a settlement that is old is synced by the next commit, whatever that is", () =>
  withStore(NEVER_MS, async (store, folder, clock) => {
    const file = await deliverLarge(store, folder, clock);
    const another = (): Promise<void> =>
      store.queue.settle([{ recipientId: 77, outcome: "delivered" }], []);
    await another();
    assert.ok(existsSync(file));
    await clock.advance(NEVER_MS + 1);
    await another();
    assert.ok(!existsSync(file));
  }));

test("a settlement that no commit follows is synced on its own", () =>
  withStore(1, async (store, folder, clock) => {
    const file = await deliverLarge(store, folder, clock);
    for (let waitedMs = 0; existsSync(file); waitedMs += 5) {
      assert.ok(waitedMs < 30_000);
      await pause(5);
    }
  }));

test("a settlement that files a report is synced before anybody can see it", () =>
  withStore(NEVER_MS, async (store, folder, clock) => {
    const account = await makeAccount(store);
    const report: Acceptance = {
      message: store.octets.stageOctets(MESSAGE),
      receivedAtMs: clock.nowMs(),
      envelopes: [envelopeOf({ deliveries: [deliveryTo(account)] })],
    };
    assert.ok(!existsSync(await deliverLarge(store, folder, clock, [report])));
    // The next one is left for the end.
    assert.ok(existsSync(await deliverLarge(store, folder, clock)));
  }));
