/**
 * Gives the disk back what expunged messages held, and packs what has lain for a while. A sealed
 * segment is emptied in small bites between commits: its living octets are compared with their hash,
 * appended (packed, where that pays) to a segment of compaction's own and synced, and one transaction
 * moves their rows; with its last message the file goes.
 *
 * A crash leaves a copy that no row knows (cut off or removed at the next start) or an emptied file
 * (removed at the next start), never a row without octets. Deliveries wait for one bite at most.
 */

import { hash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";

import { concatBytes, equalBytes } from "../../base/bytes.ts";
import type { CompactionPolicy } from "./compaction-policy.ts";
import type { MessageRow, Victim } from "./compaction-rows.ts";
import type { CommitContext } from "./commit-context.ts";
import { LargeMove } from "./large-move.ts";
import { pack, unpack } from "./packed-octets.ts";
import type { WriterEvent } from "./requests.ts";
import type { Appended } from "./segment-appender.ts";

/** A bite: so many octets, but at least one message. */
const BITE_OCTETS = 512 << 10;
const MAX_BITE_MESSAGES = 256;
/** Larger ones are moved as they are: packing them would keep deliveries waiting. */
const MAX_PACKED_OCTETS = 8 << 20;

/** `length`: in its new segment. */
type Moving = { readonly row: MessageRow; readonly length: number; readonly isPacked: boolean };

export type Move = { readonly victim: Victim; readonly messages: readonly Moving[] };

/** Living octets on their way: read, compared, and ready to be appended. */
export type Bite = Move & { readonly octets: Uint8Array };

const MOSTLY_DEAD = `SELECT id, file FROM segment
  WHERE writer_id IS NULL AND live_octets > 0
    AND length_octets - live_octets >= max(?, length_octets * ?)
  ORDER BY (length_octets - live_octets) * 1.0 / live_octets DESC`;
const TO_PACK = `SELECT id, file FROM segment
  WHERE writer_id IS NULL AND is_packed = 0 AND full_since_ms <= ? AND live_octets > 0
  ORDER BY full_since_ms`;
const MOSTLY_LARGE = `SELECT 1 FROM segment WHERE id = ?1 AND live_octets < 2 *
  (SELECT sum(size_octets) FROM message WHERE segment_id = ?1 AND size_octets > ?2)`;
/** Sealed when their last message had gone already. */
const DEAD = `SELECT id, file FROM segment WHERE writer_id IS NULL AND live_octets = 0
  AND NOT EXISTS (SELECT 1 FROM message WHERE segment_id = segment.id) LIMIT 100`;
const NEWLY_FULL = "SELECT 1 FROM segment WHERE writer_id IS NULL AND full_since_ms IS NULL";
const MESSAGES = `SELECT id, start, size_octets AS size, packed_octets AS packed, sha256
  FROM message WHERE segment_id = ? ORDER BY start LIMIT ${MAX_BITE_MESSAGES}`;

export class Compactor {
  readonly #context: CommitContext;
  readonly #policy: CompactionPolicy;
  /** The segment at hand: another is looked for when it is empty. */
  #victim: Victim | undefined;
  /** Segments with octets that are not what was accepted: left as they are, for `doctor store`. */
  readonly #spoilt = new Set<number>();

  constructor(context: CommitContext, policy: CompactionPolicy) {
    this.#context = context;
    this.#policy = policy;
  }

  /** The next bite, or undefined when no segment is worth it. `events` takes what was found wrong. */
  nextBite(nowMs: number, events: WriterEvent[]): Bite | LargeMove | undefined {
    this.#stampFull(nowMs);
    const atHand = this.#victim && this.#biteOf(this.#victim, events);
    if (atHand !== undefined) return atHand;
    for (const victim of this.#candidates(nowMs)) {
      const bite = this.#biteOf(victim, events);
      this.#victim = bite && victim;
      if (bite !== undefined) return bite;
    }
    return undefined;
  }

  /** Within a transaction: sealed segments in which nothing lives go, files and all. */
  removeDead(): void {
    const { database, doomed } = this.#context;
    for (const { id, file } of database.all<Victim>(DEAD)) {
      database.run("DELETE FROM segment WHERE id = ?", id);
      doomed.push(file);
    }
  }

  hasDead(): boolean {
    return this.#context.database.get(DEAD) !== undefined;
  }

  /** Within a transaction, after the octets have been appended: from now on they are read from there. */
  move({ victim, messages }: Move, appended: Appended): void {
    const { database, ledger, doomed } = this.#context;
    let left = 0;
    let moved = 0;
    let at = appended.start;
    for (const { row, length, isPacked } of messages) {
      const changes = database.run(
        `UPDATE message SET segment_id = ?, start = ?, packed_octets = ?
         WHERE id = ? AND segment_id = ?`,
        appended.segmentId,
        at,
        isPacked ? length : null,
        row.id,
        victim.id,
      );
      // One that was expunged meanwhile by another process leaves its copy dead.
      if (changes > 0) {
        left += lengthOf(row);
        moved += length;
      }
      at += length;
    }
    ledger.change(ledger.segment(appended.segmentId)).liveOctets += moved;
    const segment = ledger.change(ledger.segment(victim.id));
    segment.liveOctets -= left;
    if (database.get("SELECT 1 FROM message WHERE segment_id = ? LIMIT 1", victim.id)) return;
    database.run("DELETE FROM segment WHERE id = ?", victim.id);
    doomed.push(victim.file);
  }

  #candidates(nowMs: number): Victim[] {
    const { database } = this.#context;
    const { minDeadOctets, minDeadShare, packAfterMs } = this.#policy;
    const unpacked = database.all<Victim>(TO_PACK, nowMs - packAfterMs);
    return [
      ...database.all<Victim>(MOSTLY_DEAD, minDeadOctets, minDeadShare),
      ...unpacked.filter((segment) => this.#isWorthPacking(segment)),
    ].filter(({ id }) => !this.#spoilt.has(id));
  }

  /** Where most octets belong to messages too large for it, they stay; only the dead are worth moving for. */
  #isWorthPacking({ id }: Victim): boolean {
    const { database } = this.#context;
    if (database.get(MOSTLY_LARGE, id, MAX_PACKED_OCTETS) === undefined) return true;
    database.run("UPDATE segment SET is_packed = 1 WHERE id = ?", id);
    return false;
  }

  #stampFull(nowMs: number): void {
    const { database } = this.#context;
    if (database.get(NEWLY_FULL) === undefined) return;
    database.run(
      "UPDATE segment SET full_since_ms = ? WHERE writer_id IS NULL AND full_since_ms IS NULL",
      nowMs,
    );
  }

  /** A segment that is not what its rows say is left alone from now on. */
  spoil(victim: Victim, events: WriterEvent[]): void {
    this.#spoilt.add(victim.id);
    this.#victim = undefined;
    events.push({
      level: "error",
      event: "store.segment-spoilt",
      fields: { file: victim.file, advice: "run `posthorn doctor store`" },
    });
  }

  isThere({ victim, row }: LargeMove): boolean {
    const found = "SELECT 1 FROM message WHERE id = ? AND segment_id = ?";
    return this.#context.database.get(found, row.id, victim.id) !== undefined;
  }

  #pathOf({ file }: Victim): string {
    return join(this.#context.folders.segments, file);
  }

  #biteOf(victim: Victim, events: WriterEvent[]): Bite | LargeMove | undefined {
    const { database } = this.#context;
    const rows = within(database.all<MessageRow>(MESSAGES, victim.id), BITE_OCTETS);
    if (rows.length === 0) return undefined;
    if (rows[0].packed === null && rows[0].size > MAX_PACKED_OCTETS) {
      return new LargeMove(victim, rows[0], this.#pathOf(victim));
    }
    const read = this.#read(victim, rows);
    if (read === undefined) this.spoil(victim, events);
    return read;
  }

  /** Undefined if any message is not what its hash says. */
  #read(victim: Victim, rows: readonly MessageRow[]): Bite | undefined {
    let descriptor: number;
    try {
      descriptor = openSync(this.#pathOf(victim), constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch {
      return undefined;
    }
    try {
      const messages: Moving[] = [];
      const pieces: Uint8Array[] = [];
      for (const row of rows) {
        const stored = readExactly(descriptor, row.start, lengthOf(row));
        const octets = row.packed === null ? stored : unpack(stored, row.size);
        if (!equalBytes(hash("sha256", octets, "buffer"), row.sha256)) return undefined;
        const isSmall = row.size <= MAX_PACKED_OCTETS;
        const packed = row.packed !== null ? stored : isSmall ? pack(octets) : undefined;
        const piece = packed ?? octets;
        pieces.push(piece);
        messages.push({ row, length: piece.length, isPacked: packed !== undefined });
      }
      return { victim, messages, octets: pieces.length === 1 ? pieces[0] : concatBytes(pieces) };
    } catch {
      return undefined;
    } finally {
      closeSync(descriptor);
    }
  }
}

function lengthOf(row: MessageRow): number {
  return row.packed ?? row.size;
}

function within(rows: readonly MessageRow[], maxOctets: number): MessageRow[] {
  let sum = 0;
  const end = rows.findIndex((row, index) => (sum += row.size) > maxOctets && index > 0);
  return rows.slice(0, end < 0 ? rows.length : end);
}

function readExactly(descriptor: number, position: number, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = readSync(descriptor, octets, done, length - done, position + done);
    if (count === 0) throw new Error("the segment is too short");
    done += count;
  }
  return octets;
}
