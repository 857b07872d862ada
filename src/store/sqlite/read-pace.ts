/**
 * Whether a read of a segment is done at once, on the event loop. From memory that takes some
 * microseconds, and going through the thread pool many times as long; a disk that has to fetch the
 * octets would hold the loop. So a read that took long sends the next ones to the pool, and then one
 * is tried again: a slow disk holds the loop for one read in many. Whoever reads on and on goes to
 * the pool now and then as well, so that others have their turn.
 */

import type { Clock } from "../../base/clock.ts";

/** Longer reads always go to the pool. */
const MAX_QUICK_OCTETS = 1_048_576;
const SLOW_MS = 4;
const READS_ELSEWHERE = 32;
/** In one turn of the event loop. */
const MAX_TURN_MS = 10;
const MAX_TURN_READS = 256;

export class ReadPace {
  readonly #clock: Clock;
  #elsewhere = 0;
  #turnReads = 0;
  #turnBeganMs = 0;
  readonly #newTurn = (): void => void (this.#turnReads = 0);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The answer of `read`; undefined where it should not be done now. */
  attempt<T>(octets: number, read: () => T): T | undefined {
    if (octets > MAX_QUICK_OCTETS) return undefined;
    if (this.#elsewhere > 0) {
      this.#elsewhere--;
      return undefined;
    }
    const sinceMs = this.#clock.monotonicMs();
    if (this.#turnReads === 0) {
      this.#turnBeganMs = sinceMs;
      setImmediate(this.#newTurn);
    }
    if (this.#turnReads >= MAX_TURN_READS || sinceMs - this.#turnBeganMs > MAX_TURN_MS) {
      return undefined;
    }
    this.#turnReads++;
    try {
      return read();
    } finally {
      if (this.#clock.monotonicMs() - sinceMs > SLOW_MS) this.#elsewhere = READS_ELSEWHERE;
    }
  }
}
