/** Mail that needs a further hop: reads from the reading connection, changes through the writer. */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Acceptance } from "../acceptance.ts";
import type {
  AttemptRecord,
  QueuedMessage,
  QueueFilter,
  QueueJob,
  QueueRecipient,
  QueueStore,
  RecipientState,
  Settlement,
} from "../queue.ts";
import { acceptRequest, stagedOf } from "./accept-request.ts";
import type { Database } from "./database.ts";
import {
  ENVELOPE_COLUMNS,
  queueCondition,
  queuedMessageOf,
  RECIPIENT_COLUMNS,
  recipientOf,
  STATES,
  type EnvelopeRow,
  type RecipientRow,
} from "./queue-rows.ts";
import type { Staged } from "./staging.ts";
import type { WriterClient } from "./writer-client.ts";

type ListRow = RecipientRow & {
  readonly reversePath: string;
  readonly arrivedAtMs: number;
  readonly sizeOctets: number;
};

export type QueueDeps = {
  readonly database: Database;
  readonly writer: WriterClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when the first listener comes and the last goes. */
  readonly onListening: (isListening: boolean) => void;
};

export class SqliteQueue implements QueueStore {
  readonly #deps: QueueDeps;
  readonly #listeners = new Set<() => void>();
  /** What listeners know to be the next due time. */
  #knownDueMs: number | undefined;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  async claim(request: {
    worker: string;
    nowMs: number;
    leaseMs: number;
    limit: number;
    busy: ReadonlySet<string>;
  }): Promise<readonly QueueJob[]> {
    const dueMs = this.nextDueMs();
    this.#knownDueMs = dueMs;
    // Nothing due is the usual answer, and needs no commit.
    if (request.limit <= 0 || dueMs === undefined || dueMs > request.nowMs) return [];
    const { nowMs, leaseMs, limit } = request;
    const jobs = await this.#deps.writer.submit("claim", () => ({
      nowMs: Math.floor(nowMs),
      leaseMs: Math.ceil(leaseMs),
      limit,
      busy: [...request.busy],
    }));
    // What was claimed no longer waits: something due later may now be the earliest.
    this.#knownDueMs = this.nextDueMs();
    return jobs;
  }

  async settle(settlements: readonly Settlement[], reports: readonly Acceptance[]): Promise<void> {
    const staged = reports
      .map(({ message }) => stagedOf(message))
      .filter((message): message is Staged => message !== undefined);
    await Promise.all(staged.map((message) => message.settle()));
    await this.#deps.writer.submit("settle", (packer) => ({
      settlements: settlements.map((settlement) => ({
        ...settlement,
        ...(settlement.nextAttemptMs !== undefined && {
          nextAttemptMs: Math.ceil(settlement.nextAttemptMs),
        }),
      })),
      reports: reports.map((report) => acceptRequest(report, packer)),
    }));
    for (const message of staged) message.accepted();
  }

  nextDueMs(): number | undefined {
    const { database } = this.#deps;
    const due = database.get<{ ms: number }>(
      "SELECT next_attempt_ms AS ms FROM recipient WHERE state = 0 ORDER BY next_attempt_ms LIMIT 1",
    )?.ms;
    // A lease that lapses makes its recipients due again.
    const lapse = database.get<{ ms: number }>(
      "SELECT next_attempt_ms AS ms FROM recipient WHERE state = 1 ORDER BY next_attempt_ms LIMIT 1",
    )?.ms;
    if (due === undefined) return lapse;
    return lapse === undefined ? due : Math.min(due, lapse);
  }

  onDue(listener: () => void): () => void {
    const entry = (): void => listener();
    this.#listeners.add(entry);
    if (this.#listeners.size === 1) {
      this.#knownDueMs = this.nextDueMs();
      this.#deps.onListening(true);
    }
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) {
        this.#deps.onListening(false);
      }
    };
  }

  /** The queue may have changed, here or in another process. */
  changed(): void {
    if (this.#listeners.size === 0) return;
    const dueMs = this.nextDueMs();
    const isEarlier =
      dueMs !== undefined && (this.#knownDueMs === undefined || dueMs < this.#knownDueMs);
    const isDue = dueMs !== undefined && dueMs <= this.#deps.clock.nowMs();
    this.#knownDueMs = dueMs;
    if (!isEarlier && !isDue) return;
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#deps.log.error("store.listener-failed", error);
      }
    }
  }

  message(queueId: string): QueuedMessage | undefined {
    const row = this.#deps.database.get<EnvelopeRow>(
      `SELECT ${ENVELOPE_COLUMNS} FROM envelope WHERE queue_id = ?`,
      queueId,
    );
    return row && queuedMessageOf(row);
  }

  list(filter: QueueFilter): readonly (QueueRecipient & {
    readonly reversePath: string;
    readonly arrivedAtMs: number;
    readonly sizeOctets: number;
  })[] {
    const { sql, values } = queueCondition(filter);
    return this.#deps.database
      .all<ListRow>(
        `SELECT ${RECIPIENT_COLUMNS}, reverse_path AS reversePath, arrived_at_ms AS arrivedAtMs,
           size_octets AS sizeOctets
         FROM recipient JOIN envelope ON envelope.id = envelope_id ${sql}`,
        ...values,
      )
      .map((row) => ({
        ...recipientOf(row),
        reversePath: row.reversePath,
        arrivedAtMs: row.arrivedAtMs,
        sizeOctets: row.sizeOctets,
      }));
  }

  attempts(recipientId: number): readonly AttemptRecord[] {
    return this.#deps.database
      .all<Omit<AttemptRecord, "tls"> & { tls: string | null }>(
        `SELECT at_ms AS atMs, duration_ms AS durationMs, host, tls, reply FROM attempt
         WHERE recipient_id = ? ORDER BY id`,
        recipientId,
      )
      .map((row) => ({ ...row, tls: row.tls ?? undefined }));
  }

  counts(): Readonly<Record<RecipientState, number>> {
    const counts = { due: 0, leased: 0, held: 0 };
    STATES.forEach((state, index) => {
      const row = this.#deps.database.get<{ n: number }>(
        "SELECT count(*) AS n FROM recipient WHERE state = ?",
        index,
      );
      counts[state] = row?.n ?? 0;
    });
    return counts;
  }

  retry(filter: QueueFilter): Promise<number> {
    return this.#deps.writer.submit("retry", () => ({ filter }));
  }

  hold(filter: QueueFilter, reason: string): Promise<number> {
    return this.#deps.writer.submit("hold", () => ({ filter, reason }));
  }

  release(filter: QueueFilter): Promise<number> {
    return this.#deps.writer.submit("release", () => ({ filter }));
  }

  delete(filter: QueueFilter): Promise<number> {
    return this.#deps.writer.submit("deleteQueued", () => ({ filter }));
  }
}
