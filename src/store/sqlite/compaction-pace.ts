/**
 * When compaction takes its next bite: soon while there is something to do, and else once in a while.
 * Only the process that serves the folder has one; a command that opens the store for a moment does not.
 */

import type { Clock } from "../../base/clock.ts";
import type { Tidied } from "./requests.ts";
import type { WriterClient } from "./writer-client.ts";

export type CompactionTimes = {
  /** Between two bites: the disk belongs to mail first. */
  readonly pauseMs: number;
  /** Until it looks again when nothing was worth it. */
  readonly restMs: number;
};

export const DEFAULT_COMPACTION_TIMES: CompactionTimes = { pauseMs: 50, restMs: 60_000 };

export class CompactionPace {
  readonly #writer: WriterClient;
  readonly #clock: Clock;
  readonly #times: CompactionTimes;
  readonly #onTidied: (tidied: Tidied) => void;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  constructor(
    writer: WriterClient,
    clock: Clock,
    times: CompactionTimes,
    onTidied: (tidied: Tidied) => void,
  ) {
    this.#writer = writer;
    this.#clock = clock;
    this.#times = times;
    this.#onTidied = onTidied;
    this.#wakeIn(times.pauseMs);
  }

  /** No further bite is begun. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #wakeIn(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#clock.setTimer(delayMs, () => void this.#bite());
  }

  async #bite(): Promise<void> {
    const tidied = await this.#writer.tidy();
    if (tidied === undefined) return;
    this.#onTidied(tidied);
    this.#wakeIn(tidied.hasMore ? this.#times.pauseMs : this.#times.restMs);
  }
}
