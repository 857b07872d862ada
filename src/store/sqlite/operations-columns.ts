/** Notes which file holds the columns of a mailbox from now on. */

import type { CommitContext } from "./commit-context.ts";
import { keptColumns, type KeptColumns } from "./kept-columns.ts";

/** Says which files may go: the one before, or the new one if its mailbox is gone. */
export function keepColumns({ database, ledger }: CommitContext, kept: KeptColumns): string[] {
  const { mailboxId, file, uidValidity, feedId, modSeq, uidNext, checksums } = kept;
  const { messages, unseen, deleted, sizeOctets, firstUnseen } = kept;
  if (ledger.findMailbox(mailboxId) === undefined) return [file];
  const before = keptColumns(database, mailboxId);
  database.run(
    `INSERT OR REPLACE INTO kept_columns
       (mailbox_id, file, uid_validity, feed_id, mod_seq, uid_next, messages, unseen, deleted,
        size_octets, first_unseen, checksums)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    mailboxId,
    file,
    uidValidity,
    feedId,
    modSeq,
    uidNext,
    messages,
    unseen,
    deleted,
    sizeOctets,
    firstUnseen,
    checksums,
  );
  return before === undefined ? [] : [before.file];
}
