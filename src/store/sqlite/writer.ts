/**
 * The writing side of the store: takes batches of requests and makes one commit of each group
 * (DESIGN §2). Many octets are appended and synced while the rows are written, and the transaction
 * commits only once they are on disk. Few are kept in redo rows too, so that the commit's own sync
 * is the only one. Answers come after that (Invariant 1).
 *
 * A request that fails takes nothing of the others with it: the group is then run again, each
 * request within its savepoint.
 */

import { randomBytes } from "node:crypto";
import { renameSync } from "node:fs";

import { isMailError } from "../../base/errors.ts";
import { CommitContext } from "./commit-context.ts";
import type { CommitPoint } from "./commit-point.ts";
import { CompactionStep } from "./compaction-step.ts";
import type { CompactionPolicy } from "./compaction-policy.ts";
import { Database } from "./database.ts";
import { GroupOctets } from "./group-octets.ts";
import { encodeEntries } from "./feed-entries.ts";
import { giveThreads } from "./give-threads.ts";
import { Ledger } from "./ledger.ts";
import { migrate } from "./migrate.ts";
import { OPERATIONS } from "./operations.ts";
import { giveBackLeases } from "./operations-queue.ts";
import { pruneFeed } from "./prune-feed.ts";
import { ownIdentity } from "./process-identity.ts";
import { recover } from "./recover.ts";
import type {
  Answers,
  Batch,
  Failure,
  PostedRequest,
  RedoPolicy,
  Tidied,
  WriterEvent,
} from "./requests.ts";
import { SCHEMA } from "./schema.ts";
import { SegmentAppender, type Appended } from "./segment-appender.ts";
import { storeError } from "./store-error.ts";
import { SyncDebt, type Debt } from "./sync-debt.ts";
import { makeStoreFolders, storeFolders, syncFolder, type StoreFolders } from "./store-files.ts";

export type WriterSettings = {
  readonly folder: string;
  readonly segmentOctets: number;
  readonly feedEntriesKept: number;
  readonly compaction: CompactionPolicy;
  readonly redo: RedoPolicy;
  readonly settlementLingerMs: number;
  readonly at: ((point: CommitPoint) => void) | undefined;
};

export class StoreWriter {
  readonly writerId: number;
  readonly #database: Database;
  readonly #folders: StoreFolders;
  readonly #octets: GroupOctets;
  readonly #ledger: Ledger;
  readonly #context: CommitContext;
  readonly #compaction: CompactionStep;
  readonly #at: (point: CommitPoint) => void;
  readonly #feedEntriesKept: number;
  readonly #debt: SyncDebt;
  /** What recovery found, told with the first answers. */
  readonly #events: WriterEvent[] = [];

  constructor(settings: WriterSettings) {
    this.#at = settings.at ?? (() => {});
    this.#feedEntriesKept = settings.feedEntriesKept;
    this.#folders = storeFolders(settings.folder);
    makeStoreFolders(this.#folders);
    this.#database = Database.openForWriting(this.#folders.database);
    migrate(this.#database, SCHEMA);
    this.#events.push(...giveThreads(this.#database));
    // SQLite sees to its own side files; that the database is in its folder at all is our part.
    syncFolder(this.#folders.folder);
    this.#database.run(
      "INSERT OR IGNORE INTO meta (key, value) VALUES ('server_secret', ?)",
      randomBytes(32),
    );
    const identity = ownIdentity();
    this.#database.run(
      "INSERT INTO writer (pid, started) VALUES (?, ?)",
      identity.pid,
      identity.started,
    );
    this.writerId = this.#database.get<{ id: number }>("SELECT last_insert_rowid() AS id")?.id ?? 0;
    const appender = new SegmentAppender(
      this.#database,
      this.#folders,
      this.writerId,
      settings.segmentOctets,
      "plain",
      this.#at,
    );
    this.#ledger = new Ledger(this.#database);
    this.#context = new CommitContext(
      this.#database,
      this.#ledger,
      this.#folders,
      this.writerId,
      () => appender.newFileName(),
    );
    this.#octets = new GroupOctets(this.#context, appender, settings.redo);
    this.#debt = new SyncDebt(this.#database, this.#folders.segments, settings.settlementLingerMs);
    this.#compaction = new CompactionStep(this.#context, {
      policy: settings.compaction,
      segmentOctets: settings.segmentOctets,
      at: this.#at,
    });
    this.#events.push(...recover(this.#context, appender));
    appender.committed();
  }

  /** One commit of all batches; one outcome a request, in order. Never rejects. */
  async commit(batches: readonly Batch[]): Promise<Answers> {
    this.#octets.rescueStranded();
    let appended: readonly (Appended | undefined)[] = [];
    let diskProblem: unknown;
    try {
      this.#at("before-append");
      appended = this.#octets.append(batches);
      this.#at("octets-appended");
      this.#octets.beginSync(batches);
    } catch (error) {
      this.#octets.rolledBack();
      appended = [];
      diskProblem = storeError(error, "writing a segment");
    }
    let outcomes: Outcomes;
    let isRedoDropped: boolean;
    const isDurable = this.#debt.mustSync(batches);
    try {
      if (!isDurable) this.#database.setDurable(false);
      outcomes = this.#runGroup(batches, appended, diskProblem);
      this.#octets.record(batches, appended);
      pruneFeed(this.#context, this.#feedEntriesKept);
      this.#ledger.flush();
      this.#at("rows-written");
      const syncProblem = await this.#octets.ended();
      if (syncProblem !== undefined) throw syncProblem;
      this.#at("octets-synced");
      isRedoDropped = this.#octets.dropSynced();
      this.#database.exec("COMMIT");
    } catch (error) {
      await this.#octets.ended();
      this.#rollBack();
      this.#octets.rolledBack();
      return this.#failed(batches, storeError(error, "committing"));
    } finally {
      if (!isDurable) this.#database.setDurable(true);
    }
    this.#at("committed");
    if (isRedoDropped) this.#at("redo-dropped");
    this.#octets.committed();
    const doomed = this.#context.doomed.splice(0);
    this.#events.push(...this.#debt.committed(batches, isDurable, doomed));
    return this.#answers(outcomes);
  }

  /** Settlements on their way to the disk: the next commit takes them there, or `payDebt`. */
  get debt(): Debt | undefined {
    return this.#debt.debt;
  }

  payDebt(): void {
    this.#events.push(...this.#debt.pay());
  }

  /** Something goes on in the background that needs a turn of the event loop to be heard of. */
  get isSyncing(): boolean {
    return this.#octets.isSyncing;
  }

  /** One bite of compaction, between commits. Never rejects. */
  tidy(nowMs: number): Promise<Tidied> {
    return this.#compaction.step(nowMs);
  }

  /** Never while a commit is under way. */
  async close(): Promise<void> {
    await this.#octets.close();
    giveBackLeases(this.#context);
    this.#compaction.close();
    this.#database.run("DELETE FROM writer WHERE id = ?", this.writerId);
    this.#debt.pay();
    this.#database.close();
  }

  /** Begins the transaction and runs all requests in it. */
  #runGroup(
    batches: readonly Batch[],
    appended: readonly (Appended | undefined)[],
    diskProblem: unknown,
  ): Outcomes {
    if (diskProblem === undefined) {
      // Nearly always nothing fails. Savepoints cost a fifth of a commit, so the first try goes without.
      try {
        this.#begin(batches[0].nowMs);
        const answers = batches.flatMap((batch, index) => {
          this.#enterBatch(batch, appended[index]);
          return batch.requests.map((posted) => this.#runBare(posted));
        });
        return { answers, failures: [] };
      } catch {
        this.#rollBack();
      }
    }
    this.#begin(batches[0].nowMs);
    this.#context.diskProblem = diskProblem;
    const answers: unknown[] = [];
    const failures: [number, Failure][] = [];
    batches.forEach((batch, index) => {
      this.#enterBatch(batch, appended[index]);
      for (const posted of batch.requests) {
        try {
          answers.push(this.#runInSavepoint(posted));
        } catch (error) {
          if (error instanceof TransactionLost) throw error.cause;
          failures.push([answers.length, failureOf(error)]);
          answers.push(undefined);
        }
      }
    });
    return { answers, failures };
  }

  #begin(nowMs: number): void {
    this.#database.run("BEGIN IMMEDIATE");
    this.#context.begin(nowMs);
  }

  #enterBatch({ octets, extras }: Batch, appended: Appended | undefined): void {
    this.#context.octets = octets;
    this.#context.extras = extras;
    this.#context.appended = appended;
  }

  #runBare({ name, request }: PostedRequest): unknown {
    this.#ledger.beginRequest(false);
    return (OPERATIONS[name] as AnyOperation)(this.#context, request);
  }

  #runInSavepoint({ name, request }: PostedRequest): unknown {
    const context = this.#context;
    const doomed = context.doomed.length;
    const adopted = context.adopted.length;
    this.#database.run("SAVEPOINT request");
    this.#ledger.beginRequest(true);
    try {
      const answer = (OPERATIONS[name] as AnyOperation)(context, request);
      this.#database.run("RELEASE request");
      return answer;
    } catch (error) {
      try {
        this.#database.run("ROLLBACK TO request");
        this.#database.run("RELEASE request");
      } catch {
        // SQLite has given up the whole transaction, and with it the whole group.
        throw new TransactionLost(error);
      }
      this.#ledger.rollbackRequest();
      context.lanes.forget();
      context.doomed.length = doomed;
      this.#giveBack(adopted);
      throw storeError(error, "writing");
    }
  }

  #rollBack(): void {
    this.#database.rollBack();
    this.#ledger.reset();
    this.#context.lanes.forget();
    this.#giveBack(0);
  }

  /** Moves adopted spool files back to where their staged message looks for them. */
  #giveBack(from: number): void {
    for (const { spool, segment } of this.#context.adopted.splice(from)) {
      try {
        renameSync(segment, spool);
      } catch (error) {
        this.#events.push(eventOf("store.spool-not-given-back", error));
      }
    }
  }

  #answers(outcomes: Outcomes): Answers {
    const events = [...this.#takeEvents(), ...this.#context.events];
    return {
      type: "answers",
      ...outcomes,
      entries: encodeEntries(this.#ledger.entries),
      isDirectoryChanged: this.#context.isDirectoryChanged,
      isQueueChanged: this.#context.isQueueChanged,
      events,
    };
  }

  #takeEvents(): WriterEvent[] {
    return [...this.#events.splice(0), ...this.#octets.takeEvents()];
  }

  #failed(batches: readonly Batch[], error: unknown): Answers {
    const failure = failureOf(error);
    const requests = batches.flatMap((batch) => batch.requests);
    const events = this.#takeEvents();
    return {
      type: "answers",
      answers: requests.map(() => undefined),
      failures: requests.map((_, position) => [position, failure]),
      entries: encodeEntries([]),
      isDirectoryChanged: false,
      isQueueChanged: false,
      events,
    };
  }
}

type Outcomes = Pick<Answers, "answers" | "failures">;

class TransactionLost extends Error {
  constructor(cause: unknown) {
    super("SQLite has rolled back", { cause });
  }
}

type AnyOperation = (context: CommitContext, request: unknown) => unknown;

export function failureOf(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { code: isMailError(error) ? error.code : "bug", message, stack };
}

function eventOf(event: string, error: unknown): WriterEvent {
  return { level: "warn", event, fields: { problem: String(error) } };
}
