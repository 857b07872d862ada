/** What goes to and from the thread that builds the search index. */

export type ToSearchThread =
  | {
      readonly type: "changed";
      readonly mailboxIds: readonly number[];
      readonly removals: readonly {
        readonly mailboxId: number;
        readonly uids: readonly number[];
      }[];
    }
  /** Answered when nothing is left to do. */
  | { readonly type: "wait"; readonly serial: number }
  /** A search has found the index damaged; `fileNumber` says which one. */
  | { readonly type: "damaged"; readonly fileNumber: number; readonly problem: string }
  | { readonly type: "close" };

export type FromSearchThread =
  | { readonly type: "done"; readonly serial: number }
  /** The index was damaged, and is begun anew. */
  | { readonly type: "damaged"; readonly problem: string }
  | { readonly type: "failed"; readonly problem: string };

export type SearchThreadOptions = { readonly folder: string };
