/**
 * Cuts long work into slices, so that the event loop is never held for long: whoever loops over many
 * messages calls `pause` at each and goes on when it resolves.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../base/clock.ts";

const SLICE_MS = 15;
/** How many cheap steps pass between two looks at the clock. */
const STEPS = 128;

export class Slicer {
  readonly #clock: Clock;
  #since: number;
  #steps = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.monotonicMs();
  }

  /** Whether it is time to call `rest`, after `steps` more of them. Cheap. */
  isDue(steps = 1): boolean {
    this.#steps += steps;
    if (this.#steps < STEPS) return false;
    this.#steps = 0;
    return this.#clock.monotonicMs() - this.#since > SLICE_MS;
  }

  /** Lets everybody else have a turn. */
  async rest(): Promise<void> {
    await nextTurn();
    this.#since = this.#clock.monotonicMs();
  }
}
