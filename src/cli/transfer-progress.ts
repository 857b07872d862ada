/** How far a transfer is, on a terminal: one line that is drawn over. Nothing where nobody looks. */

import { counted } from "../base/counted.ts";
import type { Clock } from "../base/clock.ts";
import type { ProgressNews } from "../transfer/transfer-report.ts";
import { harmless, showDuration, showSize } from "./output.ts";

const REDRAW_MS = 150;
const BAR_WIDTH = 24;
/** Rates before that jump about. */
const SETTLED_MS = 2000;

export type Terminal = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

export class TransferProgress {
  readonly #clock: Clock;
  readonly #terminal: Terminal;
  readonly #startMs: number;
  #drawnMs = Number.NEGATIVE_INFINITY;
  #isDrawn = false;

  constructor(clock: Clock, terminal: Terminal) {
    this.#clock = clock;
    this.#terminal = terminal;
    this.#startMs = clock.monotonicMs();
  }

  show(news: ProgressNews): void {
    if (this.#terminal.isTTY !== true) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#isDrawn = true;
    const line = progressLine(news, nowMs - this.#startMs);
    this.#terminal.write(`\r\x1b[K${line.slice(0, (this.#terminal.columns ?? 80) - 1)}`);
  }

  /** Wipes the line, so that what is printed next stands alone. */
  end(): void {
    if (this.#isDrawn) this.#terminal.write("\r\x1b[K");
    this.#isDrawn = false;
  }
}

/** `[=====>   ] 42%  1234 messages, 12 MB, 3.4 MB/s, 2m 5s left  INBOX` */
export function progressLine(news: ProgressNews, elapsedMs: number): string {
  const { doneMessages, doneOctets, totalOctets, mailbox } = news;
  const rate = doneOctets / Math.max(elapsedMs / 1000, 0.001);
  const facts = [counted(doneMessages, "message"), showSize(doneOctets), `${showSize(rate)}/s`];
  let bar = "";
  if (totalOctets !== undefined && totalOctets > 0) {
    const share = Math.min(1, doneOctets / totalOctets);
    const filled = Math.round(share * BAR_WIDTH);
    bar = `[${"=".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}] ${Math.floor(share * 100)}%  `;
    if (elapsedMs >= SETTLED_MS && rate > 0) {
      facts.push(`${showDuration(((totalOctets - doneOctets) / rate) * 1000)} left`);
    }
  }
  return `${bar}${facts.join(", ")}  ${harmless(mailbox)}`;
}
