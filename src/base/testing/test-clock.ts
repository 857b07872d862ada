/**
 * A clock that a test drives: five days of retries in milliseconds. `advance` fires the timers that
 * fall due, in order, letting promises settle between them.
 */

import type { Clock } from "../clock.ts";

type Timer = { readonly dueMs: number; readonly order: number; readonly fire: () => void };

export class TestClock implements Clock {
  #nowMs: number;
  #startMs: number;
  #timers: Timer[] = [];
  #order = 0;

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs - this.#startMs;
  }

  setTimer(delayMs: number, fire: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const cancel = this.setTimer(delayMs, resolve);
      signal?.addEventListener("abort", () => (cancel(), resolve()), { once: true });
    });
  }

  /** When the next timer falls due, if one is set. */
  get nextDueMs(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves time on by `durationMs`. `settle` is awaited after each timer; the default lets microtasks run. */
  async advance(
    durationMs: number,
    settle: () => Promise<void> = yieldToMicrotasks,
  ): Promise<void> {
    const untilMs = this.#nowMs + durationMs;
    await settle();
    for (let timer = this.#next(); timer && timer.dueMs <= untilMs; timer = this.#next()) {
      const due = timer;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #next(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>(
      (first, timer) =>
        first === undefined ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
          ? timer
          : first,
      undefined,
    );
  }
}

async function yieldToMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
