/** One entry of the change feed, as the process that made it knows it, and the numbers it is kept under. */

/** Kinds of feed entries, as stored. */
export const FEED_ADDED = 1;
export const FEED_FLAGS = 2;
export const FEED_EXPUNGED = 3;
export const FEED_CREATED = 4;
export const FEED_DELETED = 5;
export const FEED_RENAMED = 6;
export const FEED_CHANGED = 7;
export const FEED_ANNOTATED = 8;

/** Numbers a message in `FeedEntry.rows`: uid, flags, flagsHigh, messageId, internal date, saved date, size, thread. */
export const ADDED_STRIDE = 8;
/** uid, flags, flagsHigh */
export const FLAGS_STRIDE = 3;

/** One change of an account's mail as the process that made it knows it. */
export type FeedEntry = {
  readonly id: number;
  readonly accountId: number;
  readonly mailboxId: number;
  readonly modSeq: number;
  readonly kind: number;
  /** UIDs for expunged; rows of ADDED_STRIDE or FLAGS_STRIDE numbers for added and flags; undefined if read back from the feed. */
  readonly rows: readonly number[] | undefined;
  /** The mailbox's keywords after the change, if it made new ones. */
  readonly keywords?: readonly string[];
  /** For entries read back from the feed. */
  readonly uids?: readonly number[];
};
