/**
 * Records what came of jobs: settlements and reports in one transaction, again if the store is busy
 * for a moment, and one log line for each recipient. Also gives back what was not tried.
 */

import type { Clock } from "../../base/clock.ts";
import { isMailError, type ErrorCode } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Store } from "../../store/contract.ts";
import type { QueueJob } from "../../store/queue.ts";
import type { RecipientOutcome } from "../agents/outcome.ts";
import type { RetryConfig } from "../config.ts";
import type { ReportGatherer } from "../dsn/report-gatherer.ts";
import { logOutcome } from "./outcome-log.ts";
import { postponementMs } from "./retry-schedule.ts";
import { settleJob, type SettledJob, type SettlingDeps } from "./settle-job.ts";

export type RecorderDeps = SettlingDeps & {
  readonly gatherer: ReportGatherer;
  readonly store: Pick<Store, "queue" | "directory">;
  readonly clock: Clock;
  readonly log: Log;
};

/** Why a job is not tried now, and for how long. */
export type PauseOf = (
  job: QueueJob,
) => { readonly forMs: number; readonly problem: string } | undefined;

const PATIENCE_MS = 1000;
/** When the store failed while a job was in hand. */
export const AFTER_FAULT_MS = 60_000;
const SETTLE_TRIES = 8;
const MOMENTARY: ReadonlySet<ErrorCode> = new Set(["store-busy", "disk-full", "disk-failed"]);

export class OutcomeRecorder {
  readonly #deps: RecorderDeps;
  readonly #retry: RetryConfig;

  constructor(deps: RecorderDeps, retry: RetryConfig) {
    this.#deps = deps;
    this.#retry = retry;
  }

  /** Rejects when the store fails for longer than a moment. */
  async record(
    job: QueueJob,
    outcomes: readonly RecipientOutcome[],
    begunMs: number,
  ): Promise<void> {
    const { clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    const settle = (them: readonly RecipientOutcome[]): SettledJob =>
      settleJob(job.message, them, nowMs, this.#deps, this.#retry);
    let settled = settle(outcomes);
    try {
      await this.#settle(settled.settlements, settled.filings, settled.owed);
    } catch (error) {
      // A mailbox has filled up, or gone, since we looked: copies for it wait.
      if (!isMailError(error, "over-quota") && !isMailError(error, "not-found")) throw error;
      settled = settle(outcomes.map(withoutFiling));
      await this.#settle(settled.settlements, settled.filings, settled.owed);
    }
    this.#deps.gatherer.settled(job.message.queueId, settled.owed.length > 0);
    for (const outcome of settled.outcomes) {
      const queuedMs = begunMs - outcome.recipient.nextAttemptMs;
      logOutcome(log, job.message, outcome, nowMs, queuedMs);
    }
  }

  /**
   * Nothing was tried; the mail waits with the other mail for its destination. All in one commit,
   * for there may be much of it. Never rejects.
   */
  async postpone(jobs: readonly QueueJob[], pauseOf: PauseOf): Promise<void> {
    if (jobs.length === 0) return;
    const { clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    try {
      const settled = jobs.map((job) => {
        const pause = pauseOf(job);
        const outcomes = postponedOutcomes(job, pause?.problem);
        const waitMs = postponementMs(job.message, nowMs, pause?.forMs ?? 0, this.#retry);
        return settleJob(job.message, outcomes, nowMs, this.#deps, this.#retry, waitMs);
      });
      await this.#settle(
        settled.flatMap(({ settlements }) => settlements),
        settled.flatMap(({ filings }) => filings),
        settled.flatMap(({ owed }) => owed),
      );
      for (const [index, { owed }] of settled.entries()) {
        this.#deps.gatherer.settled(jobs[index].message.queueId, owed.length > 0);
      }
      log.info("mta.postponed", { messages: jobs.length, destination: jobs[0].destination });
      for (const [index, { outcomes }] of settled.entries()) {
        for (const outcome of outcomes) {
          if (outcome.kind === "failed") logOutcome(log, jobs[index].message, outcome, nowMs, 0);
        }
      }
    } catch (error) {
      log.error("mta.not-postponed", error, { messages: jobs.length });
      await Promise.all(jobs.map((job) => this.giveBack(job, AFTER_FAULT_MS)));
    }
  }

  /** Due again after a while, as if it had not been taken. Never rejects. */
  async giveBack(job: QueueJob, delayMs = 0): Promise<void> {
    const nextAttemptMs = this.#deps.clock.nowMs() + delayMs;
    const settlements = job.recipients.map(({ recipientId }) => ({
      recipientId,
      outcome: "deferred" as const,
      nextAttemptMs,
    }));
    // If this fails the lease lapses, and the mail falls due all the same.
    await this.#deps.store.queue.settle(settlements, []).catch(() => {});
  }

  /** Our bug, or octets that cannot be read: this message is set aside, the others flow. */
  async quarantine(job: QueueJob, error: unknown): Promise<void> {
    const reason = `quarantined: ${error instanceof Error ? error.message : "unknown fault"}`;
    await this.#deps.store.queue.hold({ queueId: job.message.queueId }, reason).catch(() => 0);
  }

  /** The mail may be gone already: its outcome must not be lost for a store that is busy for a moment. */
  async #settle(...record: Parameters<Store["queue"]["settle"]>): Promise<void> {
    const { store, clock, log } = this.#deps;
    for (let tries = 1; ; tries++) {
      try {
        return await store.queue.settle(...record);
      } catch (error) {
        const isMomentary = isMailError(error) && MOMENTARY.has(error.code);
        if (!isMomentary || tries >= SETTLE_TRIES) throw error;
        log.warn("mta.settle-again", { tries, problem: error.message });
        await clock.sleep(PATIENCE_MS * tries);
      }
    }
  }
}

function withoutFiling(outcome: RecipientOutcome): RecipientOutcome {
  if (outcome.acceptance === undefined) return outcome;
  const problem = "The mailbox could not take the message.";
  return { ...outcome, acceptance: undefined, kind: "deferred", status: "4.2.2", problem };
}

function postponedOutcomes(job: QueueJob, problem: string | undefined): RecipientOutcome[] {
  return job.recipients.map((recipient) => ({
    recipient,
    kind: "deferred",
    status: "4.4.1",
    problem: `not tried, since a moment ago: ${problem ?? "it could not be reached"}`,
    remoteHost: undefined,
    diagnostic: undefined,
    mustReportSuccess: false,
    attempt: undefined,
    connectMs: 0,
    transferMs: 0,
  }));
}
