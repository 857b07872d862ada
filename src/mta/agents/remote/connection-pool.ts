/**
 * Connections kept for a while after a delivery, for the next message to the same host. Bounded in
 * number, in idle time and in transactions. A connection is lent to one delivery at a time.
 */

import type { Clock } from "../../../base/clock.ts";
import type { SmtpClient } from "../../../smtp/client.ts";
import type { QueueLimits } from "../../config.ts";

export type PooledConnection = {
  readonly client: SmtpClient;
  readonly key: string;
  transactions: number;
};

type Idle = { readonly connection: PooledConnection; readonly cancel: () => void };

export type PoolLimits = Pick<
  QueueLimits,
  "transactionsPerConnection" | "idleConnectionMs" | "idleConnections"
>;

export class ConnectionPool {
  readonly #clock: Clock;
  readonly #limits: PoolLimits;
  /** Longest idle first. */
  readonly #idle: Set<Idle> = new Set();
  readonly #closing: Set<Promise<void>> = new Set();
  #isClosed = false;

  constructor(clock: Clock, limits: PoolLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** An idle connection, the most recently used one. */
  take(key: string): PooledConnection | undefined {
    for (const idle of [...this.#idle].toReversed()) {
      if (idle.connection.key !== key) continue;
      this.#remove(idle);
      if (idle.connection.client.isOpen) return idle.connection;
      this.#quit(idle.connection);
    }
    return undefined;
  }

  /** Takes back a connection that is good for another transaction. */
  give(connection: PooledConnection): void {
    const { transactionsPerConnection, idleConnectionMs, idleConnections } = this.#limits;
    const isWorn = connection.transactions >= transactionsPerConnection;
    if (this.#isClosed || isWorn || idleConnectionMs === 0 || !connection.client.isOpen) {
      return this.#quit(connection);
    }
    const idle: Idle = {
      connection,
      cancel: this.#clock.setTimer(idleConnectionMs, () => {
        this.#remove(idle);
        this.#quit(connection);
      }),
    };
    this.#idle.add(idle);
    const [oldest] = this.#idle;
    if (this.#idle.size > idleConnections) {
      this.#remove(oldest);
      this.#quit(oldest.connection);
    }
  }

  /** Ends a connection that is of no further use. */
  drop(connection: PooledConnection): void {
    this.#quit(connection);
  }

  get idleCount(): number {
    return this.#idle.size;
  }

  /** Says QUIT to all that are idle; those lent out are ended when they come back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const idle of this.#idle) {
      this.#remove(idle);
      this.#quit(idle.connection);
    }
    await Promise.all(this.#closing);
  }

  #remove(idle: Idle): void {
    idle.cancel();
    this.#idle.delete(idle);
  }

  #quit({ client }: PooledConnection): void {
    // `quit` never rejects; nobody but `close` waits for a farewell.
    const quitting = client.quit().finally(() => this.#closing.delete(quitting));
    this.#closing.add(quitting);
  }
}
