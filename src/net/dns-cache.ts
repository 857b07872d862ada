/**
 * Answers kept as long as their TTL says, within bounds; failures for a few seconds, so that a
 * thousand recipients at a dead zone cost one question. An expired answer is kept longer and serves
 * when no fresh one can be had (RFC 8767).
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../base/clock.ts";
import type { DnsAnswer } from "../base/resolver.ts";

const MAX_ENTRIES = 20_000;
const MAX_TTL_SECONDS = 86_400;
/** RFC 2308 §5. */
const MAX_NEGATIVE_TTL_SECONDS = 10_800;
/** RFC 2308 §7: at most five minutes; mail retries far later than this anyhow. */
const FAILED_TTL_SECONDS = 5;
const STALE_SECONDS = 21_600;

type Entry = {
  readonly answer: DnsAnswer<unknown>;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
};

export class DnsCache {
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_ENTRIES });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A fresh answer, its TTL counted down. */
  get<T>(key: string): DnsAnswer<T> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const leftMs = entry.freshUntilMs - this.#clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    const answer = entry.answer as DnsAnswer<T>;
    return answer.status === "found" ? { ...answer, ttlSeconds: Math.ceil(leftMs / 1000) } : answer;
  }

  /** Stores `answer`; where it is a failure and an old answer is at hand, gives that instead. */
  put<T>(key: string, answer: DnsAnswer<T>, ttlSeconds: number): DnsAnswer<T> {
    const nowMs = this.#clock.monotonicMs();
    if (answer.status === "failed") {
      const old = this.#entries.get(key);
      if (old !== undefined && old.answer.status !== "failed" && nowMs < old.staleUntilMs) {
        this.#entries.set(key, { ...old, freshUntilMs: nowMs + FAILED_TTL_SECONDS * 1000 });
        return old.answer as DnsAnswer<T>;
      }
    }
    const seconds = bounded(answer.status, ttlSeconds);
    const freshUntilMs = nowMs + seconds * 1000;
    this.#entries.set(key, {
      answer,
      freshUntilMs,
      staleUntilMs: freshUntilMs + STALE_SECONDS * 1000,
    });
    return answer;
  }

  get size(): number {
    return this.#entries.size;
  }
}

function bounded(status: DnsAnswer<unknown>["status"], ttlSeconds: number): number {
  if (status === "failed") return FAILED_TTL_SECONDS;
  const most = status === "found" ? MAX_TTL_SECONDS : MAX_NEGATIVE_TTL_SECONDS;
  return Math.min(most, Math.max(0, ttlSeconds));
}
