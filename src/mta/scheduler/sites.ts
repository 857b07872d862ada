/**
 * What the runner knows of each site at hand: deliveries under way, jobs that wait for their turn,
 * and whether nothing can get through just now. Shares the slots for deliveries out: one site may
 * have as many as are left free, so that slow ones never have them all, and the last tenth is for
 * sites that have none. Only a hint, in memory, bounded; the truth is in the queue.
 */

import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { QueueJob, SiteRoom } from "../../store/queue.ts";
import type { QueueLimits } from "../config.ts";
import { limitsFor } from "./destination-limits.ts";
import { SiteGauge } from "./site-gauge.ts";
import { SiteNames } from "./site-names.ts";

const MAX_GAUGES = 10_000;
/** Of one site: a claim is told of no more. What else comes for it waits here for its turn. */
const MAX_DESTINATIONS = 1000;
/** Of the slots, for sites that have none. */
const RESERVE = 0.1;

export type SitesConfig = Pick<
  QueueLimits,
  "concurrency" | "concurrencyPerDestination" | "firstConcurrency" | "limits"
>;

/** A site at hand, for an operator to look at. */
export type SiteStatus = {
  readonly site: string;
  /** Some of the destinations whose mail goes there. */
  readonly destinations: readonly string[];
  readonly running: number;
  readonly waiting: number;
  /** Deliveries it may have at once now; 0 while it rests. */
  readonly limit: number;
  /** Why it is left alone, and for how long. */
  readonly pause: { readonly forMs: number; readonly problem: string } | undefined;
};

export class Sites {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #config: SitesConfig;
  readonly #names: SiteNames = new SiteNames();
  /** Least lately used first. */
  readonly #gauges: Map<string, SiteGauge> = new Map();
  /** Those a claim must know of. */
  readonly #watched: Set<SiteGauge> = new Set();
  readonly #hosting: Map<QueueJob, { gauge: SiteGauge; begunMs: number }> = new Map();
  #running = 0;
  #waiting = 0;

  constructor(clock: Clock, random: Random, config: SitesConfig) {
    this.#clock = clock;
    this.#random = random;
    this.#config = config;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** What the next claim may bring. */
  rooms(): { busy: Set<string>; sites: SiteRoom[]; roomElsewhere: number } {
    const nowMs = this.#clock.monotonicMs();
    const busy = new Set<string>();
    const sites: SiteRoom[] = [];
    for (const gauge of this.#watched) {
      const isPaused = gauge.pause !== undefined;
      if (!isPaused && !gauge.isActive && !gauge.isRated) this.#watched.delete(gauge);
      const room = Math.floor(this.#room(gauge, nowMs)) - gauge.waiting.length;
      if (room > 0) sites.push({ destinations: [...gauge.destinations], room });
      else for (const destination of gauge.destinations) busy.add(destination);
    }
    const first = Math.min(this.#config.firstConcurrency, this.#config.concurrencyPerDestination);
    return { busy, sites, roomElsewhere: this.#isScarce ? 1 : Math.min(first, this.#free) };
  }

  /** Destinations that are left alone for a while. */
  resting(): Set<string> {
    const nowMs = this.#clock.monotonicMs();
    const resting = new Set<string>();
    for (const gauge of this.#watched) {
      if (!gauge.isResting(nowMs)) continue;
      for (const destination of gauge.destinations) resting.add(destination);
    }
    return resting;
  }

  /** true: the job may begin. false: it waits here and comes out of `finished` or `beginnable`. */
  admit(job: QueueJob): boolean {
    const gauge = this.#gaugeFor(job.destination);
    if (this.#begin(gauge, job)) return true;
    gauge.waiting.push(job);
    this.#waiting++;
    return false;
  }

  /** A job has ended; returns those that may begin now. */
  finished(job: QueueJob): readonly QueueJob[] {
    const hosted = this.#hosting.get(job);
    if (hosted === undefined) return [];
    this.#hosting.delete(job);
    this.#running--;
    hosted.gauge.end(this.#clock.monotonicMs() - hosted.begunMs);
    return this.#next(hosted.gauge);
  }

  /** Jobs that waited, and may begin now that time has passed. */
  beginnable(): readonly QueueJob[] {
    if (this.#waiting === 0) return [];
    return [...this.#watched].flatMap((gauge) => this.#next(gauge));
  }

  /** Takes all jobs that wait, to be given back to the queue. */
  drainWaiting(): readonly QueueJob[] {
    const jobs = [...this.#watched].flatMap((gauge) => gauge.waiting.splice(0));
    this.#waiting = 0;
    return jobs;
  }

  /** A delivery has shown where a destination's mail goes. */
  learn(destination: string, site: string): void {
    if (this.#names.siteOf(destination) === site) return;
    this.#names.learn(destination, site);
    const alone = this.#gauges.get(destination);
    if (alone !== undefined && alone.pause === undefined) alone.destinations.delete(destination);
    this.#gaugeFor(destination);
  }

  /**
   * Nothing gets through: other mail for it need not find that out with a timeout each (mta.md 29).
   * Returns the jobs that waited for their turn, if it goes to rest. Without a site it was the name
   * that could not be looked up, which says nothing of others.
   */
  unreachable(
    destination: string,
    failure: { problem: string; triedAtMs: number; site: string | undefined },
  ): readonly QueueJob[] {
    const { problem, triedAtMs, site } = failure;
    const gauge =
      site === undefined ? this.#gaugeNamed(destination, destination) : this.#gaugeFor(destination);
    this.#watched.add(gauge);
    const nowMs = this.#clock.monotonicMs();
    gauge.failed(nowMs, this.#random.float(), problem, triedAtMs);
    if (!gauge.isResting(nowMs)) return [];
    const waiting = gauge.waiting.splice(0);
    this.#waiting -= waiting.length;
    return waiting;
  }

  reachable(destination: string): void {
    for (const gauge of this.#gaugesOf(destination)) gauge.reached();
  }

  throttled(destination: string): void {
    for (const gauge of this.#gaugesOf(destination)) gauge.throttled();
  }

  /**
   * An operator wants it tried whatever we know. Only by a probe, which makes the rest that follows
   * no longer; and once for all the mail that was asked for at that time.
   */
  wake(destination: string, askedForMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    for (const gauge of this.#gaugesOf(destination)) {
      const { pause } = gauge;
      if (pause === undefined || pause.triedAtMs >= askedForMs || pause.untilMs <= nowMs) continue;
      gauge.pause = { ...pause, untilMs: nowMs, pauses: pause.pauses - 1 };
    }
  }

  /** An operator wants it tried as if nothing were known; once for what was asked for at that time. */
  forgetPause(destination: string, askedForMs: number): void {
    for (const gauge of this.#gaugesOf(destination)) {
      if (gauge.pause !== undefined && gauge.pause.triedAtMs < askedForMs) gauge.pause = undefined;
    }
  }

  /** How long to leave a destination alone, and why; undefined when it may be tried. */
  pause(destination: string): { readonly forMs: number; readonly problem: string } | undefined {
    const nowMs = this.#clock.monotonicMs();
    for (const { pause } of this.#gaugesOf(destination)) {
      const forMs = pause === undefined ? 0 : pause.untilMs - nowMs;
      if (pause !== undefined && forMs > 0) return { forMs, problem: pause.problem };
    }
    return undefined;
  }

  /** Those with something under way or waiting, and those that rest. */
  status(): readonly SiteStatus[] {
    const nowMs = this.#clock.monotonicMs();
    return [...this.#watched]
      .filter((gauge) => gauge.isActive || gauge.isResting(nowMs))
      .map((gauge) => ({
        site: gauge.name,
        destinations: [...gauge.destinations],
        running: gauge.running,
        waiting: gauge.waiting.length,
        limit: gauge.limit(nowMs),
        pause:
          gauge.pause === undefined || !gauge.isResting(nowMs)
            ? undefined
            : { forMs: gauge.pause.untilMs - nowMs, problem: gauge.pause.problem },
      }));
  }

  get #free(): number {
    return Math.max(0, this.#config.concurrency - this.#running);
  }

  get #isScarce(): boolean {
    return this.#free <= this.#config.concurrency * RESERVE;
  }

  #room(gauge: SiteGauge, nowMs: number): number {
    if (gauge.running > 0 && this.#isScarce) return 0;
    const share = Math.max(1, this.#free - gauge.running);
    // Slow ones pay with slots for longer: half of it.
    return Math.min(gauge.room(nowMs), gauge.isSlow ? Math.ceil(share / 2) : share);
  }

  #begin(gauge: SiteGauge, job: QueueJob): boolean {
    const nowMs = this.#clock.monotonicMs();
    // What has been claimed may use its window: the share was seen to by the claim.
    if (gauge.room(nowMs) < 1) return false;
    gauge.begin(nowMs);
    this.#hosting.set(job, { gauge, begunMs: nowMs });
    this.#running++;
    return true;
  }

  #next(gauge: SiteGauge): readonly QueueJob[] {
    const next: QueueJob[] = [];
    for (let job = gauge.waiting[0]; job !== undefined; job = gauge.waiting[0]) {
      if (!this.#begin(gauge, job)) break;
      gauge.waiting.shift();
      this.#waiting--;
      next.push(job);
    }
    return next;
  }

  /** The site's, and its own if that rests. */
  #gaugesOf(destination: string): SiteGauge[] {
    const names = new Set([destination, this.#names.siteOf(destination)]);
    return [...names].flatMap((name) => this.#gauges.get(name) ?? []);
  }

  #gaugeFor(destination: string): SiteGauge {
    const gauge = this.#gaugeNamed(this.#names.siteOf(destination), destination);
    this.#watched.add(gauge);
    return gauge;
  }

  #gaugeNamed(name: string, destination: string): SiteGauge {
    const limits = limitsFor(destination, this.#config);
    const known = this.#gauges.get(name);
    const gauge = known ?? new SiteGauge(name, limits, this.#clock.monotonicMs());
    this.#gauges.delete(name);
    this.#gauges.set(name, gauge);
    if (known !== undefined && !known.destinations.has(destination)) known.tighten(limits);
    gauge.destinations.add(destination);
    if (gauge.destinations.size > MAX_DESTINATIONS) forgetFirst(gauge.destinations);
    if (this.#gauges.size > MAX_GAUGES) this.#forgetOne();
    return gauge;
  }

  #forgetOne(): void {
    for (const [name, gauge] of this.#gauges) {
      if (gauge.isActive) continue;
      this.#gauges.delete(name);
      this.#watched.delete(gauge);
      return;
    }
  }
}

function forgetFirst(names: Set<string>): void {
  const [first] = names;
  names.delete(first);
}
