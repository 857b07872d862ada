/** What every operation on messages in mailboxes counts and checks. */

import { MailError } from "../../base/errors.ts";
import { DELETED, SEEN } from "../mail.ts";
import type { CommitContext } from "./commit-context.ts";
import { flagBits, type FlagBits } from "./flag-bits.ts";
import type { MailboxState } from "./ledger.ts";

/** Throws `over-quota` if `octets` more do not fit; the check and the commit are one (security row 94). */
export function checkQuota(context: CommitContext, accountId: number, octets: number): void {
  const account = context.ledger.account(accountId);
  if (account.quotaOctets === null) return;
  if (account.usedOctets + octets > account.quotaOctets) {
    throw new MailError(
      "over-quota",
      `the mailbox is full: ${account.usedOctets} of ${account.quotaOctets} octets are used`,
    );
  }
}

/** The bits of flag names in a mailbox; new keywords are made. The mailbox must be announced as changing. */
export function flagsIn(mailbox: MailboxState, names: readonly string[]): FlagBits {
  if (names.length === 0) return { low: 0, high: 0 };
  return flagBits(
    names,
    mailbox.keywords,
    (keyword) => (mailbox.keywords = [...mailbox.keywords, keyword]).length - 1,
  );
}

/** RFC 9051 §2.3.1.1: 32 bits, never used again. */
export function takeUid(mailbox: MailboxState): number {
  if (mailbox.uidNext > 0xffffffff - 1) {
    throw new MailError("refused", "the mailbox has used up its UIDs");
  }
  return mailbox.uidNext++;
}

/** Counts a message into its mailbox and account. The mailbox must be announced as changing. */
export function countIn(
  context: CommitContext,
  mailbox: MailboxState,
  flags: number,
  size: number,
): void {
  mailbox.messages++;
  mailbox.sizeOctets += size;
  if ((flags & SEEN) === 0) mailbox.unseen++;
  if ((flags & DELETED) !== 0) mailbox.deleted++;
  const account = context.ledger.change(context.ledger.account(mailbox.accountId));
  account.usedOctets += size;
  account.usedMessages++;
}

export function countOut(
  context: CommitContext,
  mailbox: MailboxState,
  flags: number,
  size: number,
): void {
  mailbox.messages--;
  mailbox.sizeOctets -= size;
  if ((flags & SEEN) === 0) mailbox.unseen--;
  if ((flags & DELETED) !== 0) mailbox.deleted--;
  const account = context.ledger.change(context.ledger.account(mailbox.accountId));
  account.usedOctets -= size;
  account.usedMessages--;
}
