/** One line for each recipient and attempt: what an operator searches for (mta.md, lesson 7). */

import type { Log } from "../../base/log.ts";
import type { QueuedMessage } from "../../store/queue.ts";
import type { RecipientOutcome } from "../agents/outcome.ts";

export function logOutcome(
  log: Log,
  message: QueuedMessage,
  outcome: RecipientOutcome,
  nowMs: number,
  /** From falling due to the beginning of the attempt. */
  queuedMs: number,
): void {
  const { recipient, kind, status, problem, attempt, connectMs, transferMs } = outcome;
  log.info("mta.outcome", {
    queueId: message.queueId,
    from: message.reversePath,
    to: recipient.recipient,
    originalTo: recipient.originalRecipient,
    relay: attempt?.host === undefined || attempt.host === "" ? "none" : attempt.host,
    delayMs: Math.max(0, nowMs - message.arrivedAtMs),
    queuedMs: Math.max(0, Math.round(queuedMs)),
    connectMs: Math.round(connectMs),
    transferMs: Math.round(transferMs),
    tls: attempt?.tls ?? "none",
    dsn: status,
    status: kind,
    attempts: recipient.attempts + (attempt === undefined ? 0 : 1),
    reply: problem,
  });
}
