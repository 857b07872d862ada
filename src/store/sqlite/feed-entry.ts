/** One entry of the change feed, as the process that made it knows it, and the numbers it is kept under. */

import type { Runs } from "./number-runs.ts";

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

/** What became of flags: some bits were kept, others set. Done twice, it is as done once. */
export type FlagOperation = {
  readonly keptLow: number;
  readonly setLow: number;
  readonly keptHigh: number;
  readonly setHigh: number;
};

/**
 * One change of an account's mail. What it does not carry is read from the rows: all of an entry read
 * back from the feed, and what many copies are.
 */
export type FeedEntry = {
  readonly id: number;
  readonly accountId: number;
  readonly mailboxId: number;
  readonly modSeq: number;
  readonly kind: number;
  /** The UIDs it is about. */
  readonly runs: Runs;
  /** Of added messages: rows of ADDED_STRIDE numbers. */
  readonly rows?: readonly number[];
  /** Of changed flags. */
  readonly operation?: FlagOperation;
  /** The mailbox's keywords after the change, if it made new ones. */
  readonly keywords?: readonly string[];
};
