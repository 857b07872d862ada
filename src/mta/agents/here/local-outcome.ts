/** The outcome of an attempt that needed no other host, as the queue, the log and a report want it. */

import type { Clock } from "../../../base/clock.ts";
import type { QueueRecipient } from "../../../store/queue.ts";
import type { RecipientOutcome } from "../outcome.ts";

export type HereVerdict = Pick<RecipientOutcome, "kind" | "status" | "problem"> & {
  /** What a program said, for Diagnostic-Code. */
  readonly diagnostic?: string;
};

export function outcomeHere(
  recipient: QueueRecipient,
  verdict: HereVerdict,
  /** `pipe`, `mbox`: shown as the relay. */
  agent: string,
  clock: Clock,
  startedMs: number,
): RecipientOutcome {
  const durationMs = clock.monotonicMs() - startedMs;
  return {
    recipient,
    ...verdict,
    diagnostic: verdict.diagnostic,
    remoteHost: undefined,
    mustReportSuccess: recipient.notify?.includes("success") === true,
    isFinal: true,
    connectMs: 0,
    transferMs: durationMs,
    attempt: {
      atMs: clock.nowMs(),
      durationMs,
      host: agent,
      tls: undefined,
      reply: verdict.problem,
    },
  };
}

export function deferredHere(status: string, problem: string): HereVerdict {
  return { kind: "deferred", status, problem };
}

export function failedHere(status: string, problem: string): HereVerdict {
  return { kind: "failed", status, problem };
}
