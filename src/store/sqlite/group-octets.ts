/**
 * Where the octets of commits go, and when they are on disk. Many are synced in their segment while
 * the rows are written. Few are kept in redo rows too, so that the commit's own sync is the only one
 * to wait for; their segment is synced later, beside other commits, and the rows are dropped then.
 */

import type { CommitContext } from "./commit-context.ts";
import { RedoRows } from "./redo-rows.ts";
import { rescueRedo } from "./replay-redo.ts";
import type { Batch, RedoPolicy, WriterEvent } from "./requests.ts";
import type { Appended, SegmentAppender } from "./segment-appender.ts";
import { storeError } from "./store-error.ts";

export class GroupOctets {
  readonly #context: CommitContext;
  readonly #appender: SegmentAppender;
  readonly #policy: RedoPolicy;
  readonly #redo: RedoRows;
  readonly #events: WriterEvent[] = [];
  #isFew = true;
  /** The sync that the commit at hand waits for; what it rejects with is the result. */
  #syncing: Promise<unknown> = NOTHING;

  constructor(context: CommitContext, appender: SegmentAppender, policy: RedoPolicy) {
    this.#context = context;
    this.#appender = appender;
    this.#policy = policy;
    this.#redo = new RedoRows(context.database);
  }

  /** Before the transaction. Where each batch's octets went. */
  append(batches: readonly Batch[]): readonly (Appended | undefined)[] {
    this.#syncing = NOTHING;
    return batches.map(({ octets, hasOctets }) =>
      hasOctets ? this.#appender.append(octets) : undefined,
    );
  }

  /** Before the transaction: the sync runs while the rows are written. */
  beginSync(batches: readonly Batch[]): void {
    this.#isFew = octetsOf(batches) <= this.#policy.groupOctets;
    if (this.#isFew || this.#appender.writtenLength === undefined) return;
    this.#syncing = this.#appender.sync().then(
      () => undefined,
      (error: unknown) => storeError(error, "syncing a segment"),
    );
  }

  /** Within the transaction: what the segment's row and the redo rows must say. */
  record(batches: readonly Batch[], appended: readonly (Appended | undefined)[]): void {
    const { ledger } = this.#context;
    const written = this.#appender.writtenLength;
    if (written === undefined) return;
    ledger.change(ledger.segment(written.segmentId)).lengthOctets = written.octets;
    if (!this.#isFew) return;
    for (const [index, place] of appended.entries()) {
      if (place === undefined) continue;
      this.#redo.keep(place.segmentId, place.start, batches[index].octets);
    }
  }

  /** Resolves when nothing more is under way for the commit at hand; with what went wrong. */
  ended(): Promise<unknown> {
    return this.#syncing;
  }

  /** Within the transaction, at its end. Returns whether redo rows were dropped. */
  dropSynced(): boolean {
    return this.#redo.drop(this.#appender.synced);
  }

  /** When redo rows hold much, the segment is synced beside the next commits. */
  committed(): void {
    this.#appender.committed();
    this.#redo.committed();
    if (this.#appender.isSyncing) return;
    if (this.#appender.unsyncedOctets < this.#policy.keptOctets) return;
    this.#appender.sync().catch((error: unknown) => {
      this.#tell("error", "store.segment-sync-failed", { problem: String(error) });
    });
  }

  rolledBack(): void {
    this.#appender.rolledBack();
    this.#redo.rolledBack();
  }

  /**
   * Outside a transaction: redo rows of segments that could not be synced know the octets, which go
   * to another segment. Never throws: rows that stay are put back at the next start.
   */
  rescueStranded(): void {
    const { database, ledger } = this.#context;
    for (const segmentId of this.#appender.takeStranded()) {
      try {
        const octets = database.transact(() => rescueRedo(database, segmentId, this.#appender));
        this.#appender.committed();
        this.#tell("warn", "store.octets-rescued", { segmentId, octets });
      } catch (error) {
        this.#appender.rolledBack();
        this.#tell("error", "store.octets-not-rescued", { segmentId, problem: String(error) });
      }
      // The rows of segments have changed behind it.
      ledger.reset();
    }
  }

  async close(): Promise<void> {
    await this.#appender.idle();
    this.rescueStranded();
    this.#appender.seal();
  }

  get isSyncing(): boolean {
    return this.#appender.isSyncing;
  }

  takeEvents(): readonly WriterEvent[] {
    return this.#events.splice(0);
  }

  #tell(level: WriterEvent["level"], event: string, fields: WriterEvent["fields"]): void {
    this.#events.push({ level, event, fields });
  }
}

const NOTHING: Promise<unknown> = Promise.resolve(undefined);

function octetsOf(batches: readonly Batch[]): number {
  return batches.reduce((sum, { octets, hasOctets }) => sum + (hasOctets ? octets.length : 0), 0);
}
