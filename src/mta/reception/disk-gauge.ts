/**
 * Whether the disk has room for mail, asked of the store at most once a second. The log is told when
 * room runs out and when there is some again, once each: who runs the host must make some.
 */

import type { Clock } from "../../base/clock.ts";
import type { Log, LogFields } from "../../base/log.ts";
import type { Store } from "../../store/contract.ts";

const FRESH_MS = 1000;

export class DiskGauge {
  readonly #store: Pick<Store, "space">;
  readonly #clock: Clock;
  readonly #log: Log;
  #wasLow = false;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #isLow: Promise<boolean> = Promise.resolve(false);

  constructor(store: Pick<Store, "space">, clock: Clock, log: Log) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
  }

  isLow(): Promise<boolean> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedAtMs >= FRESH_MS) {
      this.#askedAtMs = nowMs;
      this.#isLow = this.#store.space().then(
        ({ isLow, freeOctets }) => this.#heard(isLow, { freeOctets }),
        // A disk that cannot even be asked takes no mail.
        (error: unknown) => this.#heard(true, { problem: String(error) }),
      );
    }
    return this.#isLow;
  }

  #heard(isLow: boolean, facts: LogFields): boolean {
    if (isLow && !this.#wasLow) this.#log.warn("mta.disk-low", facts);
    if (!isLow && this.#wasLow) this.#log.info("mta.disk-roomy", facts);
    this.#wasLow = isLow;
    return isLow;
  }
}
