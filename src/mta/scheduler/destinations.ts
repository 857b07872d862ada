/**
 * What the runner knows of each destination at hand: deliveries under way, jobs that wait for their
 * turn, and whether nothing can get through just now. Only a hint, in memory, bounded by what is
 * under way and by time; the truth is in the queue.
 */

import type { Clock } from "../../base/clock.ts";
import type { QueueJob } from "../../store/queue.ts";

const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 30 * 60_000;
const MAX_PAUSED = 10_000;

type Pause = {
  readonly untilMs: number;
  readonly pauses: number;
  readonly problem: string;
  /** When the attempt began that got nowhere, by the wall clock. */
  readonly triedAtMs: number;
};

type Active = { running: number; readonly waiting: QueueJob[] };

export class Destinations {
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #active: Map<string, Active> = new Map();
  readonly #paused: Map<string, Pause> = new Map();
  #running = 0;
  #waiting = 0;

  constructor(clock: Clock, concurrency: number) {
    this.#clock = clock;
    this.#concurrency = concurrency;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Destinations that can take no further job now. */
  busy(): Set<string> {
    const busy = new Set<string>();
    for (const [destination, active] of this.#active) {
      if (active.waiting.length > 0 || active.running >= this.#limit(destination)) {
        busy.add(destination);
      }
    }
    return busy;
  }

  /** true: the job may begin. false: it waits here and comes out of `finished`. */
  admit(job: QueueJob): boolean {
    const active = this.#active.get(job.destination) ?? { running: 0, waiting: [] };
    this.#active.set(job.destination, active);
    if (active.running < this.#limit(job.destination)) {
      active.running++;
      this.#running++;
      return true;
    }
    active.waiting.push(job);
    this.#waiting++;
    return false;
  }

  /** A job has ended; returns those that may begin now. */
  finished(destination: string): readonly QueueJob[] {
    const active = this.#active.get(destination);
    if (active === undefined) return [];
    active.running--;
    this.#running--;
    const next: QueueJob[] = [];
    while (active.running < this.#limit(destination)) {
      const job = active.waiting.shift();
      if (job === undefined) break;
      this.#waiting--;
      this.#running++;
      active.running++;
      next.push(job);
    }
    if (active.running === 0) this.#active.delete(destination);
    return next;
  }

  /** Takes all jobs that wait, to be given back to the queue. */
  drainWaiting(): readonly QueueJob[] {
    const jobs: QueueJob[] = [];
    for (const active of this.#active.values()) jobs.push(...active.waiting.splice(0));
    this.#waiting = 0;
    return jobs;
  }

  /**
   * Nothing gets through: other mail for it need not find that out with a timeout each (mta.md 29).
   * Returns the jobs that waited for their turn. Deliveries that began together fail together, and
   * count once.
   */
  unreachable(
    destination: string,
    problem: string,
    triedAtMs: number = this.#clock.nowMs(),
  ): readonly QueueJob[] {
    if (this.pause(destination) === undefined) {
      const pauses = (this.#paused.get(destination)?.pauses ?? 0) + 1;
      const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (pauses - 1));
      const untilMs = this.#clock.monotonicMs() + pauseMs;
      this.#paused.delete(destination);
      this.#paused.set(destination, { untilMs, pauses, problem, triedAtMs });
      if (this.#paused.size > MAX_PAUSED) {
        const [oldest] = this.#paused.keys();
        this.#paused.delete(oldest);
      }
    }
    const waiting = this.#active.get(destination)?.waiting.splice(0) ?? [];
    this.#waiting -= waiting.length;
    return waiting;
  }

  reachable(destination: string): void {
    this.#paused.delete(destination);
  }

  /**
   * An operator wants it tried whatever we know. Only by a probe, which makes the rest that follows
   * no longer; and once for all the mail that was asked for at that time.
   */
  wake(destination: string, askedForMs: number): void {
    const pause = this.#paused.get(destination);
    if (pause === undefined || pause.triedAtMs >= askedForMs) return;
    if (this.pause(destination) === undefined) return;
    const untilMs = this.#clock.monotonicMs();
    this.#paused.set(destination, { ...pause, untilMs, pauses: pause.pauses - 1 });
  }

  /** How long to leave a destination alone, and why; undefined when it may be tried. */
  pause(destination: string): { readonly forMs: number; readonly problem: string } | undefined {
    const pause = this.#paused.get(destination);
    if (pause === undefined) return undefined;
    const forMs = pause.untilMs - this.#clock.monotonicMs();
    return forMs > 0 ? { forMs, problem: pause.problem } : undefined;
  }

  /** One at a time where the last attempt got nowhere: a probe. */
  #limit(destination: string): number {
    return this.#paused.has(destination) ? 1 : this.#concurrency;
  }
}
