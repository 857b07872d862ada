/**
 * The columns of a mailbox that come after it has been opened: from its file one after another, in the
 * order in which mail programs ask for them, at once for whoever cannot wait, and from the rows where
 * the file turns out to be damaged.
 */

import { setImmediate } from "node:timers/promises";

import type { Column } from "./column-changes.ts";
import type { ColumnsFile } from "./columns-file.ts";
import type { Database } from "./database.ts";
import {
  FLAGS,
  FLAGS_HIGH,
  INTERNAL_DATES_MS,
  MailboxColumns,
  MESSAGE_IDS,
  MOD_SEQS,
  SAVED_DATES_MS,
  SIZES_OCTETS,
  THREAD_IDS,
  UIDS,
  type ColumnSource,
} from "./mailbox-columns.ts";
import type { KeptColumns } from "./kept-columns.ts";

const ORDER = [
  UIDS,
  FLAGS,
  FLAGS_HIGH,
  MOD_SEQS,
  MESSAGE_IDS,
  SIZES_OCTETS,
  INTERNAL_DATES_MS,
  THREAD_IDS,
  SAVED_DATES_MS,
];
/** So many of them say which messages there are and how they are flagged. */
const FLAGS_AMONG = 4;
/** By the order of columns. */
const ROW_COLUMNS = [
  "uid",
  "flags",
  "flags_high",
  "size_octets",
  "mod_seq",
  "message_id",
  "internal_date_ms",
  "saved_date_ms",
  "thread_id",
];

export class LateColumns implements ColumnSource {
  readonly columns: MailboxColumns;
  readonly #file: ColumnsFile;
  readonly #database: Database;
  readonly #kept: KeptColumns;
  readonly #onDamage: () => void;
  /** By order. */
  #coming: readonly Promise<void>[] | undefined;

  constructor(
    file: ColumnsFile,
    from: {
      readonly kept: KeptColumns;
      readonly database: Database;
      readonly onDamage: () => void;
    },
  ) {
    this.#file = file;
    this.#database = from.database;
    this.#kept = from.kept;
    this.#onDamage = from.onDamage;
    const { messages: count, firstUnseen } = from.kept;
    this.columns = new MailboxColumns({ source: this, count, lastUid: file.lastUid, firstUnseen });
  }

  get isDone(): boolean {
    return this.columns.isWhole;
  }

  /** Begins to read, if nobody has; resolves when what says which messages there are and how they are flagged, or all, is there. */
  load(what: "flags" | "all"): Promise<void> {
    this.#coming ??= this.#readAll();
    return this.#coming[(what === "flags" ? FLAGS_AMONG : ORDER.length) - 1];
  }

  readNow(index: number, column: Column): boolean {
    const isIntact = this.#file.readNow(index, column);
    if (!isIntact) this.#onDamage();
    return isIntact;
  }

  readRows(index: number, column: Column, uids: Uint32Array): void {
    const rows = this.#database.arrays(
      `SELECT ${ROW_COLUMNS[index]}, uid FROM entry WHERE mailbox_id = ? ORDER BY uid`,
      this.#kept.mailboxId,
    );
    let at = 0;
    for (const [value, uid] of rows as [number, number][]) {
      while (at < uids.length && uids[at] < uid) at++;
      if (uids[at] === uid) column[at] = value;
    }
  }

  /** A promise for each column. */
  #readAll(): readonly Promise<void>[] {
    const coming: Promise<void>[] = [];
    let before = Promise.resolve();
    for (const index of ORDER) {
      before = before.then(() => this.#read(index));
      coming.push(before);
    }
    // Who waits hears of it; nobody may wait.
    for (const each of coming) each.catch(() => {});
    return coming;
  }

  async #read(index: number): Promise<void> {
    const { columns } = this;
    if (!columns.isLate(index)) return;
    const column = columns.blank(index);
    const isIntact = await this.#file.read(index, column.subarray(0, this.#kept.messages));
    if (isIntact) columns.came(index, column);
    // Damaged, which is found once more and made good.
    else columns.need(index);
    // Others have their turn between two columns.
    await setImmediate();
  }
}
