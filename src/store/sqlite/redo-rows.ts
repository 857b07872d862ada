/**
 * Octets of small commits, kept in the database beside their segment: the one sync of the commit
 * makes both durable. Once the segment has been synced on its own they are dropped. Until then they
 * are what a crash of the machine leaves of those octets (`replay-redo.ts`).
 */

import type { Database } from "./database.ts";

type Held = {
  readonly segmentId: number;
  /** Rows that begin before this have been dropped. */
  readonly from: number;
  /** Where the last row ends. */
  readonly until: number;
};

const NONE: Held = { segmentId: 0, from: 0, until: 0 };

export class RedoRows {
  readonly #database: Database;
  /** Of the open segment. */
  #held: Held = NONE;
  /** What will be once the transaction at hand has committed. */
  #next: Held = NONE;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Within a transaction: what was appended in it. */
  keep(segmentId: number, start: number, octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#database.run(
      "INSERT INTO redo (segment_id, start, octets) VALUES (?, ?, ?)",
      segmentId,
      start,
      octets,
    );
    const { from, until } = this.#next;
    const isMore = this.#next.segmentId === segmentId && from < until;
    this.#next = { segmentId, from: isMore ? from : start, until: start + octets.length };
  }

  /** Within a transaction: what its segment has on disk goes. Returns whether there was anything. */
  drop(synced: { readonly segmentId: number; readonly octets: number } | undefined): boolean {
    const { segmentId, from, until } = this.#next;
    if (synced === undefined || synced.segmentId !== segmentId) return false;
    if (synced.octets <= from || from >= until) return false;
    this.#database.run(
      "DELETE FROM redo WHERE segment_id = ? AND start < ?",
      segmentId,
      synced.octets,
    );
    this.#next = { segmentId, from: synced.octets, until };
    return true;
  }

  committed(): void {
    this.#held = this.#next;
  }

  rolledBack(): void {
    this.#next = this.#held;
  }
}

/** All of a segment that is on disk as a whole. */
export function dropRedoOf(database: Database, segmentId: number): void {
  database.run("DELETE FROM redo WHERE segment_id = ?", segmentId);
}
