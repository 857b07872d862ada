/**
 * Reads the next messages while the client is busy with this one: programs take a maildrop from one
 * end to the other, and waiting for the disk between any two is most of the time. Bounded: a session
 * holds at most `MAX_OCTETS` that nobody has asked for yet.
 */

/** Longer messages are read in slices when they are asked for. */
export const MAX_MESSAGE_OCTETS = 65_536;
const MAX_OCTETS = 524_288;
const MAX_MESSAGES = 16;

export type ReadAheadSource = {
  readonly count: number;
  readonly sizeOctets: (index: number) => number;
  /** The whole of each message, or why it cannot be had; read together. */
  readonly load: (indexes: readonly number[]) => Promise<(Uint8Array | Error)[]>;
};

export class ReadAhead {
  readonly #source: ReadAheadSource;
  readonly #waiting = new Map<number, Promise<Uint8Array>>();
  #waitingOctets = 0;
  #last = -1;
  /** Grows while the client keeps to the order. */
  #window = 1;

  constructor(source: ReadAheadSource) {
    this.#source = source;
  }

  /** The whole message, if it was foreseen; begins to read those that should follow. */
  take(index: number): Promise<Uint8Array> | undefined {
    const isInOrder = index > this.#last && index <= this.#last + MAX_MESSAGES;
    this.#window = isInOrder ? Math.min(MAX_MESSAGES, this.#window * 2) : 1;
    this.#last = index;
    const found = this.#waiting.get(index);
    for (const other of this.#waiting.keys()) {
      // Passed over, or of an order that the client has left.
      if (other <= index || !isInOrder) this.#forget(other);
    }
    if (this.#window > 1) this.#foresee(index + 1);
    return found;
  }

  #foresee(from: number): void {
    const { count, sizeOctets, load } = this.#source;
    // Many at a time: as long as there is enough in hand, nothing is read.
    if (this.#waiting.size > this.#window / 2) return;
    const end = Math.min(count, from + this.#window);
    const indexes: number[] = [];
    for (let index = from; index < end; index++) {
      const size = sizeOctets(index);
      if (size > MAX_MESSAGE_OCTETS || this.#waiting.has(index)) continue;
      if (this.#waitingOctets + size > MAX_OCTETS) break;
      indexes.push(index);
      this.#waitingOctets += size;
    }
    if (indexes.length === 0) return;
    const loading = load(indexes);
    for (const [at, index] of indexes.entries()) {
      const octets = loading.then((all) => {
        const one = all[at];
        if (one instanceof Error) throw one;
        return one;
      });
      // Who takes it hears of the failure; if nobody does, nobody needs to.
      octets.catch(() => {});
      this.#waiting.set(index, octets);
    }
  }

  #forget(index: number): void {
    if (this.#waiting.delete(index)) this.#waitingOctets -= this.#source.sizeOctets(index);
  }
}
