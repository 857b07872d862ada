/**
 * Messages on their way into one mailbox, appended many at a time. What does not fit in the quota
 * ends the transfer at a message's edge; what the store refuses for its keywords comes without them.
 */

import { isMailError, MailError } from "../base/errors.ts";
import type { Store } from "../store/contract.ts";
import type { MailboxInfo } from "../store/mail.ts";
import type { StagedMessage } from "../store/octets.ts";
import { systemFlags } from "./fitting-flags.ts";

export type ReadyMessage = {
  readonly where: string;
  readonly message: StagedMessage;
  readonly flags: readonly string[];
  readonly internalDateMs: number;
};

/** Called when a message has its UID, in order. */
export type Appended<T> = (message: T, uid: number, uidValidity: number) => void;

const MAX_MESSAGES = 200;
const MAX_OCTETS = 16 * 1024 * 1024;

export class AppendBatch<T extends ReadyMessage> {
  readonly #store: Store;
  readonly #info: MailboxInfo;
  readonly #appended: Appended<T>;
  readonly #problem: (where: string, problem: string) => void;
  #ready: T[] = [];
  #octets = 0;

  constructor(
    store: Store,
    info: MailboxInfo,
    appended: Appended<T>,
    problem: (where: string, problem: string) => void,
  ) {
    this.#store = store;
    this.#info = info;
    this.#appended = appended;
    this.#problem = problem;
  }

  /** Rejects with `over-quota` when it is full, everything before that message appended. */
  async add(message: T): Promise<void> {
    this.#ready.push(message);
    this.#octets += message.message.sizeOctets;
    if (this.#ready.length >= MAX_MESSAGES || this.#octets >= MAX_OCTETS) await this.flush();
  }

  async flush(): Promise<void> {
    const ready = this.#ready;
    this.#ready = [];
    this.#octets = 0;
    try {
      await this.#appendAll(ready);
    } finally {
      for (const { message } of ready) await message.discard();
    }
  }

  async #appendAll(ready: readonly T[]): Promise<void> {
    if (ready.length === 0) return;
    try {
      await this.#append(ready);
    } catch (error) {
      if (!isMailError(error, "over-quota") && !isMailError(error, "refused")) throw error;
      // All or none: halves show which it is. What an append has refused is still staged.
      if (ready.length > 1) {
        const half = ready.length >> 1;
        await this.#appendAll(ready.slice(0, half));
        return this.#appendAll(ready.slice(half));
      }
      if (error.code === "over-quota") throw new MailError("over-quota", error.message);
      this.#problem(ready[0].where, `${error.message}; it came without its keywords`);
      await this.#append([{ ...ready[0], flags: systemFlags(ready[0].flags) }]);
    }
  }

  async #append(ready: readonly T[]): Promise<void> {
    const { uidValidity, uids } = await this.#store.mail.append(this.#info.grant, ready);
    ready.forEach((message, n) => this.#appended(message, uids[n], uidValidity));
  }
}
