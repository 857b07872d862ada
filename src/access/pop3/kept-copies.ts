/**
 * Copies of what POP3 clients delete: kept for some days in a mailbox that IMAP shows, then removed.
 * Moved there at QUIT in one commit, so they are out of the maildrop at once; the day they came there
 * is the day they were deleted. They are looked through whenever the account uses POP3.
 */

import type { MailStore } from "../../store/mail.ts";
import type { MailboxGrant } from "../../store/mailbox-grant.ts";

const DAY_MS = 86_400_000;

export type KeepPolicy = {
  readonly days: number;
  /** Where they are kept. */
  readonly mailbox: string;
};

export class KeptCopies {
  readonly #mail: MailStore;
  readonly #accountId: number;
  readonly #policy: KeepPolicy;

  constructor(mail: MailStore, accountId: number, policy: KeepPolicy) {
    this.#mail = mail;
    this.#accountId = accountId;
    this.#policy = policy;
  }

  /** Takes the messages out of the maildrop. What is deleted among the copies is gone for good. */
  async remove(from: MailboxGrant, uids: readonly number[]): Promise<void> {
    const kept =
      this.#mail.mailbox(this.#accountId, this.#policy.mailbox) ??
      (await this.#mail.createMailbox(this.#accountId, this.#policy.mailbox));
    if (kept.id === from.mailboxId) await this.#mail.expunge(from, uids, false);
    else await this.#mail.move(from, uids, kept.grant);
  }

  /** Removes copies that have been there for longer than the policy says. */
  async sweep(nowMs: number): Promise<void> {
    const kept = this.#mail.mailbox(this.#accountId, this.#policy.mailbox);
    const open = kept === undefined ? undefined : await this.#mail.open(kept.grant);
    if (kept === undefined || open === undefined) return;
    const limitMs = nowMs - this.#policy.days * DAY_MS;
    const old: number[] = [];
    for (let position = 0; position < open.count; position++) {
      if (open.savedDatesMs[position] < limitMs) old.push(open.uids[position]);
    }
    open.release();
    if (old.length > 0) await this.#mail.expunge(kept.grant, old, false);
  }
}
