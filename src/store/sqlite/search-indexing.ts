/** The event loop's end of the thread that builds the search index: tells it what changed. */

import { extname } from "node:path";
import { Worker } from "node:worker_threads";

import type { Log } from "../../base/log.ts";
import { FEED_ADDED, FEED_DELETED, FEED_EXPUNGED, type FeedEntry } from "./feed-entry.ts";
import { numbersIn } from "./number-runs.ts";
import type { FromSearchThread, SearchThreadOptions, ToSearchThread } from "./search-requests.ts";

/** Changes are told in groups. */
const GATHER_MS = 200;

export class SearchIndexing {
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #changed = new Set<number>();
  readonly #removals: { mailboxId: number; uids: readonly number[] }[] = [];
  readonly #waiting = new Map<number, () => void>();
  readonly #ended: Promise<void>;
  #serial = 0;
  #hasEnded = false;
  #isClosing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(folder: string, log: Log) {
    this.#log = log;
    const file = `./search-thread${extname(import.meta.url)}`;
    const workerData: SearchThreadOptions = { folder };
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData });
    this.#worker.unref();
    this.#worker.on("message", (message: FromSearchThread) => this.#receive(message));
    this.#worker.on("error", (error) => log.error("store.search-index-failed", error));
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#end();
        resolve();
      });
    });
  }

  /** What was committed, by this process or another. */
  note(entry: FeedEntry): void {
    const { kind, mailboxId } = entry;
    if (kind === FEED_EXPUNGED) {
      this.#removals.push({ mailboxId, uids: numbersIn(entry.runs) });
    } else if (kind === FEED_ADDED || kind === FEED_DELETED) {
      this.#changed.add(mailboxId);
    } else return;
    this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS).unref();
  }

  /** Resolves when all that was committed before is in the index. */
  whenDone(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#tell();
    const serial = ++this.#serial;
    this.#worker.ref();
    return new Promise((resolve) => {
      this.#waiting.set(serial, resolve);
      this.#post({ type: "wait", serial });
    });
  }

  /** A search has found the index damaged. */
  damaged(fileNumber: number, problem: string): void {
    if (!this.#hasEnded) this.#post({ type: "damaged", fileNumber, problem });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    if (this.#hasEnded) return;
    this.#worker.ref();
    this.#post({ type: "close" });
    await this.#ended;
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#changed.size === 0 && this.#removals.length === 0) return;
    this.#post({
      type: "changed",
      mailboxIds: [...this.#changed],
      removals: this.#removals.splice(0),
    });
    this.#changed.clear();
  }

  #post(message: ToSearchThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromSearchThread): void {
    if (message.type === "damaged") {
      this.#log.warn("store.search-index-damaged", { problem: message.problem });
      return;
    }
    if (message.type === "failed") {
      this.#log.warn("store.search-index-delayed", { problem: message.problem });
      return;
    }
    this.#waiting.get(message.serial)?.();
    this.#waiting.delete(message.serial);
    if (this.#waiting.size === 0 && !this.#isClosing) this.#worker.unref();
  }

  #end(): void {
    this.#hasEnded = true;
    for (const resolve of this.#waiting.values()) resolve();
    this.#waiting.clear();
  }
}
