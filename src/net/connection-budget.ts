/**
 * How many connections all listeners of the process may hold together. The platform drops new
 * connections without a word when descriptors run out, and may then spin; and the store, DNS and
 * outgoing mail need descriptors too. So we stop well before: the one too many is told so.
 */

import { readFileSync } from "node:fs";
import type { Log } from "../base/log.ts";

/** Kept free for the store, DNS, outgoing connections and the runtime itself. */
const LEAST_RESERVE = 64;
const RESERVE_SHARE = 0.25;

export class ConnectionBudget {
  readonly most: number;
  readonly #log: Log;
  #open = 0;
  #isFull = false;

  constructor(most: number, log: Log) {
    this.most = most;
    this.#log = log;
  }

  get open(): number {
    return this.#open;
  }

  /** True if there was room; each must then be given back. */
  take(): boolean {
    if (this.#open >= this.most) {
      if (!this.#isFull) this.#log.warn("net.connections-full", { most: this.most });
      this.#isFull = true;
      return false;
    }
    this.#open++;
    return true;
  }

  giveBack(): void {
    this.#open--;
    // Said once there is real room again, not at every swing around the bound.
    if (this.#isFull && this.#open <= this.most * 0.9) {
      this.#isFull = false;
      this.#log.info("net.connections-free", { open: this.#open, most: this.most });
    }
  }
}

/** The budget that `wanted` connections and the process's limit of descriptors allow. */
export function connectionsWithin(wanted: number, descriptors: number | undefined): number {
  if (descriptors === undefined) return wanted;
  const reserve = Math.max(LEAST_RESERVE, Math.ceil(descriptors * RESERVE_SHARE));
  return Math.max(1, Math.min(wanted, descriptors - reserve));
}

/** The limit of open descriptors (`ulimit -n`), where the system tells. */
export function descriptorLimit(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}
