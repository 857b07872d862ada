/**
 * TLS sessions that other hosts let us take up again (RFC 8446 §2.2), so that the next connection
 * costs them and us no certificates. Kept in memory only, bounded, for an hour at most. The key has
 * to name the host and the whole policy: what was begun under one policy proves nothing to another.
 */

import type { ResumableTls } from "../../../base/channel.ts";
import type { Clock } from "../../../base/clock.ts";

const KEEP_MS = 60 * 60_000;
const MAX_HOSTS = 1000;
/** Servers give two at a time, and connections may be made in parallel. */
const MAX_EACH = 4;
/** One with a long chain of certificates in it is not worth its memory. */
const MAX_OCTETS = 16_384;

type Kept = { readonly session: ResumableTls; readonly atMs: number };

export class TlsTickets {
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Least recently used first. */
  readonly #hosts: Map<string, Kept[]> = new Map();

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  /** The newest, which is then ours alone: RFC 8446 §C.4 asks to use each once. */
  take(key: string): ResumableTls | undefined {
    const kept = this.#hosts.get(key);
    const newest = kept?.pop();
    if (kept?.length === 0) this.#hosts.delete(key);
    if (newest === undefined) return undefined;
    if (this.#clock.monotonicMs() - newest.atMs <= KEEP_MS) return newest.session;
    // All others are older.
    this.#hosts.delete(key);
    return undefined;
  }

  keep(key: string, session: ResumableTls): void {
    if (session.octets.length > MAX_OCTETS) return;
    const kept = this.#hosts.get(key) ?? [];
    this.#hosts.delete(key);
    this.#hosts.set(key, [...kept, { session, atMs: this.#clock.monotonicMs() }].slice(-MAX_EACH));
    if (this.#hosts.size <= MAX_HOSTS) return;
    const [oldest] = this.#hosts.keys();
    this.#hosts.delete(oldest);
  }

  /** After a handshake that failed: whatever the host is now, it is not what it was. */
  forget(key: string): void {
    this.#hosts.delete(key);
  }

  get hostCount(): number {
    return this.#hosts.size;
  }
}
