/**
 * A copy of the data folder as it was at one moment, made while the server runs. First the rows, in one
 * consistent view; then the octets that these rows name, which were on the disk before their rows. A
 * segment that compaction has removed in between makes the rows be copied again.
 *
 * The copy is a data folder. Into an earlier copy only what is new is copied, because octets once
 * written never change; until the new rows are in place, it remains the earlier copy. What can be made
 * again (search index, columns) and what is on its way in (spool) is left out.
 */

import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { join, relative, resolve } from "node:path";

import { equalBytes } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import type { BackupReport } from "../contract.ts";
import { Database } from "./database.ts";
import { storeError } from "./store-error.ts";
import { makeStoreFolders, storeFolders, syncFolder, type StoreFolders } from "./store-files.ts";

type SegmentRow = { readonly file: string; readonly length: number };

const MAX_VIEWS = 10;
const COPY_OCTETS = 1 << 20;
/** An earlier copy may have been broken off, or be of a time that a restore has undone: its end tells. */
const COMPARED_OCTETS = 65_536;
/** What a first backup that was broken off has left. */
const BEGUN = /^(?:segments|spool|columns|posthorn\.db\.new.*)$/;
const SECRET = "SELECT value FROM meta WHERE key = 'server_secret'";
/** No process can have this number: in the copy nobody has anything open. */
const NOBODY = 2_147_483_647;

export async function backupStore(
  folders: StoreFolders,
  target: string,
  progress: (doneOctets: number, totalOctets: number) => void = () => {},
): Promise<BackupReport> {
  checkTarget(folders, target);
  try {
    const copy = storeFolders(target);
    makeStoreFolders(copy);
    for (let view = 1; view <= MAX_VIEWS; view++) {
      const rows = `${copy.database}.new`;
      copyRows(folders.database, rows);
      const segments = segmentsOf(rows);
      const copied = await copySegments(folders, copy, segments, progress);
      if (copied === undefined) continue;
      copyOtherFiles(folders, copy);
      putInPlace(copy, rows, segments);
      const octets = segments.reduce((sum, { length }) => sum + length, 0);
      return { segments: segments.length, octets, copiedOctets: copied };
    }
  } catch (error) {
    throw storeError(error, "writing the backup");
  }
  throw new MailError(
    "store-busy",
    "segments were removed faster than they could be copied: try again later",
  );
}

function checkTarget(folders: StoreFolders, target: string): void {
  const way = relative(resolve(folders.folder), resolve(target));
  if (way === "" || !(way.startsWith("..") || resolve(way) === way)) {
    throw new MailError("refused", "a backup cannot be made inside the data folder itself");
  }
  if (!existsSync(target)) return;
  if (statSync(target).isDirectory()) {
    const names = readdirSync(target);
    if (names.every((name) => BEGUN.test(name))) return;
    const copy = storeFolders(target);
    const isInUse = existsSync(`${copy.database}-wal`);
    if (!isInUse && existsSync(copy.database) && isOfSameStore(folders, copy)) return;
  }
  throw new MailError(
    "refused",
    `${target} is neither new, nor an empty folder, nor an earlier backup of this data folder`,
  );
}

function isOfSameStore(one: StoreFolders, other: StoreFolders): boolean {
  const [secret, otherSecret] = [one, other].map(({ database }) => {
    const rows = Database.openForReading(database);
    try {
      return rows.get<{ value: Uint8Array }>(SECRET)?.value;
    } finally {
      rows.close();
    }
  });
  return secret !== undefined && otherSecret !== undefined && equalBytes(secret, otherSecret);
}

function copyRows(from: string, to: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(to + suffix, { force: true });
  const source = Database.openForReading(from);
  try {
    source.run("VACUUM INTO ?", to);
  } finally {
    source.close();
  }
  const rows = Database.openForWriting(to);
  try {
    rows.run("UPDATE writer SET pid = ?, started = ''", NOBODY);
    rows.run("DELETE FROM kept_columns");
    // One file again, complete without a log beside it.
    rows.get("PRAGMA journal_mode = DELETE");
  } finally {
    rows.close();
  }
}

function segmentsOf(rows: string): SegmentRow[] {
  const database = Database.openForReading(rows);
  try {
    return database.all<SegmentRow>("SELECT file, length_octets AS length FROM segment");
  } finally {
    database.close();
  }
}

/** How many octets it has copied; undefined when a segment is no longer there. */
async function copySegments(
  from: StoreFolders,
  to: StoreFolders,
  segments: readonly SegmentRow[],
  progress: (doneOctets: number, totalOctets: number) => void,
): Promise<number | undefined> {
  const totalOctets = segments.reduce((sum, { length }) => sum + length, 0);
  let doneOctets = 0;
  let copiedOctets = 0;
  for (const { file, length } of segments) {
    const copied = await copySegment(join(from.segments, file), join(to.segments, file), length);
    if (copied === undefined) return undefined;
    copiedOctets += copied;
    doneOctets += length;
    progress(doneOctets, totalOctets);
  }
  syncFolder(to.segments);
  return copiedOctets;
}

/** What of the first `length` octets is not there yet. */
async function copySegment(from: string, to: string, length: number): Promise<number | undefined> {
  const source = await open(from, "r").catch((error: unknown) => {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  });
  if (source === undefined) return undefined;
  const target = await open(to, existsSync(to) ? "r+" : "wx", 0o600);
  try {
    const present = await presentOctets(source, target, length);
    await copyOctets(source, target, present, length);
    await target.truncate(length);
    await target.sync();
    return length - present;
  } finally {
    await source.close();
    await target.close();
  }
}

/** How many of the first `length` octets are in the target already. */
async function presentOctets(
  source: FileHandle,
  target: FileHandle,
  length: number,
): Promise<number> {
  const present = Math.min((await target.stat()).size, length);
  const start = Math.max(0, present - COMPARED_OCTETS);
  const ends = [new Uint8Array(present - start), new Uint8Array(present - start)];
  await source.read(ends[0], 0, ends[0].length, start);
  await target.read(ends[1], 0, ends[1].length, start);
  return equalBytes(ends[0], ends[1]) ? present : 0;
}

async function copyOctets(
  source: FileHandle,
  target: FileHandle,
  start: number,
  end: number,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_OCTETS, Math.max(1, end - start)));
  for (let at = start; at < end;) {
    const wanted = Math.min(buffer.length, end - at);
    const { bytesRead } = await source.read(buffer, 0, wanted, at);
    // Damage of the source; `doctor store` names it, here as there.
    if (bytesRead === 0) return;
    for (let done = 0; done < bytesRead;) {
      const { bytesWritten } = await target.write(buffer, done, bytesRead - done, at + done);
      done += bytesWritten;
    }
    at += bytesRead;
  }
}

/** Certificates, journals of transfers, and whatever else lies there. */
function copyOtherFiles(from: StoreFolders, to: StoreFolders): void {
  const own = new Set([from.segments, from.spool, from.columns]);
  for (const name of readdirSync(from.folder)) {
    const path = join(from.folder, name);
    const isDatabase = path.startsWith(from.database) || path.startsWith(from.search);
    if (own.has(path) || isDatabase) continue;
    cpSync(path, join(to.folder, name), {
      recursive: true,
      preserveTimestamps: true,
      // Sockets and the like are made again.
      filter: (each) => statSync(each).isFile() || statSync(each).isDirectory(),
    });
  }
}

function putInPlace(copy: StoreFolders, rows: string, segments: readonly SegmentRow[]): void {
  renameSync(rows, copy.database);
  syncFolder(copy.folder);
  const known = new Set(segments.map(({ file }) => file));
  for (const file of readdirSync(copy.segments)) {
    if (!known.has(file)) rmSync(join(copy.segments, file));
  }
  for (const suffix of ["", "-wal", "-shm"]) rmSync(copy.search + suffix, { force: true });
}
