/** What compaction takes in hand. */

export type CompactionPolicy = {
  /** A segment is emptied from so many dead octets on, … */
  readonly minDeadOctets: number;
  /** … if they are at least this part of it. */
  readonly minDeadShare: number;
  /** A segment is packed when it has been full for so long. */
  readonly packAfterMs: number;
};

export const DEFAULT_COMPACTION_POLICY: CompactionPolicy = {
  minDeadOctets: 1 << 20,
  minDeadShare: 0.5,
  packAfterMs: 24 * 60 * 60_000,
};
