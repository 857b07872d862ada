/**
 * Puts in order what processes that died have left: octets that only redo rows are sure to have are
 * put back, segments are cut to their last committed octet and sealed, files nobody committed are
 * removed, leases end. What was committed stays as it is. Files and rows of processes that live are
 * not touched.
 */

import { readdirSync, statSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";

import type { CommitContext } from "./commit-context.ts";
import { endLeasesOf } from "./operations-claim.ts";
import { isAlive } from "./process-identity.ts";
import { replayRedo, rescueRedo } from "./replay-redo.ts";
import type { WriterEvent } from "./requests.ts";
import type { SegmentAppender } from "./segment-appender.ts";

type WriterRow = { readonly id: number; readonly pid: number; readonly started: string };
type SegmentRow = {
  readonly id: number;
  readonly file: string;
  readonly length: number;
  readonly writerId: number | null;
};

/** `appender`: takes what a disk that fails does not take back. */
export function recover(context: CommitContext, appender: SegmentAppender): WriterEvent[] {
  const { database } = context;
  const events: WriterEvent[] = [];
  database.transact(() => {
    const writers = database.all<WriterRow>("SELECT id, pid, started FROM writer");
    const living = new Set(
      writers.filter((row) => row.id === context.writerId || isAlive(row)).map(({ id }) => id),
    );
    for (const { id, pid } of writers) {
      if (living.has(id)) continue;
      events.push({ level: "info", event: "store.recovering", fields: { writerId: id, pid } });
      endLeasesOf(context, id);
      database.run("DELETE FROM writer WHERE id = ?", id);
    }
    sealSegments(context, appender, living, events);
    // Sealed by their writer while nothing lived in them any more; their files are strays now.
    database.run(
      `DELETE FROM segment WHERE writer_id IS NULL AND live_octets = 0
       AND NOT EXISTS (SELECT 1 FROM message WHERE segment_id = segment.id)`,
    );
    removeStrayFiles(context, living, events);
  });
  return events;
}

/** Those that no living process writes to: also what a writer gave up before it ended. */
function sealSegments(
  context: CommitContext,
  appender: SegmentAppender,
  living: ReadonlySet<number>,
  events: WriterEvent[],
): void {
  const { database, folders } = context;
  const segments = database.all<SegmentRow>(
    `SELECT id, file, length_octets AS length, writer_id AS writerId FROM segment
     WHERE writer_id IS NOT NULL OR id IN (SELECT segment_id FROM redo)`,
  );
  for (const segment of segments) {
    if (segment.writerId !== null && living.has(segment.writerId)) continue;
    const { id, file, length } = segment;
    const isPutBack = putBack(context, appender, segment, events);
    if (!isPutBack) {
      // What its disk does not take back lies in another segment now, and the rest is as long as it is.
      database.run("UPDATE segment SET writer_id = NULL WHERE id = ?", id);
      continue;
    }
    const path = join(folders.segments, file);
    const present = sizeOf(path);
    if (present > length) {
      truncateSync(path, length);
      events.push({
        level: "info",
        event: "store.segment-cut",
        fields: { file, committedOctets: length, cutOctets: present - length },
      });
    } else if (present < length) {
      events.push({
        level: "error",
        event: "store.segment-too-short",
        fields: { file, committedOctets: length, presentOctets: Math.max(0, present) },
      });
    }
    database.run("UPDATE segment SET writer_id = NULL WHERE id = ?", id);
  }
}

/**
 * Whether the segment has all its octets again; false if another one has those it did not take.
 * Throws if none does: nothing may be read before it is there.
 */
function putBack(
  { database, folders }: CommitContext,
  appender: SegmentAppender,
  { id, file }: SegmentRow,
  events: WriterEvent[],
): boolean {
  try {
    const octets = replayRedo(database, id, folders.segments, file);
    if (octets > 0) {
      events.push({ level: "info", event: "store.octets-put-back", fields: { file, octets } });
    }
    return true;
  } catch (error) {
    const octets = rescueRedo(database, id, appender);
    events.push({
      level: "error",
      event: "store.octets-rescued",
      fields: { file, octets, problem: String(error) },
    });
    return false;
  }
}

/** Files whose names begin with the id of a writer that is no more, and that no row speaks of. */
function removeStrayFiles(
  context: CommitContext,
  living: ReadonlySet<number>,
  events: WriterEvent[],
): void {
  const { database, folders } = context;
  for (const file of readdirSync(folders.segments)) {
    if (living.has(ownerOf(file))) continue;
    if (database.get("SELECT 1 FROM segment WHERE file = ?", file)) continue;
    remove(join(folders.segments, file), file, events);
  }
  for (const file of readdirSync(folders.spool)) {
    if (!living.has(ownerOf(file))) remove(join(folders.spool, file), file, events);
  }
  for (const file of readdirSync(folders.columns)) {
    if (living.has(ownerOf(file))) continue;
    if (database.get("SELECT 1 FROM kept_columns WHERE file = ?", file)) continue;
    remove(join(folders.columns, file), file, events);
  }
}

function ownerOf(file: string): number {
  return Number.parseInt(file, 10);
}

function remove(path: string, file: string, events: WriterEvent[]): void {
  try {
    unlinkSync(path);
    events.push({ level: "info", event: "store.stray-file-removed", fields: { file } });
  } catch {
    // Another process that recovers at the same time was faster.
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return -1;
  }
}
