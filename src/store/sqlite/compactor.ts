/**
 * Gives the disk back what expunged messages held. A sealed segment of which much is dead is emptied
 * in small bites between commits: its living octets are compared with their hash, appended to the
 * open segment and synced, and one transaction moves their rows; with its last message the file goes.
 *
 * A crash leaves a copy that no row knows (cut off or removed at the next start) or an emptied file
 * (removed at the next start), never a row without octets. Deliveries wait for one bite at most.
 */

import { hash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";

import { equalBytes } from "../../base/bytes.ts";
import type { CommitContext } from "./commit-context.ts";
import type { WriterEvent } from "./requests.ts";
import type { Appended } from "./segment-appender.ts";

/** A bite: so many octets, but at least one message. */
const BITE_OCTETS = 512 << 10;
const MAX_BITE_MESSAGES = 256;

export type CompactionPolicy = {
  /** A segment is worth it from so many dead octets on, … */
  readonly minDeadOctets: number;
  /** … if they are at least this part of it. */
  readonly minDeadShare: number;
};

export const DEFAULT_COMPACTION_POLICY: CompactionPolicy = {
  minDeadOctets: 1 << 20,
  minDeadShare: 0.5,
};

type Victim = { readonly id: number; readonly file: string };
type MessageRow = {
  readonly id: number;
  readonly start: number;
  readonly size: number;
  readonly sha256: Uint8Array;
};

/** Living octets on their way: read, compared, and ready to be appended. */
export type Bite = {
  readonly victim: Victim;
  readonly messages: readonly MessageRow[];
  readonly octets: Uint8Array;
};

const VICTIM = `SELECT id, file FROM segment
  WHERE writer_id IS NULL AND live_octets > 0
    AND length_octets - live_octets >= max(?, length_octets * ?)
  ORDER BY (length_octets - live_octets) * 1.0 / live_octets DESC`;
/** Sealed when their last message had gone already. */
const DEAD = "SELECT id, file FROM segment WHERE writer_id IS NULL AND live_octets = 0 LIMIT 100";
const MESSAGES = `SELECT id, start, size_octets AS size, sha256 FROM message
  WHERE segment_id = ? ORDER BY start LIMIT ${MAX_BITE_MESSAGES}`;

export class Compactor {
  readonly #context: CommitContext;
  readonly #policy: CompactionPolicy;
  /** Segments with octets that are not what was accepted: left as they are, for `doctor store`. */
  readonly #spoilt = new Set<number>();

  constructor(context: CommitContext, policy: CompactionPolicy) {
    this.#context = context;
    this.#policy = policy;
  }

  /** The next bite, or undefined when no segment is worth it. `events` takes what was found wrong. */
  nextBite(events: WriterEvent[]): Bite | undefined {
    const { minDeadOctets, minDeadShare } = this.#policy;
    const { database } = this.#context;
    for (const victim of database.all<Victim>(VICTIM, minDeadOctets, minDeadShare)) {
      if (this.#spoilt.has(victim.id)) continue;
      const rows = within(database.all<MessageRow>(MESSAGES, victim.id), BITE_OCTETS);
      const octets = rows.length === 0 ? undefined : this.#read(victim, rows);
      if (octets !== undefined) return { victim, messages: rows, octets };
      this.#spoilt.add(victim.id);
      events.push({
        level: "error",
        event: "store.segment-spoilt",
        fields: { file: victim.file, advice: "run `posthorn doctor store`" },
      });
    }
    return undefined;
  }

  /** Within a transaction: sealed segments in which nothing lives go, files and all. Returns how many. */
  removeDead(): number {
    const { database, doomed } = this.#context;
    const dead = database.all<Victim>(DEAD);
    for (const { id, file } of dead) {
      database.run("DELETE FROM segment WHERE id = ?", id);
      doomed.push(file);
    }
    return dead.length;
  }

  hasDead(): boolean {
    return this.#context.database.get(DEAD) !== undefined;
  }

  /** Within a transaction, after the octets have been appended: from now on they are read from there. */
  move({ victim, messages }: Bite, appended: Appended): void {
    const { database, ledger, doomed } = this.#context;
    let moved = 0;
    let at = appended.start;
    for (const { id, size } of messages) {
      const changes = database.run(
        "UPDATE message SET segment_id = ?, start = ? WHERE id = ? AND segment_id = ?",
        appended.segmentId,
        at,
        id,
        victim.id,
      );
      // One that was expunged meanwhile by another process leaves its copy dead.
      if (changes > 0) moved += size;
      at += size;
    }
    ledger.change(ledger.segment(appended.segmentId)).liveOctets += moved;
    const segment = ledger.change(ledger.segment(victim.id));
    segment.liveOctets -= moved;
    if (segment.liveOctets > 0) return;
    database.run("DELETE FROM segment WHERE id = ?", victim.id);
    doomed.push(victim.file);
  }

  /** The octets of `rows`, one behind the other; undefined if any of them is not what its hash says. */
  #read(victim: Victim, rows: readonly MessageRow[]): Uint8Array | undefined {
    const octets = new Uint8Array(rows.reduce((sum, { size }) => sum + size, 0));
    const path = join(this.#context.folders.segments, victim.file);
    let descriptor: number;
    try {
      descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch {
      return undefined;
    }
    try {
      let at = 0;
      for (const { start, size, sha256 } of rows) {
        if (!readExactly(descriptor, octets, at, size, start)) return undefined;
        const found = hash("sha256", octets.subarray(at, at + size), "buffer");
        if (!equalBytes(found, sha256)) return undefined;
        at += size;
      }
      return octets;
    } finally {
      closeSync(descriptor);
    }
  }
}

function within(rows: readonly MessageRow[], maxOctets: number): MessageRow[] {
  let sum = 0;
  const end = rows.findIndex(({ size }, index) => (sum += size) > maxOctets && index > 0);
  return rows.slice(0, end < 0 ? rows.length : end);
}

function readExactly(
  descriptor: number,
  into: Uint8Array,
  at: number,
  length: number,
  position: number,
): boolean {
  for (let done = 0; done < length;) {
    const count = readSync(descriptor, into, at + done, length - done, position + done);
    if (count === 0) return false;
    done += count;
  }
  return true;
}
