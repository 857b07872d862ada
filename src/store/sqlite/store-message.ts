/** Writes the rows of one message's octets, and takes references to them away again. */

import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, renameSync } from "node:fs";
import { join } from "node:path";

import { InvariantError, MailError } from "../../base/errors.ts";
import type { MessageId } from "../octets.ts";
import type { CommitContext } from "./commit-context.ts";
import { indexMessage } from "./index-message.ts";
import { insertHead } from "./message-head.ts";
import { runsOf } from "./number-runs.ts";
import type { MessageSource } from "./requests.ts";
import { rowsByKey } from "./rows-by-key.ts";
import { syncFolder } from "./store-files.ts";

export type StoredMessageRow = {
  readonly id: MessageId;
  readonly sizeOctets: number;
  /** Of a message that is new: see `MessageHead`. */
  readonly threadHashes?: Float64Array;
};

/** Stores the octets once with `refs` references to them. */
export function storeMessage(
  context: CommitContext,
  source: MessageSource,
  refs: number,
): StoredMessageRow {
  if (source.kind === "stored") return addReferences(context, source.id, refs);
  if (source.kind === "file") return adoptFile(context, source.file, source.size, refs);
  const { appended, octets } = context;
  if (appended === undefined) {
    throw context.diskProblem ?? new InvariantError("octets were not appended");
  }
  return insertMessage(
    context,
    octets.subarray(source.at, source.at + source.size),
    { segmentId: appended.segmentId, start: appended.start + source.at },
    refs,
  );
}

/** What a source will weigh, before anything is stored. */
export function sizeOf(context: CommitContext, source: MessageSource): number {
  if (source.kind !== "stored") return source.size;
  const row = context.database.get<{ size: number }>(
    "SELECT size_octets AS size FROM message WHERE id = ?",
    source.id,
  );
  if (row === undefined) throw new MailError("not-found", "the stored message is gone");
  return row.size;
}

function insertMessage(
  context: CommitContext,
  octets: Uint8Array,
  place: { segmentId: number; start: number },
  refs: number,
): StoredMessageRow {
  const { database, ledger } = context;
  const views = indexMessage(octets);
  const id = ledger.newMessageId() as MessageId;
  if (views.problem !== undefined) {
    context.events.push({
      level: "warn",
      event: "store.message-not-understood",
      fields: { messageId: id, problem: views.problem },
    });
  }
  database.run(
    `INSERT INTO message (id, segment_id, start, size_octets, header_octets, sha256, refs,
       envelope, body_structure, structure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    place.segmentId,
    place.start,
    octets.length,
    views.headerOctets,
    hash("sha256", octets, "buffer"),
    refs,
    views.envelope,
    views.bodyStructure,
    views.structure,
  );
  insertHead(database, id, views.head);
  ledger.change(ledger.segment(place.segmentId)).liveOctets += octets.length;
  return { id, sizeOctets: octets.length, threadHashes: views.head.threadHashes };
}

/** A large message's spool file becomes a segment of its own: its octets are not written twice. */
function adoptFile(
  context: CommitContext,
  spool: string,
  size: number,
  refs: number,
): StoredMessageRow {
  const { database, folders } = context;
  const octets = readWhole(spool, size);
  const file = context.newFileName();
  const segment = join(folders.segments, file);
  renameSync(spool, segment);
  context.adopted.push({ spool, segment });
  syncFolder(folders.segments);
  database.run(
    "INSERT INTO segment (file, writer_id, length_octets, live_octets) VALUES (?, NULL, ?, 0)",
    file,
    size,
  );
  const segmentId = database.get<{ id: number }>("SELECT last_insert_rowid() AS id")?.id ?? 0;
  return insertMessage(context, octets, { segmentId, start: 0 }, refs);
}

/**
 * Fresh memory for each large message costs more than reading it, so one array serves all. Nothing
 * of it is kept: rows and views are copies.
 */
const REUSED_OCTETS = 16 * 1024 * 1024;
let reused: Uint8Array | undefined;

function readWhole(path: string, size: number): Uint8Array {
  if (size <= REUSED_OCTETS) reused ??= new Uint8Array(REUSED_OCTETS);
  const octets = size <= REUSED_OCTETS && reused ? reused.subarray(0, size) : new Uint8Array(size);
  const descriptor = openSync(path, "r");
  try {
    if (fstatSync(descriptor).size === size) {
      let done = 0;
      while (done < size) {
        const octetsRead = readSync(descriptor, octets, done, size - done, done);
        if (octetsRead === 0) break;
        done += octetsRead;
      }
      if (done === size) return octets;
    }
  } finally {
    closeSync(descriptor);
  }
  throw new MailError("disk-failed", "a spool file is cut short");
}

export function addReferences(
  context: CommitContext,
  id: MessageId,
  refs: number,
): StoredMessageRow {
  const row = context.database.get<{ size: number }>(
    "UPDATE message SET refs = refs + ? WHERE id = ? RETURNING size_octets AS size",
    refs,
    id,
  );
  if (row === undefined) throw new MailError("not-found", "the stored message is gone");
  return { id, sizeOctets: row.size };
}

/** Takes one reference away; with the last one the octets are dead. */
export function dropReference(context: CommitContext, id: MessageId): void {
  const { database } = context;
  const row = database.get<{ refs: number; segmentId: number; size: number }>(
    `UPDATE message SET refs = refs - 1 WHERE id = ?
     RETURNING refs, segment_id AS segmentId, coalesce(packed_octets, size_octets) AS size`,
    id,
  );
  if (row === undefined || row.refs > 0) return;
  database.run("DELETE FROM message WHERE id = ?", id);
  database.run("DELETE FROM message_head WHERE message_id = ?", id);
  buryOctets(context, row.segmentId, row.size);
}

/** A reference more to each of them, and as many as it is named. */
export function addReferencesToAll(context: CommitContext, ids: readonly MessageId[]): void {
  for (const [times, some] of timesNamed(ids)) {
    for (const { first, last } of runsOf(some)) {
      context.database.run(
        "UPDATE message SET refs = refs + ? WHERE id BETWEEN ? AND ?",
        times,
        first,
        last,
      );
    }
  }
}

const REFERENCES = {
  select: "SELECT id, refs, segment_id, coalesce(packed_octets, size_octets) FROM message WHERE",
  key: "id",
  values: [],
};

/** The opposite: what `dropReference` does, for many. */
export function dropReferencesToAll(context: CommitContext, ids: readonly MessageId[]): void {
  const { database } = context;
  for (const [times, some] of timesNamed(ids)) {
    const dead: number[] = [];
    const buried = new Map<number, number>();
    const left: number[] = [];
    for (const row of rowsByKey(database, REFERENCES, some)) {
      if (row === undefined) continue;
      const [id, refs, segmentId, size] = row as number[];
      if (refs > times) {
        left.push(id);
        continue;
      }
      dead.push(id);
      buried.set(segmentId, (buried.get(segmentId) ?? 0) + size);
    }
    for (const { first, last } of runsOf(left)) {
      database.run(
        "UPDATE message SET refs = refs - ? WHERE id BETWEEN ? AND ?",
        times,
        first,
        last,
      );
    }
    for (const { first, last } of runsOf(dead)) {
      database.run("DELETE FROM message WHERE id BETWEEN ? AND ?", first, last);
      database.run("DELETE FROM message_head WHERE message_id BETWEEN ? AND ?", first, last);
    }
    for (const [segmentId, size] of buried) buryOctets(context, segmentId, size);
  }
}

/** By how often they are named, ascending: nearly always all of them once. */
function timesNamed(ids: readonly MessageId[]): Map<number, MessageId[]> {
  const times = new Map<MessageId, number>();
  for (const id of ids) times.set(id, (times.get(id) ?? 0) + 1);
  const named = new Map<number, MessageId[]>();
  for (const id of [...times.keys()].sort((a, b) => a - b)) {
    const count = times.get(id) ?? 1;
    const some = named.get(count);
    if (some === undefined) named.set(count, [id]);
    else some.push(id);
  }
  return named;
}

/** Counts octets as dead; a sealed segment in which nothing lives any more goes as a whole. */
function buryOctets(context: CommitContext, segmentId: number, size: number): void {
  const { database, ledger } = context;
  const segment = ledger.change(ledger.segment(segmentId));
  segment.liveOctets -= size;
  if (segment.liveOctets > 0) return;
  // A counter alone, which may be wrong, shall never cost a living message.
  const removed = database.run(
    `DELETE FROM segment WHERE id = ?1 AND writer_id IS NULL
     AND NOT EXISTS (SELECT 1 FROM message WHERE segment_id = ?1)`,
    segmentId,
  );
  if (removed > 0) context.doomed.push(segment.file);
}
