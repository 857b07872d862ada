/**
 * Puts octets that only redo rows are sure to have back where they belong: into their segment, after
 * a crash; or, where its disk takes no more, into another segment, with the rows of their messages.
 * Both within a transaction, and only for segments that no living process writes to.
 */

import { closeSync, constants, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

import type { Database } from "./database.ts";
import { dropRedoOf } from "./redo-rows.ts";
import type { SegmentAppender } from "./segment-appender.ts";
import { syncFolder } from "./store-files.ts";

type RedoRow = { readonly start: number; readonly octets: Uint8Array };

const ROWS = "SELECT start, octets FROM redo WHERE segment_id = ? ORDER BY start";

/** Writes the rows' octets into their segment file, synced; returns how many octets. The rows go. */
export function replayRedo(
  database: Database,
  segmentId: number,
  folder: string,
  file: string,
): number {
  const rows = database.all<RedoRow>(ROWS, segmentId);
  if (rows.length === 0) return 0;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;
  const descriptor = openSync(join(folder, file), flags, 0o600);
  let written = 0;
  try {
    for (const { start, octets } of rows) {
      for (let done = 0; done < octets.length;) {
        done += writeSync(descriptor, octets, done, octets.length - done, start + done);
      }
      written += octets.length;
    }
    fdatasyncSync(descriptor);
    syncFolder(folder);
  } finally {
    closeSync(descriptor);
  }
  dropRedoOf(database, segmentId);
  return written;
}

/** Moves the messages of the rows into the appender's segment; returns how many octets. */
export function rescueRedo(
  database: Database,
  segmentId: number,
  appender: SegmentAppender,
): number {
  const rows = database.all<RedoRow>(ROWS, segmentId);
  if (rows.length === 0) return 0;
  const moves = rows.map(({ start, octets }) => ({
    from: start,
    octets: octets.length,
    to: appender.append(octets),
  }));
  appender.syncNow();
  let rescued = 0;
  for (const { from, octets, to } of moves) {
    rescued += octets;
    const living = move(database, { segmentId, from, until: from + octets }, to);
    addLiving(database, to.segmentId, living);
    addLiving(database, segmentId, -living);
  }
  const written = appender.writtenLength;
  if (written !== undefined) {
    database.run(
      "UPDATE segment SET length_octets = ? WHERE id = ?",
      written.octets,
      written.segmentId,
    );
  }
  // From the first row on, nothing is known to be on its disk.
  database.run("UPDATE segment SET length_octets = ? WHERE id = ?", moves[0].from, segmentId);
  dropRedoOf(database, segmentId);
  return rescued;
}

type Piece = { readonly segmentId: number; readonly from: number; readonly until: number };

/** Returns the octets of the messages moved. A segment that has redo rows holds nothing packed. */
function move(
  database: Database,
  { segmentId, from, until }: Piece,
  to: { readonly segmentId: number; readonly start: number },
): number {
  const row = database.get<{ size: number | null }>(
    "SELECT sum(size_octets) AS size FROM message WHERE segment_id = ? AND start >= ? AND start < ?",
    segmentId,
    from,
    until,
  );
  database.run(
    `UPDATE message SET segment_id = ?, start = start + ?
     WHERE segment_id = ? AND start >= ? AND start < ?`,
    to.segmentId,
    to.start - from,
    segmentId,
    from,
    until,
  );
  return row?.size ?? 0;
}

function addLiving(database: Database, segmentId: number, octets: number): void {
  database.run("UPDATE segment SET live_octets = live_octets + ? WHERE id = ?", octets, segmentId);
}
