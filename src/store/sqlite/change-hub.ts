/**
 * Follows the change feed for this process, in order and without a gap, from two sources: answers
 * of our own writer, and the rows that other processes have put in between.
 */

import type { Database } from "./database.ts";
import type { FeedEntry } from "./feed-entry.ts";
import { decodeRuns } from "./uid-runs.ts";

type FeedRow = {
  readonly id: number;
  readonly accountId: number;
  readonly mailboxId: number;
  readonly modSeq: number;
  readonly kind: number;
  readonly uids: Uint8Array | null;
};

const PAGE = 1000;

export type ChangeHubListener = {
  readonly onEntry: (entry: FeedEntry) => void;
  /** Entries are missing that were pruned before we saw them. */
  readonly onGap: () => void;
};

export class ChangeHub {
  readonly #database: Database;
  readonly #listener: ChangeHubListener;
  #lastId: number;

  constructor(database: Database, listener: ChangeHubListener) {
    this.#database = database;
    this.#listener = listener;
    this.#lastId =
      database.get<{ last: number | null }>("SELECT max(id) AS last FROM feed")?.last ?? 0;
  }

  /** Up to here everything has been told. */
  get lastId(): number {
    return this.#lastId;
  }

  /** A commit of our own; entries in feed order. */
  committed(entries: readonly FeedEntry[]): void {
    for (const entry of entries) {
      if (entry.id <= this.#lastId) continue;
      if (entry.id > this.#lastId + 1) this.#readUntil(entry.id);
      this.#lastId = entry.id;
      this.#listener.onEntry(entry);
    }
  }

  /** Reads what others have committed. */
  poll(): void {
    this.#readUntil(Number.MAX_SAFE_INTEGER);
  }

  #readUntil(endId: number): void {
    for (;;) {
      const rows = this.#database.all<FeedRow>(
        `SELECT id, account_id AS accountId, mailbox_id AS mailboxId, mod_seq AS modSeq, kind, uids
         FROM feed WHERE id > ? AND id < ? ORDER BY id LIMIT ${PAGE}`,
        this.#lastId,
        endId,
      );
      if (rows.length > 0 && rows[0].id > this.#lastId + 1) this.#listener.onGap();
      for (const row of rows) {
        this.#lastId = row.id;
        const { uids, ...about } = row;
        this.#listener.onEntry({ ...about, runs: decodeRuns(uids) });
      }
      if (rows.length < PAGE) return;
    }
  }
}
