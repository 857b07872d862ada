/**
 * Holds the maildrop lock of RFC 1939 §4 for one session: a lease in the store, renewed while the
 * session lives, so that a crash locks nobody out for longer than the lease.
 */

import type { Clock } from "../../base/clock.ts";
import { isMailError, MailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { MailStore } from "../../store/mail.ts";

export type MaildropLockDeps = {
  readonly mail: Pick<MailStore, "lockMaildrop" | "unlockMaildrop">;
  readonly clock: Clock;
  readonly log: Log;
};

export const LEASE_MS = 120_000;
/** Two renewals may fail before the lease lapses. */
const RENEW_MS = 40_000;

export class MaildropLock {
  readonly #deps: MaildropLockDeps;
  readonly #accountId: number;
  readonly #holder: string;
  #cancelTimer: (() => void) | undefined;
  #isReleased = false;

  private constructor(deps: MaildropLockDeps, accountId: number, holder: string) {
    this.#deps = deps;
    this.#accountId = accountId;
    this.#holder = holder;
  }

  /** Undefined when another session has it. */
  static async take(
    deps: MaildropLockDeps,
    accountId: number,
    holder: string,
  ): Promise<MaildropLock | undefined> {
    if (!(await deps.mail.lockMaildrop(accountId, holder, LEASE_MS))) return undefined;
    const lock = new MaildropLock(deps, accountId, holder);
    lock.#schedule();
    return lock;
  }

  /** Rejects with `refused` when the lock has lapsed and gone to another session. */
  async confirm(): Promise<void> {
    if (await this.#deps.mail.lockMaildrop(this.#accountId, this.#holder, LEASE_MS)) return;
    throw new MailError("refused", "another session has taken the maildrop meanwhile");
  }

  /** Never rejects; safe to call twice. A lease that cannot be given back lapses by itself. */
  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#cancelTimer?.();
    try {
      await this.#deps.mail.unlockMaildrop(this.#accountId, this.#holder);
    } catch (error) {
      this.#deps.log.error("pop3.unlock-failed", error, { accountId: this.#accountId });
    }
  }

  #schedule(): void {
    this.#cancelTimer = this.#deps.clock.setTimer(RENEW_MS, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    try {
      await this.confirm();
    } catch (error) {
      this.#deps.log.error("pop3.lock-renewal-failed", error, { accountId: this.#accountId });
      // Lost to another session: `confirm` will say so before anything is removed.
      if (isMailError(error, "refused")) return;
    }
    if (!this.#isReleased) this.#schedule();
  }
}
