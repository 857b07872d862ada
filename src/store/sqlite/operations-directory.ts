/** Domains, accounts, aliases and lists: changes of who lives here. */

import { MailError } from "../../base/errors.ts";
import type { CommitContext } from "./commit-context.ts";
import { expungeAll } from "./operations-expunge.ts";
import { FIRST_MAILBOXES, insertMailbox } from "./operations-mailbox.ts";
import { FEED_DELETED } from "./feed-entry.ts";
import { type PasswordRecord, type RequestOf } from "./requests.ts";

export function addDomain(context: CommitContext, request: RequestOf<"addDomain">): void {
  if (context.database.get("SELECT 1 FROM domain WHERE name = ?", request.name)) {
    throw new MailError("already-exists", `the domain ${request.name} is here already`);
  }
  context.database.run(
    `INSERT INTO domain (name, catch_all, quota_octets, quota_messages, created_at_ms)
     VALUES (?, ?, ?, ?, ?)`,
    request.name,
    request.catchAll,
    request.quotaOctets,
    request.quotaMessages,
    context.nowMs,
  );
  makeDomainState(context);
  directoryChanged(context);
}

function makeDomainState(context: CommitContext): void {
  context.database.run(
    `INSERT INTO domain_state (domain_id, used_octets, used_messages)
     VALUES (last_insert_rowid(), 0, 0)`,
  );
}

export function addDomainAlias(context: CommitContext, request: RequestOf<"addDomainAlias">): void {
  const { database } = context;
  if (database.get("SELECT 1 FROM domain WHERE name = ?", request.name)) {
    throw new MailError("already-exists", `the domain ${request.name} is here already`);
  }
  const target = database.get<{ follows: string | null }>(
    "SELECT follows FROM domain WHERE name = ?",
    request.follows,
  );
  if (target === undefined) throw noDomain(request.follows);
  if (target.follows !== null) {
    throw new MailError(
      "refused",
      `${request.follows} follows ${target.follows} itself: let ${request.name} follow that`,
    );
  }
  database.run(
    "INSERT INTO domain (name, catch_all, follows, created_at_ms) VALUES (?, NULL, ?, ?)",
    request.name,
    request.follows,
    context.nowMs,
  );
  makeDomainState(context);
  directoryChanged(context);
}

export function changeDomain(context: CommitContext, request: RequestOf<"changeDomain">): void {
  const id = ownDomainId(context, request.name);
  const { database, ledger } = context;
  const { catchAll, quotaOctets, quotaMessages } = request;
  if (catchAll !== undefined) {
    database.run("UPDATE domain SET catch_all = ? WHERE id = ?", catchAll, id);
  }
  if (quotaOctets !== undefined) {
    database.run("UPDATE domain SET quota_octets = ? WHERE id = ?", quotaOctets, id);
    ledger.change(ledger.domain(id)).quotaOctets = quotaOctets;
  }
  if (quotaMessages !== undefined) {
    database.run("UPDATE domain SET quota_messages = ? WHERE id = ?", quotaMessages, id);
    ledger.change(ledger.domain(id)).quotaMessages = quotaMessages;
  }
  directoryChanged(context);
}

export function removeDomain(context: CommitContext, request: RequestOf<"removeDomain">): void {
  const id = domainId(context, request.name);
  for (const [kind, sql] of [
    ["accounts", "SELECT 1 FROM account WHERE domain_id = ? LIMIT 1"],
    ["aliases", "SELECT 1 FROM alias WHERE domain_id = ? LIMIT 1"],
    ["lists", "SELECT 1 FROM list WHERE domain_id = ? LIMIT 1"],
  ] as const) {
    if (context.database.get(sql, id)) {
      throw new MailError("refused", `${request.name} still has ${kind}; remove them first`);
    }
  }
  const follower = context.database.get<{ name: string }>(
    "SELECT name FROM domain WHERE follows = ? LIMIT 1",
    request.name,
  );
  if (follower !== undefined) {
    throw new MailError("refused", `${follower.name} follows ${request.name}: remove it first`);
  }
  context.database.run("DELETE FROM domain WHERE id = ?", id);
  context.database.run("DELETE FROM domain_state WHERE domain_id = ?", id);
  context.ledger.dropDomain(id);
  directoryChanged(context);
}

export function addAccount(context: CommitContext, request: RequestOf<"addAccount">): number {
  const { database } = context;
  const domain = ownDomainId(context, request.domain);
  checkIsFree(context, request.address);
  database.run(
    `INSERT INTO account (domain_id, address, display_name, quota_octets, quota_messages, is_enabled, created_at_ms,
       password_hash, scram_salt, scram_iterations, sha1_stored_key, sha1_server_key,
       sha256_stored_key, sha256_server_key) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
    domain,
    request.address,
    request.displayName,
    request.quotaOctets,
    request.quotaMessages,
    context.nowMs,
    ...passwordValues(request.password),
  );
  const id = accountId(context, request.address);
  database.run(
    `INSERT INTO account_state (account_id, mod_seq, last_uid_validity, used_octets, used_messages)
     VALUES (?, 0, 0, 0, 0)`,
    id,
  );
  for (const [name, use] of FIRST_MAILBOXES) {
    insertMailbox(context, id, name, use);
    database.run("INSERT INTO subscription (account_id, name) VALUES (?, ?)", id, name);
  }
  directoryChanged(context);
  return id;
}

export function changeAccount(context: CommitContext, request: RequestOf<"changeAccount">): void {
  const { database } = context;
  const id = accountId(context, request.address);
  if (request.password !== undefined) {
    database.run(
      `UPDATE account SET password_hash = ?, scram_salt = ?, scram_iterations = ?,
         sha1_stored_key = ?, sha1_server_key = ?, sha256_stored_key = ?, sha256_server_key = ?
       WHERE id = ?`,
      ...passwordValues(request.password),
      id,
    );
    // Who changes a password wants everybody else out.
    database.run("DELETE FROM token WHERE account_id = ?", id);
  }
  if (request.displayName !== undefined) {
    database.run("UPDATE account SET display_name = ? WHERE id = ?", request.displayName, id);
  }
  if (request.quotaOctets !== undefined) {
    database.run("UPDATE account SET quota_octets = ? WHERE id = ?", request.quotaOctets, id);
    context.ledger.change(context.ledger.account(id)).quotaOctets = request.quotaOctets;
  }
  if (request.quotaMessages !== undefined) {
    database.run("UPDATE account SET quota_messages = ? WHERE id = ?", request.quotaMessages, id);
    context.ledger.change(context.ledger.account(id)).quotaMessages = request.quotaMessages;
  }
  if (request.isEnabled !== undefined) {
    database.run("UPDATE account SET is_enabled = ? WHERE id = ?", request.isEnabled ? 1 : 0, id);
  }
  if (request.mayRelay !== undefined) {
    database.run("UPDATE account SET may_relay = ? WHERE id = ?", request.mayRelay ? 1 : 0, id);
  }
  directoryChanged(context);
}

export function removeAccount(context: CommitContext, request: RequestOf<"removeAccount">): void {
  const { database, ledger } = context;
  const id = accountId(context, request.address);
  const mailboxes = database.all<{ id: number }>("SELECT id FROM mailbox WHERE account_id = ?", id);
  for (const row of mailboxes) {
    const mailbox = ledger.mailbox(row.id);
    expungeAll(context, mailbox);
    ledger.enter(mailbox, FEED_DELETED, []);
    ledger.dropMailbox(mailbox);
  }
  ledger.dropAccount(ledger.account(id));
  const { address } = request;
  // Who gets the address next is somebody else.
  database.run("DELETE FROM acl WHERE identifier IN (?, ?)", address, `-${address}`);
  for (const sql of [
    "DELETE FROM acl WHERE mailbox_id IN (SELECT id FROM mailbox WHERE account_id = ?)",
    "DELETE FROM annotation WHERE mailbox_id IN (SELECT id FROM mailbox WHERE account_id = ?)",
    "DELETE FROM annotation WHERE viewer_id = ?",
    "DELETE FROM kept_columns WHERE mailbox_id IN (SELECT id FROM mailbox WHERE account_id = ?)",
    "DELETE FROM mailbox WHERE account_id = ?",
    "DELETE FROM subscription WHERE account_id = ?",
    "DELETE FROM retired_name WHERE account_id = ?",
    "DELETE FROM maildrop_lock WHERE account_id = ?",
    "DELETE FROM token WHERE account_id = ?",
    "DELETE FROM thread_of_id WHERE account_id = ?",
    "DELETE FROM account_state WHERE account_id = ?",
    "DELETE FROM account WHERE id = ?",
  ]) {
    database.run(sql, id);
  }
  directoryChanged(context);
}

export function addAlias(context: CommitContext, request: RequestOf<"addAlias">): void {
  const domain = ownDomainId(context, request.domain);
  checkIsFree(context, request.address);
  context.database.run(
    "INSERT INTO alias (domain_id, address, targets) VALUES (?, ?, ?)",
    domain,
    request.address,
    JSON.stringify(request.targets),
  );
  directoryChanged(context);
}

export function changeAlias(context: CommitContext, request: RequestOf<"changeAlias">): void {
  const changed = context.database.run(
    "UPDATE alias SET targets = ? WHERE address = ?",
    JSON.stringify(request.targets),
    request.address,
  );
  if (changed === 0) throw new MailError("not-found", `there is no alias ${request.address}`);
  directoryChanged(context);
}

export function removeAlias(context: CommitContext, request: RequestOf<"removeAlias">): void {
  const changed = context.database.run("DELETE FROM alias WHERE address = ?", request.address);
  if (changed === 0) throw new MailError("not-found", `there is no alias ${request.address}`);
  directoryChanged(context);
}

export function addList(context: CommitContext, request: RequestOf<"addList">): void {
  const domain = ownDomainId(context, request.domain);
  checkIsFree(context, request.address);
  context.database.run(
    `INSERT INTO list (domain_id, address, display_name, owner, members, posting)
     VALUES (?, ?, ?, ?, ?, ?)`,
    domain,
    request.address,
    request.displayName,
    request.owner,
    JSON.stringify(request.members),
    request.posting,
  );
  directoryChanged(context);
}

export function changeList(context: CommitContext, request: RequestOf<"changeList">): void {
  const changed = context.database.run(
    `UPDATE list SET display_name = coalesce(?, display_name), owner = coalesce(?, owner),
       members = coalesce(?, members), posting = coalesce(?, posting) WHERE address = ?`,
    request.displayName ?? null,
    request.owner ?? null,
    request.members ? JSON.stringify(request.members) : null,
    request.posting ?? null,
    request.address,
  );
  if (changed === 0) throw new MailError("not-found", `there is no list ${request.address}`);
  directoryChanged(context);
}

export function removeList(context: CommitContext, request: RequestOf<"removeList">): void {
  const changed = context.database.run("DELETE FROM list WHERE address = ?", request.address);
  if (changed === 0) throw new MailError("not-found", `there is no list ${request.address}`);
  directoryChanged(context);
}

export function addToken(context: CommitContext, request: RequestOf<"addToken">): void {
  const { database } = context;
  const id = accountId(context, request.address);
  database.run("DELETE FROM token WHERE expires_at_ms <= ?", context.nowMs);
  database.run(
    "INSERT INTO token (sha256, account_id, purpose, expires_at_ms) VALUES (?, ?, ?, ?)",
    request.sha256,
    id,
    request.purpose,
    request.expiresAtMs,
  );
}

export function revokeTokens(context: CommitContext, request: RequestOf<"revokeTokens">): number {
  const id = accountId(context, request.address);
  return context.database.run(
    "DELETE FROM token WHERE account_id = ?1 AND (?2 IS NULL OR purpose = ?2)",
    id,
    request.purpose,
  );
}

/** Other processes see by this number that what they remember of the directory is old. */
function directoryChanged(context: CommitContext): void {
  context.isDirectoryChanged = true;
  context.database.run(
    `INSERT INTO meta (key, value) VALUES ('directory_version', 1)
     ON CONFLICT (key) DO UPDATE SET value = value + 1`,
  );
}

function domainId(context: CommitContext, name: string): number {
  const row = context.database.get<{ id: number }>("SELECT id FROM domain WHERE name = ?", name);
  if (row === undefined) throw noDomain(name);
  return row.id;
}

/** Of a domain that may hold something: in one that follows another nothing would ever be found. */
function ownDomainId(context: CommitContext, name: string): number {
  const row = context.database.get<{ id: number; follows: string | null }>(
    "SELECT id, follows FROM domain WHERE name = ?",
    name,
  );
  if (row === undefined) throw noDomain(name);
  if (row.follows !== null) {
    throw new MailError("refused", `${name} follows ${row.follows}: change it there`);
  }
  return row.id;
}

function noDomain(name: string): MailError {
  return new MailError("not-found", `there is no domain ${name} here`);
}

function accountId(context: CommitContext, address: string): number {
  const row = context.database.get<{ id: number }>(
    "SELECT id FROM account WHERE address = ?",
    address,
  );
  if (row === undefined) throw new MailError("not-found", `there is no account ${address}`);
  return row.id;
}

/** One address leads to one thing. */
function checkIsFree(context: CommitContext, address: string): void {
  for (const [kind, sql] of [
    ["an account", "SELECT 1 FROM account WHERE address = ?"],
    ["an alias", "SELECT 1 FROM alias WHERE address = ?"],
    ["a list", "SELECT 1 FROM list WHERE address = ?"],
  ] as const) {
    if (context.database.get(sql, address)) {
      throw new MailError("already-exists", `${address} is ${kind} already`);
    }
  }
}

function passwordValues(
  password: PasswordRecord,
): [string, Uint8Array, number, Uint8Array, Uint8Array, Uint8Array, Uint8Array] {
  return [
    password.passwordHash,
    password.scramSalt,
    password.scramIterations,
    password.sha1StoredKey,
    password.sha1ServerKey,
    password.sha256StoredKey,
    password.sha256ServerKey,
  ];
}
