/**
 * Works the queue off: takes what is due, hands it to the agent of its transport, records what came
 * of it. Everything it knows it can learn again from the store, so another worker or a restart goes
 * on where it stopped.
 *
 * A fault in one job holds that job (Invariant 9); a fault of the store slows everything down and
 * loses nothing.
 */

import { isMailError } from "../../base/errors.ts";
import type { QueueJob, QueueRecipient } from "../../store/queue.ts";
import type { DeliveryAgent, RecipientOutcome } from "../agents/outcome.ts";
import type { ConnectionPool } from "../agents/remote/connection-pool.ts";
import type { MtaConfig } from "../config.ts";
import { deferralOf } from "./deferral.ts";
import type { OperatorWishes } from "./operator-wishes.ts";
import { AFTER_FAULT_MS, OutcomeRecorder, type RecorderDeps } from "./outcome-recorder.ts";
import { Sites, type SiteStatus } from "./sites.ts";

export type RunnerDeps = RecorderDeps & {
  readonly pool: ConnectionPool;
  /** The agent for a transport name. */
  readonly agentFor: (transport: string) => DeliveryAgent;
  readonly wishes: OperatorWishes;
  readonly worker: string;
};

export type RunnerConfig = Pick<MtaConfig, "queue" | "retry">;

/** Where the store cannot answer, or all that is due is busy: look again after this. */
const PATIENCE_MS = 1000;
const LONGEST_SLEEP_MS = 60 * 60_000;
/** For the QUITs of idle connections. */
const FAREWELL_MS = 2000;
/** Jobs for destinations that rest, looked through at once. */
const POSTPONED_AT_ONCE = 200;

export class QueueRunner {
  readonly #deps: RunnerDeps;
  readonly #config: RunnerConfig;
  readonly #sites: Sites;
  readonly #recorder: OutcomeRecorder;
  readonly #jobs: Set<Promise<void>> = new Set();
  #isRunning = false;
  #claiming: Promise<void> | undefined;
  #mustClaimAgain = false;
  #mustLookAtResting = false;
  #lookedAtRestingMs = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #stopListening: (() => void) | undefined;

  constructor(deps: RunnerDeps, config: RunnerConfig) {
    this.#deps = deps;
    this.#config = config;
    this.#sites = new Sites(deps.clock, deps.random, config.queue);
    this.#recorder = new OutcomeRecorder(deps, config.retry);
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
    await Promise.all(this.#sites.drainWaiting().map((job) => this.#recorder.giveBack(job)));
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

  /** What is under way by site, and which sites rest: for an operator to look at. */
  status(): readonly SiteStatus[] {
    return this.#sites.status();
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
      for (const job of this.#sites.beginnable()) this.#begin(job);
      do {
        this.#mustClaimAgain = false;
        if ((this.#deps.store.queue.nextDueMs() ?? 0) < 0) this.#mustLookAtResting = true;
        await this.#lookAtResting();
        const limit = this.#free();
        if (limit <= 0) break;
        const jobs = await this.#claimJobs(limit, this.#sites.rooms());
        await this.#take(jobs);
        if (jobs.length > 0) this.#mustClaimAgain = true;
      } while (this.#mustClaimAgain && this.#isRunning);
      this.#sleep();
    } catch (error) {
      // It will not open again under us.
      if (isMailError(error, "store-closed")) return;
      this.#deps.log.error("mta.claim-failed", error);
      this.#mustClaimAgain = false;
      this.#wakeIn(PATIENCE_MS);
    }
  }

  #claimJobs(
    limit: number,
    where: ReturnType<Sites["rooms"]> | { busy: Set<string>; only: Set<string> },
  ): Promise<readonly QueueJob[]> {
    const { store, clock, worker } = this.#deps;
    return store.queue.claim({
      worker,
      nowMs: clock.nowMs(),
      leaseMs: this.#config.queue.leaseMs,
      recipientsPerJob: this.#config.queue.recipientsPerTransaction,
      limit,
      ...where,
    });
  }

  /**
   * Mail for destinations that rest takes no turn of other mail's; but an operator's wish for it is
   * heeded, its sender hears of the delay, and in the end of the failure.
   */
  async #lookAtResting(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    const isTime = nowMs - this.#lookedAtRestingMs >= PATIENCE_MS;
    if (!isTime && !this.#mustLookAtResting) return;
    const only = this.#sites.resting();
    this.#mustLookAtResting = false;
    if (only.size === 0) return;
    this.#lookedAtRestingMs = nowMs;
    const jobs = await this.#claimJobs(POSTPONED_AT_ONCE, { busy: new Set(), only });
    await this.#take(jobs);
    if (jobs.length > 0) this.#mustLookAtResting = this.#mustClaimAgain = true;
  }

  /** Begins what may begin; mail for a destination that cannot be reached just now goes back. */
  async #take(claimed: readonly QueueJob[]): Promise<void> {
    const postponed: QueueJob[] = [];
    for (const job of claimed.flatMap(byWish)) {
      if (isInsteadOfAttempt(job.recipients[0])) {
        this.#track(this.#carryOut(job));
        continue;
      }
      this.#heedOperator(job);
      if (this.#sites.pause(job.destination) !== undefined) postponed.push(job);
      else if (this.#sites.admit(job)) this.#begin(job);
    }
    await this.#postpone(postponed);
  }

  #heedOperator({ destination, recipients }: QueueJob): void {
    for (const { askedForMs, wish } of recipients) {
      if (askedForMs === undefined) continue;
      if (wish === "flush") this.#sites.forgetPause(destination, askedForMs);
      else this.#sites.wake(destination, askedForMs);
    }
  }

  #free(): number {
    const { concurrency } = this.#config.queue;
    // Jobs that wait for their destination take no slot, but they are leased: not too many of them.
    if (this.#sites.waiting > concurrency * 10) return 0;
    return concurrency - this.#sites.running;
  }

  #sleep(): void {
    const dueMs = this.#deps.store.queue.nextDueMs();
    const waitMs = (dueMs ?? Number.POSITIVE_INFINITY) - this.#deps.clock.nowMs();
    // Due, but not ours to take now: a job that ends looks again anyway. What waits may do so for a rate.
    if (waitMs <= 0 || this.#sites.waiting > 0) this.#wakeIn(PATIENCE_MS);
    else if (dueMs !== undefined) this.#wakeIn(Math.min(waitMs, LONGEST_SLEEP_MS));
  }

  #wakeIn(delayMs: number): void {
    if (!this.#isRunning) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#deps.clock.setTimer(delayMs, () => this.#claim());
  }

  #begin(job: QueueJob): void {
    this.#track(
      this.#run(job).finally(() => {
        for (const next of this.#sites.finished(job)) {
          if (this.#isRunning) this.#begin(next);
          else void this.#recorder.giveBack(next);
        }
      }),
    );
  }

  #track(work: Promise<void>): void {
    const running = work.finally(() => {
      this.#jobs.delete(running);
      this.#claim();
    });
    this.#jobs.add(running);
  }

  /** Never rejects. */
  async #run(job: QueueJob): Promise<void> {
    const begunMs = this.#deps.clock.nowMs();
    try {
      const outcomes = await this.#deps.agentFor(job.transport).deliver(job);
      const postponed = this.#learn(job.destination, outcomes, begunMs);
      await this.#recorder.record(job, outcomes, begunMs);
      await this.#postpone(postponed);
    } catch (error) {
      await this.#faulted(job, error);
    }
  }

  /** An operator's end of it, or a new look at its address, takes no slot. Never rejects. */
  async #carryOut(job: QueueJob): Promise<void> {
    const begunMs = this.#deps.clock.nowMs();
    try {
      const outcomes = await this.#deps.wishes.carryOut(job);
      await this.#recorder.record(job, outcomes, begunMs);
    } catch (error) {
      await this.#faulted(job, error);
    }
  }

  async #faulted(job: QueueJob, error: unknown): Promise<void> {
    this.#deps.log.error("mta.job-failed", error, { queueId: job.message.queueId });
    const isOfStore = isMailError(error) && error.temporary;
    if (isOfStore) await this.#recorder.giveBack(job, AFTER_FAULT_MS);
    else await this.#recorder.quarantine(job, error);
  }

  /** Returns the jobs that need not be tried now. */
  #learn(
    destination: string,
    outcomes: readonly RecipientOutcome[],
    triedAtMs: number,
  ): readonly QueueJob[] {
    const site = outcomes.find((outcome) => outcome.site !== undefined)?.site;
    if (site !== undefined) this.#sites.learn(destination, site);
    const dead = outcomes.find((outcome) => outcome.isUnreachable === true);
    if (dead !== undefined) {
      const { problem } = dead;
      this.#mustLookAtResting = true;
      return this.#sites.unreachable(destination, { problem, triedAtMs, site });
    }
    this.#sites.reachable(destination);
    const isThrottled = (outcome: RecipientOutcome): boolean =>
      outcome.kind === "deferred" && deferralOf(outcome) === "throttled";
    if (outcomes.some(isThrottled)) this.#sites.throttled(destination);
    return [];
  }

  #postpone(jobs: readonly QueueJob[]): Promise<void> {
    return this.#recorder.postpone(jobs, ({ destination }) => this.#sites.pause(destination));
  }
}

function isInsteadOfAttempt({ wish }: QueueRecipient): boolean {
  return wish === "expire" || wish === "requeue";
}

/** A job for each wish instead of an attempt, and one for the rest. */
function byWish(job: QueueJob): QueueJob[] {
  if (!job.recipients.some(isInsteadOfAttempt)) return [job];
  const groups = Map.groupBy(job.recipients, (row) => (isInsteadOfAttempt(row) ? row.wish : ""));
  return [...groups.values()].map((recipients) => ({ ...job, recipients }));
}
