/** What a set of numbers names in a mailbox, gathered without an object for each message. */

/** Messages a set names: parallel, ascending. Ghosts are in neither. */
export type Targets = {
  readonly seqs: Uint32Array;
  readonly uids: Uint32Array;
  /** Some named messages have been expunged by another session. */
  readonly hasGhosts: boolean;
};

export class TargetList {
  hasGhosts = false;
  #seqs = new Uint32Array(64);
  #uids = new Uint32Array(64);
  #length = 0;

  add(seq: number, uid: number): void {
    this.#reserve(1);
    this.#seqs[this.#length] = seq;
    this.#uids[this.#length] = uid;
    this.#length++;
  }

  /** Positions from `from` up to `to`, where sequence numbers are positions plus one. */
  addRange(uids: Uint32Array, from: number, to: number): void {
    if (from >= to) return;
    this.#reserve(to - from);
    this.#uids.set(uids.subarray(from, to), this.#length);
    for (let position = from; position < to; position++) {
      this.#seqs[this.#length++] = position + 1;
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#seqs.length) return;
    const capacity = Math.max(needed, 2 * this.#seqs.length);
    this.#seqs = grown(this.#seqs, capacity);
    this.#uids = grown(this.#uids, capacity);
  }

  finish(): Targets {
    return {
      seqs: this.#seqs.subarray(0, this.#length),
      uids: this.#uids.subarray(0, this.#length),
      hasGhosts: this.hasGhosts,
    };
  }
}

function grown(array: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity);
  larger.set(array);
  return larger;
}
