/**
 * Puts in order what processes that died have left: segments are cut to their last committed octet
 * and sealed, files nobody committed are removed, leases end. What was committed stays as it is.
 * Files and rows of processes that live are not touched.
 */

import { readdirSync, statSync, truncateSync, unlinkSync } from "node:fs";
import { join } from "node:path";

import type { CommitContext } from "./commit-context.ts";
import { endLeasesOf } from "./operations-claim.ts";
import { isAlive } from "./process-identity.ts";
import type { WriterEvent } from "./requests.ts";

type WriterRow = { readonly id: number; readonly pid: number; readonly started: string };
type SegmentRow = { readonly id: number; readonly file: string; readonly length: number };

export function recover(context: CommitContext): WriterEvent[] {
  const { database } = context;
  const events: WriterEvent[] = [];
  database.exec("BEGIN IMMEDIATE");
  try {
    const writers = database.all<WriterRow>("SELECT id, pid, started FROM writer");
    const living = new Set(
      writers.filter((row) => row.id === context.writerId || isAlive(row)).map(({ id }) => id),
    );
    for (const { id, pid } of writers) {
      if (living.has(id)) continue;
      events.push({ level: "info", event: "store.recovering", fields: { writerId: id, pid } });
      sealSegmentsOf(context, id, events);
      endLeasesOf(context, id);
      database.run("DELETE FROM writer WHERE id = ?", id);
    }
    // Sealed by their writer while nothing lived in them any more; their files are strays now.
    database.run(
      `DELETE FROM segment WHERE writer_id IS NULL AND live_octets = 0
       AND NOT EXISTS (SELECT 1 FROM message WHERE segment_id = segment.id)`,
    );
    removeStrayFiles(context, living, events);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
  return events;
}

function sealSegmentsOf(context: CommitContext, writerId: number, events: WriterEvent[]): void {
  const { database, folders } = context;
  const segments = database.all<SegmentRow>(
    "SELECT id, file, length_octets AS length FROM segment WHERE writer_id = ?",
    writerId,
  );
  for (const { id, file, length } of segments) {
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
