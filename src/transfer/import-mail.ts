/**
 * Brings mailboxes from a source into an account: mailboxes made, messages appended many at a time
 * with flags and dates, what is there already left alone, so that a run that was broken off is simply
 * repeated. What one message lacks is a line of the report and stops nothing.
 */

import { isMailError } from "../base/errors.ts";
import type { Store } from "../store/contract.ts";
import type { MailboxInfo } from "../store/mail.ts";
import type { StagedMessage } from "../store/octets.ts";
import { AppendBatch, type ReadyMessage } from "./append-batch.ts";
import { ContentHash } from "./content-hash.ts";
import { fittingFlags } from "./fitting-flags.ts";
import type { KnownMessages } from "./known-messages.ts";
import type { MailSource, SourceMailbox, SourceMessage } from "./mail-source.ts";
import { StoredMailbox } from "./stored-mailbox.ts";
import { targetName, type NamingWish } from "./target-name.ts";
import { TransferReport, type MailboxCounts, type ProgressNews } from "./transfer-report.ts";

export type ImportWish = NamingWish & {
  readonly accountId: number;
  /** `keep` takes also what is there already. */
  readonly duplicates: "skip" | "keep";
  readonly maxMessageOctets: number;
  /** Says what would be done, and does nothing. */
  readonly isDryRun: boolean;
  readonly onProgress?: (news: ProgressNews) => void;
};

export async function importMail(
  store: Store,
  source: MailSource,
  wish: ImportWish,
  report: TransferReport = new TransferReport(),
): Promise<TransferReport> {
  const importer = new Importer(store, source, wish, report);
  try {
    for (const mailbox of source.mailboxes) await importer.mailbox(mailbox);
    await importer.subscribe(source.subscriptions);
  } catch (error) {
    if (!isMailError(error, "over-quota")) throw error;
    report.stopped = `The mailbox is full: ${error.message}. What came before that is in place; run it again when there is room.`;
  }
  return report;
}

class Importer {
  readonly #store: Store;
  readonly #wish: ImportWish;
  readonly #report: TransferReport;
  readonly #totalOctets: number | undefined;
  readonly #names = new Map<string, string>();
  /** By target: two mailboxes of the source may become one of ours. */
  readonly #known = new Map<string, KnownMessages | undefined>();
  #doneMessages = 0;
  #doneOctets = 0;

  constructor(store: Store, source: MailSource, wish: ImportWish, report: TransferReport) {
    this.#store = store;
    this.#wish = wish;
    this.#report = report;
    const sizes = source.mailboxes.map(({ sizeOctets }) => sizeOctets ?? Number.NaN);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.#totalOctets = Number.isNaN(total) ? undefined : total;
  }

  async mailbox(mailbox: SourceMailbox): Promise<void> {
    const { accountId, isDryRun } = this.#wish;
    const name = targetName(mailbox, this.#wish, this.#store.mail.mailboxes(accountId));
    if (name === undefined) {
      this.#report.problem(mailbox.name, "the mailbox can have no such name here; use --map");
      return;
    }
    this.#names.set(mailbox.name, name);
    const counts = this.#report.mailbox(mailbox.name, name);
    const found = this.#store.mail.mailbox(accountId, name);
    let info = found;
    if (found === undefined && !isDryRun) {
      try {
        info = await this.#store.mail.createMailbox(accountId, name);
      } catch (error) {
        if (!isMailError(error, "refused")) throw error;
        this.#report.problem(mailbox.name, error.message);
        return;
      }
    }
    const known = await this.#knownIn(name, info);
    const batch = info && this.#batchFor(info, counts);
    try {
      for await (const message of mailbox.messages()) {
        await this.#message(message, counts, known, batch);
        this.#doneMessages++;
        this.#doneOctets += message.sizeOctets;
        this.#tell(mailbox.name);
      }
    } finally {
      await batch?.flush();
    }
    this.#tell(mailbox.name);
  }

  async subscribe(names: readonly string[] | undefined): Promise<void> {
    if (names === undefined || this.#wish.isDryRun) return;
    for (const name of names) {
      const ours = this.#names.get(name);
      if (ours !== undefined) await this.#store.mail.subscribe(this.#wish.accountId, ours, true);
    }
  }

  #batchFor(info: MailboxInfo, counts: MailboxCounts): AppendBatch<ReadyMessage> {
    return new AppendBatch(
      this.#store,
      info,
      () => counts.added++,
      (where, problem) => this.#report.problem(where, problem),
    );
  }

  async #knownIn(name: string, info: MailboxInfo | undefined): Promise<KnownMessages | undefined> {
    if (info === undefined || this.#wish.duplicates === "keep") return undefined;
    if (!this.#known.has(name)) {
      this.#known.set(name, (await StoredMailbox.open(this.#store, info)).known());
    }
    return this.#known.get(name);
  }

  async #message(
    source: SourceMessage,
    counts: MailboxCounts,
    known: KnownMessages | undefined,
    batch: AppendBatch<ReadyMessage> | undefined,
  ): Promise<void> {
    const { where, dateMs: internalDateMs } = source;
    const hash = new ContentHash();
    const message = this.#wish.isDryRun ? undefined : this.#store.octets.stage();
    const problem = await this.#take(source, hash, message);
    if (problem !== undefined) {
      await message?.discard();
      counts.skipped++;
      this.#report.problem(where, problem);
      return;
    }
    const twin =
      known?.mayHave(hash.sizeOctets, internalDateMs) === true
        ? await known.take(hash.sizeOctets, internalDateMs, hash.end())
        : undefined;
    if (twin !== undefined) {
      await message?.discard();
      counts.duplicates++;
    } else if (message === undefined) counts.added++;
    else await batch?.add({ where, message, internalDateMs, flags: fittingFlags(source.flags) });
  }

  /** Why the message cannot come, if it cannot. */
  async #take(
    source: SourceMessage,
    hash: ContentHash,
    message: StagedMessage | undefined,
  ): Promise<string | undefined> {
    const { maxMessageOctets } = this.#wish;
    const tooLarge = `the message is over ${maxMessageOctets} octets (--max-size)`;
    if (source.sizeOctets > maxMessageOctets) return tooLarge;
    try {
      for await (const chunk of source.content()) {
        hash.add(chunk);
        if (hash.sizeOctets > maxMessageOctets) return tooLarge;
        await message?.write(chunk);
      }
    } catch (error) {
      // A file that cannot be read is one message less; a store that cannot write is the end.
      if (isMailError(error, "not-found")) return error.message;
      await message?.discard();
      throw error;
    }
    return hash.sizeOctets === 0 ? "the message is empty" : undefined;
  }

  #tell(mailbox: string): void {
    this.#wish.onProgress?.({
      mailbox,
      doneMessages: this.#doneMessages,
      doneOctets: this.#doneOctets,
      totalOctets: this.#totalOctets,
    });
  }
}
