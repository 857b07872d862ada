/**
 * Which destinations have mail that is ready, and the rank of the first of it: so that a claim looks
 * only where there is something to take, however much waits elsewhere. Lives on the writer thread;
 * made from the index of ready recipients with one step for each destination, at the first claim and
 * when another process has committed. A lane may promise more than there is, never less.
 */

import type { Database } from "./database.ts";

export type Lane = { readonly destination: string; readonly rank: number };

/** With so many lanes, those of other processes are looked for no more than once in a while. */
const MANY_LANES = 1000;
const LOOK_AGAIN_MS_PER_LANE = 0.05;

export class ReadyLanes {
  readonly #database: Database;
  /** The lowest rank that may be found in a lane. */
  readonly #ranks: Map<string, number> = new Map();
  /** A binary heap, lowest rank first; what `#ranks` no longer says is passed over. */
  #heap: Lane[] = [];
  #seenVersion: number | undefined;
  #lookedAtMs = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Within a transaction. */
  refresh(nowMs: number): void {
    const version = this.#database.dataVersion();
    if (version === this.#seenVersion) return;
    const isTooSoon =
      this.#seenVersion !== undefined &&
      this.#ranks.size > MANY_LANES &&
      Math.abs(nowMs - this.#lookedAtMs) < this.#ranks.size * LOOK_AGAIN_MS_PER_LANE;
    if (isTooSoon) return;
    this.#seenVersion = version;
    this.#lookedAtMs = nowMs;
    this.#ranks.clear();
    this.#heap = [];
    for (let last = ""; ;) {
      const lane = this.#database.get<Lane>(
        `SELECT destination, rank FROM recipient WHERE state = 0 AND destination > ?
         ORDER BY destination, rank LIMIT 1`,
        last,
      );
      if (lane === undefined) return;
      this.offer(lane.destination, lane.rank);
      last = lane.destination;
    }
  }

  /** After a transaction that was rolled back: what was taken out of the lanes is in them again. */
  forget(): void {
    this.#seenVersion = undefined;
  }

  /** Something has become ready. */
  offer(destination: string, rank: number): void {
    const known = this.#ranks.get(destination);
    if (known !== undefined && known <= rank) return;
    this.#ranks.set(destination, rank);
    this.#push({ destination, rank });
  }

  /** Takes out the lane with the lowest rank. */
  take(): Lane | undefined {
    for (let lane = this.#pop(); lane !== undefined; lane = this.#pop()) {
      if (this.#ranks.get(lane.destination) !== lane.rank) continue;
      this.#ranks.delete(lane.destination);
      return lane;
    }
    return undefined;
  }

  #push(lane: Lane): void {
    const heap = this.#heap;
    let at = heap.push(lane) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above].rank <= lane.rank) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = lane;
  }

  #pop(): Lane | undefined {
    const heap = this.#heap;
    const lowest = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return last;
    let at = 0;
    for (let below = 1; below < heap.length; below = at * 2 + 1) {
      if (below + 1 < heap.length && heap[below + 1].rank < heap[below].rank) below++;
      if (heap[below].rank >= last.rank) break;
      heap[at] = heap[below];
      at = below;
    }
    heap[at] = last;
    return lowest;
  }
}
