/**
 * LOGIN-DELAY (RFC 2449 §6.5): an account's sessions begin no closer together than this, so that a
 * program that asks every second costs little. One for all sessions of the process; bounded.
 */

import type { Clock } from "../../base/clock.ts";

const MAX_ACCOUNTS = 50_000;

export class LoginDelay {
  readonly seconds: number;
  readonly #clock: Clock;
  /** When each account last began a session, oldest first. */
  readonly #beganMs = new Map<number, number>();

  constructor(clock: Clock, seconds: number) {
    this.#clock = clock;
    this.seconds = seconds;
  }

  /** Whether a session may begin now; if so, the delay begins anew. */
  begin(accountId: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const lastMs = this.#beganMs.get(accountId);
    if (lastMs !== undefined && nowMs - lastMs < this.seconds * 1000) return false;
    this.#beganMs.delete(accountId);
    this.#beganMs.set(accountId, nowMs);
    if (this.#beganMs.size > MAX_ACCOUNTS) {
      const oldest = this.#beganMs.keys().next();
      if (!oldest.done) this.#beganMs.delete(oldest.value);
    }
    return true;
  }
}
