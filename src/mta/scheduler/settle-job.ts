/**
 * From the outcomes of one job to what the store records: settlements, and in the same transaction
 * what their senders are to hear (Invariant 5). Decides about retry, expiry, and who is told what
 * (RFC 3461 §6); does nothing itself.
 */

import type { Random } from "../../base/random.ts";
import type { Acceptance } from "../../store/acceptance.ts";
import type { OwedKind, OwedRecipient, OwedReport } from "../../store/owed-report.ts";
import type { QueuedMessage, QueueRecipient, Settlement } from "../../store/queue.ts";
import type { RecipientOutcome } from "../agents/outcome.ts";
import type { RetryConfig } from "../config.ts";
import { LOCAL_TRANSPORT } from "../agents/transports.ts";
import { deferralOf, fittedDelayMs } from "./deferral.ts";
import { expiryMs, lateFromMs, retryDelayMs } from "./retry-schedule.ts";

export type SettlingDeps = {
  readonly random: Random;
};

export type SettledJob = {
  readonly settlements: readonly Settlement[];
  /** What the agent files with the settlement. */
  readonly filings: readonly Acceptance[];
  readonly owed: readonly OwedReport[];
  /** The outcomes as they were decided: an expired deferral is a failure. */
  readonly outcomes: readonly RecipientOutcome[];
};

export function settleJob(
  message: QueuedMessage,
  outcomes: readonly RecipientOutcome[],
  nowMs: number,
  deps: SettlingDeps,
  config: RetryConfig,
  /** How long deferred recipients wait; default: by the schedule. */
  waitMs?: number,
): SettledJob {
  const untilMs = expiryMs(message, config);
  const isOverdue = message.deliverBy?.mode === "return" && nowMs >= message.deliverBy.untilMs;
  // RFC 3463: delivery time expired, the sender's (RFC 2852 §4.1.4) or the queue's.
  const status = isOverdue ? "5.4.7" : "4.4.7";
  const decided = outcomes.map((outcome) => expire(outcome, nowMs >= untilMs, status));
  const late = decided.filter((outcome) => isLate(outcome, message, nowMs, config));
  // One for all, so that recipients of one transaction go together again.
  const chance = deps.random.float();
  const settlements = decided.map((outcome) =>
    settlement(outcome, {
      nextAttemptMs: nextAttemptMs(
        outcome,
        nowMs,
        Math.min(untilMs, noticeMs(outcome, message, nowMs, config)),
        waitMs ?? scheduledMs(outcome, chance, config),
      ),
      isDelayReported: late.includes(outcome) ? true : undefined,
    }),
  );
  return {
    settlements,
    filings: decided.flatMap((outcome) => outcome.acceptance ?? []),
    owed: owedReports(message, decided, late, untilMs, nowMs + config.gatherReportsMs),
    outcomes: decided,
  };
}

/** What the hosts said stays in the diagnostic. */
function expire(outcome: RecipientOutcome, isExpired: boolean, status: string): RecipientOutcome {
  if (outcome.kind !== "deferred" || !isExpired) return outcome;
  return { ...outcome, kind: "failed", status };
}

function scheduledMs(outcome: RecipientOutcome, chance: number, config: RetryConfig): number {
  const attempts = outcome.recipient.attempts + (outcome.attempt === undefined ? 0 : 1);
  const plainMs = retryDelayMs(attempts, config, chance);
  return fittedDelayMs(plainMs, deferralOf(outcome), attempts, config);
}

/** A time that the sender has named is looked at then, so that the notice comes in time. */
function noticeMs(
  { recipient }: RecipientOutcome,
  message: QueuedMessage,
  nowMs: number,
  config: RetryConfig,
): number {
  const isNamed = message.deliverBy?.mode === "notify" && !recipient.isDelayReported;
  const atMs = isNamed ? lateFromMs(message, config) : Number.POSITIVE_INFINITY;
  return atMs > nowMs ? atMs : Number.POSITIVE_INFINITY;
}

function nextAttemptMs(
  { kind }: RecipientOutcome,
  nowMs: number,
  untilMs: number,
  waitMs: number,
): number | undefined {
  if (kind !== "deferred") return undefined;
  const nextMs = nowMs + waitMs;
  // The last attempt is made when time is up, not left out.
  return nextMs > untilMs && nowMs < untilMs ? untilMs : nextMs;
}

function isLate(
  { kind, recipient }: RecipientOutcome,
  message: QueuedMessage,
  nowMs: number,
  config: RetryConfig,
): boolean {
  return (
    kind === "deferred" &&
    !recipient.isDelayReported &&
    nowMs >= lateFromMs(message, config) &&
    wants(recipient, "delay") &&
    message.reversePath !== ""
  );
}

/** RFC 3461 §4.1: who said nothing hears of failures and delays. */
function wants({ notify }: QueueRecipient, what: "failure" | "delay"): boolean {
  return notify === undefined || notify.includes(what);
}

function settlement(
  { recipient, kind, status, problem, attempt }: RecipientOutcome,
  more: Pick<Settlement, "nextAttemptMs" | "isDelayReported">,
): Settlement {
  return { recipientId: recipient.recipientId, outcome: kind, status, problem, attempt, ...more };
}

function owedReports(
  message: QueuedMessage,
  decided: readonly RecipientOutcome[],
  late: readonly RecipientOutcome[],
  untilMs: number,
  dueMs: number,
): OwedReport[] {
  const failed = decided.filter(
    ({ kind, recipient }) => kind === "failed" && wants(recipient, "failure"),
  );
  // A broken target of an alias of ours is no business of a stranger's, who may be forged (security row 49).
  const isInternal = ({ recipient }: RecipientOutcome): boolean =>
    recipient.transport === LOCAL_TRANSPORT && message.submittedBy === undefined;
  const relayed = decided.filter(
    ({ kind, mustReportSuccess }) => kind === "delivered" && mustReportSuccess,
  );
  const owed = (
    kind: OwedKind,
    outcomes: readonly RecipientOutcome[],
    willRetryUntilMs?: number,
  ): OwedReport => {
    const recipients = outcomes.map((outcome) => reported(outcome, willRetryUntilMs));
    return { kind, message: owedMessage(message), recipients, dueMs };
  };
  return [
    owed(
      "failed",
      failed.filter((each) => !isInternal(each)),
    ),
    owed("internal", failed.filter(isInternal)),
    owed("delayed", late, untilMs),
    owed("success", relayed),
  ].filter(({ recipients }) => recipients.length > 0);
}

/** Without what else travels with a message: these values cross to the store's thread. */
function owedMessage(message: QueuedMessage): OwedReport["message"] {
  const { queueId, messageId, reversePath, envid, ret } = message;
  const { arrivedAtMs, submittedBy, sizeOctets, tls, priority } = message;
  const wishes = { envid, ret, tls, priority };
  return { queueId, messageId, reversePath, arrivedAtMs, submittedBy, sizeOctets, ...wishes };
}

function reported(outcome: RecipientOutcome, willRetryUntilMs: number | undefined): OwedRecipient {
  const { recipient, kind, status, problem, remoteHost, diagnostic, attempt } = outcome;
  const isFinal = outcome.isFinal ?? recipient.transport === LOCAL_TRANSPORT;
  const delivered = isFinal ? "delivered" : "relayed";
  return {
    recipient: recipient.recipient,
    originalRecipient: recipient.originalRecipient,
    action: kind === "failed" ? "failed" : kind === "deferred" ? "delayed" : delivered,
    status,
    problem: kind === "delivered" ? takenBy(isFinal) : problem,
    remoteHost,
    diagnostic,
    lastAttemptMs: attempt?.atMs ?? recipient.lastAttemptMs,
    willRetryUntilMs,
  };
}

function takenBy(isFinal: boolean): string {
  return isFinal
    ? "is where it should be."
    : "was taken by the next system. What becomes of it there, only that system can say.";
}
