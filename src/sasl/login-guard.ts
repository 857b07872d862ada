/**
 * Slows and stops password guessing over all protocols of a process (security row 37). A failure
 * takes a token from three buckets: the account's, the peer network's (/32 of IPv4, /64 of IPv6) and
 * one for all. A success refills none of them, so an attacker's own account never buys guesses at
 * another. A network from which an account has logged in lately is spared the account's bucket:
 * strangers cannot lock its owner out.
 *
 * Knows nothing of passwords. Lives in memory, bounded: a restart forgets.
 */

import type { Clock } from "../base/clock.ts";
import { peerNetwork } from "./peer-network.ts";

/** `burst` failures at once, and one more every `refillMs`; at most `parallel` attempts under way. */
export type Allowance = {
  readonly burst: number;
  readonly refillMs: number;
  readonly parallel: number;
};

export type LoginGuardOptions = {
  readonly account?: Allowance;
  readonly network?: Allowance;
  readonly total?: Allowance;
  /** How many accounts, networks and known pairs are remembered, each. */
  readonly maxEntries?: number;
  /** How long a success from a network makes it known to the account. */
  readonly knownForMs?: number;
  /** The longest wait put on one attempt. */
  readonly maxDelayMs?: number;
};

export type Admission = {
  readonly allowed: boolean;
  /** Let this much time pass before checking, or before refusing. */
  readonly delayMs: number;
  /** When not allowed: how long until an attempt would be. */
  readonly retryAfterMs: number;
};

export interface LoginGuard {
  /** May this peer try this name now? If `allowed`, tell how it ended by one of the three calls below. */
  check(peerAddress: string, name: string): Admission;
  /** `check`, and the wait it asks for. */
  admit(peerAddress: string, name: string): Promise<Admission>;
  failed(peerAddress: string, name: string): void;
  succeeded(peerAddress: string, name: string): void;
  /** The attempt could not be checked (store down): it counts for nothing. */
  undecided(peerAddress: string, name: string): void;
}

const DEFAULTS: Required<LoginGuardOptions> = {
  account: { burst: 10, refillMs: 60_000, parallel: 50 },
  network: { burst: 30, refillMs: 10_000, parallel: 200 },
  total: { burst: 2_000, refillMs: 50, parallel: 5_000 },
  maxEntries: 20_000,
  knownForMs: 14 * 24 * 3600 * 1000,
  maxDelayMs: 4_000,
};

/** Two failures are free, as everybody mistypes; then the wait doubles from here. */
const FREE_FAILURES = 2;
const FIRST_DELAY_MS = 250;

/** `spent` may exceed the burst by the attempts that were under way; it has to drain all the same. */
type Bucket = { readonly allowance: Allowance; spent: number; pending: number; sinceMs: number };

export function makeLoginGuard(clock: Clock, options: LoginGuardOptions = {}): LoginGuard {
  const limits = { ...DEFAULTS, ...options };
  const accounts = new Map<string, Bucket>();
  const networks = new Map<string, Bucket>();
  const knownUntilMs = new Map<string, number>();
  const total = newBucket(limits.total, clock.monotonicMs());

  /** The bucket of `key`, drained by the time that has passed, and now the youngest of its map. */
  function bucketOf(buckets: Map<string, Bucket>, key: string, allowance: Allowance): Bucket {
    const bucket = buckets.get(key) ?? newBucket(allowance, clock.monotonicMs());
    remember(buckets, key, bucket, limits.maxEntries);
    return bucket;
  }

  function bucketsOf(peerAddress: string, name: string): Bucket[] {
    const buckets = [total, bucketOf(networks, peerNetwork(peerAddress), limits.network)];
    const untilMs = knownUntilMs.get(pairKey(peerAddress, name)) ?? 0;
    if (untilMs <= clock.monotonicMs()) {
      buckets.push(bucketOf(accounts, name.toLowerCase(), limits.account));
    }
    for (const bucket of buckets) drain(bucket, clock.monotonicMs());
    return buckets;
  }

  function check(peerAddress: string, name: string): Admission {
    const buckets = bucketsOf(peerAddress, name);
    const retryAfterMs = Math.max(...buckets.map(waitFor));
    if (retryAfterMs > 0) return { allowed: false, delayMs: limits.maxDelayMs, retryAfterMs };
    for (const bucket of buckets) bucket.pending += 1;
    // The bucket for all slows nobody: only failures of this name or from this network do.
    const failures = Math.max(...buckets.slice(1).map((bucket) => bucket.spent));
    return { allowed: true, delayMs: delayAfter(failures, limits.maxDelayMs), retryAfterMs: 0 };
  }

  function end(peerAddress: string, name: string, cost: 0 | 1): void {
    for (const bucket of bucketsOf(peerAddress, name)) {
      bucket.pending = Math.max(0, bucket.pending - 1);
      bucket.spent += cost;
    }
  }

  return {
    check,
    async admit(peerAddress, name) {
      const admission = check(peerAddress, name);
      if (admission.delayMs > 0) await clock.sleep(admission.delayMs);
      return admission;
    },
    failed: (peerAddress, name) => end(peerAddress, name, 1),
    undecided: (peerAddress, name) => end(peerAddress, name, 0),
    succeeded(peerAddress, name) {
      end(peerAddress, name, 0);
      const untilMs = clock.monotonicMs() + limits.knownForMs;
      remember(knownUntilMs, pairKey(peerAddress, name), untilMs, limits.maxEntries);
    },
  };
}

function newBucket(allowance: Allowance, sinceMs: number): Bucket {
  return { allowance, spent: 0, pending: 0, sinceMs };
}

function drain(bucket: Bucket, nowMs: number): void {
  bucket.spent = Math.max(0, bucket.spent - (nowMs - bucket.sinceMs) / bucket.allowance.refillMs);
  bucket.sinceMs = nowMs;
}

/** 0 when one more attempt may begin. */
function waitFor({ allowance, spent, pending }: Bucket): number {
  if (pending >= allowance.parallel) return allowance.refillMs;
  return Math.max(0, (spent + 1 - allowance.burst) * allowance.refillMs);
}

function pairKey(peerAddress: string, name: string): string {
  return `${peerNetwork(peerAddress)} ${name.toLowerCase()}`;
}

/** A Map keeps the order of insertion, so its first key is the one longest untouched. */
function remember<T>(map: Map<string, T>, key: string, value: T, maxEntries: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxEntries) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}

function delayAfter(failures: number, maxDelayMs: number): number {
  const beyondFree = Math.floor(failures) - FREE_FAILURES;
  return beyondFree < 0 ? 0 : Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** Math.min(beyondFree, 16));
}
