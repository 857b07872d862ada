/**
 * The writer's own open segment: octets are appended, and count only once the commit has recorded the
 * new length. What a failed commit left behind the recorded length is overwritten by the next one,
 * and cut off at recovery. When it is synced its user decides; what was committed before that is in
 * redo rows (`redo-rows.ts`), and a segment is never sealed before it is on disk.
 */

import { close, closeSync, fdatasync, fdatasyncSync, ftruncateSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { CommitPoint } from "./commit-point.ts";
import type { Database } from "./database.ts";
import { dropRedoOf } from "./redo-rows.ts";
import { createPrivateFile, syncFolder, type StoreFolders } from "./store-files.ts";

export type Appended = { readonly segmentId: number; readonly start: number };

/** `packed`: what compaction has moved. */
export type SegmentKind = "plain" | "packed";

type OpenSegment = {
  readonly id: number;
  readonly descriptor: number;
  committedOctets: number;
  writtenOctets: number;
  /** Up to where it is known to be on disk. */
  syncedOctets: number;
  /** Up to where the file has been filled with zeros. */
  preparedOctets: number;
};

/**
 * Zeros are written ahead in pieces of this size: a sync over octets that the file already has need
 * not wait for the file system's journal, and takes half the time.
 */
const PREPARED_AHEAD = new Uint8Array(2 << 20);

export class SegmentAppender {
  readonly #database: Database;
  readonly #folders: StoreFolders;
  readonly #writerId: number;
  readonly #maxOctets: number;
  readonly #kind: SegmentKind;
  readonly #at: (point: CommitPoint) => void;
  #open: OpenSegment | undefined;
  #serial = 0;
  /** Syncs under way, or done. */
  #syncing: Promise<void> | undefined;
  /** Segments whose sync failed while octets of theirs were in redo rows alone. */
  #stranded: number[] = [];

  constructor(
    database: Database,
    folders: StoreFolders,
    writerId: number,
    maxOctets: number,
    kind: SegmentKind = "plain",
    at: (point: CommitPoint) => void = () => {},
  ) {
    this.#database = database;
    this.#folders = folders;
    this.#writerId = writerId;
    this.#maxOctets = maxOctets;
    this.#kind = kind;
    this.#at = at;
  }

  /** Name for a segment file that no other process and no later start will use. */
  newFileName(): string {
    const mark = this.#kind === "packed" ? "p" : "";
    return `${this.#writerId}-${mark}${++this.#serial}.seg`;
  }

  /** Writes octets behind the last committed ones. Outside a transaction: it may begin a new segment. */
  append(octets: Uint8Array): Appended {
    const segment = this.#segment();
    const start = segment.writtenOctets;
    // Nobody waits for what compaction writes.
    if (this.#kind === "plain" && start + octets.length > segment.preparedOctets) {
      this.#prepare(segment, start + octets.length);
    }
    for (let done = 0; done < octets.length;) {
      done += writeSync(segment.descriptor, octets, done, octets.length - done, start + done);
    }
    segment.writtenOctets = start + octets.length;
    return { segmentId: segment.id, start };
  }

  /** Resolves when everything appended so far is on disk. */
  sync(): Promise<void> {
    const segment = this.#open;
    if (segment === undefined) return Promise.resolve();
    const { writtenOctets } = segment;
    // The kernel tells each failure once: whoever syncs beside another fails with it.
    const before = this.#syncing;
    const syncing = this.#syncOne(segment).then(() => before);
    const done = syncing.then(
      () => {
        if (this.#syncing === syncing) this.#syncing = undefined;
        segment.syncedOctets = Math.max(segment.syncedOctets, writtenOctets);
      },
      (error: unknown) => {
        if (this.#syncing === syncing) this.#syncing = undefined;
        // After a failed sync the kernel may have dropped the pages and call them clean: what is in
        // this file beyond the synced length can never be trusted again, so it gets no more.
        this.#abandon(segment);
        throw error;
      },
    );
    this.#syncing = syncing;
    return done;
  }

  #syncOne(segment: OpenSegment): Promise<void> {
    return new Promise((resolve, reject) => {
      fdatasync(segment.descriptor, (error) => {
        if (error !== null) return reject(error);
        try {
          this.#at("segment-synced");
          resolve();
        } catch (failure) {
          reject(failure as Error);
        }
      });
    });
  }

  /** The same at once, for what may wait; not while a sync is under way. */
  syncNow(): void {
    const segment = this.#open;
    if (segment === undefined || segment.syncedOctets === segment.writtenOctets) return;
    try {
      fdatasyncSync(segment.descriptor);
      this.#at("segment-synced");
      segment.syncedOctets = segment.writtenOctets;
    } catch (error) {
      this.#abandon(segment);
      throw error;
    }
  }

  get isSyncing(): boolean {
    return this.#syncing !== undefined;
  }

  /** Resolves when no sync is under way. */
  async idle(): Promise<void> {
    await this.#syncing?.catch(() => {});
  }

  /** Octets that were committed, and are not known to be on disk here. */
  get unsyncedOctets(): number {
    const segment = this.#open;
    return segment === undefined ? 0 : Math.max(0, segment.committedOctets - segment.syncedOctets);
  }

  /** Up to where the open segment is on disk. */
  get synced(): { readonly segmentId: number; readonly octets: number } | undefined {
    const segment = this.#open;
    return segment && { segmentId: segment.id, octets: segment.syncedOctets };
  }

  /** Segments that were given up while redo rows had what their disk may not have. */
  takeStranded(): readonly number[] {
    return this.#stranded.splice(0);
  }

  /** What the segment's row must say once the transaction commits; undefined if nothing was appended. */
  get writtenLength(): { readonly segmentId: number; readonly octets: number } | undefined {
    const segment = this.#open;
    if (segment === undefined || segment.writtenOctets === segment.committedOctets)
      return undefined;
    return { segmentId: segment.id, octets: segment.writtenOctets };
  }

  committed(): void {
    if (this.#open) this.#open.committedOctets = this.#open.writtenOctets;
  }

  /** Takes back what was appended since the last commit. */
  rolledBack(): void {
    const segment = this.#open;
    if (segment === undefined || segment.writtenOctets === segment.committedOctets) return;
    segment.writtenOctets = segment.committedOctets;
    segment.syncedOctets = Math.min(segment.syncedOctets, segment.committedOctets);
    this.#cut(segment);
  }

  /** Gives up what lies beyond the committed octets, zeros and all: the disk may be full. */
  #cut(segment: OpenSegment): void {
    try {
      ftruncateSync(segment.descriptor, segment.committedOctets);
      segment.preparedOctets = segment.committedOctets;
    } catch {
      this.#abandon(segment);
    }
  }

  /**
   * Ends the open segment: nothing will be appended to it any more. First it is on disk as a whole,
   * so that sealed segments need no redo rows. Not while a sync is under way.
   */
  seal(): void {
    const segment = this.#open;
    if (segment === undefined) return;
    this.#cut(segment);
    if (this.#open !== segment) return;
    try {
      this.syncNow();
    } catch {
      // Its redo rows stay, and it stays ours until the next start.
      return;
    }
    this.#open = undefined;
    closeSync(segment.descriptor);
    this.#at("segment-sealing");
    if (this.#kind === "plain") dropRedoOf(this.#database, segment.id);
    this.#database.run("UPDATE segment SET writer_id = NULL WHERE id = ?", segment.id);
  }

  #segment(): OpenSegment {
    const segment = this.#open;
    if (segment !== undefined) {
      // Never in the middle of a commit: what it has appended already is not committed, and sealing
      // would cut it off.
      const isClean = segment.writtenOctets === segment.committedOctets;
      if (segment.writtenOctets < this.#maxOctets || !isClean || this.isSyncing) return segment;
    }
    this.seal();
    const file = this.newFileName();
    const descriptor = createPrivateFile(join(this.#folders.segments, file));
    try {
      syncFolder(this.#folders.segments);
      this.#database.run(
        `INSERT INTO segment (file, writer_id, length_octets, live_octets, is_packed)
         VALUES (?, ?, 0, 0, ?)`,
        file,
        this.#writerId,
        this.#kind === "packed" ? 1 : 0,
      );
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    const id = this.#database.get<{ id: number }>("SELECT id FROM segment WHERE file = ?", file);
    this.#open = {
      id: id?.id ?? 0,
      descriptor,
      committedOctets: 0,
      writtenOctets: 0,
      syncedOctets: 0,
      preparedOctets: 0,
    };
    return this.#open;
  }

  /** Only a speed-up: when there is no room for zeros there may still be for the octets. */
  #prepare(segment: OpenSegment, needed: number): void {
    const start = Math.max(segment.preparedOctets, needed);
    try {
      const written = writeSync(
        segment.descriptor,
        PREPARED_AHEAD,
        0,
        PREPARED_AHEAD.length,
        start,
      );
      segment.preparedOctets = start + written;
    } catch {
      segment.preparedOctets = start;
    }
  }

  /** Stays in the table as ours until the next start cuts it to its committed length. */
  #abandon(segment: OpenSegment): void {
    if (this.#open !== segment) return;
    if (this.unsyncedOctets > 0) this.#stranded.push(segment.id);
    this.#open = undefined;
    close(segment.descriptor, () => {});
  }
}
