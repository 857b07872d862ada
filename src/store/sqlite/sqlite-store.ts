/** The store over SQLite and segments: hands each part what it needs, and passes on what has changed. */

import { statfs } from "node:fs/promises";

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { AcceptedEnvelope, Acceptance } from "../acceptance.ts";
import type {
  BackupReport,
  RepairReport,
  Store,
  StoreActivity,
  StoreProblem,
} from "../contract.ts";
import type { OctetStore, StagedMessage } from "../octets.ts";
import { acceptedEnvelopes, acceptRequest, stagedOf } from "./accept-request.ts";
import { backupStore } from "./backup-store.ts";
import { checkStore } from "./check-store.ts";
import { CompactionPace, type CompactionTimes } from "./compaction-pace.ts";
import { CommitWatch } from "./commit-watch.ts";
import { SqliteCredentials } from "./credentials.ts";
import type { Database } from "./database.ts";
import { SqliteDirectory } from "./directory.ts";
import { decodeEntries } from "./feed-entries.ts";
import { SqliteAnnotations } from "./annotations.ts";
import { SqliteAcl } from "./acl.ts";
import { SqliteMail } from "./mail.ts";
import { MailGate } from "./mail-gate.ts";
import { OctetReader } from "./octet-reader.ts";
import { SqliteQueue } from "./queue.ts";
import { repairStore } from "./repair-store.ts";
import type { Answers, WriterEvent } from "./requests.ts";
import { SearchIndex } from "./search-index.ts";
import { SearchIndexing } from "./search-indexing.ts";
import { Staged, type Spool } from "./staging.ts";
import type { StoreFolders } from "./store-files.ts";
import type { WriterClient } from "./writer-client.ts";

export type SqliteStoreDeps = {
  readonly folders: StoreFolders;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly minFreeOctets: number;
  readonly watchIntervalMs: number;
  readonly serverSecret: Uint8Array;
  /** Undefined: another process sees to it. */
  readonly compaction: CompactionTimes | undefined;
  readonly buildsSearchIndex: boolean;
  readonly keptColumnsFrom: number;
};

/** How old what we remember of the directory may be when another process changes it. */
const DIRECTORY_AGE_MS = 200;

export class SqliteStore implements Store {
  readonly directory: SqliteDirectory;
  readonly credentials: SqliteCredentials;
  readonly octets: OctetStore;
  readonly mail: SqliteMail;
  readonly acl: SqliteAcl;
  readonly annotations: SqliteAnnotations;
  readonly queue: SqliteQueue;
  readonly #deps: SqliteStoreDeps;
  readonly #writer: WriterClient;
  readonly #watch: CommitWatch;
  readonly #reader: OctetReader;
  readonly #compaction: CompactionPace | undefined;
  readonly #searchIndex: SearchIndex;
  readonly #searchIndexing: SearchIndexing | undefined;
  #spoolSerial = 0;
  #directoryVersion: number;
  #directoryLookedAtMs: number;
  #isClosed = false;

  constructor(deps: SqliteStoreDeps, writer: WriterClient) {
    const { database, clock, random, log, folders } = deps;
    this.#deps = deps;
    this.#writer = writer;
    this.#reader = new OctetReader(database, folders.segments, clock);
    this.#watch = new CommitWatch(database, deps.watchIntervalMs, () => this.#othersCommitted());
    const onListening = this.#watch.listening;
    this.#directoryVersion = this.#readDirectoryVersion();
    this.#directoryLookedAtMs = clock.monotonicMs();
    this.directory = new SqliteDirectory(database, writer, () => this.#refreshDirectory());
    this.credentials = new SqliteCredentials({
      database,
      writer,
      clock,
      random,
      serverSecret: deps.serverSecret,
    });
    this.octets = this.#makeOctets();
    this.#searchIndex = new SearchIndex(folders.search, (fileNumber, problem) =>
      this.#searchIndexing?.damaged(fileNumber, problem),
    );
    this.#searchIndexing = deps.buildsSearchIndex
      ? new SearchIndexing(folders.folder, log)
      : undefined;
    const gate = new MailGate(database);
    this.acl = new SqliteAcl(database, gate, writer);
    this.annotations = new SqliteAnnotations(database, gate, writer);
    this.mail = new SqliteMail({
      database,
      gate,
      octets: this.octets,
      searchIndex: this.#searchIndex,
      searchIndexing: this.#searchIndexing,
      databaseFile: folders.database,
      columnsFolder: folders.columns,
      keptColumnsFrom: deps.keptColumnsFrom,
      random,
      writer,
      log,
      onListening,
    });
    this.queue = new SqliteQueue({ database, writer, clock, log, onListening });
    this.#compaction =
      deps.compaction &&
      new CompactionPace(writer, clock, deps.compaction, ({ removed, events }) => {
        this.#reader.forget(removed);
        this.#logEvents(events);
      });
  }

  async accept(acceptance: Acceptance): Promise<readonly AcceptedEnvelope[]> {
    const staged = stagedOf(acceptance.message);
    if (staged !== undefined && !staged.isInMemory) await staged.settle();
    const filed = await this.#writer.submit("accept", (packer) =>
      acceptRequest(acceptance, packer),
    );
    staged?.accepted();
    return acceptedEnvelopes(acceptance, filed);
  }

  async space(): Promise<{ readonly freeOctets: number; readonly isLow: boolean }> {
    const { bavail, bsize } = await statfs(this.#deps.folders.folder);
    const freeOctets = bavail * bsize;
    return { freeOctets, isLow: freeOctets < this.#deps.minFreeOctets };
  }

  activity(): StoreActivity {
    return this.#writer.activity;
  }

  check(progress?: (done: number, total: number) => void): Promise<readonly StoreProblem[]> {
    return checkStore(this.#deps.folders, progress);
  }

  repair(progress?: (done: number, total: number) => void): Promise<RepairReport> {
    return repairStore(
      this.#deps.folders,
      (request) => this.#writer.submit("repair", () => request),
      progress,
    );
  }

  backup(
    target: string,
    progress?: (doneOctets: number, totalOctets: number) => void,
  ): Promise<BackupReport> {
    return backupStore(this.#deps.folders, target, progress);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    this.#compaction?.stop();
    await this.#searchIndexing?.close();
    this.#searchIndex.close();
    await this.#writer.drain();
    await this.mail.close();
    this.#reader.close();
    // Before the writer's: the last connection to go tidies the write-ahead log away, and may write.
    this.#deps.database.close();
    await this.#writer.close();
  }

  /** A commit of our own writer. */
  committed(answers: Answers): void {
    this.#logEvents(answers.events);
    if (answers.isDirectoryChanged) {
      this.#directoryVersion = this.#readDirectoryVersion();
      this.directory.forget();
    }
    if (answers.entries.numbers.length > 0) this.mail.committed(decodeEntries(answers.entries));
    if (answers.isQueueChanged) this.queue.changed();
  }

  #logEvents(events: readonly WriterEvent[]): void {
    const { log } = this.#deps;
    for (const { level, event, fields } of events) {
      if (level === "error") log.error(event, undefined, fields);
      else log[level](event, fields);
    }
  }

  #othersCommitted(): void {
    this.mail.poll();
    this.queue.changed();
  }

  #refreshDirectory(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#directoryLookedAtMs < DIRECTORY_AGE_MS) return;
    this.#directoryLookedAtMs = nowMs;
    const version = this.#readDirectoryVersion();
    if (version === this.#directoryVersion) return;
    this.#directoryVersion = version;
    this.directory.forget();
  }

  #readDirectoryVersion(): number {
    const row = this.#deps.database.get<{ value: number }>(
      "SELECT value FROM meta WHERE key = 'directory_version'",
    );
    return row?.value ?? 0;
  }

  #makeOctets(): OctetStore {
    const spool: Spool = {
      folder: this.#deps.folders.spool,
      newName: () => `${this.#writer.writerId}-${++this.#spoolSerial}.spool`,
    };
    const reader = this.#reader;
    return {
      stage: () => new Staged(spool),
      stageOctets(octets): StagedMessage {
        const staged = new Staged(spool);
        staged.takeOver(octets);
        return staged;
      },
      read: (id, start, end) => reader.read(id, start, end),
      readMany: (reads) => reader.readMany(reads),
      sizeOctets: (id) => reader.sizeOctets(id),
    };
  }
}
