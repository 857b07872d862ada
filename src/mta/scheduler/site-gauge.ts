/**
 * What one site can take: a window of deliveries at once that grows with each success and shrinks
 * with each connection that fails; a rest when nothing gets through, after which one delivery alone
 * probes; a rate, if the operator has set one. Knows nothing of the queue.
 */

import type { QueueJob } from "../../store/queue.ts";

const FIRST_PAUSE_MS = 60_000;
const MAX_PAUSE_MS = 30 * 60_000;
/** How far a rest varies, so that many sites that went away together do not come back together. */
const PAUSE_JITTER = 0.1;
const SLOW_MS = 5000;
const MINUTE_MS = 60_000;

export type SiteLimits = {
  /** Deliveries at once at most, and to begin with. */
  readonly most: number;
  readonly first: number;
  readonly messagesPerMinute: number | undefined;
};

export type Pause = {
  readonly untilMs: number;
  readonly pauses: number;
  readonly problem: string;
  /** When the attempt began that got nowhere, by the wall clock. */
  readonly triedAtMs: number;
};

export class SiteGauge {
  readonly name: string;
  /** Whose mail goes there, as far as it is at hand. */
  readonly destinations: Set<string> = new Set();
  readonly waiting: QueueJob[] = [];
  running = 0;
  /** Also after its time is over, until something gets through. */
  pause: Pause | undefined;
  #limits: SiteLimits;
  #window: number;
  #failures = 0;
  #isProven = false;
  #typicalMs = 0;
  #tokens: number;
  #countedAtMs: number;

  constructor(name: string, limits: SiteLimits, nowMs: number) {
    this.name = name;
    this.#limits = limits;
    this.#window = Math.min(limits.first, limits.most);
    this.#tokens = burstOf(limits);
    this.#countedAtMs = nowMs;
  }

  get isActive(): boolean {
    return this.running > 0 || this.waiting.length > 0;
  }

  get isRated(): boolean {
    return this.#limits.messagesPerMinute !== undefined;
  }

  get isSlow(): boolean {
    return this.#typicalMs > SLOW_MS;
  }

  /** A destination with limits of its own is here too: the strictest counts for all. */
  tighten({ most, messagesPerMinute }: SiteLimits): void {
    const mine = this.#limits;
    const rates = [mine.messagesPerMinute, messagesPerMinute].filter((rate) => rate !== undefined);
    this.#limits = {
      ...mine,
      most: Math.min(mine.most, most),
      messagesPerMinute: rates.length === 0 ? undefined : Math.min(...rates),
    };
    this.#window = Math.min(this.#window, this.#limits.most);
    this.#tokens = Math.min(this.#tokens, burstOf(this.#limits));
  }

  isResting(nowMs: number): boolean {
    return this.pause !== undefined && this.pause.untilMs > nowMs;
  }

  /** Deliveries it may have at once just now. */
  limit(nowMs: number): number {
    if (this.isResting(nowMs)) return 0;
    // One at a time where the last attempt got nowhere: a probe.
    return this.pause === undefined ? Math.floor(this.#window) : 1;
  }

  /** How many more may begin now, by its window and its rate. */
  room(nowMs: number): number {
    return Math.min(this.limit(nowMs) - this.running, this.#tokensAt(nowMs));
  }

  begin(nowMs: number): void {
    this.running++;
    this.#tokens = this.#tokensAt(nowMs) - 1;
    this.#countedAtMs = nowMs;
  }

  end(durationMs: number): void {
    this.running--;
    this.#typicalMs += (durationMs - this.#typicalMs) * 0.3;
  }

  reached(): void {
    this.pause = undefined;
    this.#failures = 0;
    this.#isProven = true;
    this.#window = Math.min(this.#limits.most, this.#window + 1 / this.#window);
  }

  /** It answers, but wants less of us. */
  throttled(): void {
    this.#window = Math.max(1, this.#window / 2);
  }

  /**
   * No connection. A site that was fine a moment ago rests when as many fail in a row as it may have
   * at once; one of which nothing good is known rests at the first. true: it has gone to rest now.
   */
  failed(nowMs: number, chance: number, problem: string, triedAtMs: number): boolean {
    // Deliveries that began together fail together, and count once.
    if (this.isResting(nowMs)) return false;
    this.#failures++;
    const cohort = this.#isProven ? Math.floor(this.#window) : 1;
    this.#window = Math.max(1, this.#window - 1);
    if (this.pause === undefined && this.#failures < cohort) return false;
    const pauses = (this.pause?.pauses ?? 0) + 1;
    const plainMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (pauses - 1));
    const pauseMs = plainMs * (1 + PAUSE_JITTER * (2 * chance - 1));
    this.pause = { untilMs: nowMs + pauseMs, pauses, problem, triedAtMs };
    this.#isProven = false;
    this.#failures = 0;
    this.#window = Math.min(this.#limits.first, this.#limits.most);
    return true;
  }

  #tokensAt(nowMs: number): number {
    const { messagesPerMinute } = this.#limits;
    if (messagesPerMinute === undefined) return Number.POSITIVE_INFINITY;
    const more = ((nowMs - this.#countedAtMs) * messagesPerMinute) / MINUTE_MS;
    return Math.min(burstOf(this.#limits), this.#tokens + more);
  }
}

/** What may go in one second, at least one. */
function burstOf({ messagesPerMinute }: SiteLimits): number {
  if (messagesPerMinute === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(1, messagesPerMinute / 60);
}
