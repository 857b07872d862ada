/**
 * Works the queue off: takes what is due, hands it to the agent of its transport, records what came
 * of it. Everything it knows it can learn again from the store, so another worker or a restart goes
 * on where it stopped.
 *
 * A fault in one job holds that job (Invariant 9); a fault of the store slows everything down and
 * loses nothing.
 */

import type { Clock } from "../../base/clock.ts";
import { isMailError, type ErrorCode } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Store } from "../../store/contract.ts";
import type { QueueJob } from "../../store/queue.ts";
import type { DeliveryAgent, RecipientOutcome } from "../agents/outcome.ts";
import type { ConnectionPool } from "../agents/remote/connection-pool.ts";
import type { MtaConfig } from "../config.ts";
import type { ReportGatherer } from "../dsn/report-gatherer.ts";
import { Destinations } from "./destinations.ts";
import { logOutcome } from "./outcome-log.ts";
import { postponementMs } from "./retry-schedule.ts";
import { settleJob, type SettledJob, type SettlingDeps } from "./settle-job.ts";

export type RunnerDeps = SettlingDeps & {
  readonly gatherer: ReportGatherer;
  readonly store: Pick<Store, "queue" | "directory">;
  readonly clock: Clock;
  readonly log: Log;
  readonly pool: ConnectionPool;
  /** The agent for a transport name. */
  readonly agentFor: (transport: string) => DeliveryAgent;
  readonly worker: string;
};

/** Where the store cannot answer, or all that is due is busy: look again after this. */
const PATIENCE_MS = 1000;
/** When the store failed while a job was in hand. */
const AFTER_FAULT_MS = 60_000;
const LONGEST_SLEEP_MS = 60 * 60_000;
/** For the QUITs of idle connections. */
const FAREWELL_MS = 2000;
const SETTLE_TRIES = 8;
const MOMENTARY: ReadonlySet<ErrorCode> = new Set(["store-busy", "disk-full", "disk-failed"]);

export class QueueRunner {
  readonly #deps: RunnerDeps;
  readonly #config: Pick<MtaConfig, "queue" | "retry">;
  readonly #destinations: Destinations;
  readonly #jobs: Set<Promise<void>> = new Set();
  #isRunning = false;
  #claiming: Promise<void> | undefined;
  #mustClaimAgain = false;
  #cancelTimer: (() => void) | undefined;
  #stopListening: (() => void) | undefined;

  constructor(deps: RunnerDeps, config: Pick<MtaConfig, "queue" | "retry">) {
    this.#deps = deps;
    this.#config = config;
    this.#destinations = new Destinations(deps.clock, config.queue.concurrencyPerDestination);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#deps.gatherer.start();
    this.#stopListening = this.#deps.store.queue.onDue(() => this.#claim());
    this.#claim();
  }

  /**
   * Takes no more jobs, gives back those that wait, and waits for those under way, at most `drainMs`.
   * What is not finished by then stays leased to this worker and falls due at the next start.
   */
  async stop(drainMs = 30_000): Promise<void> {
    this.#isRunning = false;
    this.#cancelTimer?.();
    this.#stopListening?.();
    await this.#claiming;
    await Promise.all(this.#destinations.drainWaiting().map((job) => this.#giveBack(job)));
    await this.#atMost(drainMs, Promise.all(this.#jobs));
    await this.#deps.gatherer.stop();
    await this.#atMost(FAREWELL_MS, this.#deps.pool.close());
  }

  async #atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
    const deadline = new AbortController();
    const done = work.then(() => deadline.abort());
    await Promise.race([done, this.#deps.clock.sleep(limitMs, deadline.signal)]);
  }

  /** Resolves when nothing is under way and nothing is due. For tests, and for a queue run by hand. */
  async idle(): Promise<void> {
    const { gatherer } = this.#deps;
    while (this.#claiming !== undefined || this.#jobs.size > 0 || !gatherer.isIdle) {
      await this.#claiming;
      await Promise.all(this.#jobs);
      await gatherer.idle();
    }
  }

  #claim(): void {
    if (!this.#isRunning) return;
    if (this.#claiming !== undefined) {
      this.#mustClaimAgain = true;
      return;
    }
    this.#claiming = this.#claimAll().finally(() => {
      this.#claiming = undefined;
      // Somebody asked after the last look.
      if (this.#mustClaimAgain) this.#claim();
    });
  }

  /** Never rejects: a store that fails is asked again. */
  async #claimAll(): Promise<void> {
    this.#cancelTimer?.();
    try {
      do {
        this.#mustClaimAgain = false;
        const limit = this.#free();
        if (limit <= 0) return;
        const jobs = await this.#claimJobs(limit);
        await this.#take(jobs);
        if (jobs.length > 0) this.#mustClaimAgain = true;
      } while (this.#mustClaimAgain && this.#isRunning);
      this.#sleep();
    } catch (error) {
      this.#deps.log.error("mta.claim-failed", error);
      this.#mustClaimAgain = false;
      this.#wakeIn(PATIENCE_MS);
    }
  }

  #claimJobs(limit: number): Promise<readonly QueueJob[]> {
    const { store, clock, worker } = this.#deps;
    return store.queue.claim({
      worker,
      nowMs: clock.nowMs(),
      leaseMs: this.#config.queue.leaseMs,
      limit,
      busy: this.#destinations.busy(),
    });
  }

  /** Begins what may begin; mail for a destination that cannot be reached just now goes back. */
  async #take(jobs: readonly QueueJob[]): Promise<void> {
    const postponed: QueueJob[] = [];
    for (const job of jobs) {
      this.#heedOperator(job);
      if (this.#destinations.pause(job.destination) !== undefined) postponed.push(job);
      else if (this.#destinations.admit(job)) this.#begin(job);
    }
    await this.#postpone(postponed);
  }

  #heedOperator({ destination, recipients }: QueueJob): void {
    for (const { askedForMs } of recipients) {
      if (askedForMs !== undefined) this.#destinations.wake(destination, askedForMs);
    }
  }

  #free(): number {
    const { concurrency } = this.#config.queue;
    // Jobs that wait for their destination take no slot, but they are leased: not too many of them.
    if (this.#destinations.waiting > concurrency * 10) return 0;
    return concurrency - this.#destinations.running;
  }

  #sleep(): void {
    const dueMs = this.#deps.store.queue.nextDueMs();
    if (dueMs === undefined) return;
    const waitMs = dueMs - this.#deps.clock.nowMs();
    // Due, but not ours to take now: a job that ends looks again anyway.
    this.#wakeIn(waitMs <= 0 ? PATIENCE_MS : Math.min(waitMs, LONGEST_SLEEP_MS));
  }

  #wakeIn(delayMs: number): void {
    if (!this.#isRunning) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#deps.clock.setTimer(delayMs, () => this.#claim());
  }

  #begin(job: QueueJob): void {
    const running = this.#run(job).finally(() => {
      this.#jobs.delete(running);
      for (const next of this.#destinations.finished(job.destination)) {
        if (this.#isRunning) this.#begin(next);
        else void this.#giveBack(next);
      }
      this.#claim();
    });
    this.#jobs.add(running);
  }

  /** Never rejects. */
  async #run(job: QueueJob): Promise<void> {
    const { clock, log, store, agentFor } = this.#deps;
    const begunMs = clock.nowMs();
    try {
      const outcomes = await agentFor(job.transport).deliver(job);
      const postponed = this.#learn(job.destination, outcomes, begunMs);
      await this.#record(job, outcomes, begunMs);
      await this.#postpone(postponed);
    } catch (error) {
      log.error("mta.job-failed", error, { queueId: job.message.queueId });
      if (isMailError(error) && error.temporary) return await this.#giveBack(job, AFTER_FAULT_MS);
      // Our bug, or octets that cannot be read: this message is set aside, the others flow.
      const reason = `quarantined: ${error instanceof Error ? error.message : "unknown fault"}`;
      await store.queue.hold({ queueId: job.message.queueId }, reason).catch(() => 0);
    }
  }

  /** Returns the jobs that need not be tried now. */
  #learn(
    destination: string,
    outcomes: readonly RecipientOutcome[],
    begunMs: number,
  ): readonly QueueJob[] {
    const dead = outcomes.find((outcome) => outcome.isUnreachable === true);
    if (dead !== undefined) {
      return this.#destinations.unreachable(destination, dead.problem, begunMs);
    }
    this.#destinations.reachable(destination);
    return [];
  }

  async #record(
    job: QueueJob,
    outcomes: readonly RecipientOutcome[],
    begunMs: number,
  ): Promise<void> {
    const { clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    const settle = (them: readonly RecipientOutcome[]): SettledJob =>
      settleJob(job.message, them, nowMs, this.#deps, this.#config.retry);
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

  /**
   * Nothing was tried; the mail waits with the other mail for its destination. All in one commit,
   * for there may be much of it. Never rejects.
   */
  async #postpone(jobs: readonly QueueJob[]): Promise<void> {
    if (jobs.length === 0) return;
    const { clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    try {
      const settled = jobs.map((job) => {
        const pause = this.#destinations.pause(job.destination);
        const outcomes = postponedOutcomes(job, pause?.problem);
        const waitMs = postponementMs(job.message, nowMs, pause?.forMs ?? 0, this.#config.retry);
        return settleJob(job.message, outcomes, nowMs, this.#deps, this.#config.retry, waitMs);
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
      await Promise.all(jobs.map((job) => this.#giveBack(job, AFTER_FAULT_MS)));
    }
  }

  async #giveBack(job: QueueJob, delayMs = 0): Promise<void> {
    const nextAttemptMs = this.#deps.clock.nowMs() + delayMs;
    const settlements = job.recipients.map(({ recipientId }) => ({
      recipientId,
      outcome: "deferred" as const,
      nextAttemptMs,
    }));
    // If this fails the lease lapses, and the mail falls due all the same.
    await this.#deps.store.queue.settle(settlements, []).catch(() => {});
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
