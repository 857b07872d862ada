/** What SEARCH looks for (RFC 9051 §6.4.4, RFC 5032 WITHIN, RFC 7162 MODSEQ, RFC 8474, RFC 8514), as a tree. */

import type { SequenceSet } from "./sequence-set.ts";

export type SearchKey =
  | { readonly key: "all" }
  | { readonly key: "and"; readonly keys: readonly SearchKey[] }
  | { readonly key: "or"; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly key: "not"; readonly of: SearchKey }
  | { readonly key: "set"; readonly set: SequenceSet; readonly isUid: boolean }
  | { readonly key: "flag"; readonly flag: string }
  | { readonly key: "recent" }
  | { readonly key: "larger" | "smaller"; readonly octets: number }
  | {
      readonly key: "date";
      readonly of: "internal" | "sent" | "saved";
      readonly compare: "before" | "on" | "since";
      /** Days since 1970-01-01. */
      readonly day: number;
    }
  | { readonly key: "older" | "younger"; readonly seconds: number }
  | {
      /** A substring of what ENVELOPE shows of the field (RFC 9051 §6.4.4). */
      readonly key: "envelope";
      readonly field: "bcc" | "cc" | "from" | "subject" | "to";
      readonly text: string;
    }
  /** `field` in lower case; `text` is a substring of its value, "" finds any that has the field. */
  | { readonly key: "header"; readonly field: string; readonly text: string }
  | { readonly key: "body"; readonly text: string }
  | { readonly key: "text"; readonly text: string }
  | { readonly key: "modseq"; readonly modSeq: number }
  | { readonly key: "email-id" | "thread-id"; readonly id: string };

export type SearchReturn = "MIN" | "MAX" | "ALL" | "COUNT" | "SAVE";

/** SEARCH trees larger than this are refused. */
export const MAX_SEARCH_KEYS = 2_000;
