/**
 * The messages of a mailbox as columns, ascending by UID: nine typed arrays that grow by doubling.
 * A hundred thousand messages take five megabytes and no objects. Columns may come late
 * (`late-columns.ts`): how many messages there are, which is the last and which the first unseen is
 * known without them, and what happens before they come is made up for when they do.
 */

import { SEEN } from "../mail.ts";
import { ADDED_STRIDE, type FlagOperation } from "./feed-entry.ts";
import { closeGaps, replay, type Column, type ColumnChange } from "./column-changes.ts";
import type { Runs } from "./number-runs.ts";

const FIRST_CAPACITY = 64;
/** Room behind columns that come late, so that the next message does not copy them; untouched memory costs nothing. */
const SPARE_SHARE = 1 / 4;

/** In an order that never changes: files are written in it. */
export const COLUMN_NAMES = [
  "uids",
  "flags",
  "flagsHigh",
  "sizesOctets",
  "modSeqs",
  "messageIds",
  "internalDatesMs",
  "savedDatesMs",
  "threadIds",
] as const;

/** Places in that order; from MOD_SEQS on members have eight octets. */
export const UIDS = 0;
export const FLAGS = 1;
export const FLAGS_HIGH = 2;
export const SIZES_OCTETS = 3;
export const MOD_SEQS = 4;
export const MESSAGE_IDS = 5;
export const INTERNAL_DATES_MS = 6;
export const SAVED_DATES_MS = 7;
export const THREAD_IDS = 8;

/** Where columns are that have not come yet. */
export type ColumnSource = {
  /** Fills in the column as it was when it was kept; false if that cannot be. */
  readNow(index: number, column: Column): boolean;
  /** Fills in the column from the rows of these messages. */
  readRows(index: number, column: Column, uids: Uint32Array): void;
};

/** What is known of a mailbox whose columns come late. */
export type LateStart = {
  readonly source: ColumnSource;
  readonly count: number;
  readonly lastUid: number;
  /** The position of the first unseen message; `count` if there is none. */
  readonly firstUnseen: number;
};

export class MailboxColumns {
  count = 0;
  /** 0 where there is none. */
  lastUid = 0;
  /** Grows when messages move to other positions. */
  generation = 0;
  #capacity = 0;
  readonly #columns: (Column | undefined)[];
  /** Set while columns are still to come. */
  #late: LateStart | undefined;
  /** What has happened since the columns that are still to come were kept. */
  #changes: ColumnChange[] = [];
  /** All before this position are seen; this one is not, or it is not known (`#isUnseenKnown`). */
  #seenBefore = 0;
  #isUnseenKnown = true;

  constructor(late?: LateStart) {
    this.#columns = COLUMN_NAMES.map((_, index) =>
      late === undefined ? newColumn(index, 0) : undefined,
    );
    if (late === undefined) return;
    this.#late = late;
    this.count = late.count;
    this.lastUid = late.lastUid;
    this.#seenBefore = late.firstUnseen;
    this.#capacity = late.count + FIRST_CAPACITY + Math.floor(late.count * SPARE_SHARE);
  }

  get uids(): Uint32Array {
    return (this.#columns[UIDS] ?? this.#come(UIDS)) as Uint32Array;
  }
  get flags(): Uint32Array {
    return (this.#columns[FLAGS] ?? this.#come(FLAGS)) as Uint32Array;
  }
  get flagsHigh(): Uint32Array {
    return (this.#columns[FLAGS_HIGH] ?? this.#come(FLAGS_HIGH)) as Uint32Array;
  }
  get sizesOctets(): Uint32Array {
    return (this.#columns[SIZES_OCTETS] ?? this.#come(SIZES_OCTETS)) as Uint32Array;
  }
  get modSeqs(): Float64Array {
    return (this.#columns[MOD_SEQS] ?? this.#come(MOD_SEQS)) as Float64Array;
  }
  get messageIds(): Float64Array {
    return (this.#columns[MESSAGE_IDS] ?? this.#come(MESSAGE_IDS)) as Float64Array;
  }
  get internalDatesMs(): Float64Array {
    return (this.#columns[INTERNAL_DATES_MS] ?? this.#come(INTERNAL_DATES_MS)) as Float64Array;
  }
  get savedDatesMs(): Float64Array {
    return (this.#columns[SAVED_DATES_MS] ?? this.#come(SAVED_DATES_MS)) as Float64Array;
  }
  get threadIds(): Float64Array {
    return (this.#columns[THREAD_IDS] ?? this.#come(THREAD_IDS)) as Float64Array;
  }

  /** All of them, in their order. */
  get arrays(): readonly Column[] {
    return this.#columns.map((column, index) => column ?? this.#come(index));
  }

  need(index: number): Column {
    return this.#columns[index] ?? this.#come(index);
  }

  /** All columns are here. */
  get isWhole(): boolean {
    return this.#late === undefined;
  }

  isLate(index: number): boolean {
    return this.#columns[index] === undefined;
  }

  /** A column to be filled with what was kept, and then handed to `came`. */
  blank(index: number): Column {
    return newColumn(index, this.#capacity);
  }

  /** Takes a late column as it was kept. */
  came(index: number, column: Column): void {
    const late = this.#late;
    if (late === undefined || !this.isLate(index)) return;
    const wide = column.length >= this.#capacity ? column : grown(column, this.#capacity);
    replay(wide, { index, count: late.count, changes: this.#changes });
    this.#take(index, wide);
  }

  /** At once, for somebody who asks for it. */
  #come(index: number): Column {
    const { source, count } = this.#late as LateStart;
    const column = this.blank(index);
    if (source.readNow(index, column.subarray(0, count))) {
      this.came(index, column);
      return this.#columns[index] as Column;
    }
    source.readRows(index, column, this.uids.subarray(0, this.count));
    this.#take(index, column);
    return column;
  }

  #take(index: number, column: Column): void {
    this.#columns[index] = column;
    if (this.#columns.includes(undefined)) return;
    this.#late = undefined;
    this.#changes = [];
  }

  /** Position of the first message without \Seen; -1 if there is none. */
  firstUnseen(): number {
    if (!this.#isUnseenKnown) {
      const { flags, count } = this;
      while (this.#seenBefore < count && (flags[this.#seenBefore] & SEEN) !== 0) this.#seenBefore++;
      this.#isUnseenKnown = true;
    }
    return this.#seenBefore < this.count ? this.#seenBefore : -1;
  }

  /** Position of `uid`, or of the first greater one. */
  positionOf(uid: number): number {
    // Most questions are about the newest.
    return this.lastUid < uid ? this.count : this.#positionFrom(uid, 0);
  }

  #positionFrom(uid: number, from: number): number {
    const { uids } = this;
    let low = from;
    let high = this.count;
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

  /** Adds messages from rows of ADDED_STRIDE numbers, with one MODSEQ or one for each. Those that are there already are passed over. */
  add(rows: readonly number[], modSeq: number | readonly number[]): void {
    const fresh: number[] = [];
    for (let at = 0; at < rows.length; at += ADDED_STRIDE) {
      if (rows[at] <= this.lastUid) continue;
      this.lastUid = rows[at];
      fresh.push(at);
    }
    if (fresh.length === 0) return;
    this.reserve(fresh.length);
    const change: ColumnChange = { kind: "add", rows, fresh, modSeq };
    this.#apply(change);
    for (const at of fresh) {
      const isSeen = (rows[at + 1] & SEEN) !== 0;
      if (this.#isUnseenKnown && this.#seenBefore === this.count && isSeen) this.#seenBefore++;
      this.count++;
    }
  }

  setFlags([uid, low, high]: readonly number[], modSeq: number): void {
    const operation = { keptLow: 0, setLow: low, keptHigh: 0, setHigh: high };
    this.changeFlags([uid, uid], operation, modSeq);
  }

  changeFlags(uids: Runs, operation: FlagOperation, modSeq: number): void {
    const ranges = this.#rangesOf(uids);
    if (ranges.length === 0) return;
    this.#apply({ kind: "flags", ranges, operation, modSeq });
    if ((operation.setLow & SEEN) !== 0) {
      for (let at = 0; at < ranges.length; at += 2) {
        const isHere = ranges[at] <= this.#seenBefore && this.#seenBefore < ranges[at + 1];
        if (isHere) this.#isUnseenKnown = false;
      }
    } else if ((operation.keptLow & SEEN) === 0 && ranges[0] <= this.#seenBefore) {
      this.#seenBefore = ranges[0];
      this.#isUnseenKnown = true;
    }
  }

  /** What stays is moved up over what goes. */
  remove(uids: Runs): void {
    const ranges = this.#rangesOf(uids);
    if (ranges.length === 0) return;
    let before = 0;
    let all = 0;
    for (let at = 0; at < ranges.length; at += 2) {
      const [from, to] = [ranges[at], ranges[at + 1]];
      all += to - from;
      before += Math.max(0, Math.min(to, this.#seenBefore) - from);
      if (from <= this.#seenBefore && this.#seenBefore < to) this.#isUnseenKnown = false;
    }
    this.#seenBefore -= before;
    this.#apply({ kind: "remove", ranges });
    this.count -= all;
    this.lastUid = this.count === 0 ? 0 : this.uids[this.count - 1];
    this.generation++;
  }

  /** Of those that are there: the first position of each run, and the first behind it. */
  #rangesOf(uids: Runs): number[] {
    const ranges: number[] = [];
    let behind = 0;
    for (let at = 0; at < uids.length && uids[at] <= this.lastUid; at += 2) {
      const from = this.#positionFrom(uids[at], behind);
      behind = this.#positionFrom(uids[at + 1] + 1, from);
      if (from === ranges.at(-1)) ranges[ranges.length - 1] = behind;
      else if (from < behind) ranges.push(from, behind);
    }
    return ranges;
  }

  /** To the columns that are here now, and to the others when they come. */
  #apply(change: ColumnChange): void {
    if (this.#late !== undefined) this.#changes.push(change);
    const changes = [change];
    for (const [index, column] of this.#columns.entries()) {
      if (column === undefined) continue;
      if (change.kind === "remove") closeGaps(column, change.ranges, this.count);
      else replay(column, { index, count: this.count, changes });
    }
  }

  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.#capacity) return;
    this.#capacity = Math.max(FIRST_CAPACITY, needed, this.#capacity * 2);
    for (const [index, column] of this.#columns.entries()) {
      if (column !== undefined) this.#columns[index] = grown(column, this.#capacity);
    }
  }
}

function newColumn(index: number, length: number): Column {
  return index < MOD_SEQS ? new Uint32Array(length) : new Float64Array(length);
}

function grown(column: Column, capacity: number): Column {
  const larger =
    column instanceof Uint32Array ? new Uint32Array(capacity) : new Float64Array(capacity);
  larger.set(column);
  return larger;
}
