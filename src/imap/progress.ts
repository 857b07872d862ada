/**
 * INPROGRESS (RFC 9585): a command that takes long says how far it is, so that the client does not
 * take the connection for dead. Never more often than every `intervalMs`, and only between responses.
 */

import type { Clock } from "../base/clock.ts";
import type { ResponseWriter } from "./wire/response-writer.ts";

/** With more than this unsent the client has something to hear already. */
const MAX_PENDING_OCTETS = 4_096;

export class Progress {
  readonly #clock: Clock;
  readonly #out: ResponseWriter;
  readonly #tag: string;
  readonly #intervalMs: number;
  #lastMs: number;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, out: ResponseWriter, about: { tag: string; intervalMs: number }) {
    this.#clock = clock;
    this.#out = out;
    this.#tag = about.tag;
    this.#intervalMs = about.intervalMs;
    this.#lastMs = clock.monotonicMs();
  }

  /** `done` of `goal` steps are behind us. Call it where nothing of a response has been written. */
  async report(done: number, goal: number): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#lastMs < this.#intervalMs) return;
    this.#lastMs = nowMs;
    await this.#say(`${done} ${Math.max(1, goal)}`);
  }

  /** For work that is one step of the store's: says that it goes on, until `stop`. */
  start(): void {
    this.#cancel = this.#clock.setTimer(this.#intervalMs, () => {
      this.start();
      // What goes wrong in sending is met again by the command itself.
      if (this.#out.pendingOctets <= MAX_PENDING_OCTETS) this.#say("NIL NIL").catch(() => {});
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  #say(howFar: string): Promise<void> {
    this.#out.line(`* OK [INPROGRESS ("${this.#tag}" ${howFar})] Still at it`);
    return this.#out.flush();
  }
}
