/** Mailboxes and messages: reads from the reading connection and from open mailboxes, changes through the writer. */

import { setImmediate } from "node:timers/promises";

import { NO_OCTETS } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type {
  AppendRequest,
  CopyResult,
  FlagChange,
  MailboxChange,
  MailboxId,
  MailboxInfo,
  MailboxStatus,
  MailStore,
  DetailName,
  Details,
  HeadName,
  MessageHead,
  OpenMailbox,
  SpecialUse,
} from "../mail.ts";
import type { MailboxGrant, Right } from "../mailbox-grant.ts";
import type { MessageId, OctetStore } from "../octets.ts";
import { ownStaged } from "./accept-request.ts";
import { CheckedGrant } from "./checked-grant.ts";
import { ChangeHub } from "./change-hub.ts";
import { Database } from "./database.ts";
import { mailboxInfo, mailboxInfoByName, mailboxInfos, mailboxStatus } from "./mailbox-rows.ts";
import { deliveryPrefixes, messageDetails, messageHeads } from "./message-rows.ts";
import { mailboxKey } from "./mailbox-name.ts";
import type { FeedEntry } from "./feed-entry.ts";
import { changeOf, MailboxHandle, SharedMailbox } from "./shared-mailbox.ts";
import { decodeRuns } from "./uid-runs.ts";
import type { WriterClient } from "./writer-client.ts";

export type MailDeps = {
  readonly database: Database;
  readonly databaseFile: string;
  readonly octets: OctetStore;
  readonly writer: WriterClient;
  readonly log: Log;
  readonly onListening: (isListening: boolean) => void;
};

/** Larger mailboxes are read in slices. */
const LARGE_MAILBOX = 10_000;
/** Mailboxes kept in memory after the last session has left them. */
const MAX_IDLE_MAILBOXES = 100;
const MAX_IDLE_MESSAGES = 500_000;

export class SqliteMail implements MailStore {
  readonly #deps: MailDeps;
  readonly #hub: ChangeHub;
  /** Open ones, and idle ones in the order in which they were left. */
  readonly #open = new Map<MailboxId, Promise<SharedMailbox | undefined>>();
  readonly #loaded = new Map<MailboxId, SharedMailbox>();
  readonly #accountListeners = new Map<number, Set<(change: MailboxChange) => void>>();
  #holders = 0;

  constructor(deps: MailDeps) {
    this.#deps = deps;
    this.#hub = new ChangeHub(deps.database, {
      onEntry: (entry) => this.#apply(entry),
      onGap: () => {
        for (const shared of this.#loaded.values()) shared.reload();
      },
    });
  }

  mailboxes(accountId: number): readonly MailboxInfo[] {
    return mailboxInfos(this.#deps.database, accountId);
  }

  mailbox(accountId: number, name: string): MailboxInfo | undefined {
    return mailboxInfoByName(this.#deps.database, accountId, inboxKey(name));
  }

  status(grant: MailboxGrant): MailboxStatus | undefined {
    return mailboxStatus(this.#deps.database, this.#use(grant, "r"));
  }

  async createMailbox(
    accountId: number,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo> {
    const id = await this.#deps.writer.submit("createMailbox", () => ({
      accountId,
      name: mailboxKey(name),
      ...(specialUse && { specialUse }),
    }));
    const info = mailboxInfo(this.#deps.database, id);
    if (info === undefined) throw new MailError("not-found", "the mailbox has gone meanwhile");
    return info;
  }

  deleteMailbox(accountId: number, name: string): Promise<void> {
    return this.#deps.writer.submit("deleteMailbox", () => ({ accountId, name }));
  }

  renameMailbox(accountId: number, from: string, to: string): Promise<void> {
    return this.#deps.writer.submit("renameMailbox", () => ({ accountId, from, to }));
  }

  subscribe(accountId: number, name: string, subscribed: boolean): Promise<void> {
    return this.#deps.writer.submit("subscribe", () => ({
      accountId,
      name,
      isSubscribed: subscribed,
    }));
  }

  subscriptions(accountId: number): readonly string[] {
    return this.#deps.database
      .all<{ name: string }>(
        "SELECT name FROM subscription WHERE account_id = ? ORDER BY name",
        accountId,
      )
      .map(({ name }) => name);
  }

  async open(grant: MailboxGrant): Promise<OpenMailbox | undefined> {
    const mailboxId = this.#use(grant, "r");
    this.#hub.poll();
    let opening = this.#open.get(mailboxId);
    if (opening === undefined) {
      opening = this.#load(mailboxId);
      this.#open.set(mailboxId, opening);
    }
    const shared = await opening.catch((error: unknown) => {
      this.#forget(mailboxId);
      throw error;
    });
    if (shared === undefined || shared.isGone) {
      this.#forget(mailboxId);
      return undefined;
    }
    shared.holders++;
    if (++this.#holders === 1) this.#deps.onListening(true);
    return new MailboxHandle(shared, grant, () => this.#released(shared));
  }

  async takeRecent(grant: MailboxGrant): Promise<number> {
    const mailboxId = this.#use(grant, "r");
    const status = mailboxStatus(this.#deps.database, mailboxId);
    // Most often nothing is new, and then nothing need be written.
    if (status?.firstRecentUid === status?.uidNext && status) return status.uidNext;
    return this.#deps.writer.submit("takeRecent", () => ({ mailboxId }));
  }

  details<Name extends DetailName>(
    messageIds: ArrayLike<MessageId>,
    names: readonly Name[],
  ): (Details<Name> | undefined)[] {
    return messageDetails(this.#deps.database, messageIds, names);
  }

  heads<Name extends HeadName>(
    messageIds: ArrayLike<MessageId>,
    names: readonly Name[],
  ): Promise<(Pick<MessageHead, Name> | undefined)[]> {
    return messageHeads(this.#deps.database, this.#deps.octets, { messageIds, names });
  }

  prefix(grant: MailboxGrant, uid: number): Uint8Array {
    const row = this.#deps.database.get<{ prefix: Uint8Array | null }>(
      "SELECT prefix FROM entry WHERE mailbox_id = ? AND uid = ?",
      this.#use(grant, "r"),
      uid,
    );
    return row?.prefix ?? NO_OCTETS;
  }

  prefixes(grant: MailboxGrant, uids: ArrayLike<number>): Uint8Array[] {
    return deliveryPrefixes(this.#deps.database, this.#use(grant, "r"), uids);
  }

  async append(
    grant: MailboxGrant,
    requests: readonly AppendRequest[],
  ): Promise<{ uidValidity: number; uids: readonly number[] }> {
    const mailboxId = this.#use(grant, "i");
    const staged = requests.map(({ message }) => ownStaged(message));
    if (!staged.every(({ isInMemory }) => isInMemory)) {
      await Promise.all(staged.map((message) => message.settle()));
    }
    const answer = await this.#deps.writer.submit("append", (packer) => ({
      mailboxId,
      messages: requests.map(({ flags, internalDateMs }, index) => ({
        source: staged[index].source(packer),
        flags,
        internalDateMs: Math.round(internalDateMs),
      })),
    }));
    for (const message of staged) message.accepted();
    return answer;
  }

  async changeFlags(
    grant: MailboxGrant,
    uids: readonly number[],
    change: FlagChange,
  ): Promise<{
    changed: readonly number[];
    unchanged: readonly number[];
    modified: readonly number[];
    modSeq: number;
  }> {
    const mailboxId = this.#use(grant, "w");
    return this.#deps.writer.submit("changeFlags", () => ({ mailboxId, uids, change }));
  }

  async copy(from: MailboxGrant, uids: readonly number[], to: MailboxGrant): Promise<CopyResult> {
    const fromId = this.#use(from, "r");
    const toId = this.#use(to, "i");
    return this.#deps.writer.submit("copy", () => ({ fromId, uids, toId, removes: false }));
  }

  async move(from: MailboxGrant, uids: readonly number[], to: MailboxGrant): Promise<CopyResult> {
    const fromId = this.#use(from, "r", "t", "e");
    const toId = this.#use(to, "i");
    return this.#deps.writer.submit("copy", () => ({ fromId, uids, toId, removes: true }));
  }

  async expunge(
    grant: MailboxGrant,
    uids: readonly number[] | "all",
    onlyDeleted: boolean,
  ): Promise<readonly number[]> {
    const mailboxId = onlyDeleted ? this.#use(grant, "e") : this.#use(grant, "t", "e");
    return this.#deps.writer.submit("expunge", () => ({ mailboxId, uids, onlyDeleted }));
  }

  expungedSince(grant: MailboxGrant, modSeq: number): readonly number[] | undefined {
    const mailboxId = this.#use(grant, "r");
    const { database } = this.#deps;
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
      .flatMap(({ uids }) => decodeRuns(uids))
      .sort((a, b) => a - b);
  }

  onAccountChange(accountId: number, listener: (change: MailboxChange) => void): () => void {
    this.#hub.poll();
    const listeners = this.#accountListeners.get(accountId) ?? new Set();
    this.#accountListeners.set(accountId, listeners);
    const entry = (change: MailboxChange): void => listener(change);
    listeners.add(entry);
    if (++this.#holders === 1) this.#deps.onListening(true);
    return () => {
      if (!listeners.delete(entry)) return;
      if (listeners.size === 0) this.#accountListeners.delete(accountId);
      if (--this.#holders === 0) this.#deps.onListening(false);
    };
  }

  lockMaildrop(accountId: number, holder: string, leaseMs: number): Promise<boolean> {
    return this.#deps.writer.submit("lockMaildrop", () => ({
      accountId,
      holder,
      leaseMs: Math.ceil(leaseMs),
    }));
  }

  unlockMaildrop(accountId: number, holder: string): Promise<void> {
    return this.#deps.writer.submit("unlockMaildrop", () => ({ accountId, holder }));
  }

  /** A commit of our own. */
  committed(entries: readonly FeedEntry[]): void {
    this.#hub.committed(entries);
  }

  /** Another process has committed something. */
  poll(): void {
    this.#hub.poll();
  }

  /** The one place where a grant becomes a mailbox. */
  #use(grant: MailboxGrant, ...rights: readonly Right[]): MailboxId {
    return CheckedGrant.of(grant).use(rights);
  }

  #apply(entry: FeedEntry): void {
    this.#loaded.get(entry.mailboxId)?.apply(entry);
    const listeners = this.#accountListeners.get(entry.accountId);
    if (listeners === undefined) return;
    const change = changeOf(entry);
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        this.#deps.log.error("store.listener-failed", error, { accountId: entry.accountId });
      }
    }
  }

  async #load(mailboxId: MailboxId): Promise<SharedMailbox | undefined> {
    const { database, log } = this.#deps;
    const info = mailboxInfo(database, mailboxId);
    const status = mailboxStatus(database, mailboxId);
    if (info === undefined || status === undefined) return undefined;
    const shared = new SharedMailbox(info, database, log);
    this.#loaded.set(mailboxId, shared);
    if (status.messages <= LARGE_MAILBOX) {
      shared.load();
    } else {
      const snapshot = Database.openForReading(this.#deps.databaseFile);
      try {
        await shared.loadSlowly(snapshot, () => setImmediate());
      } finally {
        snapshot.close();
      }
    }
    return shared;
  }

  #released(shared: SharedMailbox): void {
    shared.holders--;
    if (--this.#holders === 0) this.#deps.onListening(false);
    if (shared.holders > 0) return;
    if (shared.isGone) return this.#forget(shared.id);
    // Once more to the end of the line: the one left longest ago goes first.
    const opening = this.#open.get(shared.id);
    this.#forget(shared.id);
    if (opening !== undefined) this.#open.set(shared.id, opening);
    this.#loaded.set(shared.id, shared);
    this.#dropIdle();
  }

  #dropIdle(): void {
    let mailboxes = 0;
    let messages = 0;
    const newestFirst = [...this.#loaded.values()].reverse();
    for (const shared of newestFirst) {
      if (shared.holders > 0) continue;
      mailboxes++;
      messages += shared.columns.count;
      if (mailboxes > MAX_IDLE_MAILBOXES || messages > MAX_IDLE_MESSAGES) this.#forget(shared.id);
    }
  }

  #forget(mailboxId: MailboxId): void {
    this.#open.delete(mailboxId);
    this.#loaded.delete(mailboxId);
  }
}

function inboxKey(name: string): string {
  try {
    return mailboxKey(name);
  } catch {
    return "";
  }
}
