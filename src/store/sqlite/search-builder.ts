/**
 * Builds the search index: takes up, mailbox after mailbox and a few messages at a time, what is not in
 * it yet, and takes out what is no longer in the mailbox. How far it is stands in the same transaction
 * as what it has added, so it goes on where it was, whatever ends it. Several processes may do so at
 * once: each step is a transaction of its own and looks again how far things are.
 */

import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";

import { NO_OCTETS } from "../../base/bytes.ts";
import { isMailError } from "../../base/errors.ts";
import { Database } from "./database.ts";
import { indexedText, MAX_INDEXED_OCTETS, UNKNOWN_TEXT, type IndexedText } from "./indexed-text.ts";
import { unpack } from "./packed-octets.ts";
import { openSearchForWriting, searchFileNumber } from "./search-database.ts";
import type { StoreFolders } from "./store-files.ts";

/** Messages of one step. */
const STEP = 32;
/** And octets: a step of large messages is smaller. */
const STEP_OCTETS = 4_194_304;

const MAILBOX = "SELECT uid_validity AS uidValidity, uid_next AS uidNext FROM mailbox WHERE id = ?";
const ENTRIES = `SELECT uid, prefix, file, start, message.size_octets AS sizeOctets,
    packed_octets AS packed, header_octets AS headerOctets, envelope, structure
  FROM entry JOIN message ON message.id = message_id JOIN segment ON segment.id = segment_id
  WHERE mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ${STEP}`;
const PROGRESS = `SELECT uid_validity AS uidValidity, uid, entries FROM progress WHERE mailbox_id = ?`;
const KEEP_PROGRESS =
  "INSERT OR REPLACE INTO progress (mailbox_id, uid_validity, uid, entries) VALUES (?, ?, ?, ?)";
const ADD = `INSERT INTO search_text (rowid, subject, sender, recipients, everything)
  VALUES ((? << 32) + ?, ?, ?, ?, ?)`;
const IS_THERE = "SELECT 1 FROM search_text_docsize WHERE id = (? << 32) + ?";
const REMOVE = "DELETE FROM search_text WHERE rowid = (? << 32) + ?";
const INDEXED = `SELECT id & 4294967295 FROM search_text_docsize
  WHERE id BETWEEN (? << 32) AND (? << 32) + 4294967295`;
const REMOVE_MAILBOX =
  "DELETE FROM search_text WHERE rowid BETWEEN (? << 32) AND (? << 32) + 4294967295";

type EntryRow = {
  readonly uid: number;
  readonly prefix: Uint8Array | null;
  readonly file: string;
  readonly start: number;
  readonly sizeOctets: number;
  /** Octets in the segment if it lies there packed. */
  readonly packed: number | null;
  readonly headerOctets: number;
  readonly envelope: Uint8Array;
  readonly structure: Uint8Array;
};
type MailboxRow = { readonly uidValidity: number; readonly uidNext: number };
type ProgressRow = { readonly uidValidity: number; readonly uid: number; readonly entries: number };

export class SearchBuilder {
  readonly #store: Database;
  readonly #search: Database;
  readonly #searchFile: string;
  readonly #segments: string;
  #isDamaged = false;
  /** Of the index it builds. */
  readonly fileNumber: number | undefined;
  #file: { readonly name: string; readonly descriptor: number } | undefined;

  constructor(folders: StoreFolders) {
    this.#segments = folders.segments;
    this.#store = Database.openForReading(folders.database);
    this.#search = openSearchForWriting(folders.search);
    this.#searchFile = folders.search;
    this.fileNumber = searchFileNumber(folders.search);
  }

  /** What it has thrown came of damage in the index itself: it has to be begun anew. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** False when the index was removed, or begun anew by another process. */
  get isInPlace(): boolean {
    return searchFileNumber(this.#searchFile) === this.fileNumber;
  }

  close(): void {
    this.#closeFile();
    this.#store.close();
    this.#search.close();
  }

  /** Mailboxes of which not all is indexed, or more than there is. */
  unfinished(): number[] {
    const known = new Map(
      this.#look((search) =>
        search.arrays("SELECT mailbox_id, uid_validity, uid, entries FROM progress"),
      ).map(([id, ...progress]) => [id, progress] as const),
    );
    const mailboxes = this.#store.arrays(
      "SELECT id, uid_validity, uid_next, messages FROM mailbox ORDER BY id",
    );
    const ids: number[] = [];
    for (const [id, uidValidity, uidNext, messages] of mailboxes as number[][]) {
      const [validity = 0, uid = 0, entries = 0] = (known.get(id) ?? []) as number[];
      const isFinished = validity === uidValidity && uid === uidNext - 1 && entries === messages;
      if (!isFinished && (uidNext > 1 || entries > 0)) ids.push(id);
      known.delete(id);
    }
    return [...ids, ...([...known.keys()] as number[])];
  }

  /** Adds the next messages of a mailbox; false when nothing is left to do there. */
  step(mailboxId: number): boolean {
    const mailbox = this.#store.get<MailboxRow>(MAILBOX, mailboxId);
    if (mailbox === undefined) {
      this.#forget(mailboxId);
      return false;
    }
    const before = this.#progress(mailboxId);
    const isOther =
      before !== undefined &&
      (before.uidValidity !== mailbox.uidValidity || before.uid >= mailbox.uidNext);
    if (isOther) this.#forget(mailboxId);
    const from = isOther ? 0 : (before?.uid ?? 0);
    if (from >= mailbox.uidNext - 1) return this.#sweep(mailboxId, mailbox);
    const rows = this.#store.all<EntryRow>(ENTRIES, mailboxId, from);
    const { texts, isAll } = this.#textsOf(rows);
    const last = texts.at(-1)?.uid ?? from;
    // Some may have come after the look at the mailbox: they are not to be added a second time.
    const reached = isAll && rows.length < STEP ? Math.max(mailbox.uidNext - 1, last) : last;
    this.#write(() => {
      const now = this.#progress(mailboxId);
      // Another process was faster.
      if ((now?.uid ?? 0) !== from) return;
      for (const { uid, text } of texts) {
        const { subject, sender, recipients, everything } = text;
        this.#search.runIndexed(ADD, mailboxId, uid, subject, sender, recipients, everything);
      }
      const entries = (now?.entries ?? 0) + texts.length;
      this.#search.runIndexed(KEEP_PROGRESS, mailboxId, mailbox.uidValidity, reached, entries);
    });
    return true;
  }

  /** Takes out messages that were expunged. */
  remove(mailboxId: number, uids: readonly number[]): void {
    this.#write(() => {
      const progress = this.#progress(mailboxId);
      if (progress === undefined) return;
      let entries = progress.entries;
      for (const uid of uids) {
        if (this.#search.get(IS_THERE, mailboxId, uid) === undefined) continue;
        this.#search.runIndexed(REMOVE, mailboxId, uid);
        entries--;
      }
      this.#search.runIndexed(
        KEEP_PROGRESS,
        mailboxId,
        progress.uidValidity,
        progress.uid,
        entries,
      );
    });
  }

  /** What went unseen, while nobody was building, is found by comparing. False: there is no more to do. */
  #sweep(mailboxId: number, mailbox: MailboxRow): boolean {
    const progress = this.#progress(mailboxId);
    if (progress === undefined) return false;
    const present = new Set(
      this.#store
        .arrays("SELECT uid FROM entry WHERE mailbox_id = ?", mailboxId)
        .map(([uid]) => uid as number),
    );
    if (progress.entries === present.size) return false;
    const indexed = this.#look((search) => search.arrays(INDEXED, mailboxId, mailboxId));
    const stale = indexed.map(([uid]) => uid as number).filter((uid) => !present.has(uid));
    this.#write(() => {
      for (const uid of stale) this.#search.runIndexed(REMOVE, mailboxId, uid);
      const entries = indexed.length - stale.length;
      this.#search.runIndexed(KEEP_PROGRESS, mailboxId, mailbox.uidValidity, progress.uid, entries);
    });
    return false;
  }

  #forget(mailboxId: number): void {
    this.#write(() => {
      this.#search.runIndexed(REMOVE_MAILBOX, mailboxId, mailboxId);
      this.#search.runIndexed("DELETE FROM progress WHERE mailbox_id = ?", mailboxId);
    });
  }

  #progress(mailboxId: number): ProgressRow | undefined {
    return this.#look((search) => search.get<ProgressRow>(PROGRESS, mailboxId));
  }

  /** Whatever is done with the index, so that its damage is told from the store's. */
  #look<T>(action: (search: Database) => T): T {
    try {
      return action(this.#search);
    } catch (error) {
      if (isMailError(error, "store-corrupt")) this.#isDamaged = true;
      throw error;
    }
  }

  #write(action: () => void): void {
    this.#look((search) => search.transact(action));
  }

  #textsOf(rows: readonly EntryRow[]): {
    texts: { readonly uid: number; readonly text: IndexedText }[];
    isAll: boolean;
  } {
    const texts: { readonly uid: number; readonly text: IndexedText }[] = [];
    let octets = 0;
    for (const row of rows) {
      if (octets > STEP_OCTETS) return { texts, isAll: false };
      octets += Math.min(row.sizeOctets, MAX_INDEXED_OCTETS);
      texts.push({ uid: row.uid, text: this.#textOf(row) });
    }
    return { texts, isAll: true };
  }

  /** A message that cannot be read or taken apart is looked at whenever somebody searches (Invariant 9). */
  #textOf(row: EntryRow): IndexedText {
    try {
      const octets =
        row.packed === null
          ? this.#read(row, Math.min(row.sizeOctets, MAX_INDEXED_OCTETS))
          : unpack(this.#read(row, row.packed), row.sizeOctets).subarray(0, MAX_INDEXED_OCTETS);
      return indexedText({ ...row, prefix: row.prefix ?? NO_OCTETS, octets });
    } catch {
      this.#closeFile();
      return UNKNOWN_TEXT;
    }
  }

  #read({ file, start }: EntryRow, length: number): Uint8Array {
    if (this.#file?.name !== file) {
      this.#closeFile();
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW;
      this.#file = { name: file, descriptor: openSync(join(this.#segments, file), flags) };
    }
    const octets = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const read = readSync(this.#file.descriptor, octets, done, length - done, start + done);
      if (read === 0) throw new Error("a segment ends before its messages do");
      done += read;
    }
    return octets;
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
  }
}
