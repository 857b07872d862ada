/**
 * One session's view of the mailbox it has selected. The columns (`OpenMailbox`) belong to all
 * sessions and are always new; the view remembers what this client has been told: up to which UID
 * messages were announced, which of them have gone without it knowing ("ghosts"), and up to which
 * MODSEQ flags were told. Sequence numbers count what was told, ghosts included.
 */

import { resolveRanges, type SequenceRange, type SequenceSet } from "../../imap/sequence-set.ts";
import { DELETED, type MailboxChange, type OpenMailbox } from "../../store/mail.ts";
import { TargetList, type Targets } from "./target-list.ts";

export type SelectOptions = {
  readonly isReadOnly: boolean;
  readonly firstRecentUid: number;
  readonly onChange: () => void;
};

type FlagChange = Extract<MailboxChange, { readonly kind: "flags" }>;

/** So many changes are remembered one by one until they are told. */
const MAX_UNTOLD = 200;
/** A change that is looked for costs as much as so many messages that are looked at. */
const FEW_SHARE = 16;

export class SelectedMailbox {
  readonly open: OpenMailbox;
  readonly isReadOnly: boolean;
  /** Messages from this UID on are `\Recent` here (RFC 3501 §2.3.2). */
  readonly firstRecentUid: number;
  /** The mailbox was deleted by somebody. */
  isGone = false;
  /** Messages have been announced since it was selected. */
  hasAnnounced = false;
  #toldUid: number;
  #toldModSeq: number;
  #toldKeywords: number;
  #ghosts: number[] = [];
  #haveFlagsChanged = false;
  /** MODSEQs of changes by this session whose outcome it has heard. */
  readonly #ownModSeqs = new Set<number>();
  /** Flag changes since flags were told last. Undefined: too many to remember. */
  #untold: FlagChange[] | undefined = [];
  readonly #stopListening: () => void;

  constructor(open: OpenMailbox, options: SelectOptions) {
    this.open = open;
    this.isReadOnly = options.isReadOnly;
    this.firstRecentUid = options.firstRecentUid;
    this.#toldUid = open.lastUid;
    this.#toldModSeq = open.highestModSeq;
    this.#toldKeywords = open.keywords.length;
    this.#stopListening = open.onChange((change) => {
      this.#note(change);
      options.onChange();
    });
  }

  release(): void {
    this.#stopListening();
    this.open.release();
  }

  /** The last message the client knows of. */
  get toldUid(): number {
    return this.#toldUid;
  }

  /** How many messages the client counts. */
  get count(): number {
    return this.#liveTold + this.#ghosts.length;
  }

  get #liveTold(): number {
    // All of them, nearly always: then it is not looked for.
    const { count, lastUid } = this.open;
    return this.#toldUid >= lastUid ? count : lowerBound(this.open.uids, count, this.#toldUid + 1);
  }

  get hasNews(): boolean {
    const { lastUid, keywords } = this.open;
    return (
      this.isGone ||
      this.#ghosts.length > 0 ||
      this.#haveFlagsChanged ||
      keywords.length !== this.#toldKeywords ||
      lastUid > this.#toldUid
    );
  }

  #note(change: MailboxChange): void {
    switch (change.kind) {
      case "flags":
        this.#haveFlagsChanged = true;
        if (this.#untold?.push(change) === MAX_UNTOLD) this.#untold = undefined;
        break;
      case "expunged":
        this.#addGhosts(change.uids);
        break;
      case "mailbox-deleted":
        this.isGone = true;
        break;
      case "added":
      case "mailbox-created":
      case "mailbox-renamed":
      case "mailbox-changed":
      case "mailbox-annotated":
        break;
    }
  }

  #addGhosts(uids: readonly number[]): void {
    const told = uids.slice(0, lowerBound(uids, uids.length, this.#toldUid + 1));
    if (told.length === 0) return;
    const before = this.#ghosts;
    const isAscending = before.length === 0 || before[before.length - 1] < told[0];
    this.#ghosts = before.length === 0 ? told : before.concat(told);
    if (!isAscending) this.#ghosts.sort((a, b) => a - b);
  }

  /** Announces what has been added: the new count, or undefined if there is nothing to announce. */
  takeAdded(): number | undefined {
    const { lastUid } = this.open;
    if (lastUid <= this.#toldUid) return undefined;
    this.#toldUid = lastUid;
    this.hasAnnounced = true;
    return this.count;
  }

  /** Sequence numbers of the ghosts, highest first, so that telling one does not move the next; they are ghosts no longer. */
  takeExpunged(): { seqs: number[]; uids: number[] } {
    const uids = this.#ghosts;
    if (uids.length === 0) return { seqs: [], uids };
    const seqs = this.#seqsOfGhosts().reverse();
    this.#ghosts = [];
    return { seqs, uids };
  }

  /** What `takeExpunged` would take, lowest number first. */
  get ghosts(): { readonly seqs: readonly number[]; readonly uids: readonly number[] } {
    return { seqs: this.#seqsOfGhosts(), uids: [...this.#ghosts] };
  }

  /** Ascending. Ghosts often lie side by side: then as many live ones are below the next. */
  #seqsOfGhosts(): number[] {
    const { uids, count } = this.open;
    let below = 0;
    return this.#ghosts.map((uid, index) => {
      if (below < count && uids[below] < uid) below = lowerBound(uids, count, uid);
      return below + index + 1;
    });
  }

  /**
   * Messages that the client knows of and that changed after `modSeq`, or that it was told of after
   * `toldUid`: those may have come long before.
   */
  uidsChangedSince(modSeq: number, toldUid: number): number[] {
    const { uids, modSeqs } = this.open;
    const changed: number[] = [];
    const end = this.#liveTold;
    for (let position = 0; position < end; position++) {
      const uid = uids[position];
      if (modSeqs[position] > modSeq || uid > toldUid) changed.push(uid);
    }
    return changed;
  }

  /** Positions in the columns whose flags have changed since they were told. */
  takeChanged(): number[] {
    if (!this.#haveFlagsChanged) return [];
    this.#haveFlagsChanged = false;
    const { uids, modSeqs, highestModSeq } = this.open;
    const positions: number[] = [];
    const end = this.#liveTold;
    const isOthers = this.#changedByOthers();
    const look = (position: number): void => {
      const modSeq = modSeqs[position];
      if (modSeq <= this.#toldModSeq) return;
      if (!this.#ownModSeqs.has(modSeq) || isOthers(uids[position])) positions.push(position);
    };
    const few = this.#fewChanged(end);
    if (few !== undefined) for (const position of few) look(position);
    else for (let position = 0; position < end; position++) look(position);
    this.#toldModSeq = highestModSeq;
    this.#ownModSeqs.clear();
    this.#untold = [];
    return positions;
  }

  /** Where those are that have changed, if that is less work than looking at the first `end`. */
  #fewChanged(end: number): number[] | undefined {
    let changes = 0;
    for (const { uids } of this.#untold ?? []) changes += uids.length;
    if (this.#untold === undefined || changes * FEW_SHARE > end) return undefined;
    const positions = new Set<number>();
    for (const { uids } of this.#untold) {
      for (const uid of uids) positions.add(this.open.indexOfUid(uid));
    }
    return [...positions].filter((at) => at !== -1 && at < end).sort((a, b) => a - b);
  }

  /** Another session's change just before our own, of the same message, bears our MODSEQ now. */
  #changedByOthers(): (uid: number) => boolean {
    if (this.#ownModSeqs.size === 0) return () => false;
    if (this.#untold === undefined) return () => true;
    const others = this.#untold.filter(({ modSeq }) => !this.#ownModSeqs.has(modSeq));
    const changed = new Set(others.flatMap(({ uids }) => uids));
    return (uid) => changed.has(uid);
  }

  /** Keywords have come into use that FLAGS has not named. */
  takeNewKeywords(): boolean {
    if (this.open.keywords.length === this.#toldKeywords) return false;
    this.#toldKeywords = this.open.keywords.length;
    return true;
  }

  /** A change made by this session: its outcome is told (or silenced) by the command itself. */
  ownChange(modSeq: number): void {
    this.#ownModSeqs.add(modSeq);
  }

  /** Those flagged `\\Deleted`, whether the client was told of them or not. */
  deletedUids(): number[] {
    const { uids, flags, count } = this.open;
    const deleted: number[] = [];
    for (let position = 0; position < count; position++) {
      if ((flags[position] & DELETED) !== 0) deleted.push(uids[position]);
    }
    return deleted;
  }

  /** Nothing that the client counts has gone without it knowing. */
  get isWithoutGhosts(): boolean {
    return this.#ghosts.length === 0;
  }

  seqOfPosition(position: number): number {
    if (this.#ghosts.length === 0) return position + 1;
    const uid = this.open.uids[position];
    return position + 1 + lowerBound(this.#ghosts, this.#ghosts.length, uid);
  }

  /** The sequence number of a UID the client knows; 0 if it knows none such. */
  seqOfUid(uid: number): number {
    const position = uid <= this.#toldUid ? this.open.indexOfUid(uid) : -1;
    return position === -1 ? 0 : this.seqOfPosition(position);
  }

  /** Whether every number of a set of sequence numbers stands for a message (RFC 9051 §6.4.5: else BAD). */
  coversSeqs(set: SequenceSet): boolean {
    if (set === "saved") return true;
    const { count } = this;
    const reaches = (bound: number): boolean =>
      bound <= count || bound === Number.POSITIVE_INFINITY;
    return set.every(({ from, to }) => reaches(from) && reaches(to));
  }

  /** What `set` names. `saved` is the result of a SEARCH (RFC 5182), as UIDs. */
  resolve(set: SequenceSet, isUid: boolean, saved: readonly number[]): Targets {
    if (set === "saved") return this.#targetsOf(saved.filter((uid) => uid <= this.#toldUid));
    const targets = new TargetList();
    if (isUid) this.#resolveUids(set, targets);
    else if (this.#ghosts.length === 0) this.#resolveSeqs(set, targets);
    else this.#resolveSeqsAmongGhosts(set, targets);
    return targets.finish();
  }

  #targetsOf(uids: readonly number[]): Targets {
    const targets = new TargetList();
    for (const uid of uids) {
      const seq = this.seqOfUid(uid);
      if (seq > 0) targets.add(seq, uid);
    }
    return targets.finish();
  }

  #resolveUids(set: Exclude<SequenceSet, "saved">, targets: TargetList): void {
    const { uids } = this.open;
    const end = this.#liveTold;
    if (end === 0) return;
    for (const range of resolveRanges(set, uids[end - 1])) {
      const from = lowerBound(uids, end, range.from);
      const to = lowerBound(uids, end, range.to + 1);
      if (this.#ghosts.length === 0) {
        targets.addRange(uids, from, to);
        continue;
      }
      for (let position = from; position < to; position++) {
        targets.add(this.seqOfPosition(position), uids[position]);
      }
    }
  }

  #resolveSeqs(set: Exclude<SequenceSet, "saved">, targets: TargetList): void {
    const { count } = this;
    for (const range of resolveRanges(set, count)) {
      targets.addRange(this.open.uids, Math.max(1, range.from) - 1, Math.min(range.to, count));
    }
  }

  #resolveSeqsAmongGhosts(set: Exclude<SequenceSet, "saved">, targets: TargetList): void {
    const known = this.#knownUids();
    let ghost = 0;
    for (const range of resolveRanges(set, known.length)) {
      const last = Math.min(range.to, known.length);
      for (let seq = Math.max(1, range.from); seq <= last; seq++) {
        const uid = known[seq - 1];
        while (ghost < this.#ghosts.length && this.#ghosts[ghost] < uid) ghost++;
        if (this.#ghosts[ghost] === uid) targets.hasGhosts = true;
        else targets.add(seq, uid);
      }
    }
  }

  /**
   * Makes UIDs of sequence numbers as they are now: a range of numbers is one range of UIDs, for what
   * lies between has gone for ever.
   */
  numbersAsUids(): (set: Exclude<SequenceSet, "saved">) => SequenceRange[] {
    const { count } = this;
    const known = this.#ghosts.length === 0 ? this.open.uids.slice(0, count) : this.#knownUids();
    return (set) =>
      resolveRanges(set, count).flatMap(({ from, to }) => {
        const first = Math.max(1, from);
        const last = Math.min(to, count);
        return first > last ? [] : [{ from: known[first - 1], to: known[last - 1] }];
      });
  }

  /** UIDs by sequence number, ghosts included. */
  #knownUids(): Uint32Array {
    const known = new Uint32Array(this.count);
    known.set(this.open.uids.subarray(0, this.#liveTold));
    known.set(this.#ghosts, this.#liveTold);
    return known.sort();
  }
}

/** The first position among the first `count` members, which ascend, that holds at least `value`. */
export function lowerBound(values: ArrayLike<number>, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
