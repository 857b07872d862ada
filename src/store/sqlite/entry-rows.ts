/** What every operation on messages in mailboxes counts and checks. */

import { MailError } from "../../base/errors.ts";
import { DELETED, SEEN } from "../mail.ts";
import type { CommitContext } from "./commit-context.ts";
import type { Tally } from "./entry-runs.ts";
import { flagBits, type FlagBits } from "./flag-bits.ts";
import type { AccountState, DomainState, MailboxState } from "./ledger.ts";

/**
 * Throws `over-quota` if so much more does not fit, by the account's limits or its domain's; the check
 * and the commit are one (security row 94).
 */
export function checkQuota(
  context: CommitContext,
  accountId: number,
  octets: number,
  messages = 1,
): void {
  const account = context.ledger.account(accountId);
  checkLimits("mailbox", account, octets, messages);
  checkLimits("domain", context.ledger.domain(account.domainId), octets, messages);
}

function checkLimits(
  whose: string,
  { quotaOctets, quotaMessages, usedOctets, usedMessages }: AccountState | DomainState,
  octets: number,
  messages: number,
): void {
  if (quotaOctets !== null && usedOctets + octets > quotaOctets) {
    throw new MailError(
      "over-quota",
      `the ${whose} is full: ${usedOctets} of ${quotaOctets} octets are used`,
    );
  }
  if (quotaMessages !== null && usedMessages + messages > quotaMessages) {
    throw new MailError(
      "over-quota",
      `the ${whose} is full: it holds ${usedMessages} of ${quotaMessages} messages`,
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
  return takeUids(mailbox, 1);
}

/** The first of `count` that follow one another. */
export function takeUids(mailbox: MailboxState, count: number): number {
  const first = mailbox.uidNext;
  if (first + count > 0xffffffff) {
    throw new MailError("refused", "the mailbox has used up its UIDs");
  }
  mailbox.uidNext = first + count;
  return first;
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
  countUsage(context, mailbox.accountId, size, 1);
}

function countUsage(
  { ledger }: CommitContext,
  accountId: number,
  octets: number,
  messages: number,
): void {
  const account = ledger.change(ledger.account(accountId));
  account.usedOctets += octets;
  account.usedMessages += messages;
  const domain = ledger.change(ledger.domain(account.domainId));
  domain.usedOctets += octets;
  domain.usedMessages += messages;
}

/** Counts many messages in, or out. The mailbox must be announced as changing. */
export function countTally(
  context: CommitContext,
  mailbox: MailboxState,
  { messages, octets, unseen, deleted }: Tally,
  by: 1 | -1,
): void {
  mailbox.messages += by * messages;
  mailbox.sizeOctets += by * octets;
  mailbox.unseen += by * unseen;
  mailbox.deleted += by * deleted;
  countUsage(context, mailbox.accountId, by * octets, by * messages);
}
