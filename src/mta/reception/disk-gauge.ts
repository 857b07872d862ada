/** Whether the disk has room for mail, asked of the store at most once a second. */

import type { Clock } from "../../base/clock.ts";
import type { Store } from "../../store/contract.ts";

const FRESH_MS = 1000;

export class DiskGauge {
  readonly #store: Pick<Store, "space">;
  readonly #clock: Clock;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #isLow: Promise<boolean> = Promise.resolve(false);

  constructor(store: Pick<Store, "space">, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  isLow(): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedAtMs >= FRESH_MS) {
      this.#askedAtMs = nowMs;
      this.#isLow = this.#store.space().then(
        (space) => space.isLow,
        // A disk that cannot even be asked takes no mail.
        () => true,
      );
    }
    return this.#isLow;
  }
}
