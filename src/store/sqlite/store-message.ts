/** Writes the rows of one message's octets. Who holds it is told by the rows that do: see `bury-messages.ts`. */

import { hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, renameSync } from "node:fs";
import { join } from "node:path";

import { InvariantError, MailError } from "../../base/errors.ts";
import type { MessageId } from "../octets.ts";
import type { CommitContext } from "./commit-context.ts";
import { indexMessage } from "./index-message.ts";
import { insertHead } from "./message-head.ts";
import type { MessageSource } from "./requests.ts";
import { syncFolder } from "./store-files.ts";

export type StoredMessageRow = {
  readonly id: MessageId;
  readonly sizeOctets: number;
  /** Of a message that is new: see `MessageHead`. */
  readonly threadHashes?: Float64Array;
};

/** Stores the octets once. The caller writes what holds them in the same commit. */
export function storeMessage(context: CommitContext, source: MessageSource): StoredMessageRow {
  if (source.kind === "stored") return storedMessage(context, source.id);
  if (source.kind === "file") return adoptFile(context, source.file, source.size);
  const { appended, octets } = context;
  if (appended === undefined) {
    throw context.diskProblem ?? new InvariantError("octets were not appended");
  }
  return insertMessage(context, octets.subarray(source.at, source.at + source.size), {
    segmentId: appended.segmentId,
    start: appended.start + source.at,
  });
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
    `INSERT INTO message (id, segment_id, start, size_octets, header_octets, sha256,
       envelope, body_structure, structure) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    place.segmentId,
    place.start,
    octets.length,
    views.headerOctets,
    hash("sha256", octets, "buffer"),
    views.envelope,
    views.bodyStructure,
    views.structure,
  );
  insertHead(database, id, views.head);
  ledger.change(ledger.segment(place.segmentId)).liveOctets += octets.length;
  return { id, sizeOctets: octets.length, threadHashes: views.head.threadHashes };
}

/** A large message's spool file becomes a segment of its own: its octets are not written twice. */
function adoptFile(context: CommitContext, spool: string, size: number): StoredMessageRow {
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
  return insertMessage(context, octets, { segmentId, start: 0 });
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

/** What is stored already, and is held by somebody until the end of this commit at least. */
function storedMessage(context: CommitContext, id: MessageId): StoredMessageRow {
  return { id, sizeOctets: sizeOf(context, { kind: "stored", id }) };
}
