/**
 * The row that says which file holds the columns of a mailbox, and from when they are. Names of files
 * are never used twice and the row is written after the file, so a file that a row names is the one
 * that was made for it, also in a data folder put together from a backup.
 */

import type { Database } from "./database.ts";

export type KeptColumns = {
  readonly mailboxId: number;
  readonly file: string;
  readonly uidValidity: number;
  /** All entries of the feed up to this one are in it. */
  readonly feedId: number;
  readonly modSeq: number;
  readonly uidNext: number;
  readonly messages: number;
  /** See `columns-file.ts`. */
  readonly checksums: Uint8Array;
};

export function keptColumns(database: Database, mailboxId: number): KeptColumns | undefined {
  return database.get<KeptColumns>(
    `SELECT mailbox_id AS mailboxId, file, uid_validity AS uidValidity, feed_id AS feedId,
       mod_seq AS modSeq, uid_next AS uidNext, messages, checksums
     FROM kept_columns WHERE mailbox_id = ?`,
    mailboxId,
  );
}
