/**
 * Room for message parts that have to be in memory whole, shared by all sessions of the process: what
 * is decoded for a reader that does not read stays until the reader goes. Who finds no room waits in
 * line, and gives up after a while.
 *
 * No deadlock: a session asks for room while it has none, and what a session has is given back when
 * its part is written or its connection ends, which the channel sees to.
 */

import type { Clock } from "../../base/clock.ts";

export const DECODE_ROOM_OCTETS = 268_435_456;
/** So little is always there: who hoards room shall not keep others from their small attachments. */
export const FREE_OCTETS = 1_048_576;
export const ROOM_WAIT_MS = 30_000;

export type Room = {
  /** Gives back what is above `octets`. */
  readonly shrink: (octets: number) => void;
  readonly release: () => void;
};

type Waiter = { readonly octets: number; readonly enter: (room: Room) => void };

export class DecodeRoom {
  readonly #limitOctets: number;
  readonly #waiters: Waiter[] = [];
  #takenOctets = 0;

  constructor(limitOctets: number = DECODE_ROOM_OCTETS) {
    this.#limitOctets = limitOctets;
  }

  get takenOctets(): number {
    return this.#takenOctets;
  }

  /**
   * Undefined when there was none in time. What is larger than all the room gets all of it.
   * `beforeWait` lets go of what need not be kept meanwhile.
   */
  async take(
    wantedOctets: number,
    clock: Clock,
    beforeWait: () => void = () => {},
  ): Promise<Room | undefined> {
    if (wantedOctets <= FREE_OCTETS) return NO_ROOM_NEEDED;
    const octets = Math.min(wantedOctets, this.#limitOctets);
    if (this.#waiters.length === 0 && this.#fits(octets)) return this.#enter(octets);
    beforeWait();
    return new Promise((resolve) => {
      const cancel = clock.setTimer(ROOM_WAIT_MS, () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        // Those behind may want less.
        this.#admit();
        resolve(undefined);
      });
      const enter = (room: Room): void => {
        cancel();
        resolve(room);
      };
      const waiter: Waiter = { octets, enter };
      this.#waiters.push(waiter);
    });
  }

  #fits(octets: number): boolean {
    return this.#takenOctets + octets <= this.#limitOctets;
  }

  #enter(octets: number): Room {
    this.#takenOctets += octets;
    let heldOctets = octets;
    const shrink = (toOctets: number): void => {
      const freed = heldOctets - toOctets;
      if (freed <= 0) return;
      heldOctets = toOctets;
      this.#takenOctets -= freed;
      this.#admit();
    };
    return { shrink, release: () => shrink(0) };
  }

  /** In the order they came, so that large wishes are not passed over for ever. */
  #admit(): void {
    for (let next = this.#waiters[0]; next !== undefined; next = this.#waiters[0]) {
      if (!this.#fits(next.octets)) return;
      this.#waiters.shift();
      next.enter(this.#enter(next.octets));
    }
  }
}

const NO_ROOM_NEEDED: Room = { shrink: () => {}, release: () => {} };
