/**
 * The rows that most requests of a commit touch (mailboxes, accounts, segments, the next ids), held
 * in memory between BEGIN and COMMIT, so that twenty deliveries into one mailbox write its row once.
 * A request that fails is undone here as its savepoint is undone in the database.
 */

import { MailError } from "../../base/errors.ts";
import type { SpecialUse } from "../mail.ts";
import type { Database } from "./database.ts";
import type { FeedEntry } from "./feed-entry.ts";
import type { Runs } from "./number-runs.ts";
import { encodeRuns } from "./uid-runs.ts";

export type MailboxState = {
  readonly type: "mailbox";
  readonly id: number;
  readonly accountId: number;
  name: string;
  specialUse: SpecialUse | null;
  uidValidity: number;
  uidNext: number;
  firstRecentUid: number;
  highestModSeq: number;
  vanishedHorizon: number;
  messages: number;
  unseen: number;
  deleted: number;
  sizeOctets: number;
  keywords: readonly string[];
};

export type AccountState = {
  readonly type: "account";
  readonly id: number;
  readonly domainId: number;
  quotaOctets: number | null;
  quotaMessages: number | null;
  modSeq: number;
  lastUidValidity: number;
  usedOctets: number;
  usedMessages: number;
};

/** What the accounts of a domain hold together. */
export type DomainState = {
  readonly type: "domain";
  readonly id: number;
  quotaOctets: number | null;
  quotaMessages: number | null;
  usedOctets: number;
  usedMessages: number;
};

export type SegmentState = {
  readonly type: "segment";
  readonly id: number;
  readonly file: string;
  lengthOctets: number;
  liveOctets: number;
};

type State = MailboxState | AccountState | DomainState | SegmentState;

const MAILBOX_COLUMNS = `id, account_id AS accountId, name, special_use AS specialUse,
  uid_validity AS uidValidity, uid_next AS uidNext, first_recent_uid AS firstRecentUid,
  highest_mod_seq AS highestModSeq, vanished_horizon AS vanishedHorizon,
  messages, unseen, deleted, size_octets AS sizeOctets, keywords`;
const MAILBOX_BY_ID = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE id = ?`;
const MAILBOX_BY_NAME = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account_id = ? AND name = ?`;

/** Rows remembered from commit to commit. */
const MAX_KNOWN = 20_000;

type MailboxRow = Omit<MailboxState, "type" | "keywords"> & { keywords: string };

export class Ledger {
  readonly #database: Database;
  readonly #mailboxes = new Map<number, MailboxState>();
  readonly #mailboxesByName = new Map<string, MailboxState>();
  readonly #accounts = new Map<number, AccountState>();
  readonly #domains = new Map<number, DomainState>();
  readonly #segments = new Map<number, SegmentState>();
  readonly #dirty = new Set<State>();
  readonly #undo = new Map<State, State>();
  readonly #dropped: (MailboxState | AccountState)[] = [];
  #nextMessageId = 0;
  #nextFeedId = 0;
  #firstMessageId = 0;
  #requestFeedId = 0;
  #requestEntries = 0;
  #isCatalogueTouched = false;
  #canUndo = false;
  /** `PRAGMA data_version` when the rows were read; undefined when nothing is known. */
  #seenVersion: number | undefined;
  /** What this commit has put into the feed. */
  readonly entries: FeedEntry[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Within the transaction. What the last commit left here still stands, unless another process has
   * committed meanwhile.
   */
  begin(): void {
    this.entries.length = 0;
    const version = this.#database.dataVersion();
    const known = this.#mailboxes.size + this.#accounts.size + this.#segments.size;
    if (version === this.#seenVersion && known < MAX_KNOWN) return;
    this.reset();
    this.#seenVersion = version;
    this.#nextMessageId =
      this.#database.get<{ value: number }>("SELECT value FROM meta WHERE key = 'next_message_id'")
        ?.value ?? 1;
    this.#firstMessageId = this.#nextMessageId;
    this.#nextFeedId =
      (this.#database.get<{ last: number | null }>("SELECT max(id) AS last FROM feed")?.last ?? 0) +
      1;
  }

  /** Forgets everything: after a transaction that was rolled back. */
  reset(): void {
    this.#mailboxes.clear();
    this.#mailboxesByName.clear();
    this.#accounts.clear();
    this.#domains.clear();
    this.#segments.clear();
    this.#dirty.clear();
    this.#undo.clear();
    this.entries.length = 0;
    this.#seenVersion = undefined;
  }

  /** With `canUndo`, what is changed from here on can be taken back by `rollbackRequest`. */
  beginRequest(canUndo: boolean): void {
    this.#canUndo = canUndo;
    if (!canUndo) return;
    this.#undo.clear();
    this.#dropped.length = 0;
    this.#isCatalogueTouched = false;
    this.#requestFeedId = this.#nextFeedId;
    this.#requestEntries = this.entries.length;
  }

  rollbackRequest(): void {
    for (const [state, saved] of this.#undo) Object.assign(state, saved);
    this.#undo.clear();
    this.entries.length = this.#requestEntries;
    this.#nextFeedId = this.#requestFeedId;
    for (const state of this.#dropped) {
      this.#dirty.add(state);
      if (state.type === "mailbox") this.#mailboxes.set(state.id, state);
      else this.#accounts.set(state.id, state);
    }
    if (this.#isCatalogueTouched) this.#forgetGone();
  }

  /** To be called by a request that inserts, renames or deletes mailboxes or accounts. */
  touchCatalogue(): void {
    this.#isCatalogueTouched = true;
    this.#mailboxesByName.clear();
  }

  /** Mailboxes made in a request that was undone must not be found again. */
  #forgetGone(): void {
    this.#mailboxesByName.clear();
    for (const [id, state] of this.#mailboxes) {
      if (this.#database.get("SELECT 1 FROM mailbox WHERE id = ?", id)) continue;
      this.#mailboxes.delete(id);
      this.#dirty.delete(state);
    }
  }

  findMailbox(id: number): MailboxState | undefined {
    return this.#mailboxes.get(id) ?? this.#know(this.#database.get<MailboxRow>(MAILBOX_BY_ID, id));
  }

  mailbox(id: number): MailboxState {
    const state = this.findMailbox(id);
    if (state === undefined) throw new MailError("not-found", "there is no such mailbox");
    return state;
  }

  mailboxByName(accountId: number, name: string): MailboxState | undefined {
    const key = `${accountId}/${name}`;
    let state = this.#mailboxesByName.get(key);
    if (state === undefined) {
      state = this.#know(this.#database.get<MailboxRow>(MAILBOX_BY_NAME, accountId, name));
      if (state !== undefined) this.#mailboxesByName.set(key, state);
    }
    return state;
  }

  /** A mailbox just deleted: nothing of it is to be written any more. */
  dropMailbox(mailbox: MailboxState): void {
    this.touchCatalogue();
    this.#mailboxes.delete(mailbox.id);
    if (this.#dirty.delete(mailbox)) this.#dropped.push(mailbox);
  }

  dropAccount(account: AccountState): void {
    this.#accounts.delete(account.id);
    if (this.#dirty.delete(account)) this.#dropped.push(account);
  }

  #know(row: MailboxRow | undefined): MailboxState | undefined {
    if (row === undefined) return undefined;
    const known = this.#mailboxes.get(row.id);
    if (known !== undefined) return known;
    const state: MailboxState = {
      ...row,
      type: "mailbox",
      keywords: JSON.parse(row.keywords) as string[],
    };
    this.#mailboxes.set(row.id, state);
    return state;
  }

  account(id: number): AccountState {
    let state = this.#accounts.get(id);
    if (state === undefined) {
      const row = this.#database.get<Omit<AccountState, "type">>(
        `SELECT account.id, domain_id AS domainId, quota_octets AS quotaOctets,
           quota_messages AS quotaMessages, mod_seq AS modSeq,
           last_uid_validity AS lastUidValidity, used_octets AS usedOctets, used_messages AS usedMessages
         FROM account JOIN account_state ON account_id = account.id WHERE account.id = ?`,
        id,
      );
      if (row === undefined) throw new MailError("not-found", "there is no such account");
      state = { ...row, type: "account" };
      this.#accounts.set(id, state);
    }
    return state;
  }

  domain(id: number): DomainState {
    let state = this.#domains.get(id);
    if (state === undefined) {
      const row = this.#database.get<Omit<DomainState, "type">>(
        `SELECT domain.id, quota_octets AS quotaOctets, quota_messages AS quotaMessages,
           used_octets AS usedOctets, used_messages AS usedMessages
         FROM domain JOIN domain_state ON domain_id = domain.id WHERE domain.id = ?`,
        id,
      );
      if (row === undefined) throw new MailError("not-found", "there is no such domain");
      state = { ...row, type: "domain" };
      this.#domains.set(id, state);
    }
    return state;
  }

  /** A domain just removed. */
  dropDomain(id: number): void {
    const state = this.#domains.get(id);
    if (state !== undefined) this.#dirty.delete(state);
    this.#domains.delete(id);
  }

  segment(id: number): SegmentState {
    let state = this.#segments.get(id);
    if (state === undefined) {
      const row = this.#database.get<Omit<SegmentState, "type">>(
        `SELECT id, file, length_octets AS lengthOctets, live_octets AS liveOctets
         FROM segment WHERE id = ?`,
        id,
      );
      if (row === undefined) throw new MailError("store-corrupt", `segment ${id} has no row`);
      state = { ...row, type: "segment" };
      this.#segments.set(id, state);
    }
    return state;
  }

  /** Announces that the caller is about to change `state`; returns it. */
  change<S extends State>(state: S): S {
    if (this.#canUndo && !this.#undo.has(state)) this.#undo.set(state, { ...state });
    this.#dirty.add(state);
    return state;
  }

  newMessageId(): number {
    return this.#nextMessageId++;
  }

  /** Takes the account's next MODSEQ and enters one change in the feed (Invariant 4). */
  enter(
    mailbox: MailboxState,
    kind: number,
    runs: Runs,
    more: Pick<FeedEntry, "rows" | "operation" | "keywords"> & { readonly modSeq?: number } = {},
  ): number {
    const { modSeq = this.takeModSeq(mailbox), ...carried } = more;
    const id = this.#nextFeedId++;
    this.#database.run(
      "INSERT INTO feed (id, account_id, mailbox_id, mod_seq, kind, uids) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      mailbox.accountId,
      mailbox.id,
      modSeq,
      kind,
      runs.length === 0 ? null : encodeRuns(runs),
    );
    this.entries.push({
      id,
      accountId: mailbox.accountId,
      mailboxId: mailbox.id,
      modSeq,
      kind,
      runs,
      ...carried,
    });
    return modSeq;
  }

  /** For rows that must carry the MODSEQ before the entry is made; hand it to `enter`. */
  takeModSeq(mailbox: MailboxState): number {
    const modSeq = ++this.change(this.account(mailbox.accountId)).modSeq;
    this.change(mailbox).highestModSeq = modSeq;
    return modSeq;
  }

  /** Monotonic in an account, at least the seconds since 1970, 32 bits. */
  takeUidValidity(accountId: number, nowMs: number): number {
    const account = this.change(this.account(accountId));
    account.lastUidValidity = Math.max(account.lastUidValidity + 1, Math.floor(nowMs / 1000));
    if (account.lastUidValidity > 0xffffffff) {
      throw new MailError("refused", "the account has used up its UIDVALIDITY values");
    }
    return account.lastUidValidity;
  }

  /** Writes what has changed; the last act before COMMIT. */
  flush(): void {
    for (const state of this.#dirty) {
      if (state.type === "mailbox") this.#saveMailbox(state);
      else if (state.type === "account") this.#saveAccount(state);
      else if (state.type === "domain") this.#saveDomain(state);
      else this.#saveSegment(state);
    }
    this.#dirty.clear();
    if (this.#nextMessageId !== this.#firstMessageId) {
      this.#firstMessageId = this.#nextMessageId;
      this.#database.run(
        "INSERT INTO meta (key, value) VALUES ('next_message_id', ?1) ON CONFLICT (key) DO UPDATE SET value = ?1",
        this.#nextMessageId,
      );
    }
  }

  /** Without the name: that is indexed, and whoever changes it writes it. */
  #saveMailbox(state: MailboxState): void {
    this.#database.run(
      `UPDATE mailbox SET uid_validity = ?, uid_next = ?, first_recent_uid = ?, highest_mod_seq = ?,
         vanished_horizon = ?, messages = ?, unseen = ?, deleted = ?, size_octets = ?, keywords = ?
       WHERE id = ?`,
      state.uidValidity,
      state.uidNext,
      state.firstRecentUid,
      state.highestModSeq,
      state.vanishedHorizon,
      state.messages,
      state.unseen,
      state.deleted,
      state.sizeOctets,
      JSON.stringify(state.keywords),
      state.id,
    );
  }

  #saveAccount(state: AccountState): void {
    this.#database.run(
      `UPDATE account_state SET mod_seq = ?, last_uid_validity = ?, used_octets = ?,
         used_messages = ? WHERE account_id = ?`,
      state.modSeq,
      state.lastUidValidity,
      state.usedOctets,
      state.usedMessages,
      state.id,
    );
  }

  #saveDomain(state: DomainState): void {
    this.#database.run(
      "UPDATE domain_state SET used_octets = ?, used_messages = ? WHERE domain_id = ?",
      state.usedOctets,
      state.usedMessages,
      state.id,
    );
  }

  #saveSegment(state: SegmentState): void {
    this.#database.run(
      "UPDATE segment SET length_octets = ?, live_octets = ? WHERE id = ?",
      state.lengthOctets,
      state.liveOctets,
      state.id,
    );
  }
}
