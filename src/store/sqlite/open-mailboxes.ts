/** The mailboxes this process holds open, each once for all its sessions, and for a while after the last has left. */

import { setImmediate } from "node:timers/promises";

import type { MailboxId, OpenMailbox } from "../mail.ts";
import { Database } from "./database.ts";
import { FEED_DELETED, type FeedEntry } from "./feed-entry.ts";
import { ColumnKeeper, type ColumnKeeperDeps } from "./column-keeper.ts";
import { MailboxHandle, type MailboxHolder } from "./mailbox-handle.ts";
import { mailboxInfo, mailboxStatus } from "./mailbox-rows.ts";
import { countIn } from "./number-runs.ts";
import { SharedMailbox } from "./shared-mailbox.ts";

export type OpenMailboxesDeps = ColumnKeeperDeps & {
  readonly databaseFile: string;
  /** Somebody more listens to the feed, or no longer. */
  readonly onHeld: (change: 1 | -1) => void;
};

/** Larger mailboxes are read in slices. */
const LARGE_MAILBOX = 10_000;
/** Mailboxes kept in memory after the last session has left them. */
const MAX_IDLE_MAILBOXES = 100;
const MAX_IDLE_MESSAGES = 1_500_000;
/** Mailboxes that are opened once more at the end, so that the next start finds little to catch up. */
const MAX_AT_CLOSE = 20;
/** Until a mailbox that nobody has open is looked at: whoever made the news has their answer first. */
const LOOK_AFTER_MS = 1000;
/** Mailboxes that nobody has open and whose news are counted. */
const MAX_COUNTED = 10_000;

export class OpenMailboxes {
  readonly #deps: OpenMailboxesDeps;
  readonly #keeper: ColumnKeeper;
  /** Open ones, and idle ones in the order in which they were left. */
  readonly #open = new Map<MailboxId, Promise<SharedMailbox | undefined>>();
  readonly #loaded = new Map<MailboxId, SharedMailbox>();
  /** How much has happened in mailboxes that are not loaded. */
  readonly #news = new Map<MailboxId, number>();
  readonly #toLookAt = new Set<MailboxId>();
  #looking: NodeJS.Timeout | undefined;

  constructor(deps: OpenMailboxesDeps) {
    this.#deps = deps;
    this.#keeper = new ColumnKeeper(deps);
  }

  async open(mailboxId: MailboxId, holder: MailboxHolder): Promise<OpenMailbox | undefined> {
    const shared = await this.#opened(mailboxId);
    if (shared === undefined) return undefined;
    shared.holders++;
    this.#deps.onHeld(1);
    return new MailboxHandle(shared, holder, () => this.#released(shared));
  }

  apply(entry: FeedEntry): void {
    if (entry.kind === FEED_DELETED) void this.#keeper.forget(entry.mailboxId);
    const shared = this.#loaded.get(entry.mailboxId);
    if (shared === undefined) return this.#count(entry);
    shared.apply(entry);
    this.#keeper.changed(shared);
  }

  /** Feed entries are missing: what is held is read anew. */
  reload(): void {
    for (const shared of this.#loaded.values()) shared.reload();
  }

  async close(): Promise<void> {
    this.#takeToLookAt();
    const grown = [...this.#news].filter(([, changes]) => this.#keeper.isSome(changes));
    for (const [mailboxId] of grown.slice(0, MAX_AT_CLOSE)) await this.#openUnasked(mailboxId);
    await Promise.allSettled(this.#open.values());
    await this.#keeper.close(this.#loaded.values());
  }

  async #opened(mailboxId: MailboxId): Promise<SharedMailbox | undefined> {
    let opening = this.#open.get(mailboxId);
    if (opening === undefined) {
      opening = this.#load(mailboxId);
      this.#open.set(mailboxId, opening);
    }
    const shared = await opening.catch((error: unknown) => {
      this.#forget(mailboxId);
      throw error;
    });
    if (shared !== undefined && !shared.isGone) return shared;
    this.#forget(mailboxId);
    return undefined;
  }

  /** A mailbox that only grows is looked at now and then, so that opening it some day finds little to catch up. */
  #count(entry: FeedEntry): void {
    const { mailboxId } = entry;
    const changes = (this.#news.get(mailboxId) ?? 0) + countIn(entry.runs);
    if (this.#news.size >= MAX_COUNTED) this.#news.clear();
    this.#news.set(mailboxId, changes);
    // A large mailbox is worth it seldom.
    if (!this.#keeper.isMuch(changes)) return;
    const messages = mailboxStatus(this.#deps.database, mailboxId)?.messages ?? 0;
    if (this.#keeper.isMuch(changes, messages)) this.#lookLater(mailboxId);
  }

  #lookLater(mailboxId: MailboxId): void {
    if (this.#toLookAt.size === 0) {
      this.#looking = setTimeout(() => {
        for (const id of this.#takeToLookAt()) void this.#openUnasked(id);
      }, LOOK_AFTER_MS).unref();
    }
    this.#toLookAt.add(mailboxId);
  }

  #takeToLookAt(): MailboxId[] {
    clearTimeout(this.#looking);
    const ids = [...this.#toLookAt];
    this.#toLookAt.clear();
    return ids;
  }

  async #openUnasked(mailboxId: MailboxId): Promise<void> {
    try {
      await this.#opened(mailboxId);
      this.#dropIdle();
    } catch (error) {
      this.#deps.log.error("store.mailbox-not-read", error, { mailboxId });
    }
  }

  async #load(mailboxId: MailboxId): Promise<SharedMailbox | undefined> {
    const { database, log } = this.#deps;
    const keeper = this.#keeper;
    const info = mailboxInfo(database, mailboxId);
    const status = mailboxStatus(database, mailboxId);
    if (info === undefined || status === undefined) return undefined;
    const shared = new SharedMailbox(info, database, log);
    this.#loaded.set(mailboxId, shared);
    this.#news.delete(mailboxId);
    if (keeper.isLarge(status.messages)) {
      await shared.whileReading(async () => {
        if (!(await keeper.fill(shared))) await this.#readRows(shared, status.messages);
      });
      keeper.changed(shared);
    } else {
      shared.readAll();
    }
    return shared;
  }

  async #readRows(shared: SharedMailbox, messages: number): Promise<void> {
    if (messages <= LARGE_MAILBOX) return shared.readAll();
    const snapshot = Database.openForReading(this.#deps.databaseFile);
    try {
      await shared.loadSlowly(snapshot, () => setImmediate());
    } finally {
      snapshot.close();
    }
  }

  #released(shared: SharedMailbox): void {
    shared.holders--;
    this.#deps.onHeld(-1);
    if (shared.holders > 0) return;
    if (shared.isGone) return this.#forget(shared.id);
    // Once more to the end of the line: the one left longest ago goes first.
    const opening = this.#open.get(shared.id);
    this.#open.delete(shared.id);
    if (opening !== undefined) this.#open.set(shared.id, opening);
    this.#loaded.delete(shared.id);
    this.#loaded.set(shared.id, shared);
    this.#keeper.left(shared);
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
    const shared = this.#loaded.get(mailboxId);
    if (shared !== undefined) shared.followedUntil = this.#deps.feedId();
    this.#open.delete(mailboxId);
    this.#loaded.delete(mailboxId);
  }
}
