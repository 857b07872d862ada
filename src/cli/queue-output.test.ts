import { test } from "node:test";
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { silentLog } from "../base/log.ts";
import { SeededRandom } from "../base/testing/seeded-random.ts";
import { TestClock } from "../base/testing/test-clock.ts";
import { openStore } from "../store/sqlite/open-store.ts";
import { acceptFor } from "../store/testing/store-fixture.ts";
import { makeTempFolder } from "../store/testing/temp-folder.ts";
import { showQueued } from "./queue-output.ts";

test("an attempt names its host once, whether or not the answer does", async () => {
  const folder = makeTempFolder("queue-output");
  const clock = new TestClock();
  const store = await openStore({ folder, clock, random: new SeededRandom(), log: silentLog });
  const recipient = { recipient: "a@far.test", transport: "smtp", destination: "far.test" };
  await acceptFor(store, { queueId: "QA", recipients: [recipient] });
  const [{ recipientId }] = store.queue.list({});
  const host = "mx.far.test[192.0.2.1]:25";
  for (const reply of [`connect to ${host}: connection refused`, "450 4.2.0 later"]) {
    const attempt = { atMs: clock.nowMs(), durationMs: 3, host, tls: undefined, reply };
    await store.queue.settle(
      [{ recipientId, outcome: "deferred", nextAttemptMs: clock.nowMs(), attempt }],
      [],
    );
  }
  const text = showQueued(store.queue, "QA")?.text ?? "";
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  assert.match(
    text,
    / {2}connect to mx\.far\.test\[192\.0\.2\.1\]:25: connection refused {2}\(3 ms\)/,
  );
  assert.match(text, / {2}mx\.far\.test\[192\.0\.2\.1\]:25 {2}450 4\.2\.0 later {2}\(3 ms\)/);
  assert.equal(text.split(host).length - 1, 2);
});
