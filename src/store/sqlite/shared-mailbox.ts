/**
 * A mailbox held open, once for all sessions of the process. Commits of this process are applied
 * from the writer's answer without reading anything; those of others from the feed and the rows.
 */

import type { Log } from "../../base/log.ts";
import type { MailboxChange, MailboxInfo } from "../mail.ts";
import type { Database } from "./database.ts";
import type { LateColumns } from "./late-columns.ts";
import { MailboxColumns } from "./mailbox-columns.ts";
import { IN_RUNS, runList } from "./entry-runs.ts";
import { mailboxInfo } from "./mailbox-rows.ts";
import {
  FEED_ADDED,
  FEED_ANNOTATED,
  FEED_CHANGED,
  FEED_CREATED,
  FEED_DELETED,
  FEED_EXPUNGED,
  FEED_FLAGS,
  FEED_RENAMED,
  type FeedEntry,
} from "./feed-entry.ts";
import { countIn, numbersIn, type Runs } from "./number-runs.ts";

const ENTRY = `SELECT uid, flags, flags_high, message_id, internal_date_ms, saved_date_ms, size_octets,
  thread_id, mod_seq FROM entry WHERE mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ?`;
const THESE = `SELECT uid, flags, flags_high, message_id, internal_date_ms, saved_date_ms,
  size_octets, thread_id ${IN_RUNS}`;
const COUNTERS = `SELECT uid_next AS uidNext, highest_mod_seq AS highestModSeq, messages, keywords
  FROM mailbox WHERE id = ?`;
export const PAGE_MESSAGES = 5000;

type CountersRow = {
  readonly uidNext: number;
  readonly highestModSeq: number;
  readonly messages: number;
  readonly keywords: string;
};

export class SharedMailbox {
  readonly id: number;
  readonly #database: Database;
  readonly #log: Log;
  columns: MailboxColumns = new MailboxColumns();
  readonly #listeners = new Set<(change: MailboxChange) => void>();
  info: MailboxInfo;
  keywords: readonly string[] = [];
  uidNext = 1;
  highestModSeq = 0;
  /** How many sessions hold it. */
  holders = 0;
  isGone = false;
  /** Set when the feed is no longer told here: up to where it was. */
  followedUntil: number | undefined;
  /** Messages added, changed or gone since the columns were last kept in a file; all, if they never were. */
  changesSinceKept: number = Number.POSITIVE_INFINITY;
  #late: LateColumns | undefined;
  /** What came while the columns were being read. */
  #early: FeedEntry[] | undefined;

  constructor(info: MailboxInfo, database: Database, log: Log) {
    this.id = info.id;
    this.info = info;
    this.#database = database;
    this.#log = log;
  }

  /** Reads it in one go; for mailboxes that are not large. */
  readAll(): void {
    this.#database.snapshot(() => {
      this.readCounters(this.#database);
      while (this.readPage(this.#database));
    });
  }

  /** Reads a large one in slices, from a connection that stands still in a snapshot meanwhile. */
  async loadSlowly(snapshot: Database, pause: () => Promise<void>): Promise<void> {
    snapshot.exec("BEGIN");
    try {
      this.readCounters(snapshot);
      while (this.readPage(snapshot)) await pause();
    } finally {
      snapshot.exec("COMMIT");
    }
  }

  /** Takes what is right according to the database as it is now. */
  takeOver(late: LateColumns): void {
    this.columns = late.columns;
    this.#late = late;
    this.readCounters(this.#database, 0);
  }

  /** What of the columns is still to be read; undefined if all is there. */
  load(what: "flags" | "all"): Promise<void> | undefined {
    if (this.#late?.isDone === true) this.#late = undefined;
    return this.#late?.load(what);
  }

  /** Whatever the feed tells while `read` runs waits until it is done. */
  async whileReading(read: () => Promise<void>): Promise<void> {
    this.#early = [];
    await read();
    const early = this.#early;
    this.#early = undefined;
    for (const entry of early) this.apply(entry);
  }

  get isBeingRead(): boolean {
    return this.#early !== undefined;
  }

  readCounters(database: Database, room?: number): void {
    const row = database.get<CountersRow>(COUNTERS, this.id);
    if (row === undefined) return;
    this.uidNext = row.uidNext;
    this.highestModSeq = row.highestModSeq;
    this.keywords = JSON.parse(row.keywords) as string[];
    this.columns.reserve(room ?? row.messages);
  }

  /** Reads on behind the last UID; false when there was nothing more. */
  readPage(database: Database): boolean {
    const { columns } = this;
    const rows = database.arrays(ENTRY, this.id, columns.lastUid, PAGE_MESSAGES) as number[][];
    const modSeqs = rows.map((row) => row.pop() ?? 0);
    columns.add(rows.flat(), modSeqs);
    return rows.length === PAGE_MESSAGES;
  }

  /** Brings one feed entry into the columns and tells the listeners. */
  apply(entry: FeedEntry): void {
    if (this.#early !== undefined) {
      this.#early.push(entry);
      return;
    }
    // What the columns were read with is in them already.
    if (entry.modSeq <= this.highestModSeq) return;
    this.highestModSeq = entry.modSeq;
    this.changesSinceKept += countIn(entry.runs);
    if (entry.keywords !== undefined) this.keywords = entry.keywords;
    switch (entry.kind) {
      case FEED_ADDED:
        this.#add(entry);
        // Of the entry, not of the columns: its messages may be gone again by the time it is read.
        this.uidNext = Math.max(this.uidNext, (entry.runs.at(-1) ?? 0) + 1);
        break;
      case FEED_FLAGS:
        this.#changeFlags(entry);
        break;
      case FEED_EXPUNGED:
        this.columns.remove(entry.runs);
        break;
      default:
        this.isGone ||= entry.kind === FEED_DELETED;
        this.info = mailboxInfo(this.#database, this.id) ?? this.info;
    }
    this.#tell(changeOf(entry));
  }

  /** Reads everything again and tells what is different: when the feed no longer reaches back far enough. */
  reload(): void {
    const before = Array.from(this.columns.uids.subarray(0, this.columns.count));
    this.columns = new MailboxColumns();
    this.readAll();
    this.changesSinceKept = Number.POSITIVE_INFINITY;
    const { columns, highestModSeq } = this;
    const expunged = before.filter((uid) => columns.indexOfUid(uid) === -1);
    const old = new Set(before);
    const now = Array.from(columns.uids.subarray(0, columns.count));
    const added = now.filter((uid) => !old.has(uid));
    const kept = now.filter((uid) => old.has(uid));
    const about = { accountId: this.info.accountId, mailboxId: this.id, modSeq: highestModSeq };
    if (expunged.length > 0) this.#tell({ ...about, kind: "expunged", uids: expunged });
    if (kept.length > 0) this.#tell({ ...about, kind: "flags", uids: kept });
    if (added.length > 0) this.#tell({ ...about, kind: "added", uids: added });
  }

  listen(listener: (change: MailboxChange) => void): () => void {
    const entry = (change: MailboxChange): void => listener(change);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  #tell(change: MailboxChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#log.error("store.listener-failed", error, { mailboxId: this.id });
      }
    }
  }

  #add({ rows, runs, modSeq }: FeedEntry): void {
    if (rows !== undefined) return this.columns.add(rows, modSeq);
    this.columns.add(this.#rowsOf(runs).flat(), modSeq);
  }

  #changeFlags({ operation, runs, modSeq }: FeedEntry): void {
    if (operation !== undefined) return this.columns.changeFlags(runs, operation, modSeq);
    for (const row of this.#rowsOf(runs)) this.columns.setFlags(row, modSeq);
  }

  /** As they are now, which may be later than the entry they are read for: what follows is applied once more. */
  #rowsOf(runs: Runs): number[][] {
    this.#readKeywords();
    return this.#database.arrays(THESE, runList(runs), this.id) as number[][];
  }

  #readKeywords(): void {
    const row = this.#database.get<CountersRow>(COUNTERS, this.id);
    if (row !== undefined) this.keywords = JSON.parse(row.keywords) as string[];
  }
}

/** What the listeners are told of a feed entry. */
export function changeOf(entry: FeedEntry): MailboxChange {
  const { accountId, mailboxId, modSeq } = entry;
  const about = { accountId, mailboxId, modSeq };
  switch (entry.kind) {
    case FEED_ADDED:
      return changeOfMessages(entry, "added");
    case FEED_FLAGS:
      return changeOfMessages(entry, "flags");
    case FEED_EXPUNGED:
      return changeOfMessages(entry, "expunged");
    default:
      return { ...about, kind: OTHER_KINDS.get(entry.kind) ?? "mailbox-changed" };
  }
}

/** Ten thousand UIDs become an array only if somebody looks at them. */
function changeOfMessages(
  { accountId, mailboxId, modSeq, runs }: FeedEntry,
  kind: "added" | "flags" | "expunged",
): MailboxChange {
  let uids: readonly number[] | undefined;
  return {
    accountId,
    mailboxId,
    modSeq,
    kind,
    get uids() {
      return (uids ??= numbersIn(runs));
    },
  };
}

type OtherKind = Exclude<MailboxChange["kind"], "added" | "flags" | "expunged">;

const OTHER_KINDS: ReadonlyMap<number, OtherKind> = new Map<number, OtherKind>([
  [FEED_CREATED, "mailbox-created"],
  [FEED_DELETED, "mailbox-deleted"],
  [FEED_RENAMED, "mailbox-renamed"],
  [FEED_CHANGED, "mailbox-changed"],
  [FEED_ANNOTATED, "mailbox-annotated"],
]);
