/** Mail that needs a further hop: reads from the reading connection, changes through the writer. */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Acceptance } from "../acceptance.ts";
import type {
  AttemptRecord,
  ClaimRequest,
  OperatorWish,
  QueuedMessage,
  QueueFilter,
  QueueJob,
  QueueRecipient,
  QueueShape,
  QueueStore,
  RecipientState,
  Settlement,
} from "../queue.ts";
import { acceptRequest, stagedOf } from "./accept-request.ts";
import type { DueReport, OwedReport } from "../owed-report.ts";
import type { Database } from "./database.ts";
import { dueReports } from "./owed-report-rows.ts";
import {
  ENVELOPE_COLUMNS,
  LEASED,
  queueCondition,
  queuedMessageOf,
  READY,
  RECIPIENT_COLUMNS,
  recipientOf,
  WAITING,
  type EnvelopeRow,
  type RecipientRow,
} from "./queue-rows.ts";
import { queueShape } from "./queue-shape.ts";
import type { PortionDone, QueuePortion } from "./requests.ts";
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

type NextDue = Record<"ready" | "leased" | "waiting", number | null>;

/** One statement for the three: it is asked after every commit, and looking at the log costs the most. */
const NEXT_DUE = `SELECT
  (SELECT next_attempt_ms FROM recipient WHERE state = ${READY} LIMIT 1) AS ready,
  (SELECT next_attempt_ms FROM recipient WHERE state = ${LEASED}
    ORDER BY next_attempt_ms LIMIT 1) AS leased,
  (SELECT next_attempt_ms FROM recipient WHERE state = ${WAITING}
    ORDER BY next_attempt_ms LIMIT 1) AS waiting`;

const DEFAULT_RECIPIENTS_PER_JOB = 100;
/** Recipients that an operator's verb touches in one commit. */
const PORTION = 2000;

export class SqliteQueue implements QueueStore {
  readonly #deps: QueueDeps;
  readonly #listeners = new Set<() => void>();
  /** What listeners know to be the next due time. */
  #knownDueMs: number | undefined;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  async claim(request: ClaimRequest): Promise<readonly QueueJob[]> {
    const dueMs = this.nextDueMs();
    this.#knownDueMs = dueMs;
    // Nothing due is the usual answer, and needs no commit.
    if (request.limit <= 0 || dueMs === undefined || dueMs > request.nowMs) return [];
    const { nowMs, leaseMs, limit, busy, sites, roomElsewhere, only, recipientsPerJob } = request;
    const jobs = await this.#deps.writer.submit("claim", () => ({
      nowMs: Math.floor(nowMs),
      leaseMs: Math.ceil(leaseMs),
      limit,
      busy: [...busy],
      sites: sites ?? [],
      roomElsewhere: roomElsewhere ?? limit,
      only: only && [...only],
      recipientsPerJob: recipientsPerJob ?? DEFAULT_RECIPIENTS_PER_JOB,
    }));
    // What was claimed no longer waits: something due later may now be the earliest.
    this.#knownDueMs = this.nextDueMs();
    return jobs;
  }

  async settle(
    settlements: readonly Settlement[],
    reports: readonly Acceptance[],
    owed: readonly OwedReport[] = [],
  ): Promise<void> {
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
      owed,
    }));
    for (const message of staged) message.accepted();
  }

  dueReports(request: { nowMs: number; queueId?: string; limit: number }): readonly DueReport[] {
    return dueReports(this.#deps.database, request);
  }

  nextReportMs(): number | undefined {
    return (
      this.#deps.database.get<{ ms: number | null }>("SELECT min(due_ms) AS ms FROM owed_report")
        ?.ms ?? undefined
    );
  }

  async payReports(ids: readonly number[], reports: readonly Acceptance[]): Promise<void> {
    const staged = reports
      .map(({ message }) => stagedOf(message))
      .filter((message): message is Staged => message !== undefined);
    await Promise.all(staged.map((message) => message.settle()));
    await this.#deps.writer.submit("payReports", (packer) => ({
      ids,
      reports: reports.map((report) => acceptRequest(report, packer)),
    }));
    for (const message of staged) message.accepted();
  }

  nextDueMs(): number | undefined {
    const found = this.#deps.database.get<NextDue>(NEXT_DUE);
    const ready = found?.ready ?? undefined;
    // Whatever is ready is due, though the clock may have been put back since it came.
    const readyMs = ready && Math.min(ready, this.#deps.clock.nowMs());
    // A lease that lapses makes its recipients due again.
    const times = [readyMs, found?.leased ?? undefined, found?.waiting ?? undefined];
    const known = times.filter((ms) => ms !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
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
        `SELECT ${RECIPIENT_COLUMNS}, queue_id AS queueId, reverse_path AS reversePath, recipient.arrived_at_ms AS arrivedAtMs,
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
    const { database } = this.#deps;
    const count = (where: string): number =>
      database.get<{ n: number }>(`SELECT count(*) AS n FROM recipient ${where}`)?.n ?? 0;
    return database.snapshot(() => {
      const leased = count("WHERE state = 1");
      const held = count("WHERE state = 2");
      // All are counted by pages of an index, which a condition would not allow.
      return { due: count("") - leased - held, leased, held };
    });
  }

  shape(by: "destination" | "sender-domain", nowMs: number, limit?: number): QueueShape {
    return queueShape(this.#deps.database, by, nowMs, limit);
  }

  retry(filter: QueueFilter): Promise<number> {
    return this.#wish("retry", filter);
  }

  flush(filter: QueueFilter): Promise<number> {
    return this.#wish("flush", filter);
  }

  expire(filter: QueueFilter): Promise<number> {
    return this.#wish("expire", filter);
  }

  requeue(filter: QueueFilter): Promise<number> {
    return this.#wish("requeue", filter);
  }

  hold(filter: QueueFilter, reason: string): Promise<number> {
    return inPortions(filter, (portion) =>
      this.#deps.writer.submit("hold", () => ({ ...portion, reason })),
    );
  }

  release(filter: QueueFilter): Promise<number> {
    return inPortions(filter, (portion) => this.#deps.writer.submit("release", () => portion));
  }

  delete(filter: QueueFilter): Promise<number> {
    return inPortions(filter, (portion) => this.#deps.writer.submit("deleteQueued", () => portion));
  }

  #wish(wish: OperatorWish, filter: QueueFilter): Promise<number> {
    return inPortions(filter, (portion) =>
      this.#deps.writer.submit("wish", () => ({ ...portion, wish })),
    );
  }
}

/** Each portion is a commit of its own: a large clean-up holds nobody up. */
async function inPortions(
  filter: QueueFilter,
  act: (portion: QueuePortion) => Promise<PortionDone>,
): Promise<number> {
  let left = filter.limit ?? Number.POSITIVE_INFINITY;
  let total = 0;
  for (let afterId = 0; left > 0;) {
    const limit = Math.min(PORTION, left);
    const { touched, lastId } = await act({ filter: { ...filter, limit }, afterId });
    total += touched;
    left -= touched;
    afterId = lastId;
    if (touched < limit) break;
  }
  return total;
}
