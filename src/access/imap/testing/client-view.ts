/**
 * What a careful mail program knows of the mailbox it has selected, and what it must not be told:
 * numbers that were never announced, a message under two numbers, EXPUNGE while numbers are in use,
 * a MODSEQ that goes back.
 */

import assert from "node:assert/strict";
import { sortedFlags } from "./mail-model.ts";

export type ViewRules = {
  /** EXPUNGE is allowed in this answer. */
  readonly mayExpunge: boolean;
  readonly isQresync: boolean;
};

export class ClientView {
  /** UIDs by position; undefined where only the number has been told. */
  readonly known: (number | undefined)[] = [];
  /** Flags as they were told last. */
  readonly flags: Map<number, string> = new Map();
  readonly #modSeqs = new Map<number, number>();
  /** Told by the last answer. */
  found: number[] = [];
  vanishedEarlier: number[] = [];
  fetched: { readonly uid: number; readonly modSeq: number }[] = [];

  beginAnswer(): void {
    this.found = [];
    this.vanishedEarlier = [];
    this.fetched = [];
  }

  take(response: string, rules: ViewRules): void {
    const numbered = /^\* (\d+) (EXISTS|EXPUNGE|RECENT|FETCH)/.exec(response);
    if (numbered !== null) {
      this.#takeNumbered(Number(numbered[1]), numbered[2], response, rules);
      return;
    }
    const vanished = /^\* VANISHED (\(EARLIER\) )?([\d:,]+)$/.exec(response);
    if (vanished !== null) {
      assert.ok(rules.isQresync, `not asked for: ${response}`);
      const uids = uidsOfSet(vanished[2]);
      if (vanished[1] !== undefined) this.vanishedEarlier.push(...uids);
      else for (const uid of uids) this.#vanished(uid, response, rules);
    }
    const found = /^\* SEARCH((?: \d+)*)/.exec(response)?.[1].trim();
    if (found !== undefined && found !== "") this.found = found.split(" ").map(Number);
    const all = /^\* ESEARCH .* ALL ([\d:,]+)/.exec(response);
    if (all !== null) this.found = uidsOfSet(all[1]);
  }

  #takeNumbered(number: number, what: string, response: string, rules: ViewRules): void {
    if (what === "EXISTS") {
      assert.ok(number >= this.known.length, `EXISTS takes messages away: ${response}`);
      while (this.known.length < number) this.known.push(undefined);
    } else if (what === "EXPUNGE") {
      assert.ok(!rules.isQresync, `VANISHED was enabled: ${response}`);
      this.#checkNumber(number, response);
      this.#remove(number - 1, response, rules);
    } else if (what === "FETCH") {
      this.#checkNumber(number, response);
      this.#fetched(number - 1, response);
    }
  }

  #checkNumber(number: number, response: string): void {
    assert.ok(number >= 1 && number <= this.known.length, `never announced: ${response}`);
  }

  #fetched(position: number, response: string): void {
    const told = /\bUID (\d+)/.exec(response);
    const uid = told === null ? this.known[position] : Number(told[1]);
    if (uid === undefined) return;
    if (this.known[position] === undefined) {
      const { below, above } = this.#neighbours(position);
      assert.ok(below < uid && uid < above, `UIDs do not ascend: ${response}`);
      this.known[position] = uid;
    }
    assert.equal(this.known[position], uid, `another UID under this number: ${response}`);
    const modSeq = Number(/\bMODSEQ \((\d+)\)/.exec(response)?.[1] ?? 0);
    if (modSeq > 0) {
      assert.ok(modSeq >= (this.#modSeqs.get(uid) ?? 0), `MODSEQ went back: ${response}`);
      this.#modSeqs.set(uid, modSeq);
    }
    const flags = /\bFLAGS \(([^)]*)\)/.exec(response);
    if (flags !== null) this.flags.set(uid, sortedFlags(flags[1].split(" ").filter(Boolean)));
    this.fetched.push({ uid, modSeq });
  }

  #neighbours(position: number): { below: number; above: number } {
    let below = 0;
    for (let at = position - 1; at >= 0 && below === 0; at--) below = this.known[at] ?? 0;
    const above = this.known.slice(position + 1).find((uid) => uid !== undefined);
    return { below, above: above ?? Number.POSITIVE_INFINITY };
  }

  #vanished(uid: number, response: string, rules: ViewRules): void {
    let position = this.known.indexOf(uid);
    if (position === -1) {
      // One whose number alone is known.
      position = this.known.findIndex((at, index) => {
        const { below, above } = this.#neighbours(index);
        return at === undefined && below < uid && uid < above;
      });
    }
    assert.notEqual(position, -1, `never announced: ${response}`);
    this.#remove(position, response, rules);
  }

  #remove(position: number, response: string, rules: ViewRules): void {
    assert.ok(rules.mayExpunge, `numbers are in use: ${response}`);
    const [uid] = this.known.splice(position, 1);
    if (uid !== undefined) this.flags.delete(uid);
  }

  get knownUids(): number[] {
    return this.known.filter((uid) => uid !== undefined);
  }

  /** Some MODSEQ that it has seen. */
  modSeqOf(uid: number): number | undefined {
    return this.#modSeqs.get(uid);
  }
}

export function uidsOfSet(set: string): number[] {
  return set.split(",").flatMap((range) => {
    const [from, to = from] = range.split(":").map(Number);
    return Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => Math.min(from, to) + n);
  });
}
