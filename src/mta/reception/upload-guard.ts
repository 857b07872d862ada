/**
 * Clients that send content and give it up, again and again: each time costs us a message's room and
 * them nothing (security row 26). Counted over sessions, by IPv4 address or IPv6 /64; a message that
 * is taken clears the count. Who has given up too many is turned away until some time has passed.
 *
 * Only in memory, bounded, forgotten with a restart.
 */

import ipaddr from "ipaddr.js";
import type { Clock } from "../../base/clock.ts";

const FORGET_MS = 10 * 60_000;
const MAX_CLIENTS = 10_000;

type Client = { uploads: number; lastMs: number };

export class UploadGuard {
  readonly #clock: Clock;
  readonly #limit: number;
  /** Longest not seen first. */
  readonly #clients: Map<string, Client> = new Map();

  /** `limit`: uploads that a client may give up; 0 for any number. */
  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  givenUp(address: string): void {
    const key = keyOf(address);
    if (this.#limit === 0 || key === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#clients.get(key);
    const isRecent = known !== undefined && nowMs - known.lastMs < FORGET_MS;
    this.#clients.delete(key);
    this.#clients.set(key, { uploads: isRecent ? known.uploads + 1 : 1, lastMs: nowMs });
    if (this.#clients.size <= MAX_CLIENTS) return;
    const [oldest] = this.#clients.keys();
    this.#clients.delete(oldest);
  }

  taken(address: string): void {
    const key = keyOf(address);
    if (key !== undefined) this.#clients.delete(key);
  }

  isTooMany(address: string): boolean {
    if (this.#clients.size === 0) return false;
    const client = this.#clients.get(keyOf(address) ?? "");
    if (client === undefined || client.uploads < this.#limit) return false;
    return this.#clock.monotonicMs() - client.lastMs < FORGET_MS;
  }
}

/** Undefined: this machine, where everybody may come from behind a port forwarder. */
function keyOf(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed.range() === "loopback") return undefined;
  if (parsed.kind() === "ipv4") return parsed.toString();
  return parsed.toByteArray().slice(0, 8).join(".");
}
