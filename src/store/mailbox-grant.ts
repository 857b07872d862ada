/**
 * The one gate to mailboxes. Whoever wants to do something with a mailbox must hold a grant of it,
 * and only the store makes grants: it looks the name up as an account sees it, and gives none for
 * what that account may not see, just as for what is not there (RFC 4314 §6). What the holder may
 * do is looked up anew each time a foreign mailbox is used, so a right that is taken away is gone
 * at the next command, also in a mailbox that is selected.
 */

/** RFC 4314 §2.1: lookup, read, seen, write, insert, post, create, delete mailbox, delete messages, expunge, administer. */
export type Right = "l" | "r" | "s" | "w" | "i" | "p" | "k" | "x" | "t" | "e" | "a";

/** In the order RFC 4314 names them. */
export const ALL_RIGHTS: readonly Right[] = ["l", "r", "s", "w", "i", "p", "k", "x", "t", "e", "a"];

declare const checked: unique symbol;

/** One account's access to one mailbox. It cannot be made outside the store. */
export interface MailboxGrant {
  readonly [checked]: true;
  readonly mailboxId: number;
  /** Whose mailbox it is: quota, MODSEQ and UIDVALIDITY are this account's. */
  readonly ownerId: number;
  /** Who acts. */
  readonly actorId: number;
}
