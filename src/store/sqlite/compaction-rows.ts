/** What compaction reads of segments and of the messages in them. */

export type Victim = { readonly id: number; readonly file: string };
export type MessageRow = {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  /** Its length in the segment if it is packed there. */
  readonly packed: number | null;
  readonly sha256: Uint8Array;
};
