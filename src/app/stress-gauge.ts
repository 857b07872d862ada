/** Whether nearly all connections are taken; said in the log when that begins and when it ends. */

import type { Log } from "../base/log.ts";
import type { ConnectionBudget } from "../net/connection-budget.ts";

/** Postfix's habit: short of full. The gap keeps it from swinging. */
const BEGINS_AT = 0.8;
const ENDS_AT = 0.6;

export class StressGauge {
  readonly #budget: Pick<ConnectionBudget, "open" | "most">;
  readonly #log: Log;
  #isStressed = false;

  constructor(budget: Pick<ConnectionBudget, "open" | "most">, log: Log) {
    this.#budget = budget;
    this.#log = log;
  }

  isStressed(): boolean {
    const { open, most } = this.#budget;
    const now = open >= most * (this.#isStressed ? ENDS_AT : BEGINS_AT);
    if (now !== this.#isStressed) {
      this.#isStressed = now;
      if (now) this.#log.warn("app.stress", { open, most });
      else this.#log.info("app.stress-over", { open, most });
    }
    return now;
  }
}
