/**
 * How many sessions an account holds from one address (security row 90). Mail programs open several:
 * Thunderbird 5, Apple Mail more, so the bound is generous; over it the answer is NO [LIMIT].
 * With it goes what else all sessions share: the room for decoded parts.
 */

import { DecodeRoom } from "./decode-room.ts";

export class SessionCounter {
  readonly room: DecodeRoom;
  readonly #limit: number;
  readonly #counts = new Map<string, number>();

  constructor(limit = 40, room: DecodeRoom = new DecodeRoom()) {
    this.room = room;
    this.#limit = limit;
  }

  /** Sessions of all accounts. */
  get count(): number {
    let sum = 0;
    for (const count of this.#counts.values()) sum += count;
    return sum;
  }

  /** The function that gives the place back, or undefined when there is none left. */
  enter(accountId: number, peerAddress: string): (() => void) | undefined {
    const key = `${accountId} ${peerAddress}`;
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#limit) return undefined;
    this.#counts.set(key, count + 1);
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  }
}
