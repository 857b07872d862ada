/** Opens the embedded store in a data folder: the one way in. */

import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Store } from "../contract.ts";
import { DEFAULT_COMPACTION_TIMES, type CompactionTimes } from "./compaction-pace.ts";
import { DEFAULT_COMPACTION_POLICY, type CompactionPolicy } from "./compaction-policy.ts";
import { Database } from "./database.ts";
import type { Answers, RedoPolicy } from "./requests.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { storeFolders } from "./store-files.ts";
import { WriterClient } from "./writer-client.ts";

export type StoreOptions = {
  /** Made if it is not there. */
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Less free space than this is called low. Default 64 MiB. */
  readonly minFreeOctets?: number;
  /** How often to look for commits of other processes while somebody waits for news. Default 200 ms; 0 never. */
  readonly watchIntervalMs?: number;
  /** A segment that has grown beyond this is closed and a new one begun. Default 64 MiB. */
  readonly segmentOctets?: number;
  /** Groups of few octets wait for one sync instead of two. */
  readonly redo?: RedoPolicy;
  /**
   * So long the outcome of a delivery attempt may wait for another commit to share its sync; after a
   * power cut in that time the attempt is made again. Default 10 ms.
   */
  readonly settlementLingerMs?: number;
  /** Entries of the change feed kept; older expunges can no longer be told (RFC 7162 VANISHED). Default 500,000. */
  readonly feedEntriesKept?: number;
  /**
   * Gives the disk back what expunged messages held, in the background; only for the process that
   * serves the folder. Default no.
   */
  readonly compaction?: Partial<CompactionTimes & CompactionPolicy>;
  /** Whether a thread of this process builds the search index. Default: no; searches use what there is. */
  readonly buildsSearchIndex?: boolean;
  /** Mailboxes of at least so many messages have their columns kept in a file, to be opened fast. Default 2,000. */
  readonly keptColumnsFrom?: number;
  /** Only for tests: a module with `at(point)`, called by the writer at the named points of a commit. */
  readonly writerHooks?: URL;
};

const DEFAULT_SEGMENT_OCTETS = 64 << 20;
const DEFAULT_REDO: RedoPolicy = { groupOctets: 128 << 10, keptOctets: 1 << 20 };
const DEFAULT_SETTLEMENT_LINGER_MS = 10;
const DEFAULT_FEED_ENTRIES_KEPT = 500_000;
const DEFAULT_MIN_FREE_OCTETS = 64 << 20;
const DEFAULT_WATCH_INTERVAL_MS = 200;
const DEFAULT_KEPT_COLUMNS_FROM = 2000;

/** Rejects with `store-newer`, `store-corrupt`, `disk-full`, `disk-failed`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const folders = storeFolders(options.folder);
  let store: SqliteStore | undefined;
  const early: Answers[] = [];
  const writer = await WriterClient.start(
    {
      folder: options.folder,
      segmentOctets: options.segmentOctets ?? DEFAULT_SEGMENT_OCTETS,
      feedEntriesKept: options.feedEntriesKept ?? DEFAULT_FEED_ENTRIES_KEPT,
      compaction: { ...DEFAULT_COMPACTION_POLICY, ...options.compaction },
      redo: options.redo ?? DEFAULT_REDO,
      settlementLingerMs: options.settlementLingerMs ?? DEFAULT_SETTLEMENT_LINGER_MS,
      hooks: options.writerHooks?.href,
    },
    options.clock,
    (answers) => (store === undefined ? early.push(answers) : store.committed(answers)),
  );
  try {
    const database = Database.openForReading(folders.database);
    store = new SqliteStore(
      {
        folders,
        database,
        clock: options.clock,
        random: options.random,
        log: options.log,
        minFreeOctets: options.minFreeOctets ?? DEFAULT_MIN_FREE_OCTETS,
        watchIntervalMs: options.watchIntervalMs ?? DEFAULT_WATCH_INTERVAL_MS,
        serverSecret: readServerSecret(database),
        keptColumnsFrom: options.keptColumnsFrom ?? DEFAULT_KEPT_COLUMNS_FROM,
        buildsSearchIndex: options.buildsSearchIndex ?? false,
        compaction: options.compaction && { ...DEFAULT_COMPACTION_TIMES, ...options.compaction },
      },
      writer,
    );
    for (const answers of early) store.committed(answers);
    return store;
  } catch (error) {
    await writer.close();
    throw error;
  }
}

function readServerSecret(database: Database): Uint8Array {
  const row = database.get<{ value: Uint8Array }>(
    "SELECT value FROM meta WHERE key = 'server_secret'",
  );
  return row?.value ?? new Uint8Array(32);
}
