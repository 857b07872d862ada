/**
 * The row that says which file holds the columns of a mailbox, from when they are, and what the mailbox
 * was then. Names of files are never used twice and the row is written after the file, so a file that a
 * row names is the one that was made for it, also in a data folder put together from a backup.
 */

import { DELETED, SEEN } from "../mail.ts";
import type { Database } from "./database.ts";
import type { MailboxColumns } from "./mailbox-columns.ts";

/** What the columns of a mailbox add up to. */
export type ColumnSums = {
  readonly messages: number;
  readonly unseen: number;
  readonly deleted: number;
  readonly sizeOctets: number;
};

export type KeptColumns = ColumnSums & {
  readonly mailboxId: number;
  readonly file: string;
  readonly uidValidity: number;
  /** All entries of the feed up to this one are in it. */
  readonly feedId: number;
  readonly modSeq: number;
  readonly uidNext: number;
  /** Position of the first message without \Seen; `messages` if there is none. */
  readonly firstUnseen: number;
  /** See `columns-file.ts`. */
  readonly checksums: Uint8Array;
};

export function keptColumns(database: Database, mailboxId: number): KeptColumns | undefined {
  return database.get<KeptColumns>(
    `SELECT mailbox_id AS mailboxId, file, uid_validity AS uidValidity, feed_id AS feedId,
       mod_seq AS modSeq, uid_next AS uidNext, messages, unseen, deleted, size_octets AS sizeOctets,
       first_unseen AS firstUnseen, checksums
     FROM kept_columns WHERE mailbox_id = ?`,
    mailboxId,
  );
}

export function sumsOf({ count, flags, sizesOctets }: MailboxColumns): ColumnSums {
  let unseen = 0;
  let deleted = 0;
  let sizeOctets = 0;
  for (let index = 0; index < count; index++) {
    if ((flags[index] & SEEN) === 0) unseen++;
    if ((flags[index] & DELETED) !== 0) deleted++;
    sizeOctets += sizesOctets[index];
  }
  return { messages: count, unseen, deleted, sizeOctets };
}
