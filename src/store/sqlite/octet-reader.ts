/** Reads stored octets from where their rows say that they lie in segments. */

import type { Clock } from "../../base/clock.ts";
import { MailError } from "../../base/errors.ts";
import type { MessageId, OctetRead } from "../octets.ts";
import type { Database } from "./database.ts";
import { nearReads, type PlacedRead } from "./near-reads.ts";
import { framesOf, tableOctets, unpack, unpackPart } from "./packed-octets.ts";
import { MAX_AHEAD_OCTETS, ReadAhead, WINDOW_OCTETS } from "./read-ahead.ts";
import { rowsByKey } from "./rows-by-key.ts";
import { SegmentFiles } from "./segment-files.ts";

type Place = {
  readonly file: string;
  readonly start: number;
  readonly size: number;
  /** Octets in the segment if it lies there packed. */
  readonly packed: number | null;
  /** Committed octets of the segment. */
  readonly length: number;
};

const PLACE = `SELECT file, start, size_octets AS size, packed_octets AS packed, length_octets AS length
  FROM message JOIN segment ON segment.id = segment_id WHERE message.id = ?`;

const PLACES = {
  select: `SELECT message.id, file, start, size_octets, packed_octets FROM message
    JOIN segment ON segment.id = segment_id WHERE`,
  key: "message.id",
  values: [],
};

export class OctetReader {
  readonly #database: Database;
  readonly #ahead = new ReadAhead();
  readonly #files: SegmentFiles;

  constructor(database: Database, segmentsFolder: string, clock: Clock) {
    this.#database = database;
    this.#files = new SegmentFiles(segmentsFolder, clock);
  }

  sizeOctets(id: MessageId): number | undefined {
    return this.#database.get<{ size: number }>(
      "SELECT size_octets AS size FROM message WHERE id = ?",
      id,
    )?.size;
  }

  async read(id: MessageId, start = 0, end?: number): Promise<Uint8Array> {
    const place = this.#database.get<Place>(PLACE, id);
    if (place === undefined) throw gone(id);
    const from = Math.min(Math.max(0, start), place.size);
    const to = Math.min(Math.max(from, end ?? place.size), place.size);
    if (to === from) return new Uint8Array(0);
    try {
      if (place.packed !== null) return await this.#readPacked(place, place.packed, from, to);
      return await this.#readPlace(place, place.start + from, place.start + to);
    } catch (error) {
      // Expunged or moved while we read: its segment may have gone with it.
      const now = this.#database.get<Place>(PLACE, id);
      if (now === undefined) throw gone(id);
      if (now.file === place.file && now.start === place.start) throw error;
      return this.read(id, start, end);
    }
  }

  /** Segment files that are no more: the disk has their octets back once nobody holds them open. */
  forget(files: readonly string[]): void {
    this.#files.forget(files);
  }

  /** Reads that lie near each other are one; an answer is a part of what was read. */
  async readMany(reads: readonly OctetRead[]): Promise<(Uint8Array | Error)[]> {
    const rows = rowsByKey(
      this.#database,
      PLACES,
      reads.map(({ id }) => id),
    );
    const answers: (Uint8Array | Error)[] = Array.from({ length: reads.length });
    const placed: PlacedRead[] = [];
    /** How to take the answer out of what was read, for those that lie packed. */
    const packed = new Map<number, (octets: Uint8Array) => Uint8Array>();
    const alone: number[] = [];
    for (const [index, { id, start, end }] of reads.entries()) {
      const row = rows[index];
      if (row === undefined) {
        answers[index] = gone(id);
        continue;
      }
      const [, file, at, size, length] = row as [number, string, number, number, number | null];
      const from = Math.min(Math.max(0, start), size);
      const to = Math.min(Math.max(from, end), size);
      if (length === null) {
        placed.push({ index, file, start: at + from, end: at + to });
      } else if (length <= MAX_AHEAD_OCTETS) {
        placed.push({ index, file, start: at, end: at + length });
        packed.set(index, (octets) => unpack(octets, size).subarray(from, to));
      } else {
        alone.push(index);
      }
    }
    await Promise.all(
      nearReads(placed).map(async ({ file, start, end, parts }) => {
        const octets =
          this.#files.readNow(file, start, end - start) ??
          (await this.#files.read(file, start, end - start).catch(() => undefined));
        for (const part of parts) {
          const { index } = part;
          const own = octets?.subarray(part.start - start, part.end - start);
          answers[index] =
            (own && attempt(packed.get(index), own)) ?? (await this.#readAlone(reads[index]));
        }
      }),
    );
    for (const index of alone) answers[index] = await this.#readAlone(reads[index]);
    return answers;
  }

  /** One that was read together with others in vain: which of them is to blame shows alone. */
  #readAlone({ id, start, end }: OctetRead): Promise<Uint8Array | Error> {
    return this.read(id, start, end).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
  }

  close(): void {
    this.#files.close();
    this.#ahead.clear();
  }

  async #readPacked(place: Place, packed: number, start: number, end: number): Promise<Uint8Array> {
    const { file, size } = place;
    if (packed <= MAX_AHEAD_OCTETS) {
      const octets = await this.#readPlace(place, place.start, place.start + packed);
      return unpack(octets, size).subarray(start, end);
    }
    const table = await this.#files.read(file, place.start, tableOctets(size));
    const frames = framesOf(table, size, start, end);
    if (frames.to > packed) throw new MailError("store-corrupt", `segment ${file} is spoilt`);
    const octets = await this.#files.read(file, place.start + frames.from, frames.to - frames.from);
    return unpackPart(table, octets, frames, size, start, end);
  }

  async #readPlace(place: Place, start: number, end: number): Promise<Uint8Array> {
    const { file, length } = place;
    if (end - start > MAX_AHEAD_OCTETS) return this.#files.read(file, start, end - start);
    const now = this.#ahead.take(file, start, end) ?? this.#files.readNow(file, start, end - start);
    if (now !== undefined) return now;
    if (!this.#ahead.isSequential(file, start, end))
      return this.#files.read(file, start, end - start);
    // Never beyond what was committed when we looked: behind it lies what may still be overwritten.
    const until = Math.max(end, Math.min(length, start + WINDOW_OCTETS));
    const octets = await this.#files.read(file, start, until - start);
    this.#ahead.keep(file, start, octets);
    return new Uint8Array(octets.subarray(0, end - start));
  }
}

/** Undefined if it cannot be unpacked. */
function attempt(
  take: ((octets: Uint8Array) => Uint8Array) | undefined,
  octets: Uint8Array,
): Uint8Array | undefined {
  try {
    return take === undefined ? octets : take(octets);
  } catch {
    return undefined;
  }
}

function gone(id: MessageId): MailError {
  return new MailError("not-found", `message ${id} is gone`);
}
