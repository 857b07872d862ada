/**
 * A queue that is full: so many recipients deferred (`POSTHORN_BENCH_RECIPIENTS`, 100,000), over
 * 5,000 destinations and 20,000 senders. What a start costs, how soon the first job is handed out,
 * and what an operator waits for; memory is of the whole process.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { silentLog } from "../src/base/log.ts";
import { systemClock } from "../src/net/system-clock.ts";
import { systemRandom } from "../src/net/system-random.ts";
import type { Envelope } from "../src/store/acceptance.ts";
import type { Store } from "../src/store/contract.ts";
import { openStore } from "../src/store/sqlite/open-store.ts";

const RECIPIENTS = Number(process.env["POSTHORN_BENCH_RECIPIENTS"] ?? 100_000);
const DESTINATIONS = 5000;
const SENDERS = 20_000;
const BULK_SENDER = "bulk@sender.example";
const PER_ENVELOPE = 10;
const HOUR_MS = 3_600_000;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-million-"));
  try {
    let store = await open(folder);
    await store.accept(acceptanceOf(store, [envelopeOf(-2)]));
    await store.close();
    await timed(`${RECIPIENTS} deferred recipients made`, async () => fill(folder));
    store = await timed("started again", () => open(folder));
    await timed("first jobs handed out", async () => {
      const jobs = await claim(store, systemClock.nowMs() + 2 * HOUR_MS);
      if (jobs.length === 0) throw new Error("nothing was due");
    });
    await timed("next jobs handed out", () => claim(store, systemClock.nowMs() + 2 * HOUR_MS));
    await timed("counts", async () => store.queue.counts());
    await timed("shape by destination", async () =>
      store.queue.shape("destination", systemClock.nowMs(), 20),
    );
    await timed("shape by sender's domain", async () =>
      store.queue.shape("sender-domain", systemClock.nowMs(), 20),
    );
    await timed("list of one domain", async () => store.queue.list({ domain: "d17.example" }));
    await timed("first 1,000 of the list", async () => store.queue.list({ limit: 1000 }));
    await timed("retry of one domain", () => store.queue.retry({ domain: "d18.example" }));
    await timed("delete of 10,000 by sender", async () => {
      const deleted = await store.queue.delete({ sender: BULK_SENDER });
      console.log(`  (${deleted} deleted)`);
    });
    await timed("fresh mail handed out", async () => {
      await store.accept(acceptanceOf(store, [envelopeOf(-1)]));
      const jobs = await claim(store, systemClock.nowMs(), 1000);
      if (!jobs.some(({ message }) => message.queueId === "Q-1")) throw new Error("it waits");
    });
    const { rss } = process.memoryUsage();
    console.log(`memory: ${Math.round(rss / 1_048_576)} MB`);
    await store.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(folder: string): Promise<Store> {
  return openStore({ folder, clock: systemClock, random: systemRandom, log: silentLog });
}

function claim(store: Store, nowMs: number, limit = 100): ReturnType<Store["queue"]["claim"]> {
  return store.queue.claim({
    worker: "bench",
    nowMs,
    leaseMs: 60_000,
    limit,
    busy: new Set(),
    roomElsewhere: 5,
  });
}

function envelopeOf(index: number): Envelope {
  return {
    queueId: `Q${index}`,
    reversePath: "fresh@sender.example",
    smtpUtf8: false,
    body: "7bit",
    prefix: new Uint8Array(0),
    deliveries: [],
    recipients: [{ recipient: "fresh@d1.example", transport: "smtp", destination: "d1.example" }],
  };
}

function acceptanceOf(
  store: Store,
  envelopes: readonly Envelope[],
): Parameters<Store["accept"]>[0] {
  const octets = Buffer.from("Subject: waiting\r\n\r\nIt has time.\r\n");
  return {
    message: store.octets.stageOctets(octets),
    receivedAtMs: systemClock.nowMs(),
    envelopes,
  };
}

/**
 * As after a network that was away: every recipient has been tried once. Written into the tables at
 * once, since so many deliveries would take their time.
 */
function fill(folder: string): void {
  const database = new DatabaseSync(join(folder, "posthorn.db"));
  database.exec("PRAGMA synchronous = OFF");
  database.exec("BEGIN");
  const nowMs = systemClock.nowMs();
  const envelopes = RECIPIENTS / PER_ENVELOPE;
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${envelopes})
    INSERT INTO envelope (id, queue_id, message_id, reverse_path, smtp_utf8, body, prefix,
      arrived_at_ms, size_octets, recipients)
    SELECT 1000 + i, 'Q' || i, (SELECT message_id FROM envelope LIMIT 1),
      CASE WHEN i * ${PER_ENVELOPE} <= 10000 THEN '${BULK_SENDER}'
        ELSE 's' || (i % ${SENDERS}) || '@sender.example' END,
      0, '7bit', x'', ${nowMs} - (i % 86400) * 1000, 40, ${PER_ENVELOPE} FROM n`);
  database.exec(`
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${RECIPIENTS - 1})
    INSERT INTO recipient (envelope_id, recipient, domain, transport, destination, state, attempts,
      next_attempt_ms, last_attempt_ms, last_problem, last_status, is_delay_reported, arrived_at_ms, rank)
    SELECT 1001 + i / ${PER_ENVELOPE}, 'u' || i || '@d' || (i % ${DESTINATIONS}) || '.example',
      'd' || (i % ${DESTINATIONS}) || '.example', 'smtp', 'd' || (i % ${DESTINATIONS}) || '.example',
      3, 1, ${nowMs} + ${HOUR_MS} + (i * 7919) % ${HOUR_MS}, ${nowMs},
      'connect to mx.example[192.0.2.1]:25: connection refused', '4.4.1', 0,
      ${nowMs} - ((i / ${PER_ENVELOPE}) % 86400) * 1000, 90000000000000 + ${nowMs} FROM n`);
  database.exec(`
    INSERT INTO attempt (recipient_id, at_ms, duration_ms, host, reply)
    SELECT id, last_attempt_ms, 5, 'mx.example[192.0.2.1]:25', last_problem FROM recipient
    WHERE attempts = 1`);
  database.exec("COMMIT");
  database.close();
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const fromMs = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - fromMs) / 1000).toFixed(3)} s`);
  return result;
}
