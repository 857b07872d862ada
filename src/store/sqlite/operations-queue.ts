/** The queue's changes: handing out what is due, recording outcomes, the operator's hands. */

import type { QueueFilter, QueueJob, Settlement } from "../queue.ts";
import type { CommitContext } from "./commit-context.ts";
import { accept } from "./operations-accept.ts";
import {
  DUE,
  ENVELOPE_COLUMNS,
  HELD,
  LEASED,
  queueCondition,
  queuedMessageOf,
  RECIPIENT_COLUMNS,
  recipientOf,
  type EnvelopeRow,
  type RecipientRow,
} from "./queue-rows.ts";
import type { RequestOf } from "./requests.ts";
import { dropReference } from "./store-message.ts";

/** After so many leases without an outcome a recipient is taken for poison. */
const MAX_LAPSES = 5;
const POISON = "taken in hand five times without an outcome; look at it, then release or delete it";
const MAX_RECIPIENTS_PER_JOB = 1000;
const MAX_DESTINATIONS_LOOKED_AT = 10_000;
const MAX_ATTEMPTS_KEPT = 50;

type DueRow = {
  readonly envelopeId: number;
  readonly transport: string;
  readonly destination: string;
};

export function claim(context: CommitContext, request: RequestOf<"claim">): QueueJob[] {
  endLapsedLeases(context, request.nowMs);
  const jobs: QueueJob[] = [];
  const busy = new Set(request.busy);
  const take = (row: DueRow): void => {
    const job = leaseJob(context, row, request.nowMs, request.leaseMs);
    if (job !== undefined) jobs.push(job);
  };
  const window = request.limit * 8 + 1000;
  const due = context.database.all<DueRow>(
    `SELECT envelope_id AS envelopeId, transport, destination FROM recipient
     WHERE state = 0 AND next_attempt_ms <= ? ORDER BY next_attempt_ms LIMIT ?`,
    request.nowMs,
    window,
  );
  for (const row of due) {
    if (jobs.length >= request.limit) return jobs;
    if (!busy.has(row.destination)) take(row);
  }
  // The oldest may all wait for busy destinations: then ask for one destination after another.
  if (due.length === window) claimByDestination(context, request, busy, jobs, take);
  return jobs;
}

function claimByDestination(
  context: CommitContext,
  request: RequestOf<"claim">,
  busy: ReadonlySet<string>,
  jobs: readonly QueueJob[],
  take: (row: DueRow) => void,
): void {
  let last = "";
  for (let looked = 0; looked < MAX_DESTINATIONS_LOOKED_AT; looked++) {
    const next = context.database.get<{ destination: string }>(
      `SELECT destination FROM recipient WHERE state = 0 AND destination > ?
       ORDER BY destination LIMIT 1`,
      last,
    );
    if (next === undefined) return;
    last = next.destination;
    if (busy.has(last)) continue;
    const due = context.database.all<DueRow>(
      `SELECT envelope_id AS envelopeId, transport, destination FROM recipient
       WHERE state = 0 AND destination = ? AND next_attempt_ms <= ?
       ORDER BY next_attempt_ms LIMIT ?`,
      last,
      request.nowMs,
      request.limit,
    );
    for (const row of due) {
      if (jobs.length >= request.limit) return;
      take(row);
    }
  }
}

function leaseJob(
  context: CommitContext,
  due: DueRow,
  nowMs: number,
  leaseMs: number,
): QueueJob | undefined {
  const { database } = context;
  const rows = database.all<RecipientRow>(
    `SELECT ${RECIPIENT_COLUMNS} FROM recipient JOIN envelope ON envelope.id = envelope_id
     WHERE envelope_id = ? AND transport = ? AND destination = ? AND state = 0
       AND next_attempt_ms <= ? ORDER BY recipient.id LIMIT ${MAX_RECIPIENTS_PER_JOB}`,
    due.envelopeId,
    due.transport,
    due.destination,
    nowMs,
  );
  const envelope = database.get<EnvelopeRow>(
    `SELECT ${ENVELOPE_COLUMNS} FROM envelope WHERE id = ?`,
    due.envelopeId,
  );
  // Already handed out a moment ago, with an earlier recipient of the same envelope.
  if (rows.length === 0 || envelope === undefined) return undefined;
  for (const row of rows) {
    database.run(
      "UPDATE recipient SET state = 1, next_attempt_ms = ?, leased_by = ? WHERE id = ?",
      nowMs + leaseMs,
      context.writerId,
      row.id,
    );
  }
  return {
    message: queuedMessageOf(envelope),
    transport: due.transport,
    destination: due.destination,
    recipients: rows.map((row) => ({ ...recipientOf(row), state: "leased" })),
  };
}

function endLapsedLeases(context: CommitContext, nowMs: number): void {
  context.database.run(
    `UPDATE recipient SET lapses = lapses + 1, leased_by = NULL,
       state = CASE WHEN lapses + 1 >= ${MAX_LAPSES} THEN 2 ELSE 0 END,
       held_because = CASE WHEN lapses + 1 >= ${MAX_LAPSES} THEN ? ELSE held_because END
     WHERE state = 1 AND next_attempt_ms <= ?`,
    POISON,
    nowMs,
  );
}

/** At recovery: what a dead process had in hand falls due at once; poison is held (security row 29). */
export function endLeasesOf(context: CommitContext, writerId: number): void {
  context.database.run(
    `UPDATE recipient SET lapses = lapses + 1, leased_by = NULL, next_attempt_ms = 0,
       state = CASE WHEN lapses + 1 >= ${MAX_LAPSES} THEN 2 ELSE 0 END,
       held_because = CASE WHEN lapses + 1 >= ${MAX_LAPSES} THEN ? ELSE held_because END
     WHERE state = 1 AND leased_by = ?`,
    POISON,
    writerId,
  );
}

export function settle(context: CommitContext, request: RequestOf<"settle">): void {
  // Reports first: they may quote a message whose last recipient is settled here.
  for (const report of request.reports) accept(context, report);
  for (const settlement of request.settlements) settleOne(context, settlement);
  context.isQueueChanged = true;
}

function settleOne(context: CommitContext, settlement: Settlement): void {
  if (settlement.outcome !== "deferred") return removeRecipient(context, settlement.recipientId);
  const { attempt } = settlement;
  const changed = context.database.run(
    `UPDATE recipient SET state = CASE state WHEN ${HELD} THEN ${HELD} ELSE ${DUE} END,
       leased_by = NULL, lapses = 0, attempts = attempts + ?,
       next_attempt_ms = coalesce(?, next_attempt_ms), last_attempt_ms = coalesce(?, last_attempt_ms),
       last_problem = coalesce(?, last_problem), last_status = coalesce(?, last_status),
       is_delay_reported = coalesce(?, is_delay_reported) WHERE id = ?`,
    attempt === undefined ? 0 : 1,
    settlement.nextAttemptMs ?? null,
    attempt === undefined ? null : Math.round(attempt.atMs),
    settlement.problem ?? null,
    settlement.status ?? null,
    settlement.isDelayReported === undefined ? null : settlement.isDelayReported ? 1 : 0,
    settlement.recipientId,
  );
  if (changed === 0 || attempt === undefined) return;
  context.database.run(
    `INSERT INTO attempt (recipient_id, at_ms, duration_ms, host, tls, reply)
     VALUES (?, ?, ?, ?, ?, ?)`,
    settlement.recipientId,
    Math.round(attempt.atMs),
    Math.round(attempt.durationMs),
    attempt.host,
    attempt.tls ?? null,
    attempt.reply,
  );
  context.database.run(
    `DELETE FROM attempt WHERE recipient_id = ?1 AND id <= (SELECT id FROM attempt
       WHERE recipient_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${MAX_ATTEMPTS_KEPT})`,
    settlement.recipientId,
  );
}

/** With its last recipient an envelope goes, and with its last reference the octets. */
function removeRecipient(context: CommitContext, recipientId: number): void {
  const { database } = context;
  const row = database.get<{ envelopeId: number }>(
    "DELETE FROM recipient WHERE id = ? RETURNING envelope_id AS envelopeId",
    recipientId,
  );
  if (row === undefined) return;
  database.run("DELETE FROM attempt WHERE recipient_id = ?", recipientId);
  const envelope = database.get<{ recipients: number; messageId: number }>(
    `UPDATE envelope SET recipients = recipients - 1 WHERE id = ?
     RETURNING recipients, message_id AS messageId`,
    row.envelopeId,
  );
  if (envelope === undefined || envelope.recipients > 0) return;
  database.run("DELETE FROM envelope WHERE id = ?", row.envelopeId);
  dropReference(context, envelope.messageId);
}

/**
 * The time is written negative: due before all else, and a mark by which the runner, perhaps in
 * another process, knows the operator's wish from the schedule. It goes with the lease.
 */
export function retry(context: CommitContext, request: RequestOf<"retry">): number {
  const ids = matching(context, request.filter, [DUE]);
  for (const id of ids) {
    context.database.run(
      "UPDATE recipient SET next_attempt_ms = ? WHERE id = ?",
      -context.nowMs,
      id,
    );
  }
  context.isQueueChanged = true;
  return ids.length;
}

export function hold(context: CommitContext, request: RequestOf<"hold">): number {
  const ids = matching(context, request.filter, [DUE, LEASED]);
  for (const id of ids) {
    context.database.run(
      "UPDATE recipient SET state = 2, leased_by = NULL, held_because = ? WHERE id = ?",
      request.reason,
      id,
    );
  }
  context.isQueueChanged = true;
  return ids.length;
}

export function release(context: CommitContext, request: RequestOf<"release">): number {
  const ids = matching(context, request.filter, [HELD]);
  for (const id of ids) {
    context.database.run(
      `UPDATE recipient SET state = 0, held_because = NULL, lapses = 0, next_attempt_ms = ?
       WHERE id = ?`,
      context.nowMs,
      id,
    );
  }
  context.isQueueChanged = true;
  return ids.length;
}

export function deleteQueued(context: CommitContext, request: RequestOf<"deleteQueued">): number {
  const ids = matching(context, request.filter, []);
  for (const id of ids) removeRecipient(context, id);
  context.isQueueChanged = true;
  return ids.length;
}

function matching(
  context: CommitContext,
  filter: QueueFilter,
  states: readonly number[],
): number[] {
  const { sql, values } = queueCondition(filter, states);
  return context.database
    .all<{ id: number }>(
      `SELECT recipient.id FROM recipient JOIN envelope ON envelope.id = envelope_id ${sql}`,
      ...values,
    )
    .map(({ id }) => id);
}
