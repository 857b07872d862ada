/** Queue rows as values, and filters as conditions; used on both sides of the store. */

import type { NotifyOn } from "../acceptance.ts";
import type {
  OperatorWish,
  QueuedMessage,
  QueueFilter,
  QueueRecipient,
  RecipientState,
} from "../queue.ts";
import type { MessageId } from "../octets.ts";
import type { Value } from "./database.ts";

/** Due, and in the order of rank. */
export const READY = 0;
export const LEASED = 1;
export const HELD = 2;
/** For its time; due once a claim finds that it has come. */
export const WAITING = 3;

const STATES: readonly RecipientState[] = ["due", "leased", "held", "due"];

/** Always written into the text of a statement: only a literal lets SQLite use the index of a state. */
export const STATE_NUMBERS: Readonly<Record<RecipientState, string>> = {
  due: `${READY}, ${WAITING}`,
  leased: `${LEASED}`,
  held: `${HELD}`,
};

const WISHES: readonly (OperatorWish | undefined)[] = [
  undefined,
  "retry",
  "flush",
  "expire",
  "requeue",
];

export function wishNumber(wish: OperatorWish): number {
  return WISHES.indexOf(wish);
}

export type RecipientRow = {
  readonly id: number;
  readonly queueId: string;
  readonly recipient: string;
  readonly originalRecipient: string | null;
  readonly notify: string | null;
  readonly transport: string;
  readonly destination: string;
  readonly state: number;
  readonly heldBecause: string | null;
  readonly attempts: number;
  readonly nextAttemptMs: number;
  readonly lastAttemptMs: number | null;
  readonly lastProblem: string | null;
  readonly lastStatus: string | null;
  readonly isDelayReported: number;
  readonly wish: number;
};

/** Without the queue id, which is the envelope's. */
export const RECIPIENT_COLUMNS = `recipient.id, recipient,
  original_recipient AS originalRecipient, notify, transport, destination, state,
  held_because AS heldBecause, attempts, next_attempt_ms AS nextAttemptMs,
  last_attempt_ms AS lastAttemptMs, last_problem AS lastProblem, last_status AS lastStatus,
  is_delay_reported AS isDelayReported, wish`;

export function recipientOf(row: RecipientRow): QueueRecipient {
  return {
    recipientId: row.id,
    queueId: row.queueId,
    recipient: row.recipient,
    originalRecipient: row.originalRecipient ?? undefined,
    notify: notifyOf(row.notify),
    transport: row.transport,
    destination: row.destination,
    state: STATES[row.state],
    heldBecause: row.heldBecause ?? undefined,
    attempts: row.attempts,
    nextAttemptMs: Math.abs(row.nextAttemptMs),
    // Negative: see `wish`.
    askedForMs: row.nextAttemptMs < 0 ? -row.nextAttemptMs : undefined,
    wish: WISHES[row.wish],
    lastAttemptMs: row.lastAttemptMs ?? undefined,
    lastProblem: row.lastProblem ?? undefined,
    lastStatus: row.lastStatus ?? undefined,
    isDelayReported: row.isDelayReported !== 0,
  };
}

/** "" is NEVER, null was not said. */
function notifyOf(text: string | null): readonly NotifyOn[] | undefined {
  if (text === null) return undefined;
  return text === "" ? [] : (text.split(",") as NotifyOn[]);
}

export type EnvelopeRow = {
  readonly id: number;
  readonly queueId: string;
  readonly messageId: MessageId;
  readonly reversePath: string;
  readonly envid: string | null;
  readonly ret: "full" | "headers" | null;
  readonly smtpUtf8: number;
  readonly body: QueuedMessage["body"];
  readonly prefix: Uint8Array;
  readonly arrivedAtMs: number;
  readonly submittedBy: string | null;
  readonly tls: "required" | "waived" | null;
  readonly byUntilMs: number | null;
  readonly byMode: "notify" | "return" | null;
  readonly byTrace: number;
  readonly longLines: number;
  readonly priority: number;
  readonly sizeOctets: number;
};

export const ENVELOPE_COLUMNS = `envelope.id, queue_id AS queueId, message_id AS messageId,
  reverse_path AS reversePath, envid, ret, smtp_utf8 AS smtpUtf8, body, prefix,
  envelope.arrived_at_ms AS arrivedAtMs, submitted_by AS submittedBy, size_octets AS sizeOctets, tls,
  by_until_ms AS byUntilMs, by_mode AS byMode, by_trace AS byTrace, long_lines AS longLines, priority`;

export function queuedMessageOf(row: EnvelopeRow): QueuedMessage {
  return {
    queueId: row.queueId,
    messageId: row.messageId,
    reversePath: row.reversePath,
    envid: row.envid ?? undefined,
    ret: row.ret ?? undefined,
    smtpUtf8: row.smtpUtf8 !== 0,
    body: row.body,
    prefix: row.prefix,
    arrivedAtMs: row.arrivedAtMs,
    submittedBy: row.submittedBy ?? undefined,
    tls: row.tls ?? undefined,
    deliverBy:
      row.byUntilMs === null || row.byMode === null
        ? undefined
        : { untilMs: row.byUntilMs, mode: row.byMode, trace: row.byTrace !== 0 },
    hasLongLines: row.longLines !== 0,
    priority: row.priority,
    sizeOctets: row.sizeOctets,
  };
}

const DEFAULT_LIMIT = 1_000_000_000;

/** WHERE, ORDER and LIMIT for `recipient JOIN envelope`; every value that came from outside is a parameter. */
export function queueCondition(
  filter: QueueFilter,
  more: { readonly states?: readonly number[]; readonly afterId?: number } = {},
): { readonly sql: string; readonly values: Value[] } {
  const conditions: string[] = [];
  const values: Value[] = [];
  const add = (condition: string, value: Value | undefined): void => {
    if (value === undefined) return;
    conditions.push(condition);
    values.push(value);
  };
  add("queue_id = ?", filter.queueId);
  add("reverse_path = ?", filter.sender);
  add("recipient = ?", filter.recipient);
  const domain = filter.domain?.toLowerCase();
  if (domain !== undefined && filter.subdomainsToo === true) {
    conditions.push("substr('.' || domain, ?) = ?");
    values.push(-domain.length - 1, `.${domain}`);
  } else add("domain = ?", domain);
  add("destination = ?", filter.destination?.toLowerCase());
  add("transport = ?", filter.transport);
  add("attempts >= ?", filter.attempts);
  add("recipient.arrived_at_ms < ?", filter.arrivedBeforeMs);
  add("recipient.arrived_at_ms > ?", filter.arrivedAfterMs);
  add("recipient.id > ?", more.afterId);
  if (filter.state !== undefined) conditions.push(`state IN (${STATE_NUMBERS[filter.state]})`);
  if (more.states !== undefined) conditions.push(`state IN (${more.states.join(", ")})`);
  values.push(filter.limit ?? DEFAULT_LIMIT);
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return { sql: `${where} ORDER BY recipient.id LIMIT ?`, values };
}
