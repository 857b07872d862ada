/**
 * One mailbox of another server into one of ours. Bears being run again from the start, after a lost
 * connection or a crash: what the journal knows is not fetched again, and what was appended but not
 * yet noted is found by its octets.
 */

import type { ImapClient } from "../../imap/client/imap-client.ts";
import { readMessages } from "../../imap/client/read-messages.ts";
import type { SelectedMailbox } from "../../imap/client/selected-mailbox.ts";
import type { Store } from "../../store/contract.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import type { StagedMessage } from "../../store/octets.ts";
import { AppendBatch, type ReadyMessage } from "../append-batch.ts";
import { ContentHash } from "../content-hash.ts";
import { fittingFlags } from "../fitting-flags.ts";
import type { ImportWish } from "../import-mail.ts";
import type { KnownMessages } from "../known-messages.ts";
import { StoredMailbox } from "../stored-mailbox.ts";
import type { MailboxCounts, TransferReport } from "../transfer-report.ts";
import type { CopiedMailbox, CopiedMessage, CopyJournal } from "./copy-journal.ts";
import type { RemoteMailbox } from "./remote-mailboxes.ts";
import type { RemoteServer } from "./remote-server.ts";

export type PullContext = {
  readonly store: Store;
  readonly server: RemoteServer;
  readonly wish: ImportWish;
  readonly report: TransferReport;
  readonly journal: CopyJournal;
};

type Listed = {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly sizeOctets: number;
  readonly dateMs: number;
};

type Fetched = { readonly hash: ContentHash; readonly message: StagedMessage };
type Ready = ReadyMessage & { readonly listed: Listed };

const BATCH_MESSAGES = 50;
const BATCH_OCTETS = 8 * 1024 * 1024;

export class MailboxPull {
  readonly #remote: RemoteMailbox;
  readonly #info: MailboxInfo | undefined;
  readonly #counts: MailboxCounts;
  readonly #context: PullContext;
  #doneMessages = 0;
  #doneOctets = 0;
  #totalOctets = 0;
  /** UIDs that did not come, and must be looked at next time. */
  readonly #left = new Set<number>();

  /** `info` undefined: a dry run into a mailbox that is not there yet. */
  constructor(
    remote: RemoteMailbox,
    info: MailboxInfo | undefined,
    counts: MailboxCounts,
    context: PullContext,
  ) {
    this.#remote = remote;
    this.#info = info;
    this.#counts = counts;
    this.#context = context;
  }

  async run(client: ImapClient): Promise<void> {
    const selected = await client.select(this.#remote.remoteName, { readOnly: true });
    const state = await this.#state(selected);
    const seenModSeq = selected.highestModSeq;
    const { missing, changed } = await this.#compare(client, selected, state);
    await this.#changeFlags(changed, state);
    this.#totalOctets = this.#doneOctets + missing.reduce((sum, it) => sum + it.sizeOctets, 0);
    if (this.#info === undefined || this.#context.wish.isDryRun) {
      this.#counts.added += missing.length;
    } else if (missing.length > 0 && state !== undefined) {
      await this.#fetchAll(client, missing, state, this.#info);
    }
    const isComplete = this.#left.size === 0 && seenModSeq !== undefined;
    if (isComplete && state?.modSeq !== seenModSeq && !this.#context.wish.isDryRun) {
      await this.#context.journal.seen(this.#remote.remoteName, seenModSeq);
    }
  }

  async #state(selected: SelectedMailbox): Promise<CopiedMailbox | undefined> {
    const { journal, wish } = this.#context;
    const info = this.#info;
    if (info === undefined) return undefined;
    // RFC 9051 §2.3.1.1: a server without UIDVALIDITY has UIDs for the session only.
    const ids = [this.#remote.remoteName, selected.uidValidity ?? 0, info.uidValidity] as const;
    const state = journal.mailbox(...ids, info.name);
    if (state !== undefined && selected.uidValidity !== undefined) return state;
    return wish.isDryRun ? undefined : journal.begin(...ids, info.name);
  }

  async #compare(
    client: ImapClient,
    selected: SelectedMailbox,
    state: CopiedMailbox | undefined,
  ): Promise<{ missing: Listed[]; changed: Listed[] }> {
    const missing: Listed[] = [];
    const changed: Listed[] = [];
    if (selected.messages === 0) return { missing, changed };
    const hasModSeq = selected.highestModSeq !== undefined && hasCondstore(client);
    const since = hasModSeq ? state?.modSeq : undefined;
    if (since !== undefined && since === selected.highestModSeq) return { missing, changed };
    await selected.fetch(
      "1:*",
      ["flags", "size", "date"],
      ({ uid, flags = [], sizeOctets = 0, internalDateMs = 0 }) => {
        const listed = { uid, flags: fittingFlags(flags), sizeOctets, dateMs: internalDateMs };
        const copied = state?.messages.get(uid);
        if (copied === undefined) missing.push(listed);
        else if (copied.flags !== flagText(listed.flags)) changed.push(listed);
      },
      since,
    );
    return { missing: missing.filter((listed) => this.#mayCome(listed)), changed };
  }

  #mayCome({ uid, sizeOctets }: Listed): boolean {
    const { maxMessageOctets } = this.#context.wish;
    if (sizeOctets <= maxMessageOctets) return true;
    if (!this.#left.has(uid)) {
      this.#counts.skipped++;
      this.#context.report.problem(
        `${this.#remote.name}, UID ${uid}`,
        `the message is over ${maxMessageOctets} octets (--max-size)`,
      );
    }
    this.#left.add(uid);
    return false;
  }

  /** Flags follow the source where they changed there; what was changed only here stays. */
  async #changeFlags(changed: readonly Listed[], state: CopiedMailbox | undefined): Promise<void> {
    const info = this.#info;
    if (info === undefined || state === undefined || changed.length === 0) return;
    this.#counts.flagsChanged += changed.length;
    if (this.#context.wish.isDryRun) return;
    const { store, journal } = this.#context;
    const byFlags = Map.groupBy(changed, ({ flags }) => flagText(flags));
    for (const [text, messages] of byFlags) {
      const ours = messages.flatMap(({ uid }) => state.messages.get(uid)?.to ?? []);
      const flags = messages[0].flags;
      await store.mail.changeFlags(info.grant, ours, { action: "replace", flags });
      await journal.copied(
        this.#remote.remoteName,
        messages.map(({ uid }) => ({
          from: uid,
          to: state.messages.get(uid)?.to ?? 0,
          flags: text,
        })),
      );
    }
  }

  async #fetchAll(
    client: ImapClient,
    missing: readonly Listed[],
    state: CopiedMailbox,
    info: MailboxInfo,
  ): Promise<void> {
    const mapped = new Set([...state.messages.values()].map(({ to }) => to));
    const known =
      this.#context.wish.duplicates === "keep"
        ? undefined
        : (await StoredMailbox.open(this.#context.store, info)).known((uid) => !mapped.has(uid));
    for (const batch of batchesOf(missing, this.#context.server.isShaky)) {
      await this.#fetchBatch(client, batch, info, known);
      this.#context.server.progressed();
      this.#doneMessages += batch.length;
      this.#doneOctets += batch.reduce((sum, { sizeOctets }) => sum + sizeOctets, 0);
      this.#context.wish.onProgress?.({
        mailbox: this.#remote.name,
        doneMessages: this.#doneMessages,
        doneOctets: this.#doneOctets,
        totalOctets: this.#totalOctets,
      });
    }
  }

  async #fetchBatch(
    client: ImapClient,
    batch: readonly Listed[],
    info: MailboxInfo,
    known: KnownMessages | undefined,
  ): Promise<void> {
    const { store, journal } = this.#context;
    const fetched = await readMessages(
      client.connection,
      batch.map(({ uid }) => uid),
      () => placeFor(store),
      ({ message }) => void message.discard(),
    );
    const copied: CopiedMessage[] = [];
    const appends = new AppendBatch<Ready>(
      store,
      info,
      ({ listed }, to) => {
        this.#counts.added++;
        copied.push({ from: listed.uid, to, flags: flagText(listed.flags) });
      },
      (where, problem) => this.#context.report.problem(where, problem),
    );
    try {
      for (const listed of batch) {
        const found = fetched.get(listed.uid);
        if (found === undefined) {
          this.#left.add(listed.uid);
          continue;
        }
        const twin = await twinOf(found, listed, known);
        if (twin === undefined) await appends.add(this.#ready(listed, found));
        else {
          await found.message.discard();
          this.#counts.duplicates++;
          copied.push({ from: listed.uid, to: twin, flags: flagText(listed.flags) });
        }
      }
      await appends.flush();
    } finally {
      await journal.copied(this.#remote.remoteName, copied);
      for (const { message } of fetched.values()) await message.discard();
    }
  }

  #ready(listed: Listed, { message }: Fetched): Ready {
    const { flags, dateMs: internalDateMs, uid } = listed;
    return { where: `${this.#remote.name}, UID ${uid}`, message, flags, internalDateMs, listed };
  }
}

function placeFor(store: Store): Fetched & { write(octets: Uint8Array): Promise<void> } {
  const message = store.octets.stage();
  const hash = new ContentHash();
  return {
    message,
    hash,
    write: (octets) => {
      hash.add(octets);
      return message.write(octets);
    },
  };
}

async function twinOf(
  { hash }: Fetched,
  { dateMs }: Listed,
  known: KnownMessages | undefined,
): Promise<number | undefined> {
  if (known?.mayHave(hash.sizeOctets, dateMs) !== true) return undefined;
  return known.take(hash.sizeOctets, dateMs, hash.end());
}

export function hasCondstore(client: ImapClient): boolean {
  return client.has("CONDSTORE") || client.has("QRESYNC") || client.has("IMAP4REV2");
}

/** In one order, whatever order a server has them in. */
export function flagText(flags: readonly string[]): string {
  return [...flags].sort().join(" ");
}

export function* batchesOf<T extends { readonly sizeOctets: number }>(
  messages: readonly T[],
  isShaky: boolean,
): Generator<T[]> {
  const maxMessages = isShaky ? 1 : BATCH_MESSAGES;
  let batch: T[] = [];
  let octets = 0;
  for (const message of messages) {
    const isFull = batch.length >= maxMessages || octets + message.sizeOctets > BATCH_OCTETS;
    if (batch.length > 0 && isFull) {
      yield batch;
      batch = [];
      octets = 0;
    }
    batch.push(message);
    octets += message.sizeOctets;
  }
  if (batch.length > 0) yield batch;
}
