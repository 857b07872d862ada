/**
 * Who wants to hear of an account's mail, and of what others share with it. Whether somebody else's
 * mailbox may be seen is asked anew whenever one is made, renamed, removed or its access list changes.
 */

import type { Log } from "../../base/log.ts";
import type { MailboxChange, MailboxId } from "../mail.ts";
import type { MailGate } from "./mail-gate.ts";

type Listener = (change: MailboxChange) => void;

type Account = { readonly listeners: Set<Listener>; visible: ReadonlySet<MailboxId> };

const OF_MESSAGES: ReadonlySet<MailboxChange["kind"]> = new Set([
  "added",
  "flags",
  "expunged",
  "mailbox-annotated",
]);

export class FeedListeners {
  readonly #gate: MailGate;
  readonly #log: Log;
  readonly #accounts = new Map<number, Account>();

  constructor(gate: MailGate, log: Log) {
    this.#gate = gate;
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#accounts.size === 0;
  }

  add(accountId: number, listener: Listener): () => void {
    const account = this.#accounts.get(accountId) ?? {
      listeners: new Set<Listener>(),
      visible: this.#visibleTo(accountId),
    };
    this.#accounts.set(accountId, account);
    const entry: Listener = (change) => listener(change);
    account.listeners.add(entry);
    return () => {
      account.listeners.delete(entry);
      if (account.listeners.size === 0) this.#accounts.delete(accountId);
    };
  }

  tell(change: MailboxChange): void {
    for (const [accountId, account] of this.#accounts) {
      if (accountId !== change.accountId && !this.#isVisible(accountId, account, change)) continue;
      for (const listener of account.listeners) {
        try {
          listener(change);
        } catch (error) {
          this.#log.error("store.listener-failed", error, { accountId });
        }
      }
    }
  }

  #isVisible(accountId: number, account: Account, change: MailboxChange): boolean {
    const wasVisible = account.visible.has(change.mailboxId);
    if (OF_MESSAGES.has(change.kind)) return wasVisible;
    account.visible = this.#visibleTo(accountId);
    return wasVisible || account.visible.has(change.mailboxId);
  }

  #visibleTo(accountId: number): ReadonlySet<MailboxId> {
    return new Set(this.#gate.shared(accountId).map(({ id }) => id));
  }
}
