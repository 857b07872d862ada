/**
 * The search index: a database file of its own beside the store's, so that building it never holds up
 * a delivery. Nothing is in it that cannot be made again: when it is broken or of another version, it
 * is begun anew. A row is one message in one mailbox; its rowid holds both, so a search is one range.
 *
 * The texts themselves are not in it (`content=''`), only which trigram is in which column of which row.
 */

import { rmSync, statSync } from "node:fs";

import { isMailError } from "../../base/errors.ts";
import { Database } from "./database.ts";

const VERSION = 1;

const SCHEMA = `
  CREATE VIRTUAL TABLE search_text USING fts5(subject, sender, recipients, everything,
    content='', contentless_delete=1, detail=column, tokenize='trigram case_sensitive 1');

  -- Up to which UID a mailbox is indexed, and how many of its messages are.
  CREATE TABLE progress (
    mailbox_id INTEGER PRIMARY KEY,
    uid_validity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    entries INTEGER NOT NULL
  ) STRICT;
`;

export function openSearchForWriting(file: string): Database {
  const database = openCurrent(file) ?? begunAnew(file);
  // What a power cut takes is indexed again.
  database.exec("PRAGMA synchronous = NORMAL");
  return database;
}

function openCurrent(file: string): Database | undefined {
  let database: Database | undefined;
  try {
    database = Database.openForWriting(file);
    if (isCurrent(database)) return database;
  } catch (error) {
    // A full disk or a busy file is no reason to throw away what has been built.
    if (!isMailError(error, "store-corrupt")) {
      database?.close();
      throw error;
    }
  }
  database?.close();
  return undefined;
}

/** Which file it is that lies there now: another number when it was begun anew. Undefined: none. */
export function searchFileNumber(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** Whoever has it open goes on with what is no longer there, and finds out by `searchFileNumber`. */
export function discardSearch(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true });
}

function begunAnew(file: string): Database {
  discardSearch(file);
  const database = Database.openForWriting(file);
  database.transact(() => {
    // Another process may have been faster.
    if (!isCurrent(database)) database.exec(`${SCHEMA}; PRAGMA user_version = ${VERSION}`);
  });
  return database;
}

function isCurrent(database: Database): boolean {
  return database.get<{ user_version: number }>("PRAGMA user_version")?.user_version === VERSION;
}
