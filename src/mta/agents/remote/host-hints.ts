/**
 * Hosts that could not be reached a moment ago are tried after the others. Only a hint: kept in
 * memory, bounded, forgotten with a restart.
 */

import type { Clock } from "../../../base/clock.ts";
import type { Host } from "../../routing/host.ts";

const FORGET_MS = 10 * 60_000;
const MAX_HINTS = 10_000;

export class HostHints {
  readonly #clock: Clock;
  readonly #deadUntilMs: Map<string, number> = new Map();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The same hosts; those that were dead lately come last. */
  inOrder(hosts: readonly Host[]): readonly Host[] {
    if (this.#deadUntilMs.size === 0) return hosts;
    const nowMs = this.#clock.monotonicMs();
    const isDead = (host: Host): boolean => (this.#deadUntilMs.get(keyOf(host)) ?? 0) > nowMs;
    return [...hosts.filter((host) => !isDead(host)), ...hosts.filter(isDead)];
  }

  reached(host: Host): void {
    this.#deadUntilMs.delete(keyOf(host));
  }

  failed(host: Host, { isReached }: { readonly isReached: boolean }): void {
    if (isReached) return;
    const key = keyOf(host);
    this.#deadUntilMs.delete(key);
    this.#deadUntilMs.set(key, this.#clock.monotonicMs() + FORGET_MS);
    if (this.#deadUntilMs.size <= MAX_HINTS) return;
    const [oldest] = this.#deadUntilMs.keys();
    this.#deadUntilMs.delete(oldest);
  }
}

function keyOf({ address, port }: Host): string {
  return `${address}:${port}`;
}
