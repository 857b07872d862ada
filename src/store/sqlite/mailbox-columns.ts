/**
 * The messages of a mailbox as columns, ascending by UID: nine typed arrays that grow by doubling.
 * A hundred thousand messages take five megabytes and no objects.
 */

import { ADDED_STRIDE, FLAGS_STRIDE } from "./feed-entry.ts";

const FIRST_CAPACITY = 64;

export class MailboxColumns {
  count = 0;
  uids: Uint32Array = new Uint32Array(0);
  flags: Uint32Array = new Uint32Array(0);
  flagsHigh: Uint32Array = new Uint32Array(0);
  sizesOctets: Uint32Array = new Uint32Array(0);
  modSeqs: Float64Array = new Float64Array(0);
  messageIds: Float64Array = new Float64Array(0);
  internalDatesMs: Float64Array = new Float64Array(0);
  savedDatesMs: Float64Array = new Float64Array(0);
  threadIds: Float64Array = new Float64Array(0);

  /** All of them, in an order that never changes: files are written in it. */
  get arrays(): readonly (Uint32Array | Float64Array)[] {
    return [
      this.uids,
      this.flags,
      this.flagsHigh,
      this.sizesOctets,
      this.modSeqs,
      this.messageIds,
      this.internalDatesMs,
      this.savedDatesMs,
      this.threadIds,
    ];
  }

  /** Position of `uid`, or of the first greater one. */
  positionOf(uid: number): number {
    const { uids } = this;
    let low = 0;
    let high = this.count;
    // Most questions are about the newest.
    if (high > 0 && uids[high - 1] < uid) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (uids[middle] < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  indexOfUid(uid: number): number {
    const position = this.positionOf(uid);
    return position < this.count && this.uids[position] === uid ? position : -1;
  }

  /** Adds messages from rows of ADDED_STRIDE numbers, all with one MODSEQ. Those that are there already are passed over. */
  add(rows: readonly number[], modSeq: number): void {
    this.reserve(rows.length / ADDED_STRIDE);
    for (let at = 0; at < rows.length; at += ADDED_STRIDE) {
      const uid = rows[at];
      if (this.count > 0 && this.uids[this.count - 1] >= uid) continue;
      const index = this.count++;
      this.uids[index] = uid;
      this.flags[index] = rows[at + 1];
      this.flagsHigh[index] = rows[at + 2];
      this.messageIds[index] = rows[at + 3];
      this.internalDatesMs[index] = rows[at + 4];
      this.savedDatesMs[index] = rows[at + 5];
      this.sizesOctets[index] = rows[at + 6];
      this.threadIds[index] = rows[at + 7];
      this.modSeqs[index] = modSeq;
    }
  }

  /** From rows of FLAGS_STRIDE numbers. */
  setFlags(rows: readonly number[], modSeq: number): void {
    for (let at = 0; at < rows.length; at += FLAGS_STRIDE) {
      const index = this.indexOfUid(rows[at]);
      if (index === -1) continue;
      this.flags[index] = rows[at + 1];
      this.flagsHigh[index] = rows[at + 2];
      this.modSeqs[index] = modSeq;
    }
  }

  /** `uids` ascend. One pass: what stays is moved up over what goes. */
  remove(uids: readonly number[]): void {
    let write = -1;
    let read = 0;
    const keep = (until: number): void => {
      if (write === -1 || read >= until) return;
      this.#move(write, read, until);
      write += until - read;
    };
    for (const uid of uids) {
      const index = this.indexOf(uid, read);
      if (index === -1) continue;
      keep(index);
      if (write === -1) write = index;
      read = index + 1;
    }
    if (write === -1) return;
    keep(this.count);
    this.count = write;
  }

  /** Like `indexOfUid`, knowing that rows before `from` may be in disorder. */
  private indexOf(uid: number, from: number): number {
    let low = from;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.uids[middle] < uid) low = middle + 1;
      else high = middle;
    }
    return low < this.count && this.uids[low] === uid ? low : -1;
  }

  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.uids.length) return;
    const capacity = Math.max(FIRST_CAPACITY, needed, this.uids.length * 2);
    this.uids = grown32(this.uids, capacity);
    this.flags = grown32(this.flags, capacity);
    this.flagsHigh = grown32(this.flagsHigh, capacity);
    this.sizesOctets = grown32(this.sizesOctets, capacity);
    this.modSeqs = grown64(this.modSeqs, capacity);
    this.messageIds = grown64(this.messageIds, capacity);
    this.internalDatesMs = grown64(this.internalDatesMs, capacity);
    this.savedDatesMs = grown64(this.savedDatesMs, capacity);
    this.threadIds = grown64(this.threadIds, capacity);
  }

  #move(to: number, from: number, until: number): void {
    this.uids.copyWithin(to, from, until);
    this.flags.copyWithin(to, from, until);
    this.flagsHigh.copyWithin(to, from, until);
    this.sizesOctets.copyWithin(to, from, until);
    this.modSeqs.copyWithin(to, from, until);
    this.messageIds.copyWithin(to, from, until);
    this.internalDatesMs.copyWithin(to, from, until);
    this.savedDatesMs.copyWithin(to, from, until);
    this.threadIds.copyWithin(to, from, until);
  }
}

function grown32(column: Uint32Array, capacity: number): Uint32Array {
  const larger = new Uint32Array(capacity);
  larger.set(column);
  return larger;
}

function grown64(column: Float64Array, capacity: number): Float64Array {
  const larger = new Float64Array(capacity);
  larger.set(column);
  return larger;
}
