/**
 * What a mailbox is, as simply as it can be said: messages by UID with their flags. Random sessions are
 * held against it. Also random searches, each with what it means here.
 */

import assert from "node:assert/strict";
import type { SeededRandom } from "../../../base/testing/seeded-random.ts";

export type ModelMessage = {
  readonly uid: number;
  readonly text: string;
  readonly flags: Set<string>;
};

/** A mailbox as it was: what a client that had seen all of it remembers. */
export type Snapshot = {
  readonly modSeq: number;
  /** Flags, sorted, by UID. */
  readonly flags: ReadonlyMap<number, string>;
};

const SNAPSHOTS = 12;

export class ModelMailbox {
  readonly name: string;
  readonly owner: string;
  readonly messages: Map<number, ModelMessage> = new Map();
  /** Gone in this step. */
  readonly removed: Map<number, ModelMessage> = new Map();
  readonly snapshots: Snapshot[] = [];
  uidValidity = 0;
  highestModSeq = 0;
  /** No UID up to this one is given again. */
  #lastUid = 0;
  #highestUid = 0;

  constructor(owner: string, name: string) {
    this.owner = owner;
    this.name = name;
  }

  get uids(): number[] {
    return [...this.messages.keys()].sort((a, b) => a - b);
  }

  add(uid: number, text: string, flags: Iterable<string>): void {
    assert.ok(uid > this.#lastUid, `UID ${uid} of ${this.name} was given before`);
    assert.ok(!this.messages.has(uid), `UID ${uid} of ${this.name} twice`);
    this.#highestUid = Math.max(this.#highestUid, uid);
    this.messages.set(uid, { uid, text, flags: new Set(flags) });
  }

  /** What happens from here on happens after what has happened. */
  endStep(): void {
    this.#lastUid = this.#highestUid;
    this.removed.clear();
  }

  sawModSeq(modSeq: number): void {
    assert.ok(modSeq >= this.highestModSeq, `HIGHESTMODSEQ of ${this.name} went back`);
    this.highestModSeq = modSeq;
  }

  takeSnapshot(modSeq: number): void {
    const flags = new Map(this.uids.map((uid) => [uid, this.flagsOf(uid)]));
    this.snapshots.push({ modSeq, flags });
    if (this.snapshots.length > SNAPSHOTS) this.snapshots.shift();
  }

  flagsOf(uid: number): string {
    return sortedFlags(this.messages.get(uid)?.flags ?? []);
  }

  /** UIDs of those among `uids` that are there and mean what the search means. */
  found(search: ModelSearch, uids: Iterable<number>): number[] {
    return [...uids].filter((uid) => {
      const message = this.messages.get(uid);
      return message !== undefined && search.isMet(message);
    });
  }
}

export function sortedFlags(flags: Iterable<string>): string {
  return [...flags]
    .filter((flag) => flag !== "\\Recent")
    .sort()
    .join(" ");
}

export type ModelSearch = {
  readonly text: string;
  readonly isMet: (message: ModelMessage) => boolean;
};

export const WORDS: readonly string[] = Array.from({ length: 14 }, (_, n) => `word${n}`);
export const FLAGS: readonly string[] = ["\\Seen", "\\Flagged", "\\Answered", "$Work", "$Later"];

export function messageText(random: SeededRandom, number: number): string {
  const word = pick(random, WORDS);
  const filler = "All is well here.\r\n".repeat(Math.floor(random.float() * 8));
  return `Subject: About ${word}\r\nFrom: sender${number % 7}@example.net\r\n\r\nLetter ${number} says ${pick(random, WORDS)}.\r\n${filler}`;
}

export function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[Math.floor(random.float() * items.length)];
}

const has =
  (flag: string, is = true): ModelSearch["isMet"] =>
  ({ flags }) =>
    flags.has(flag) === is;

export function randomSearch(random: SeededRandom, depth = 0): ModelSearch {
  const word = pick(random, WORDS);
  const inner = (): ModelSearch => randomSearch(random, depth + 1);
  const simple: (() => ModelSearch)[] = [
    () => ({ text: "ALL", isMet: () => true }),
    () => ({ text: "SEEN", isMet: has("\\Seen") }),
    () => ({ text: "UNSEEN", isMet: has("\\Seen", false) }),
    () => ({ text: "FLAGGED", isMet: has("\\Flagged") }),
    () => ({ text: "UNDELETED", isMet: has("\\Deleted", false) }),
    () => ({ text: "DELETED", isMet: has("\\Deleted") }),
    () => ({ text: "KEYWORD $Work", isMet: has("$Work") }),
    () => ({ text: "UNKEYWORD $Later", isMet: has("$Later", false) }),
    () => ({
      text: `SUBJECT "ABOUT ${word}"`,
      isMet: ({ text }) => text.split("\r\n")[0].includes(`About ${word}`),
    }),
    () => ({
      text: `BODY "says ${word}"`,
      isMet: ({ text }) => text.includes(`says ${word}`),
    }),
    () => ({ text: `TEXT ${word}`, isMet: ({ text }) => text.includes(word) }),
    () => {
      const octets = 80 + Math.floor(random.float() * 150);
      return { text: `LARGER ${octets}`, isMet: ({ text }) => text.length > octets };
    },
  ];
  if (depth > 2 || random.float() < 0.5) return pick(random, simple)();
  const [one, other] = [inner(), inner()];
  return pick<() => ModelSearch>(random, [
    () => ({ text: `NOT (${one.text})`, isMet: (message) => !one.isMet(message) }),
    () => ({
      text: `OR (${one.text}) (${other.text})`,
      isMet: (message) => one.isMet(message) || other.isMet(message),
    }),
    () => ({
      text: `(${one.text} ${other.text})`,
      isMet: (message) => one.isMet(message) && other.isMet(message),
    }),
  ])();
}
