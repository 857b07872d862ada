/** When a recipient is tried again, and when no more (RFC 5321 §4.5.4.1). */

import type { QueuedMessage } from "../../store/queue.ts";
import type { RetryConfig } from "../config.ts";

/** The wait after `attempts` failed ones, varied by a chance from 0 to 1. */
export function retryDelayMs(attempts: number, config: RetryConfig, chance: number): number {
  const { firstMs, growth, maxMs, jitter } = config;
  const plain = Math.min(maxMs, firstMs * growth ** Math.max(0, attempts - 1));
  return plain * (1 + jitter * (2 * chance - 1));
}

/** After this moment a deferral is a failure. */
export function expiryMs(
  message: Pick<QueuedMessage, "arrivedAtMs" | "reversePath"> &
    Partial<Pick<QueuedMessage, "deliverBy">>,
  config: RetryConfig,
): number {
  const lifeMs = message.reversePath === "" ? config.expireReportsAfterMs : config.expireAfterMs;
  const endMs = message.arrivedAtMs + lifeMs;
  const { deliverBy } = message;
  return deliverBy?.mode === "return" ? Math.min(endMs, deliverBy.untilMs) : endMs;
}

/**
 * When the sender hears that mail is late: at the time the sender has named (RFC 2852, mode N; one
 * that had passed when the mail came was told elsewhere), or as the operator has set it.
 */
export function lateFromMs(
  { arrivedAtMs, deliverBy }: Pick<QueuedMessage, "arrivedAtMs" | "deliverBy">,
  { delayNoticeAfterMs }: RetryConfig,
): number {
  if (deliverBy?.mode === "notify" && deliverBy.untilMs > arrivedAtMs) return deliverBy.untilMs;
  return delayNoticeAfterMs > 0 ? arrivedAtMs + delayNoticeAfterMs : Number.POSITIVE_INFINITY;
}

/**
 * How long mail waits that was not tried because its destination rests: until that has ended, and
 * the longer the older it is, so that a large backlog is not gone through again and again.
 */
export function postponementMs(
  message: Pick<QueuedMessage, "arrivedAtMs">,
  nowMs: number,
  pauseMs: number,
  { maxMs }: RetryConfig,
): number {
  const ageMs = nowMs - message.arrivedAtMs;
  return Math.max(pauseMs, Math.min(maxMs, ageMs / 4));
}
