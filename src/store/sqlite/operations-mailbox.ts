/** Making, renaming and removing mailboxes, subscriptions, and the maildrop lock. */

import { InvariantError, MailError } from "../../base/errors.ts";
import type { SpecialUse } from "../mail.ts";
import type { CommitContext } from "./commit-context.ts";
import type { MailboxState } from "./ledger.ts";
import { FEED_CHANGED, FEED_CREATED, FEED_DELETED, FEED_RENAMED } from "./feed-entry.ts";
import { type RequestOf } from "./requests.ts";
import { mailboxKey } from "./mailbox-name.ts";
import { inheritAcl } from "./operations-acl.ts";
import { moveAll } from "./operations-copy.ts";
import { expungeAll } from "./operations-expunge.ts";

/** Name and use of the mailboxes an account begins with (RFC 6154). */
export const FIRST_MAILBOXES: readonly (readonly [name: string, use: SpecialUse | null])[] = [
  ["INBOX", null],
  ["Archive", "\\Archive"],
  ["Drafts", "\\Drafts"],
  ["Junk", "\\Junk"],
  ["Sent", "\\Sent"],
  ["Trash", "\\Trash"],
];

/** Of an account. */
const MAX_MAILBOXES = 10_000;

/** Makes the row, and rows for parents that are missing: real ones, as RFC 9051 §6.3.4 says they should be. */
export function insertMailbox(
  context: CommitContext,
  accountId: number,
  name: string,
  specialUse: SpecialUse | null,
): MailboxState {
  const { database, ledger } = context;
  ledger.account(accountId);
  const slash = name.lastIndexOf("/");
  const parent =
    slash === -1
      ? undefined
      : (ledger.mailboxByName(accountId, name.slice(0, slash)) ??
        insertMailbox(context, accountId, name.slice(0, slash), null));
  const count = database.get<{ n: number }>(
    "SELECT count(*) AS n FROM mailbox WHERE account_id = ?",
    accountId,
  );
  if ((count?.n ?? 0) >= MAX_MAILBOXES) {
    throw new MailError("refused", "the account has too many mailboxes");
  }
  ledger.touchCatalogue();
  database.run(
    `INSERT INTO mailbox (account_id, name, special_use, uid_validity, uid_next, first_recent_uid,
       highest_mod_seq, vanished_horizon, messages, unseen, deleted, size_octets, keywords)
     VALUES (?, ?, ?, ?, 1, 1, 0, 0, 0, 0, 0, 0, '[]')`,
    accountId,
    name,
    specialUse,
    ledger.takeUidValidity(accountId, context.nowMs),
  );
  const mailbox = ledger.mailboxByName(accountId, name);
  if (mailbox === undefined) throw new InvariantError("a mailbox just made is there");
  if (parent !== undefined) inheritAcl(context, parent.id, mailbox.id);
  ledger.enter(mailbox, FEED_CREATED, []);
  return mailbox;
}

export function createMailbox(context: CommitContext, request: RequestOf<"createMailbox">): number {
  const name = mailboxKey(request.name);
  if (context.ledger.mailboxByName(request.accountId, name)) {
    throw new MailError("already-exists", "there is a mailbox of that name");
  }
  return insertMailbox(context, request.accountId, name, request.specialUse ?? null).id;
}

export function deleteMailbox(context: CommitContext, request: RequestOf<"deleteMailbox">): void {
  const { database, ledger } = context;
  const name = mailboxKey(request.name);
  if (name === "INBOX") throw new MailError("refused", "INBOX cannot be deleted");
  const mailbox = existing(context, request.accountId, name);
  if (inferiors(context, request.accountId, name).length > 0) {
    throw new MailError("refused", "the mailbox has others below it");
  }
  expungeAll(context, mailbox);
  ledger.enter(mailbox, FEED_DELETED, []);
  retireName(context, mailbox);
  database.run("DELETE FROM mailbox WHERE id = ?", mailbox.id);
  database.run("DELETE FROM acl WHERE mailbox_id = ?", mailbox.id);
  database.run("DELETE FROM annotation WHERE mailbox_id = ?", mailbox.id);
  database.run("DELETE FROM kept_columns WHERE mailbox_id = ?", mailbox.id);
  // Nobody can ask any more what vanished from it; that it is gone itself stays in the feed.
  database.run("DELETE FROM feed WHERE mailbox_id = ? AND kind = 3", mailbox.id);
  ledger.dropMailbox(mailbox);
}

export function renameMailbox(context: CommitContext, request: RequestOf<"renameMailbox">): void {
  const { ledger } = context;
  const from = mailboxKey(request.from);
  const to = mailboxKey(request.to);
  const mailbox = existing(context, request.accountId, from);
  if (ledger.mailboxByName(request.accountId, to)) {
    throw new MailError("already-exists", "there is a mailbox of that name");
  }
  if (from === "INBOX") {
    // RFC 9051 §6.3.6: INBOX stays, its messages go into the new mailbox.
    return moveAll(context, mailbox, insertMailbox(context, request.accountId, to, null));
  }
  if (to.startsWith(`${from}/`)) {
    throw new MailError("refused", "a mailbox cannot be moved below itself");
  }
  const below = inferiors(context, request.accountId, from);
  const slash = to.lastIndexOf("/");
  if (slash !== -1 && !ledger.mailboxByName(request.accountId, to.slice(0, slash))) {
    insertMailbox(context, request.accountId, to.slice(0, slash), null);
  }
  rename(context, mailbox, to);
  for (const child of below) rename(context, child, to + child.name.slice(from.length));
}

function rename(context: CommitContext, mailbox: MailboxState, name: string): void {
  const { database, ledger } = context;
  mailboxKey(name);
  retireName(context, mailbox);
  ledger.touchCatalogue();
  ledger.change(mailbox).name = name;
  database.run("UPDATE mailbox SET name = ? WHERE id = ?", name, mailbox.id);
  const retired = database.get<{ last: number }>(
    "SELECT uid_validity AS last FROM retired_name WHERE account_id = ? AND name = ?",
    mailbox.accountId,
    name,
  );
  if (retired !== undefined && retired.last >= mailbox.uidValidity) {
    mailbox.uidValidity = ledger.takeUidValidity(mailbox.accountId, context.nowMs);
  }
  ledger.enter(mailbox, FEED_RENAMED, []);
}

function retireName(context: CommitContext, mailbox: MailboxState): void {
  context.database.run(
    `INSERT INTO retired_name (account_id, name, uid_validity) VALUES (?1, ?2, ?3)
     ON CONFLICT (account_id, name) DO UPDATE SET uid_validity = max(uid_validity, ?3)`,
    mailbox.accountId,
    mailbox.name,
    mailbox.uidValidity,
  );
}

function existing(context: CommitContext, accountId: number, name: string): MailboxState {
  const mailbox = context.ledger.mailboxByName(accountId, name);
  if (mailbox === undefined) throw new MailError("not-found", "there is no mailbox of that name");
  return mailbox;
}

function inferiors(context: CommitContext, accountId: number, name: string): MailboxState[] {
  // "0" is the character after "/".
  return context.database
    .all<{ id: number }>(
      "SELECT id FROM mailbox WHERE account_id = ? AND name >= ? AND name < ? ORDER BY name",
      accountId,
      `${name}/`,
      `${name}0`,
    )
    .map(({ id }) => context.ledger.mailbox(id));
}

const MAX_SUBSCRIPTIONS = 10_000;

export function subscribe(context: CommitContext, request: RequestOf<"subscribe">): void {
  const { database, ledger } = context;
  const name = mailboxKey(request.name);
  ledger.account(request.accountId);
  if (request.isSubscribed) {
    const count = database.get<{ n: number }>(
      "SELECT count(*) AS n FROM subscription WHERE account_id = ?",
      request.accountId,
    );
    if ((count?.n ?? 0) >= MAX_SUBSCRIPTIONS) {
      throw new MailError("refused", "there are too many subscriptions");
    }
  }
  const changed = database.run(
    request.isSubscribed
      ? "INSERT OR IGNORE INTO subscription (account_id, name) VALUES (?, ?)"
      : "DELETE FROM subscription WHERE account_id = ? AND name = ?",
    request.accountId,
    name,
  );
  // What is not one's own, or not there, has no feed: INBOX carries the news.
  const mailbox =
    ledger.mailboxByName(request.accountId, name) ??
    ledger.mailboxByName(request.accountId, "INBOX");
  if (changed > 0 && mailbox) ledger.enter(mailbox, FEED_CHANGED, []);
}

export function takeRecent(context: CommitContext, request: RequestOf<"takeRecent">): number {
  const mailbox = context.ledger.mailbox(request.mailboxId);
  const first = mailbox.firstRecentUid;
  if (first !== mailbox.uidNext) context.ledger.change(mailbox).firstRecentUid = mailbox.uidNext;
  return first;
}

export function lockMaildrop(
  context: CommitContext,
  { accountId, holder, leaseMs }: RequestOf<"lockMaildrop">,
): boolean {
  context.ledger.account(accountId);
  const taken = context.database.run(
    `INSERT INTO maildrop_lock (account_id, holder, until_ms) VALUES (?1, ?2, ?3)
     ON CONFLICT (account_id) DO UPDATE SET holder = ?2, until_ms = ?3
     WHERE holder = ?2 OR until_ms <= ?4`,
    accountId,
    holder,
    context.nowMs + leaseMs,
    context.nowMs,
  );
  return taken > 0;
}

export function unlockMaildrop(context: CommitContext, request: RequestOf<"unlockMaildrop">): void {
  context.database.run(
    "DELETE FROM maildrop_lock WHERE account_id = ? AND holder = ?",
    request.accountId,
    request.holder,
  );
}
