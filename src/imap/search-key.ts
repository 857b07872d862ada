/** What SEARCH looks for (RFC 9051 §6.4.4, RFC 5032 WITHIN, RFC 7162 MODSEQ, RFC 8474, RFC 8514), as a tree. */

import type { SequenceSet } from "./sequence-set.ts";

/** Keys that look for words. */
export type TextKey =
  | {
      /** A substring of what ENVELOPE shows of the field (RFC 9051 §6.4.4). */
      readonly key: "envelope";
      readonly field: "bcc" | "cc" | "from" | "subject" | "to";
      readonly text: string;
    }
  /** `field` in lower case; `text` is a substring of its value, "" finds any that has the field. */
  | { readonly key: "header"; readonly field: string; readonly text: string }
  | { readonly key: "body"; readonly text: string }
  | { readonly key: "text"; readonly text: string };

export function isTextKey(key: SearchKey): key is TextKey {
  return key.key === "envelope" || key.key === "header" || key.key === "body" || key.key === "text";
}

export type SearchKey =
  | TextKey
  | { readonly key: "all" }
  | { readonly key: "and"; readonly keys: readonly SearchKey[] }
  | { readonly key: "or"; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly key: "not"; readonly of: SearchKey }
  /** Texts need not be quite the same (RFC 6203). */
  | { readonly key: "fuzzy"; readonly of: SearchKey }
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
  /** Messages that this label is on (X-GM-EXT-1): a system label, or the name of a mailbox. */
  | { readonly key: "gm-label"; readonly label: string }
  /** X-GM-THRID. */
  | { readonly key: "gm-thread"; readonly number: number }
  /** Some part is an attachment. */
  | { readonly key: "attachment" }
  | { readonly key: "modseq"; readonly modSeq: number }
  | { readonly key: "email-id" | "thread-id"; readonly id: string };

export type SearchReturn =
  | "MIN"
  | "MAX"
  | "ALL"
  | "COUNT"
  | "SAVE"
  | "PARTIAL"
  | "RELEVANCY"
  | "CONTEXT"
  | "UPDATE";

/** Whether `test` holds for `key` or for one inside it. */
export function findKey(key: SearchKey, test: (key: SearchKey) => boolean): boolean {
  if (test(key)) return true;
  if (key.key === "and") return key.keys.some((part) => findKey(part, test));
  if (key.key === "or") return findKey(key.left, test) || findKey(key.right, test);
  return (key.key === "not" || key.key === "fuzzy") && findKey(key.of, test);
}

export function countKeys(key: SearchKey): number {
  let count = 0;
  findKey(key, () => {
    count++;
    return false;
  });
  return count;
}

/** The tree with each key that is no operator replaced. */
export function mapKeys(key: SearchKey, change: (key: SearchKey) => SearchKey): SearchKey {
  const inside = (part: SearchKey): SearchKey => mapKeys(part, change);
  if (key.key === "and") return { key: "and", keys: key.keys.map(inside) };
  if (key.key === "or") return { key: "or", left: inside(key.left), right: inside(key.right) };
  if (key.key === "not") return { key: "not", of: inside(key.of) };
  if (key.key === "fuzzy") return { key: "fuzzy", of: inside(key.of) };
  return change(key);
}

/** SEARCH trees larger than this are refused. */
export const MAX_SEARCH_KEYS = 2_000;
