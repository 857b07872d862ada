/** The queue's changes beside claims: recording outcomes, and the operator's hands. */

import type { QueueFilter, Settlement } from "../queue.ts";
import type { MessageId } from "../octets.ts";
import type { CommitContext } from "./commit-context.ts";
import { ASKED_RANKS } from "./fair-rank.ts";
import { accept } from "./operations-accept.ts";
import { HELD, LEASED, queueCondition, READY, WAITING, wishNumber } from "./queue-rows.ts";
import { owe } from "./operations-report.ts";
import type { PortionDone, QueuePortion, RequestOf } from "./requests.ts";
import { buryUnlessHeld } from "./bury-messages.ts";

const MAX_ATTEMPTS_KEPT = 50;
/** Asked for during an attempt, it is heeded after it. */
const EXPIRE = wishNumber("expire");

export function settle(context: CommitContext, request: RequestOf<"settle">): void {
  // Reports first: they may quote a message whose last recipient is settled here.
  for (const report of request.reports) accept(context, report);
  for (const report of request.owed) owe(context, report);
  for (const settlement of request.settlements) settleOne(context, settlement);
  context.isQueueChanged = true;
}

function settleOne(context: CommitContext, settlement: Settlement): void {
  if (settlement.outcome !== "deferred") return removeRecipient(context, settlement.recipientId);
  const { attempt } = settlement;
  const changed = context.database.get<{ attempts: number }>(
    `UPDATE recipient SET state = CASE state WHEN ${HELD} THEN ${HELD} ELSE ${WAITING} END,
       leased_by = NULL, lapses = 0, attempts = attempts + ?1,
       next_attempt_ms = CASE WHEN wish = ${EXPIRE} AND ?1 = 1 THEN -?2
         ELSE coalesce(?3, next_attempt_ms) END,
       wish = CASE WHEN wish >= ${EXPIRE} THEN wish ELSE 0 END,
       rank = CASE WHEN rank < 0 THEN rank + ${ASKED_RANKS} ELSE rank END,
       last_attempt_ms = coalesce(?4, last_attempt_ms),
       last_problem = coalesce(?5, last_problem), last_status = coalesce(?6, last_status),
       is_delay_reported = coalesce(?7, is_delay_reported) WHERE id = ?8 RETURNING attempts`,
    attempt === undefined ? 0 : 1,
    context.nowMs,
    settlement.nextAttemptMs ?? null,
    attempt === undefined ? null : Math.round(attempt.atMs),
    settlement.problem ?? null,
    settlement.status ?? null,
    settlement.isDelayReported === undefined ? null : settlement.isDelayReported ? 1 : 0,
    settlement.recipientId,
  );
  if (changed === undefined || attempt === undefined) return;
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
  if (changed.attempts <= MAX_ATTEMPTS_KEPT) return;
  context.database.run(
    `DELETE FROM attempt WHERE recipient_id = ?1 AND id <= (SELECT id FROM attempt
       WHERE recipient_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${MAX_ATTEMPTS_KEPT})`,
    settlement.recipientId,
  );
}

/** With its last recipient an envelope goes, and when nothing else holds them the octets. */
function removeRecipient(context: CommitContext, recipientId: number): void {
  const { database } = context;
  const row = database.get<{ envelopeId: number; attempts: number }>(
    "DELETE FROM recipient WHERE id = ? RETURNING envelope_id AS envelopeId, attempts",
    recipientId,
  );
  if (row === undefined) return;
  if (row.attempts > 0) database.run("DELETE FROM attempt WHERE recipient_id = ?", recipientId);
  const envelope = database.get<{ recipients: number; messageId: MessageId }>(
    `UPDATE envelope SET recipients = recipients - 1 WHERE id = ?
     RETURNING recipients, message_id AS messageId`,
    row.envelopeId,
  );
  if (envelope === undefined || envelope.recipients > 0) return;
  database.run("DELETE FROM envelope WHERE id = ?", row.envelopeId);
  buryUnlessHeld(context, envelope.messageId);
}

/**
 * The time is written negative: due before all else, and a mark by which the runner, perhaps in
 * another process, knows the operator's wish from the schedule. It goes with the lease.
 */
export function wish(context: CommitContext, request: RequestOf<"wish">): PortionDone {
  const isForHeldToo = request.wish === "expire" || request.wish === "requeue";
  const states = isForHeldToo ? [READY, WAITING, HELD] : [READY, WAITING];
  if (request.wish === "expire") states.push(LEASED);
  const number = wishNumber(request.wish);
  return inPortion(context, request, states, (id) => {
    context.database.run(
      `UPDATE recipient SET wish = ?1, next_attempt_ms = CASE state WHEN ${LEASED} THEN next_attempt_ms ELSE -?2 END,
         rank = CASE WHEN state = ${READY} AND rank < 0 THEN rank + ${ASKED_RANKS} ELSE rank END,
         held_because = NULL, state = CASE state WHEN ${LEASED} THEN ${LEASED} ELSE ${WAITING} END
       WHERE id = ?3`,
      number,
      context.nowMs,
      id,
    );
  });
}

export function hold(context: CommitContext, request: RequestOf<"hold">): PortionDone {
  return inPortion(context, request, [READY, LEASED, WAITING], (id) => {
    context.database.run(
      "UPDATE recipient SET state = 2, leased_by = NULL, held_because = ? WHERE id = ?",
      request.reason,
      id,
    );
  });
}

export function release(context: CommitContext, request: RequestOf<"release">): PortionDone {
  return inPortion(context, request, [HELD], (id) => {
    context.database.run(
      `UPDATE recipient SET state = ${WAITING}, held_because = NULL, lapses = 0, wish = 0,
         rank = CASE WHEN rank < 0 THEN rank + ${ASKED_RANKS} ELSE rank END, next_attempt_ms = ?
       WHERE id = ?`,
      context.nowMs,
      id,
    );
  });
}

export function deleteQueued(
  context: CommitContext,
  request: RequestOf<"deleteQueued">,
): PortionDone {
  return inPortion(context, request, undefined, (id) => removeRecipient(context, id));
}

function inPortion(
  context: CommitContext,
  { filter, afterId }: QueuePortion,
  states: readonly number[] | undefined,
  act: (id: number) => void,
): PortionDone {
  const ids = matching(context, filter, { states, afterId });
  for (const id of ids) act(id);
  context.isQueueChanged = true;
  return { touched: ids.length, lastId: ids.at(-1) ?? afterId };
}

function matching(
  context: CommitContext,
  filter: QueueFilter,
  more: { readonly states: readonly number[] | undefined; readonly afterId: number },
): number[] {
  const { sql, values } = queueCondition(filter, more);
  return context.database
    .all<{ id: number }>(
      `SELECT recipient.id FROM recipient JOIN envelope ON envelope.id = envelope_id ${sql}`,
      ...values,
    )
    .map(({ id }) => id);
}

/** When a process closes: what it has in hand falls due at once. */
export function giveBackLeases(context: CommitContext): void {
  context.database.run(
    `UPDATE recipient SET state = ${WAITING}, leased_by = NULL, next_attempt_ms = 0
     WHERE state = ${LEASED} AND leased_by = ?`,
    context.writerId,
  );
}
