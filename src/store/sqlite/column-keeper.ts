/**
 * Keeps the columns of large mailboxes in files, so that opening one does not read a row for each of
 * its messages. Written when much has changed, when the last session leaves and at the end, one
 * mailbox at a time; whatever goes wrong here costs time later, never an answer.
 */

import { unlink, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Log } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { MailboxId } from "../mail.ts";
import { catchUp, hasChangesSince } from "./catch-up.ts";
import { ColumnsFile, writeColumns } from "./columns-file.ts";
import type { Database } from "./database.ts";
import { keptColumns, sumsOf } from "./kept-columns.ts";
import { LateColumns } from "./late-columns.ts";
import type { SharedMailbox } from "./shared-mailbox.ts";
import type { WriterClient } from "./writer-client.ts";

export type ColumnKeeperDeps = {
  readonly database: Database;
  readonly columnsFolder: string;
  readonly writer: WriterClient;
  readonly random: Random;
  readonly log: Log;
  /** Up to where the open mailboxes have followed the feed. */
  readonly feedId: () => number;
  /**
   * Columns of smaller mailboxes are read as fast from their rows; and so are this many changes, before
   * a file is written anew.
   */
  readonly keptColumnsFrom: number;
};

/** Of a very large mailbox, this share may change before so many megabytes are written again. */
const MANY_SHARE = 1 / 50;
/** But not so many that catching up would be slow. */
const MANY = 25_000;

export class ColumnKeeper {
  readonly #deps: ColumnKeeperDeps;
  /** One write after another. */
  #writes: Promise<void> = Promise.resolve();
  readonly #waiting = new Set<SharedMailbox>();

  constructor(deps: ColumnKeeperDeps) {
    this.#deps = deps;
  }

  /** Fills the mailbox from its file; false if that cannot be, and then nothing of it is kept. */
  async fill(shared: SharedMailbox): Promise<boolean> {
    const { database, columnsFolder: folder } = this.#deps;
    const row = keptColumns(database, shared.id);
    if (row === undefined || row.uidValidity !== shared.info.uidValidity) return false;
    const file = await ColumnsFile.open(join(folder, row.file), row);
    if (file === undefined) return false;
    // Written anew as soon as anything changes.
    const onDamage = (): void => void (shared.changesSinceKept = Number.POSITIVE_INFINITY);
    const late = new LateColumns(file, { kept: row, database, onDamage });
    if (hasChangesSince(database, row)) await late.load("all");
    const changes = database.snapshot(() => {
      const found = catchUp(database, row, late.columns);
      if (found !== undefined) shared.takeOver(late);
      return found;
    });
    if (changes === undefined) return false;
    shared.changesSinceKept = changes;
    return true;
  }

  isLarge(messages: number): boolean {
    return messages >= this.#deps.keptColumnsFrom;
  }

  /** Whether so many changes of a mailbox that is not open are worth opening it. */
  isMuch(changes: number, messages = 0): boolean {
    return changes >= this.#limitOf(messages);
  }

  /** Whether they are at the end, when there is time. */
  isSome(changes: number): boolean {
    return changes >= this.#deps.keptColumnsFrom / 2;
  }

  /** Something has changed. */
  changed(shared: SharedMailbox): void {
    this.#keepIf(shared, 1);
  }

  /** The last session has left. */
  left(shared: SharedMailbox): void {
    this.#keepIf(shared, 1 / 2);
  }

  /** Waits for what is being written, after writing what has not been lately. */
  async close(open: Iterable<SharedMailbox>): Promise<void> {
    for (const shared of open) this.#keepIf(shared, 1 / 20);
    await this.#writes;
  }

  /** The mailbox is no more. */
  async forget(mailboxId: MailboxId): Promise<void> {
    const { columnsFolder: folder } = this.#deps;
    const ofMailbox = new RegExp(`^\\d+-${mailboxId}-`);
    const files = await readdir(folder).catch(() => []);
    await Promise.all(files.filter((file) => ofMailbox.test(file)).map((file) => this.#drop(file)));
  }

  #keepIf(shared: SharedMailbox, share: number): void {
    const limit = share * this.#limitOf(shared.columns.count);
    if (!this.isLarge(shared.columns.count) || this.#waiting.has(shared)) return;
    if (shared.changesSinceKept === 0 || shared.changesSinceKept < limit) return;
    this.#waiting.add(shared);
    this.#writes = this.#writes.then(() => this.#keep(shared));
  }

  #limitOf(messages: number): number {
    return Math.max(this.#deps.keptColumnsFrom, Math.min(messages * MANY_SHARE, MANY));
  }

  async #keep(shared: SharedMailbox): Promise<void> {
    const { columnsFolder: folder, writer, random, log, feedId } = this.#deps;
    this.#waiting.delete(shared);
    if (shared.isGone || shared.isBeingRead) return;
    const file = `${writer.writerId}-${shared.id}-${Buffer.from(random.bytes(16)).toString("hex")}.col`;
    await shared.load("all")?.catch(() => undefined);
    const { columns } = shared;
    const about = {
      ...sumsOf(columns),
      firstUnseen: columns.firstUnseen() === -1 ? columns.count : columns.firstUnseen(),
      mailboxId: shared.id,
      file,
      uidValidity: shared.info.uidValidity,
      feedId: shared.followedUntil ?? feedId(),
      modSeq: shared.highestModSeq,
      uidNext: shared.uidNext,
    };
    shared.changesSinceKept = 0;
    try {
      const checksums = await writeColumns(join(folder, file), shared.id, columns);
      if (checksums === undefined) {
        // Messages went while it was written: once more, but not at once.
        shared.changesSinceKept = this.#limitOf(shared.columns.count) / 2;
        return await this.#drop(file);
      }
      const unneeded = await writer.submit("keepColumns", () => ({ ...about, checksums }));
      for (const name of unneeded) await this.#drop(name);
    } catch (error) {
      log.warn("store.columns-not-kept", { mailboxId: shared.id, problem: String(error) });
      await this.#drop(file);
    }
  }

  async #drop(file: string): Promise<void> {
    await unlink(join(this.#deps.columnsFolder, file)).catch(() => undefined);
  }
}
