/** Reports owed to senders, as the reading connection sees them. */

import type { DueReport, OwedKind, OwedMessage, OwedRecipient } from "../owed-report.ts";
import type { Database } from "./database.ts";

type GroupRow = { readonly queueId: string; readonly kind: OwedKind };

type OwedRow = {
  readonly id: number;
  readonly dueMs: number;
  readonly about: string;
  readonly recipient: string;
};

/** Recipients of one report; further ones come in the next. */
const MAX_RECIPIENTS = 1000;
const HELD = 2;
const LEASED = 1;

/** Of more of a message than this nobody looks who is in hand: its reports have their time. */
const MANY_RECIPIENTS = 500;

/** Somebody of the message is being tried, or about to be. */
const IN_HAND = `EXISTS (SELECT 1 FROM envelope WHERE envelope.queue_id = owed.queueId
  AND (recipients > ${MANY_RECIPIENTS} OR EXISTS (SELECT 1 FROM recipient WHERE envelope_id = envelope.id
    AND (state = ${LEASED} OR (state <> ${HELD} AND next_attempt_ms <= ?1)))))`;

export function dueReports(
  database: Database,
  request: { readonly nowMs: number; readonly queueId?: string; readonly limit: number },
): DueReport[] {
  const { nowMs, limit, queueId } = request;
  const about = queueId === undefined ? "" : "WHERE queue_id = ?3";
  // By message, not by recipient: many may be owed of one, and each would be looked after.
  const groups = database.all<GroupRow>(
    `SELECT queueId, kind FROM (SELECT queue_id AS queueId, kind, min(due_ms) AS dueMs
       FROM owed_report ${about} GROUP BY queue_id, kind) AS owed
     WHERE dueMs <= ?1 OR NOT ${IN_HAND} LIMIT ?2`,
    nowMs,
    limit,
    ...(queueId === undefined ? [] : [queueId]),
  );
  return groups.flatMap((group) => readGroup(database, group) ?? []);
}

function readGroup(database: Database, { queueId, kind }: GroupRow): DueReport | undefined {
  const rows = database.all<OwedRow>(
    `SELECT id, due_ms AS dueMs, about, recipient FROM owed_report WHERE queue_id = ? AND kind = ? ORDER BY id LIMIT ${MAX_RECIPIENTS}`,
    queueId,
    kind,
  );
  if (rows.length === 0) return undefined;
  return {
    kind,
    ids: rows.map(({ id }) => id),
    message: messageOf(rows[0]),
    recipients: rows.map(({ recipient }) => JSON.parse(recipient) as OwedRecipient),
    dueMs: rows[0].dueMs,
  };
}

/** JSON knows no undefined: what was not said is not there. */
function messageOf({ about }: OwedRow): OwedMessage {
  const read = JSON.parse(about) as OwedMessage;
  const { envid, ret, submittedBy, tls } = read;
  return { ...read, envid, ret, submittedBy, tls };
}
