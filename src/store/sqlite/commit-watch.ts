/**
 * Notices that another process has committed to the store. SQLite keeps a number for that, so a look
 * costs a microsecond; it is taken only while somebody waits for news.
 */

import type { Database } from "./database.ts";

export class CommitWatch {
  readonly #database: Database;
  readonly #intervalMs: number;
  readonly #onCommit: () => void;
  #seen: number;
  #waiters = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, intervalMs: number, onCommit: () => void) {
    this.#database = database;
    this.#intervalMs = intervalMs;
    this.#onCommit = onCommit;
    this.#seen = database.dataVersion();
  }

  /** Someone waits for news, or no longer does. */
  readonly listening = (isListening: boolean): void => {
    this.#waiters += isListening ? 1 : -1;
    if (this.#waiters > 0 && this.#timer === undefined && this.#intervalMs > 0) {
      this.#timer = setInterval(() => this.look(), this.#intervalMs);
      this.#timer.unref();
    } else if (this.#waiters === 0) {
      this.close();
    }
  };

  look(): void {
    const version = this.#database.dataVersion();
    if (version === this.#seen) return;
    this.#seen = version;
    this.#onCommit();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
