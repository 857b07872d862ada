/** The mailboxes this process holds open, each once for all its sessions, and for a while after the last has left. */

import { setImmediate } from "node:timers/promises";

import type { Log } from "../../base/log.ts";
import type { MailboxId, OpenMailbox } from "../mail.ts";
import { Database } from "./database.ts";
import type { FeedEntry } from "./feed-entry.ts";
import { mailboxInfo, mailboxStatus } from "./mailbox-rows.ts";
import { MailboxHandle, type MailboxHolder, SharedMailbox } from "./shared-mailbox.ts";

export type OpenMailboxesDeps = {
  readonly database: Database;
  readonly databaseFile: string;
  readonly log: Log;
  /** Somebody more listens to the feed, or no longer. */
  readonly onHeld: (change: 1 | -1) => void;
};

/** Larger mailboxes are read in slices. */
const LARGE_MAILBOX = 10_000;
/** Mailboxes kept in memory after the last session has left them. */
const MAX_IDLE_MAILBOXES = 100;
const MAX_IDLE_MESSAGES = 500_000;

export class OpenMailboxes {
  readonly #deps: OpenMailboxesDeps;
  /** Open ones, and idle ones in the order in which they were left. */
  readonly #open = new Map<MailboxId, Promise<SharedMailbox | undefined>>();
  readonly #loaded = new Map<MailboxId, SharedMailbox>();

  constructor(deps: OpenMailboxesDeps) {
    this.#deps = deps;
  }

  async open(mailboxId: MailboxId, holder: MailboxHolder): Promise<OpenMailbox | undefined> {
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
    this.#deps.onHeld(1);
    return new MailboxHandle(shared, holder, () => this.#released(shared));
  }

  apply(entry: FeedEntry): void {
    this.#loaded.get(entry.mailboxId)?.apply(entry);
  }

  /** Feed entries are missing: what is held is read anew. */
  reload(): void {
    for (const shared of this.#loaded.values()) shared.reload();
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
    this.#deps.onHeld(-1);
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
