/**
 * Which stored messages a mailbox holds, to be asked again and again: eight octets for each, sorted in
 * blocks. Stored messages are numbered as they come, so that blocks hardly overlap and a look-up
 * mostly searches one of them.
 */

import type { MessageId } from "../../store/octets.ts";
import type { Slicer } from "./slicer.ts";

const BLOCK = 16_384;

export class MessageSet {
  readonly #blocks: readonly Float64Array[];

  private constructor(blocks: readonly Float64Array[]) {
    this.#blocks = blocks;
  }

  /** Takes `ids` over and sorts them, with rests. */
  static async of(ids: Float64Array, slicer: Slicer): Promise<MessageSet> {
    const blocks: Float64Array[] = [];
    for (let from = 0; from < ids.length; from += BLOCK) {
      const block = ids.subarray(from, from + BLOCK);
      if (!isAscending(block)) block.sort();
      blocks.push(block);
      if (slicer.isDue(BLOCK)) await slicer.rest();
    }
    return new MessageSet(blocks);
  }

  has(id: MessageId): boolean {
    return this.#blocks.some(
      (block) => block[0] <= id && id <= block[block.length - 1] && holds(block, id),
    );
  }
}

function isAscending(ids: Float64Array): boolean {
  for (let at = 1; at < ids.length; at++) if (ids[at] < ids[at - 1]) return false;
  return true;
}

function holds(ascending: Float64Array, id: number): boolean {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] < id) low = middle + 1;
    else high = middle;
  }
  return ascending[low] === id;
}
