/**
 * One of our mailboxes into one of another server. Bears being run again from the start: what was
 * appended but not yet noted is found there by size, date and octets.
 */

import { appendMessages, type AppendOutcome } from "../../imap/client/append-messages.ts";
import type { ImapClient } from "../../imap/client/imap-client.ts";
import type { SelectedMailbox } from "../../imap/client/selected-mailbox.ts";
import { isFlag } from "../../imap/client/command.ts";
import type { Store } from "../../store/contract.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { ContentHash, contentHash } from "../content-hash.ts";
import type { ExportWish } from "../export-mail.ts";
import { KnownMessages, type KnownMessage } from "../known-messages.ts";
import { StoredMailbox, type StoredMessage } from "../stored-mailbox.ts";
import type { MailboxCounts, TransferReport } from "../transfer-report.ts";
import type { CopiedMailbox, CopiedMessage, CopyJournal } from "./copy-journal.ts";
import { batchesOf, flagText } from "./pull-mailbox.ts";
import type { RemoteServer } from "./remote-server.ts";

export type PushContext = {
  readonly store: Store;
  readonly server: RemoteServer;
  readonly wish: ExportWish;
  readonly report: TransferReport;
  readonly journal: CopyJournal;
};

export class MailboxPush {
  readonly #info: MailboxInfo;
  readonly #target: string | undefined;
  readonly #counts: MailboxCounts;
  readonly #context: PushContext;
  readonly #refused = new Set<number>();
  #stored: StoredMailbox | undefined;
  #doneMessages = 0;
  #doneOctets = 0;

  /** `target` undefined: a dry run into a mailbox that is not there yet. */
  constructor(
    info: MailboxInfo,
    target: string | undefined,
    counts: MailboxCounts,
    context: PushContext,
  ) {
    this.#info = info;
    this.#target = target;
    this.#counts = counts;
    this.#context = context;
  }

  /** Takes the mailbox as it is now. */
  async prepare(): Promise<void> {
    this.#stored = await StoredMailbox.open(this.#context.store, this.#info);
  }

  async run(client: ImapClient): Promise<void> {
    const stored = this.#stored;
    if (stored === undefined) return;
    if (this.#target === undefined) {
      this.#counts.added += stored.messages.length;
      return;
    }
    const { isDryRun } = this.#context.wish;
    const selected = await client.select(this.#target, { readOnly: isDryRun });
    const state = await this.#state(selected, this.#target);
    const missing = stored.messages.filter(
      ({ uid }) => state?.messages.has(uid) !== true && !this.#refused.has(uid),
    );
    if (isDryRun) this.#counts.added += missing.length;
    if (state === undefined || isDryRun) return;
    await this.#changeFlags(selected, stored, state);
    if (missing.length > 0) await this.#appendAll(client, selected, stored, missing, state);
  }

  async #state(selected: SelectedMailbox, target: string): Promise<CopiedMailbox | undefined> {
    const { journal, wish } = this.#context;
    const ids = [this.#info.name, this.#info.uidValidity, selected.uidValidity ?? 0] as const;
    const state = journal.mailbox(...ids, target);
    return state ?? (wish.isDryRun ? undefined : journal.begin(...ids, target));
  }

  async #changeFlags(
    selected: SelectedMailbox,
    stored: StoredMailbox,
    state: CopiedMailbox,
  ): Promise<void> {
    for (const { uid, flags } of stored.messages) {
      const copied = state.messages.get(uid);
      if (copied === undefined || copied.to === 0 || copied.flags === flagText(flags)) continue;
      const before = copied.flags.split(" ").filter((flag) => flag !== "");
      const added = permitted(
        selected,
        flags.filter((flag) => !before.includes(flag)),
      );
      const removed = permitted(
        selected,
        before.filter((flag) => !flags.includes(flag)),
      );
      if (added.length > 0) await selected.addFlags([copied.to], added);
      if (removed.length > 0) await selected.removeFlags([copied.to], removed);
      this.#counts.flagsChanged++;
      const line = { from: uid, to: copied.to, flags: flagText(flags) };
      await this.#context.journal.copied(this.#info.name, [line]);
    }
  }

  async #appendAll(
    client: ImapClient,
    selected: SelectedMailbox,
    stored: StoredMailbox,
    missing: readonly StoredMessage[],
    state: CopiedMailbox,
  ): Promise<void> {
    const known = await unmapped(selected, state);
    const total = this.#doneOctets + missing.reduce((sum, it) => sum + it.sizeOctets, 0);
    for (const batch of batchesOf(missing, this.#context.server.isShaky)) {
      const copied: CopiedMessage[] = [];
      const absent: StoredMessage[] = [];
      for (const message of batch) {
        const twin = await twinOf(stored, message, known);
        if (twin === undefined) absent.push(message);
        else copied.push({ from: message.uid, to: twin, flags: flagText(message.flags) });
      }
      this.#counts.duplicates += copied.length;
      await this.#context.journal.copied(this.#info.name, copied);
      await this.#append(client, selected, stored, absent);
      this.#context.server.progressed();
      this.#doneMessages += batch.length;
      this.#doneOctets += batch.reduce((sum, { sizeOctets }) => sum + sizeOctets, 0);
      this.#context.wish.onProgress?.({
        mailbox: this.#info.name,
        doneMessages: this.#doneMessages,
        doneOctets: this.#doneOctets,
        totalOctets: total,
      });
    }
  }

  async #append(
    client: ImapClient,
    selected: SelectedMailbox,
    stored: StoredMailbox,
    messages: readonly StoredMessage[],
  ): Promise<void> {
    if (messages.length === 0) return;
    const outcomes = await appendMessages(
      client.connection,
      selected.name,
      messages.map(({ uid, flags, dateMs, sizeOctets }) => ({
        flags: permitted(selected, flags),
        dateMs,
        octets: { sizeOctets, chunks: () => stored.content(uid) },
      })),
    );
    const copied = outcomes.flatMap((outcome, n) => this.#outcome(outcome, messages[n]));
    await this.#context.journal.copied(this.#info.name, copied);
  }

  #outcome(outcome: AppendOutcome, { uid, flags }: StoredMessage): CopiedMessage[] {
    if (outcome.kind === "appended") {
      this.#counts.added++;
      return [{ from: uid, to: outcome.uid ?? 0, flags: flagText(flags) }];
    }
    this.#refused.add(uid);
    this.#counts.skipped++;
    this.#context.report.problem(`${this.#info.name}, UID ${uid}`, outcome.refusal.message);
    return [];
  }
}

/** What the server keeps for good (RFC 9051 §7.1 PERMANENTFLAGS); keywords only where new ones may come. */
function permitted({ permanentFlags }: SelectedMailbox, flags: readonly string[]): string[] {
  const all = permanentFlags?.map((flag) => flag.toLowerCase());
  return flags.filter((flag) => {
    if (!isFlag(flag)) return false;
    if (all === undefined) return true;
    return all.includes(flag.toLowerCase()) || (!flag.startsWith("\\") && all.includes("\\*"));
  });
}

/** Messages there that the journal knows nothing of. */
async function unmapped(selected: SelectedMailbox, state: CopiedMailbox): Promise<KnownMessages> {
  const mapped = new Set([...state.messages.values()].map(({ to }) => to));
  const found: KnownMessage[] = [];
  if (selected.messages > 0) {
    await selected.fetch("1:*", ["size", "date"], ({ uid, sizeOctets, internalDateMs }) => {
      if (mapped.has(uid) || sizeOctets === undefined) return;
      found.push({ uid, sizeOctets, dateMs: internalDateMs ?? 0 });
    });
  }
  return new KnownMessages(found, async (uid) => {
    const hash = new ContentHash();
    const isThere = await selected.read(uid, "", (octets) => hash.add(octets));
    return isThere ? hash.end() : undefined;
  });
}

async function twinOf(
  stored: StoredMailbox,
  { uid, sizeOctets, dateMs }: StoredMessage,
  known: KnownMessages,
): Promise<number | undefined> {
  if (!known.mayHave(sizeOctets, dateMs)) return undefined;
  return known.take(sizeOctets, dateMs, await contentHash(stored.content(uid)));
}
