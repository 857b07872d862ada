/**
 * Pieces of segments read in one go because messages are often read in the order in which they
 * came: a FETCH of a whole mailbox, a POP3 session, the queue. Octets of a segment never change
 * once committed, so a piece stays true; what lay beyond the committed length is never kept.
 */

import { LRUCache } from "lru-cache";

export const WINDOW_OCTETS: number = 128 * 1024;
const MAX_WINDOWS = 64;
/** Larger messages are read by themselves. */
export const MAX_AHEAD_OCTETS: number = 64 * 1024;
/** Files in which somebody is reading on. */
const MAX_FOLLOWED = 256;

type Window = { readonly start: number; readonly octets: Uint8Array };

export class ReadAhead {
  readonly #windows = new LRUCache<string, Window>({ max: MAX_WINDOWS });
  /** Where the last read of each file ended. */
  readonly #lastEnds = new LRUCache<string, number>({ max: MAX_FOLLOWED });

  /** A copy of the octets, if a window has them all. */
  take(file: string, start: number, end: number): Uint8Array | undefined {
    const window = this.#windows.get(keyOf(file, start));
    if (window === undefined || end > window.start + window.octets.length) return undefined;
    if (start < window.start) return undefined;
    this.#lastEnds.set(file, end);
    return new Uint8Array(window.octets.subarray(start - window.start, end - window.start));
  }

  /**
   * Whether this read goes on where the last one of the file ended, or so little after that most of
   * what is read ahead will be wanted.
   */
  isSequential(file: string, start: number, end: number): boolean {
    const last = this.#lastEnds.get(file);
    this.#lastEnds.set(file, end);
    return last !== undefined && start >= last && start - last <= 2 * (end - start);
  }

  /** Octets from `start` on, all of them committed. They serve reads that begin in the same window-sized stretch, or the next. */
  keep(file: string, start: number, octets: Uint8Array): void {
    const window = { start, octets };
    this.#windows.set(keyOf(file, start), window);
    this.#windows.set(keyOf(file, start + WINDOW_OCTETS), window);
  }

  clear(): void {
    this.#windows.clear();
    this.#lastEnds.clear();
  }
}

function keyOf(file: string, position: number): string {
  return `${Math.floor(position / WINDOW_OCTETS)}:${file}`;
}
