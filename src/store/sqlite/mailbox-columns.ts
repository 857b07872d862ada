/**
 * The messages of a mailbox as columns, ascending by UID: nine typed arrays that grow by doubling.
 * A hundred thousand messages take five megabytes and no objects.
 */

import { ADDED_STRIDE, type FlagOperation } from "./feed-entry.ts";
import type { Runs } from "./number-runs.ts";

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
    const { uids, count } = this;
    // Most questions are about the newest.
    if (count > 0 && uids[count - 1] < uid) return count;
    return lowerBound(uids, 0, count, uid);
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

  setFlags([uid, low, high]: readonly number[], modSeq: number): void {
    const index = this.indexOfUid(uid);
    if (index === -1) return;
    this.flags[index] = low;
    this.flagsHigh[index] = high;
    this.modSeqs[index] = modSeq;
  }

  changeFlags(uids: Runs, operation: FlagOperation, modSeq: number): void {
    const { keptLow, setLow, keptHigh, setHigh } = operation;
    const { flags, flagsHigh, modSeqs } = this;
    for (let at = 0; at < uids.length; at += 2) {
      const end = this.positionOf(uids[at + 1] + 1);
      for (let index = this.positionOf(uids[at]); index < end; index++) {
        flags[index] = (flags[index] & keptLow) | setLow;
        flagsHigh[index] = (flagsHigh[index] & keptHigh) | setHigh;
        modSeqs[index] = modSeq;
      }
    }
  }

  /** One pass: what stays is moved up over what goes. */
  remove(uids: Runs): void {
    let write = -1;
    let read = 0;
    for (let at = 0; at < uids.length; at += 2) {
      const first = lowerBound(this.uids, read, this.count, uids[at]);
      const end = lowerBound(this.uids, first, this.count, uids[at + 1] + 1);
      if (end === first) continue;
      if (write === -1) {
        write = first;
      } else {
        this.#move(write, read, first);
        write += first - read;
      }
      read = end;
    }
    if (write === -1) return;
    this.#move(write, read, this.count);
    this.count = write + this.count - read;
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

/** The first position from `from` up to `to` that holds at least `uid`. */
function lowerBound(uids: Uint32Array, from: number, to: number, uid: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uids[middle] < uid) low = middle + 1;
    else high = middle;
  }
  return low;
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
