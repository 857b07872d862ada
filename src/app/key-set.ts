/**
 * The signing keys of an OAuth server (RFC 7517), from its address or a file. Read again when they
 * are old and when a token names a key we have not seen, so that new keys count at once and
 * withdrawn ones soon no more; never oftener than every half minute, whatever tokens arrive. While
 * the server can't be asked, the keys we have serve on for a day.
 */

import { open } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { MailError } from "../base/errors.ts";
import { isSignatureAlgorithm, readKeySet, type VerificationKey } from "../net/json-web-key.ts";
import { fetchBounded, MAX_ANSWER_OCTETS } from "./fetch-bounded.ts";

const FRESH_MS = 15 * 60_000;
const LEAST_PAUSE_MS = 30_000;
/** Keys tried for one token that does not say which it is for. */
const MAX_TRIED = 8;
const STALE_MS = 24 * 60 * 60_000;

export class KeySet {
  readonly #place: string;
  readonly #clock: Clock;
  #keys: readonly VerificationKey[] = [];
  #readAtMs: number | undefined;
  #triedAtMs: number | undefined;
  #problem: MailError | undefined;
  #reading: Promise<void> | undefined;

  /** `place`: an http(s) address, or the path of a file. */
  constructor(place: string, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  /**
   * The keys that a token with this algorithm and key id may be signed with. Without an id, all
   * that fit the algorithm. Rejects with MailError when there are no keys to go by.
   */
  async find(algorithm: string, kid: string | undefined): Promise<readonly VerificationKey[]> {
    if (!isSignatureAlgorithm(algorithm)) return [];
    if (this.#ageMs(this.#readAtMs) >= FRESH_MS) await this.#read();
    let found = this.#fitting(algorithm, kid);
    if (found.length === 0) {
      await this.#read();
      found = this.#fitting(algorithm, kid);
    }
    if (this.#ageMs(this.#readAtMs) >= STALE_MS) throw this.#problem ?? unavailable("no keys yet");
    return found;
  }

  #fitting(algorithm: string, kid: string | undefined): readonly VerificationKey[] {
    return this.#keys
      .filter((key) => key.mayVerify(algorithm) && (kid === undefined || key.kid === kid))
      .slice(0, MAX_TRIED);
  }

  #ageMs(sinceMs: number | undefined): number {
    return sinceMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() - sinceMs;
  }

  /** One reading for all who wait; none so soon after the last. */
  #read(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    if (this.#ageMs(this.#triedAtMs) < LEAST_PAUSE_MS) return Promise.resolve();
    this.#triedAtMs = this.#clock.monotonicMs();
    this.#reading = this.#readNow().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    try {
      const keys = readKeySet(await this.#text());
      if (keys === undefined) throw unavailable("what it gave is no JWK Set");
      if (keys.length === 0) throw unavailable("there is no key in it that we could use");
      this.#keys = keys;
      this.#readAtMs = this.#clock.monotonicMs();
    } catch (error) {
      this.#problem = error instanceof MailError ? error : unavailable(String(error), error);
    }
  }

  #text(): Promise<string> {
    return /^https?:/.test(this.#place)
      ? fetchBounded(this.#place, { headers: { accept: "application/json" } })
      : readBounded(this.#place);
  }
}

async function readBounded(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_ANSWER_OCTETS + 1));
    if (bytesRead > MAX_ANSWER_OCTETS) throw unavailable("the file is too long");
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function unavailable(why: string, cause?: unknown): MailError {
  return new MailError("connect-failed", `the OAuth server's keys can't be had: ${why}`, {
    cause,
  });
}
