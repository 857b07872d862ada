/** Contract of `QueueStore.claim`: what is handed out, in which order. */

import assert from "node:assert/strict";

import { encodeLatin1, equalBytes } from "../../base/bytes.ts";
import { AT, claim, recipientsOf, to } from "./queue-fixture.ts";
import { acceptFor, MESSAGE } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

export function claimSuite(on: WithStore): void {
  on("recipients of one message and destination go together", async (store) => {
    await acceptFor(store, {
      queueId: "Q1",
      reversePath: "",
      envid: "env",
      ret: "headers",
      smtpUtf8: true,
      body: "8bitmime",
      prefix: encodeLatin1("List-Id: <x>\r\n"),
      submittedBy: "alice@example.org",
      tls: "required",
      deliverBy: { untilMs: AT + 1000, mode: "notify", trace: true },
      hasLongLines: true,
      recipients: [
        to("a@one.test", { notify: [], originalRecipient: "rfc822;x@y" }),
        to("b@two.test", { notify: ["success", "delay"] }),
        to("c@one.test"),
      ],
    });
    const jobs = await claim(store);
    assert.deepEqual(
      jobs.map(({ destination, recipients }) => [destination, recipients.length]),
      [
        ["one.test", 2],
        ["two.test", 1],
      ],
    );
    const { messageId, prefix, ...message } = jobs[0].message;
    assert.deepEqual(message, {
      queueId: "Q1",
      reversePath: "",
      envid: "env",
      ret: "headers",
      smtpUtf8: true,
      body: "8bitmime",
      arrivedAtMs: AT,
      submittedBy: "alice@example.org",
      tls: "required",
      deliverBy: { untilMs: AT + 1000, mode: "notify", trace: true },
      hasLongLines: true,
      priority: 0,
      sizeOctets: MESSAGE.length,
    });
    assert.ok(equalBytes(prefix, encodeLatin1("List-Id: <x>\r\n")));
    assert.ok(equalBytes(await store.octets.read(messageId), MESSAGE));
    const [first] = jobs[0].recipients;
    assert.deepEqual(
      [first.recipient, first.notify, first.originalRecipient, first.state, first.attempts],
      ["a@one.test", [], "rfc822;x@y", "leased", 0],
    );
    assert.deepEqual(jobs[1].recipients[0].notify, ["success", "delay"]);
    assert.equal(jobs[0].recipients[1].notify, undefined);
    assert.equal(store.queue.message("Q1")?.messageId, messageId);
  });

  on("what is claimed is not handed out again until its lease lapses", async (store) => {
    await acceptFor(store, { recipients: [to("a@one.test")] });
    assert.equal((await claim(store)).length, 1);
    assert.equal((await claim(store)).length, 0);
    assert.deepEqual(store.queue.counts(), { due: 0, leased: 1, held: 0 });
    assert.equal(store.queue.nextDueMs(), AT + 60_000);
    assert.equal((await claim(store, { nowMs: AT + 60_000 })).length, 1);
  });

  on("by arrival, limited, none for busy destinations", async (store) => {
    for (let index = 0; index < 6; index++) {
      await acceptFor(
        store,
        { reversePath: `s${index}@x.test`, recipients: [to(`a${index}@d${index % 2}.test`)] },
        MESSAGE,
        { receivedAtMs: AT - index },
      );
    }
    assert.deepEqual(recipientsOf(await claim(store, { limit: 2 })), ["a5@d1.test", "a4@d0.test"]);
    assert.deepEqual(recipientsOf(await claim(store, { busy: ["d1.test"] })), [
      "a2@d0.test",
      "a0@d0.test",
    ]);
  });

  on("a higher priority goes first, whatever came before (RFC 6710)", async (store) => {
    for (const [priority, at] of [
      [0, 0],
      [-9, 1],
      [9, 2],
      [1, 3],
    ]) {
      const recipients = [to(`p${priority}@one.test`)];
      await acceptFor(store, { priority, recipients }, MESSAGE, { receivedAtMs: AT + at });
    }
    const jobs = await claim(store, { nowMs: AT + 10 });
    assert.deepEqual(
      jobs.map(({ message }) => message.priority),
      [9, 1, 0, -9],
    );
  });

  on("one mail goes before the rest of a large posting to the same destination", async (store) => {
    const crowd = Array.from({ length: 3000 }, (_, index) => to(`u${index}@one.test`));
    await acceptFor(store, { queueId: "QLARGE", reversePath: "", recipients: crowd });
    await acceptFor(store, { reversePath: "b@x.test", recipients: [to("b@one.test")] }, MESSAGE, {
      receivedAtMs: AT + 2000,
    });
    const jobs = await claim(store, { nowMs: AT + 3000, limit: 1000 });
    const sizes = jobs.map(({ recipients }) => recipients.length);
    assert.ok(Math.max(...sizes) <= 100);
    const single = jobs.findIndex(({ message }) => message.reversePath === "b@x.test");
    assert.ok(single > 0 && single < 5, `after ${single} of ${jobs.length} jobs`);
    assert.equal(new Set(recipientsOf(jobs)).size, 3001);
  });

  on("one sender's many mails do not hold up another's", async (store) => {
    await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        acceptFor(store, {
          reversePath: "news@x.test",
          recipients: [to(`u${index}@d${index % 20}.test`)],
        }),
      ),
    );
    await acceptFor(store, { reversePath: "b@x.test", recipients: [to("b@d3.test")] }, MESSAGE, {
      receivedAtMs: AT + 1000,
    });
    const jobs = await claim(store, { nowMs: AT + 1000, limit: 150 });
    assert.ok(recipientsOf(jobs).includes("b@d3.test"));
  });

  on("fresh mail goes before retries that become due with it", async (store) => {
    for (let index = 0; index < 20; index++) {
      const recipients = [to(`old${index}@one.test`)];
      await acceptFor(store, { reversePath: `s${index}@x.test`, recipients });
    }
    const settlements = (await claim(store)).flatMap(({ recipients }) =>
      recipients.map(({ recipientId }) => ({
        recipientId,
        outcome: "deferred" as const,
        nextAttemptMs: AT + 10_000,
        attempt: { atMs: AT, durationMs: 1, host: "h", tls: undefined, reply: "" },
      })),
    );
    await store.queue.settle(settlements, []);
    const now = AT + 20_000;
    await acceptFor(store, { recipients: [to("new@one.test")] }, MESSAGE, { receivedAtMs: now });
    const jobs = await claim(store, { nowMs: now, limit: 3, leaseMs: 4 * 3_600_000 });
    assert.equal(recipientsOf(jobs)[0], "new@one.test");
    // They wait for no one who comes much later.
    const later = now + 3_600_000;
    await acceptFor(store, { recipients: [to("last@one.test")] }, MESSAGE, { receivedAtMs: later });
    const rest = recipientsOf(await claim(store, { nowMs: later - 1 }));
    assert.equal(rest.at(-1), "last@one.test");
  });

  on("destinations of one site share its room; others have their own", async (store) => {
    for (let index = 0; index < 12; index++) {
      const recipients = [to(`a${index}@d${index % 3}.test`)];
      await acceptFor(store, { reversePath: `s${index}@x.test`, recipients });
    }
    const jobs = await store.queue.claim({
      worker: "w",
      nowMs: AT,
      leaseMs: 60_000,
      limit: 100,
      busy: new Set(),
      sites: [{ destinations: ["d0.test", "d1.test"], room: 3 }],
      roomElsewhere: 2,
    });
    const at = (name: string): number =>
      jobs.filter(({ destination }) => destination === name).length;
    assert.equal(at("d0.test") + at("d1.test"), 3);
    assert.equal(at("d2.test"), 2);
    const only = await store.queue.claim({
      worker: "w",
      nowMs: AT,
      leaseMs: 60_000,
      limit: 100,
      busy: new Set(),
      only: new Set(["d1.test"]),
    });
    assert.deepEqual(new Set(only.map(({ destination }) => destination)), new Set(["d1.test"]));
    assert.equal((await claim(store)).length, 12 - jobs.length - only.length);
  });

  on("a crowd for a busy destination does not hide the others", async (store) => {
    const crowd = Array.from({ length: 2500 }, (_, index) => to(`u${index}@busy.test`));
    await Promise.all(
      crowd.map((recipient) =>
        acceptFor(store, { recipients: [recipient] }, MESSAGE, { receivedAtMs: AT - 5000 }),
      ),
    );
    await acceptFor(store, { recipients: [to("late@free.test")] });
    const jobs = await claim(store, { busy: ["busy.test"], limit: 5 });
    assert.deepEqual(recipientsOf(jobs), ["late@free.test"]);
  });
}
