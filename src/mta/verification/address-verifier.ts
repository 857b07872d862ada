/**
 * Whether an address elsewhere exists, as its server says, remembered. RCPT never waits long for an
 * answer: it goes on being looked for behind the client's back, and the client comes again.
 *
 * Against storms: one question for an address at a time, few for a domain and few in all, and a domain
 * whose servers do not answer is left alone for a while. What is known is kept in memory only, bounded:
 * after a restart it is asked anew.
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { addressKey, type Address } from "../../message/addr-spec.ts";
import type { ProbeAnswer } from "./probe-address.ts";

export type VerifierLimits = {
  /** How long RCPT waits. */
  readonly waitMs: number;
  readonly existsMs: number;
  /** An answer older than this is asked anew behind the back of whoever still gets it. */
  readonly refreshMs: number;
  readonly refusedMs: number;
  readonly unknownMs: number;
  readonly entries: number;
  readonly probes: number;
  readonly probesPerDomain: number;
};

const HOUR_MS = 3_600_000;

export const DEFAULT_VERIFIER_LIMITS: VerifierLimits = {
  waitMs: 6_000,
  existsMs: 7 * 24 * HOUR_MS,
  refreshMs: 24 * HOUR_MS,
  refusedMs: 3 * HOUR_MS,
  unknownMs: 60_000,
  entries: 100_000,
  probes: 20,
  probesPerDomain: 2,
};

type Known = { readonly answer: ProbeAnswer; readonly atMs: number };

const PENDING: ProbeAnswer = { type: "unknown", problem: "the answer is not here yet" };
const BUSY: ProbeAnswer = { type: "unknown", problem: "too many addresses are being asked about" };

export class AddressVerifier {
  readonly #ask: (address: Address) => Promise<ProbeAnswer>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: VerifierLimits;
  readonly #known: LRUCache<string, Known>;
  readonly #asking: Map<string, Promise<ProbeAnswer>> = new Map();
  readonly #byDomain: Map<string, number> = new Map();

  constructor(
    deps: {
      readonly ask: (address: Address) => Promise<ProbeAnswer>;
      readonly clock: Clock;
      readonly log: Log;
    },
    limits: VerifierLimits = DEFAULT_VERIFIER_LIMITS,
  ) {
    this.#ask = deps.ask;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#limits = limits;
    this.#known = new LRUCache({ max: limits.entries });
  }

  /** `address`: its domain in A-labels. */
  async verify(address: Address): Promise<ProbeAnswer> {
    const key = addressKey(address);
    const known = this.#fresh(key) ?? this.#fresh(deadKey(address));
    if (known !== undefined) {
      const ageMs = this.#clock.monotonicMs() - known.atMs;
      if (ageMs > this.#limits.refreshMs) void this.#find(key, address);
      return known.answer;
    }
    return this.#atMost(this.#find(key, address));
  }

  #fresh(key: string): Known | undefined {
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    const { existsMs, refusedMs, unknownMs } = this.#limits;
    const keptMs = { exists: existsMs, refused: refusedMs, unknown: unknownMs };
    const ageMs = this.#clock.monotonicMs() - known.atMs;
    return ageMs <= keptMs[known.answer.type] ? known : undefined;
  }

  /** Never rejects. */
  #find(key: string, address: Address): Promise<ProbeAnswer> {
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const inDomain = this.#byDomain.get(address.domain) ?? 0;
    const { probes, probesPerDomain } = this.#limits;
    if (this.#asking.size >= probes || inDomain >= probesPerDomain) return Promise.resolve(BUSY);
    this.#byDomain.set(address.domain, inDomain + 1);
    const found = this.#askAndKeep(key, address).finally(() => {
      this.#asking.delete(key);
      const left = (this.#byDomain.get(address.domain) ?? 1) - 1;
      if (left === 0) this.#byDomain.delete(address.domain);
      else this.#byDomain.set(address.domain, left);
    });
    this.#asking.set(key, found);
    return found;
  }

  async #askAndKeep(key: string, address: Address): Promise<ProbeAnswer> {
    let answer: ProbeAnswer;
    try {
      answer = await this.#ask(address);
    } catch (error) {
      this.#log.error("mta.callout-failed", error, { address: key });
      answer = { type: "unknown", problem: "it could not be asked" };
    }
    const problem = answer.type === "exists" ? undefined : answer.problem;
    this.#log.info("mta.callout", { address: key, answer: answer.type, problem });
    const known = { answer, atMs: this.#clock.monotonicMs() };
    // What was known before is better than that nobody could be asked now.
    if (answer.type !== "unknown") this.#known.set(key, known);
    else if (this.#fresh(key) === undefined) this.#known.set(deadKey(address), known);
    return answer;
  }

  async #atMost(found: Promise<ProbeAnswer>): Promise<ProbeAnswer> {
    const enough = new AbortController();
    const late = this.#clock.sleep(this.#limits.waitMs, enough.signal).then(() => PENDING);
    const answer = await Promise.race([found, late]);
    enough.abort();
    return answer;
  }
}

/** For all addresses of a domain whose servers could not be asked. */
function deadKey({ domain }: Address): string {
  return `@${domain}`;
}
