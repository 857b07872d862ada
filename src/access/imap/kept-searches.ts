/** The searches of a session that are kept up to date (RFC 5267), by the tag of their command. */

import type { SearchKey } from "../../imap/search-key.ts";

/** RFC 5267 §4.3 lets a server bound them: each costs a search whenever something changes. */
const MAX_SEARCHES = 10;
/** Of all searches of a session together: a number each, and the ranges of their sets. */
const MAX_RESULTS = 1_000_000;

export type KeptSearch = {
  readonly tag: string;
  readonly isUid: boolean;
  /** Without message numbers and `$`: their meaning would change. */
  readonly key: SearchKey;
  readonly uids: Set<number>;
  /** How many ranges its sets have: `$` may have been a long result. */
  readonly ranges: number;
  /** Everything up to this MODSEQ, and up to this UID, has been looked at. */
  modSeq: number;
  toldUid: number;
};

export class KeptSearches {
  readonly #kept = new Map<string, KeptSearch>();

  get isEmpty(): boolean {
    return this.#kept.size === 0;
  }

  get all(): readonly KeptSearch[] {
    return [...this.#kept.values()];
  }

  has(search: KeptSearch): boolean {
    return this.#kept.get(search.tag) === search;
  }

  /** False when there is no room for it. */
  add(search: KeptSearch): boolean {
    let results = search.uids.size + search.ranges;
    for (const other of this.#kept.values()) results += other.uids.size + other.ranges;
    if (this.#kept.size >= MAX_SEARCHES || results > MAX_RESULTS) return false;
    this.#kept.set(search.tag, search);
    return true;
  }

  cancel(tags: readonly string[]): void {
    for (const tag of tags) this.#kept.delete(tag);
  }

  clear(): void {
    this.#kept.clear();
  }
}
