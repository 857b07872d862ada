/**
 * The order in which recipients go, as one number for each: its rank, the lowest first. By priority
 * (RFC 6710), and within one by time: a recipient's turn is its arrival, but a sender's next
 * recipient, and a message's, has its turn a little later than the last. So who sends much runs into
 * a debt of time, and one mail of somebody else's goes before the rest of a large posting.
 *
 * The debts are a hint in memory, bounded; the ranks are in the rows.
 */

/** A class of priority takes so many ranks; times in milliseconds fit until the year 2286. */
export const CLASS_RANKS = 10_000_000_000_000;
/** What an operator asked for stands so far before all else. */
export const ASKED_RANKS = 1_000_000_000_000_000;
/** How much later the next recipient of the same sender has its turn: one in a second is no flood. */
const TURN_MS = 1000;
const MAX_DEBT_MS = 2 * 60 * 60_000;
const MAX_DEBTORS = 20_000;
const HIGHEST_PRIORITY = 9;

export class FairRank {
  /** Until when a sender's or a message's turns are taken. */
  readonly #takenUntilMs: Map<string, number> = new Map();

  /** The ranks of so many recipients, in order. */
  take(
    debtors: readonly string[],
    more: { readonly arrivedMs: number; readonly priority: number; readonly count: number },
  ): number[] {
    const { arrivedMs, priority, count } = more;
    let turnMs = arrivedMs;
    for (const debtor of debtors) {
      turnMs = Math.max(turnMs, this.#takenUntilMs.get(debtor) ?? 0);
    }
    const latestMs = arrivedMs + MAX_DEBT_MS;
    const base = (HIGHEST_PRIORITY - priority) * CLASS_RANKS;
    const ranks: number[] = [];
    for (let index = 0; index < count; index++) {
      turnMs = Math.min(turnMs, latestMs);
      ranks.push(base + turnMs);
      turnMs += TURN_MS;
    }
    for (const debtor of debtors) this.#owe(debtor, turnMs);
    return ranks;
  }

  #owe(debtor: string, untilMs: number): void {
    this.#takenUntilMs.delete(debtor);
    this.#takenUntilMs.set(debtor, untilMs);
    if (this.#takenUntilMs.size <= MAX_DEBTORS) return;
    const [oldest] = this.#takenUntilMs.keys();
    this.#takenUntilMs.delete(oldest);
  }
}
