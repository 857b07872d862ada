/** Mailbox rows as values. */

import type { MailboxInfo, MailboxStatus, SpecialUse } from "../mail.ts";
import type { Database } from "./database.ts";
import { CheckedGrant } from "./checked-grant.ts";
import { numbersIn } from "./number-runs.ts";
import { decodeRuns } from "./uid-runs.ts";

export type InfoRow = {
  readonly id: number;
  readonly accountId: number;
  readonly name: string;
  readonly specialUse: SpecialUse | null;
  readonly isSubscribed: number;
  readonly uidValidity: number;
};

const INFO = `SELECT id, mailbox.account_id AS accountId, mailbox.name, special_use AS specialUse,
  subscription.name IS NOT NULL AS isSubscribed, uid_validity AS uidValidity
  FROM mailbox LEFT JOIN subscription
    ON subscription.account_id = mailbox.account_id AND subscription.name = mailbox.name`;

export function mailboxInfo(database: Database, id: number): MailboxInfo | undefined {
  const row = database.get<InfoRow>(`${INFO} WHERE id = ?`, id);
  return row && infoOf(row);
}

export function mailboxInfoByName(
  database: Database,
  accountId: number,
  name: string,
): MailboxInfo | undefined {
  const row = database.get<InfoRow>(
    `${INFO} WHERE mailbox.account_id = ? AND mailbox.name = ?`,
    accountId,
    name,
  );
  return row && infoOf(row);
}

/** INBOX first, then by name. */
export function mailboxInfos(database: Database, accountId: number): MailboxInfo[] {
  return database
    .all<InfoRow>(
      `${INFO} WHERE mailbox.account_id = ? ORDER BY mailbox.name <> 'INBOX', mailbox.name`,
      accountId,
    )
    .map(infoOf);
}

export function infoOf(row: InfoRow): MailboxInfo {
  return {
    id: row.id,
    grant: CheckedGrant.ofOwner(row.id, row.accountId),
    accountId: row.accountId,
    name: row.name,
    specialUse: row.specialUse ?? undefined,
    isSubscribed: row.isSubscribed !== 0,
    uidValidity: row.uidValidity,
    // Ids of mailboxes are never used twice (RFC 8474 §4).
    objectId: `F${row.id}`,
  };
}

export function mailboxStatus(database: Database, id: number): MailboxStatus | undefined {
  const row = database.get<MailboxStatus>(
    `SELECT messages, unseen, deleted, uid_next AS uidNext, highest_mod_seq AS highestModSeq,
       size_octets AS sizeOctets, first_recent_uid AS firstRecentUid FROM mailbox WHERE id = ?`,
    id,
  );
  return row && { ...row };
}

/** UIDs, ascending; undefined if that is longer ago than tombstones are kept. */
export function expungedSince(
  database: Database,
  mailboxId: number,
  modSeq: number,
): number[] | undefined {
  const row = database.get<{ horizon: number }>(
    "SELECT vanished_horizon AS horizon FROM mailbox WHERE id = ?",
    mailboxId,
  );
  if (row === undefined || modSeq < row.horizon) return undefined;
  return database
    .all<{ uids: Uint8Array }>(
      "SELECT uids FROM feed WHERE mailbox_id = ? AND kind = 3 AND mod_seq > ?",
      mailboxId,
      modSeq,
    )
    .flatMap(({ uids }) => numbersIn(decodeRuns(uids)))
    .sort((a, b) => a - b);
}
