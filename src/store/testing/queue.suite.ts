/** Contract of `QueueStore`: outcomes, reports, and what operators may do. Claims are in `claim.suite.ts`. */

import assert from "node:assert/strict";

import { encodeLatin1, equalBytes } from "../../base/bytes.ts";
import type { OwedReport } from "../owed-report.ts";
import type { QueueJob, Settlement } from "../queue.ts";
import { AT, claim, recipientsOf, to } from "./queue-fixture.ts";
import {
  acceptFor,
  deliveryTo,
  envelopeOf,
  inboxOf,
  makeAccount,
  MESSAGE,
} from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

export function queueSuite(on: WithStore): void {
  on("reports owed outlive their recipients, and are paid once", async (store) => {
    const { queue } = store;
    await acceptFor(store, {
      queueId: "Qowed",
      reversePath: "alice@example.org",
      envid: "env",
      ret: "headers",
      smtpUtf8: false,
      body: "7bit",
      prefix: new Uint8Array(0),
      recipients: [to("a@one.test"), to("b@two.test")],
    });
    const [one, two] = await claim(store);
    const owed = (recipient: string): OwedReport => ({
      kind: "failed",
      message: one.message,
      dueMs: AT + 30_000,
      recipients: [
        {
          recipient,
          originalRecipient: undefined,
          action: "failed",
          status: "5.1.1",
          problem: "no such user",
          remoteHost: "mx.one.test",
          diagnostic: undefined,
          lastAttemptMs: AT,
          willRetryUntilMs: undefined,
        },
      ],
    });
    const failed = (job: QueueJob): Settlement => ({
      recipientId: job.recipients[0].recipientId,
      outcome: "failed",
    });
    await queue.settle([failed(one)], [], [owed("a@one.test")]);
    const look = { nowMs: AT, limit: 10 };
    assert.deepEqual(queue.dueReports(look), [], "the other recipient is in hand");
    assert.equal(queue.nextReportMs(), AT + 30_000);
    assert.equal(queue.dueReports({ ...look, nowMs: AT + 30_000 }).length, 1);
    await queue.settle([failed(two)], [], [owed("b@two.test")]);
    assert.equal(queue.message("Qowed"), undefined);
    const [report, ...more] = queue.dueReports(look);
    assert.equal(more.length, 0);
    assert.deepEqual(
      report.recipients.map(({ recipient }) => recipient),
      ["a@one.test", "b@two.test"],
    );
    assert.deepEqual([report.message.envid, report.message.ret], ["env", "headers"]);
    assert.deepEqual(queue.dueReports({ ...look, queueId: "Qother" }), []);
    assert.deepEqual(await store.check(), []);
    // The octets are there to be quoted.
    const octets = await store.octets.read(report.message.messageId);
    assert.ok(equalBytes(octets, MESSAGE));
    await queue.payReports(report.ids, []);
    await assert.rejects(queue.payReports(report.ids, []), { code: "not-found" });
    assert.deepEqual(queue.dueReports(look), []);
    assert.equal(queue.nextReportMs(), undefined);
    await assert.rejects(store.octets.read(report.message.messageId));
    assert.deepEqual(await store.check(), []);
  });

  on(
    "reports about a message to many wait for their time: nobody looks through its recipients",
    async (store) => {
      const { queue } = store;
      const many = Array.from({ length: 502 }, (_, n) => to(`r${n}@one.test`));
      await acceptFor(store, {
        queueId: "Qmany",
        reversePath: "alice@example.org",
        smtpUtf8: false,
        body: "7bit",
        prefix: new Uint8Array(0),
        recipients: many,
      });
      const jobs = await claim(store, { limit: 100 });
      const [first, ...others] = jobs.flatMap(({ recipients }) => recipients);
      const report: OwedReport = {
        kind: "failed",
        message: jobs[0].message,
        dueMs: AT + 30_000,
        recipients: [
          {
            recipient: first.recipient,
            originalRecipient: undefined,
            action: "failed",
            status: "5.1.1",
            problem: "no such user",
            remoteHost: undefined,
            diagnostic: undefined,
            lastAttemptMs: AT,
            willRetryUntilMs: undefined,
          },
        ],
      };
      await queue.settle([{ recipientId: first.recipientId, outcome: "failed" }], [], [report]);
      const later = (recipientId: number): Settlement => ({
        recipientId,
        outcome: "deferred",
        nextAttemptMs: AT + 3_600_000,
      });
      await queue.settle(
        others.map(({ recipientId }) => later(recipientId)),
        [],
      );
      for (const queueId of [undefined, "Qmany"]) {
        assert.deepEqual(queue.dueReports({ nowMs: AT, limit: 10, queueId }), []);
        assert.equal(queue.dueReports({ nowMs: AT + 30_000, limit: 10, queueId }).length, 1);
      }
      await queue.settle([{ recipientId: others[0].recipientId, outcome: "delivered" }], []);
      assert.equal(queue.dueReports({ nowMs: AT, limit: 10 }).length, 1, "nobody is in hand");
    },
  );

  on("settle: delivered and failed go, deferred comes back when due", async (store) => {
    await acceptFor(store, {
      queueId: "Q2",
      recipients: [to("a@one.test"), to("b@one.test"), to("c@one.test")],
    });
    const [job] = await claim(store);
    const [a, b, c] = job.recipients;
    const attempt = {
      atMs: AT + 5,
      durationMs: 12,
      host: "mx.one.test[192.0.2.1]:25",
      tls: "TLSv1.3",
      reply: "450 4.2.0 later",
    };
    await store.queue.settle(
      [
        { recipientId: a.recipientId, outcome: "delivered" },
        { recipientId: b.recipientId, outcome: "failed" },
        {
          recipientId: c.recipientId,
          outcome: "deferred",
          nextAttemptMs: AT + 1000.5,
          status: "4.2.0",
          problem: "said later",
          isDelayReported: true,
          attempt,
        },
      ],
      [],
    );
    assert.equal((await claim(store, { nowMs: AT + 999 })).length, 0);
    assert.equal(store.queue.nextDueMs(), AT + 1001);
    const [row] = store.queue.list({ queueId: "Q2" });
    assert.deepEqual(
      [row.attempts, row.lastStatus, row.lastProblem, row.lastAttemptMs, row.isDelayReported],
      [1, "4.2.0", "said later", AT + 5, true],
    );
    assert.deepEqual(store.queue.attempts(c.recipientId), [attempt]);
    const [again] = await claim(store, { nowMs: AT + 1001 });
    await store.queue.settle(
      [{ recipientId: again.recipients[0].recipientId, outcome: "delivered" }],
      [],
    );
    assert.deepEqual(store.queue.counts(), { due: 0, leased: 0, held: 0 });
    assert.equal(store.queue.message("Q2"), undefined);
    await assert.rejects(store.octets.read(job.message.messageId), { code: "not-found" });
    assert.deepEqual(store.queue.attempts(c.recipientId), []);
    assert.deepEqual(await store.check(), []);
  });

  on("a report is accepted in the transaction that ends its recipient", async (store) => {
    const account = await makeAccount(store);
    await acceptFor(store, { recipients: [to("a@one.test")] });
    const [job] = await claim(store);
    const report = {
      message: store.octets.stageOctets(encodeLatin1("Subject: undelivered\r\n\r\n")),
      receivedAtMs: AT,
      envelopes: [envelopeOf({ reversePath: "", deliveries: [deliveryTo(account)] })],
    };
    const settlement = {
      recipientId: job.recipients[0].recipientId,
      outcome: "failed" as const,
    };
    const lost = {
      ...report,
      message: store.octets.stageOctets(MESSAGE),
      envelopes: [envelopeOf({ deliveries: [deliveryTo({ ...account, id: 4711 })] })],
    };
    await assert.rejects(store.queue.settle([settlement], [lost]), { code: "not-found" });
    assert.equal(store.queue.counts().leased, 1);
    await store.queue.settle([settlement], [report]);
    assert.deepEqual(store.queue.counts(), { due: 0, leased: 0, held: 0 });
    assert.equal(store.mail.status(inboxOf(store, account).grant)?.messages, 1);
  });

  on("hold, release, retry and delete by filter", async (store) => {
    await acceptFor(store, {
      queueId: "QA",
      reversePath: "x@a.test",
      recipients: [to("a@one.test"), to("b@two.test")],
    });
    await acceptFor(store, { queueId: "QB", recipients: [to("c@one.test")], notBeforeMs: AT + 9 });
    await acceptFor(store, { queueId: "QC", recipients: [to("d@one.test")], heldBecause: "why" });
    const { queue } = store;
    assert.deepEqual(queue.counts(), { due: 3, leased: 0, held: 1 });
    assert.equal(queue.list({ state: "held" })[0].heldBecause, "why");
    assert.equal(await queue.hold({ domain: "ONE.test" }, "operator"), 2);
    assert.deepEqual(
      queue.list({ state: "held" }).map(({ recipient }) => recipient),
      ["a@one.test", "c@one.test", "d@one.test"],
    );
    assert.equal(queue.list({ recipient: "a@one.test" })[0].heldBecause, "operator");
    assert.equal(await queue.release({ queueId: "QA" }), 1);
    assert.equal(await queue.release({ state: "held" }), 2);
    assert.equal(await queue.retry({ sender: "x@a.test" }), 2);
    assert.equal(queue.list({ arrivedBeforeMs: AT }).length, 0);
    assert.equal(queue.list({ limit: 1 }).length, 1);
    assert.equal(await queue.delete({ recipient: "b@two.test" }), 1);
    assert.equal(await queue.delete({}), 3);
    assert.equal(queue.nextDueMs(), undefined);
    assert.deepEqual(await store.check(), []);
  });

  on(
    "retry: due now, ahead of the others, and the runner is told who asked when",
    async (store) => {
      await acceptFor(store, { recipients: [to("a@one.test")] });
      await acceptFor(store, {
        queueId: "QB",
        recipients: [to("b@two.test")],
        notBeforeMs: AT + 9,
      });
      await store.queue.retry({ queueId: "QB" });
      const [waiting] = store.queue.list({ queueId: "QB" });
      assert.ok(waiting.askedForMs !== undefined && waiting.askedForMs > 0);
      assert.equal(waiting.nextAttemptMs, waiting.askedForMs);
      const jobs = await claim(store, { nowMs: AT + 10 });
      assert.deepEqual(recipientsOf(jobs), ["b@two.test", "a@one.test"]);
      assert.equal(jobs[0].recipients[0].askedForMs, waiting.askedForMs);
      assert.equal(jobs[1].recipients[0].askedForMs, undefined);
      // One attempt is what was asked for.
      const [{ recipientId }] = jobs[0].recipients;
      await store.queue.settle([{ recipientId, outcome: "deferred", nextAttemptMs: AT + 20 }], []);
      assert.equal(store.queue.list({ queueId: "QB" })[0].askedForMs, undefined);
    },
  );

  on("flush, expire and requeue are wishes that go with the next attempt", async (store) => {
    const { queue } = store;
    await acceptFor(store, { queueId: "QA", recipients: [to("a@one.test")], notBeforeMs: AT + 9 });
    await acceptFor(store, { queueId: "QB", recipients: [to("b@two.test")], heldBecause: "why" });
    await acceptFor(store, { queueId: "QC", recipients: [to("c@three.test")] });
    assert.equal(await queue.flush({}), 2, "what is held stays held");
    assert.equal(await queue.expire({ queueId: "QB" }), 1);
    assert.equal(await queue.requeue({ queueId: "QC" }), 1);
    const wishes = new Map(
      (await claim(store)).map(({ recipients: [row] }) => [row.recipient, row.wish]),
    );
    assert.deepEqual(Object.fromEntries(wishes), {
      "a@one.test": "flush",
      "b@two.test": "expire",
      "c@three.test": "requeue",
    });
    // Asked for during an attempt, it is heeded after it.
    assert.equal(await queue.expire({ queueId: "QA" }), 1);
    const [{ recipientId }] = queue.list({ queueId: "QA" });
    const attempt = { atMs: AT, durationMs: 1, host: "h", tls: undefined, reply: "450" };
    const nextAttemptMs = AT + 3_600_000;
    await queue.settle([{ recipientId, outcome: "deferred", nextAttemptMs, attempt }], []);
    const [again] = await claim(store);
    assert.equal(again.recipients[0].wish, "expire");
    await queue.settle([{ recipientId, outcome: "deferred", nextAttemptMs }], []);
    assert.equal(queue.list({ queueId: "QA" })[0].wish, "expire", "not done, not forgotten");
  });

  on(
    "filters: destination, transport, attempts, arrival; also a large queue in portions",
    async (store) => {
      const { queue } = store;
      const crowd = Array.from({ length: 4500 }, (_, index) => to(`u${index}@one.test`));
      await acceptFor(store, { queueId: "QA", recipients: crowd });
      await acceptFor(
        store,
        { recipients: [to("z@x.test", { transport: "route", destination: "hop.test" })] },
        MESSAGE,
        { receivedAtMs: AT + 5 },
      );
      const [job] = await claim(store, { limit: 1 });
      const [{ recipientId, recipient }] = job.recipients;
      const attempt = { atMs: AT, durationMs: 1, host: "h", tls: undefined, reply: "450" };
      await queue.settle([{ recipientId, outcome: "deferred", nextAttemptMs: AT, attempt }], []);
      const found = (filter: object): string[] => queue.list(filter).map((row) => row.recipient);
      assert.deepEqual(found({ attempts: 1 }), [recipient]);
      assert.deepEqual(found({ destination: "HOP.test" }), ["z@x.test"]);
      assert.deepEqual(found({ transport: "route" }), ["z@x.test"]);
      assert.deepEqual(found({ arrivedAfterMs: AT }), ["z@x.test"]);
      assert.equal(await queue.hold({ destination: "one.test", limit: 4200 }, "x"), 4200);
      assert.equal(queue.counts().held, 4200);
      assert.equal(await queue.release({ state: "held" }), 4200);
      assert.equal(await queue.delete({ queueId: "QA" }), 4500);
      assert.deepEqual(queue.counts(), { due: 1, leased: 0, held: 0 });
      assert.deepEqual(await store.check(), []);
    },
  );

  on("shape: what waits by destination and by sender's domain, and how long", async (store) => {
    const MINUTE_MS = 60_000;
    for (const [sender, recipient, minutes] of [
      ["a@x.test", "a@one.test", 1],
      ["b@x.test", "b@one.test", 7],
      ['"c@d"@y.test', "c@one.test", 5000],
      ["", "d@two.test", 7],
    ] as const) {
      await acceptFor(store, { reversePath: sender, recipients: [to(recipient)] }, MESSAGE, {
        receivedAtMs: AT - minutes * MINUTE_MS,
      });
    }
    const { total, rows } = store.queue.shape("destination", AT);
    assert.deepEqual(total, { recipients: 4, byAge: [1, 2, 0, 0, 0, 0, 0, 0, 0, 1] });
    assert.deepEqual(rows, [
      { name: "one.test", recipients: 3, byAge: [1, 1, 0, 0, 0, 0, 0, 0, 0, 1] },
      { name: "two.test", recipients: 1, byAge: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0] },
    ]);
    const senders = store.queue.shape("sender-domain", AT, 2);
    assert.deepEqual(senders.total, total);
    assert.equal(senders.rows.length, 2);
    assert.deepEqual(senders.rows[0], {
      name: "x.test",
      recipients: 2,
      byAge: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    });
    const names = store.queue.shape("sender-domain", AT).rows.map(({ name }) => name);
    assert.deepEqual(names.toSorted(), ["", "x.test", "y.test"]);
  });

  on("a held recipient stays held when its attempt ends deferred", async (store) => {
    await acceptFor(store, { recipients: [to("a@one.test")] });
    const [job] = await claim(store);
    await store.queue.hold({}, "operator");
    await store.queue.settle(
      [{ recipientId: job.recipients[0].recipientId, outcome: "deferred", nextAttemptMs: AT }],
      [],
    );
    assert.deepEqual(store.queue.counts(), { due: 0, leased: 0, held: 1 });
  });

  on("onDue: accept, retry and release wake the scheduler", async (store) => {
    let woken = 0;
    const end = store.queue.onDue(() => woken++);
    await acceptFor(store, { recipients: [to("a@one.test")] });
    assert.ok(woken >= 1);
    await acceptFor(store, { recipients: [to("b@one.test")], heldBecause: "x" });
    await store.queue.hold({}, "y");
    const before = woken;
    await store.queue.release({});
    assert.ok(woken > before);
    end();
    const ended = woken;
    await acceptFor(store, { recipients: [to("c@one.test")] });
    assert.equal(woken, ended);
  });

  on(
    "onDue: a later time than the last is earlier news once that has been claimed",
    async (store) => {
      await acceptFor(store, { recipients: [to("a@one.test")] });
      let woken = 0;
      store.queue.onDue(() => woken++);
      await claim(store, { leaseMs: 3_600_000 });
      const notBeforeMs = AT + 600_000;
      await acceptFor(store, { recipients: [to("b@one.test")], notBeforeMs });
      assert.ok(woken >= 1);
      assert.equal(store.queue.nextDueMs(), notBeforeMs);
    },
  );

  on("onDue hears of what another process queued", async (store, { open }) => {
    const other = await open();
    const heard = new Promise<void>((resolve) => other.queue.onDue(resolve));
    await acceptFor(store, { recipients: [to("a@one.test")] });
    await heard;
    assert.equal((await claim(other)).length, 1);
    await other.close();
  });

  on("security row 29: what kills workers again and again is held", async (store) => {
    await acceptFor(store, { recipients: [to("poison@one.test")] });
    await acceptFor(store, { recipients: [to("good@two.test")] });
    for (let round = 0; round < 5; round++) {
      const nowMs = AT + round * 60_000;
      const jobs = await claim(store, { nowMs });
      assert.ok(recipientsOf(jobs).includes("poison@one.test"));
      for (const { recipients } of jobs) {
        const [{ recipientId, recipient }] = recipients;
        if (recipient === "good@two.test") {
          await store.queue.settle([{ recipientId, outcome: "delivered" }], []);
        }
      }
    }
    assert.equal((await claim(store, { nowMs: AT + 360_000 })).length, 0);
    const [held] = store.queue.list({ state: "held" });
    assert.match(held.heldBecause ?? "", /five times/);
    assert.equal(await store.queue.release({}), 1);
  });

  on("leases of a store that closes end with it", async (store, { open }) => {
    await acceptFor(store, { recipients: [to("a@one.test")] });
    await claim(store);
    await store.close();
    const again = await open();
    assert.equal((await claim(again)).length, 1);
    await again.close();
  });
}
