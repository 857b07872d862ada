/** Flags, copies, moves and expunges: what happens to messages already in a mailbox. */

import { DELETED, SEEN, type FlagChange } from "../mail.ts";
import type { MessageId } from "../octets.ts";
import type { CommitContext } from "./commit-context.ts";
import type { Value } from "./database.ts";
import { checkQuota, countAll, flagsIn, takeUid } from "./entry-rows.ts";
import { keywordsOf, type FlagBits } from "./flag-bits.ts";
import type { MailboxState } from "./ledger.ts";
import { FEED_ADDED, FEED_EXPUNGED, FEED_FLAGS } from "./feed-entry.ts";
import { type AnswerOf, type RequestOf } from "./requests.ts";
import { runsOf } from "./number-runs.ts";
import { rowsByKey } from "./rows-by-key.ts";
import { threadOfStored } from "./thread-of.ts";
import { release } from "./bury-messages.ts";

type EntryRow = {
  readonly uid: number;
  readonly messageId: MessageId;
  readonly flags: number;
  readonly flagsHigh: number;
  readonly modSeq: number;
  readonly internalDateMs: number;
  readonly size: number;
  readonly prefix: Uint8Array | null;
  readonly thread: number;
};

const COLUMNS = `uid, message_id AS messageId, flags, flags_high AS flagsHigh, mod_seq AS modSeq,
  internal_date_ms AS internalDateMs, size_octets AS size, prefix, thread_id AS thread`;
const ENTRIES = `SELECT ${COLUMNS} FROM entry WHERE mailbox_id = ? AND`;
const CHANGE_FLAGS = `UPDATE entry SET flags = (flags & ?) | ?, flags_high = (flags_high & ?) | ?, mod_seq = ?
  WHERE mailbox_id = ? AND uid BETWEEN ? AND ?`;
const ALL_ENTRIES = `SELECT ${COLUMNS} FROM entry WHERE mailbox_id = ? ORDER BY uid`;
const DELETED_ENTRIES = `SELECT ${COLUMNS} FROM entry WHERE mailbox_id = ? AND flags & ${DELETED} ORDER BY uid`;

/** From a row of COLUMNS. */
function entryOf(row: readonly Value[]): EntryRow {
  const messageId = row[1] as MessageId;
  const [uid, , flags, flagsHigh, modSeq, internalDateMs, size] = row as number[];
  const prefix = row[7] as Uint8Array | null;
  const thread = row[8] as number;
  return { uid, messageId, flags, flagsHigh, modSeq, internalDateMs, size, prefix, thread };
}

export function changeFlags(
  context: CommitContext,
  request: RequestOf<"changeFlags">,
): AnswerOf<"changeFlags"> {
  const { database, ledger } = context;
  const mailbox = ledger.mailbox(request.mailboxId);
  const entries = flagsOf(context, mailbox, request.uids);
  const limit = request.change.unchangedSince ?? Number.POSITIVE_INFINITY;
  const modified = entries.filter((entry) => entry.modSeq > limit).map(({ uid }) => uid);
  const candidates = entries.filter((entry) => entry.modSeq <= limit);
  const known = mailbox.keywords;
  const bits = candidates.length > 0 ? bitsToChange(context, mailbox, request.change) : NO_FLAGS;

  const lowBits = keptAndSet(request.change.action, bits.low, request.mask?.low);
  const highBits = keptAndSet(request.change.action, bits.high, request.mask?.high);
  const changed: number[] = [];
  const unchanged: number[] = [];
  const rows: number[] = [];
  let modSeq = mailbox.highestModSeq;
  for (const entry of candidates) {
    const low = ((entry.flags & lowBits.kept) | lowBits.set) >>> 0;
    const high = ((entry.flagsHigh & highBits.kept) | highBits.set) >>> 0;
    if (low === entry.flags && high === entry.flagsHigh) {
      unchanged.push(entry.uid);
      continue;
    }
    if (changed.length === 0) modSeq = ledger.takeModSeq(mailbox);
    recount(mailbox, entry.flags, low);
    changed.push(entry.uid);
    rows.push(entry.uid, low, high);
  }
  for (const { first, last } of runsOf(changed)) {
    const { kept, set } = lowBits;
    const where = [mailbox.id, first, last];
    database.run(CHANGE_FLAGS, kept, set, highBits.kept, highBits.set, modSeq, ...where);
  }
  if (changed.length > 0) {
    ledger.enter(mailbox, FEED_FLAGS, changed, {
      modSeq,
      rows,
      ...(mailbox.keywords !== known && { keywords: mailbox.keywords }),
    });
  }
  return { changed, unchanged, modified, modSeq };
}

const NO_FLAGS: FlagBits = { low: 0, high: 0 };

function bitsToChange(context: CommitContext, mailbox: MailboxState, change: FlagChange): FlagBits {
  if (change.action !== "remove") return flagsIn(context.ledger.change(mailbox), change.flags);
  // Taking away a keyword nobody has does not make it.
  const known = new Set(mailbox.keywords.map((keyword) => keyword.toLowerCase()));
  return flagsIn(
    mailbox,
    change.flags.filter((name) => name.startsWith("\\") || known.has(name.toLowerCase())),
  );
}

/** What a change does to flags: some bits are kept, others set. Only bits of `mask` change. */
function keptAndSet(
  action: FlagChange["action"],
  bits: number,
  mask = ~0,
): { readonly kept: number; readonly set: number } {
  const meant = (bits & mask) >>> 0;
  if (action === "add") return { kept: 0xffffffff, set: meant };
  if (action === "remove") return { kept: ~meant >>> 0, set: 0 };
  return { kept: ~mask >>> 0, set: meant };
}

function recount(mailbox: MailboxState, before: number, after: number): void {
  mailbox.unseen += ((before & SEEN) !== 0 ? 1 : 0) - ((after & SEEN) !== 0 ? 1 : 0);
  mailbox.deleted += ((after & DELETED) !== 0 ? 1 : 0) - ((before & DELETED) !== 0 ? 1 : 0);
}

export function copy(context: CommitContext, request: RequestOf<"copy">): AnswerOf<"copy"> {
  const from = context.ledger.mailbox(request.fromId);
  const to = context.ledger.mailbox(request.toId);
  const entries = entriesOf(context, from, request.uids);
  return copyEntries(context, from, entries, to, request);
}

/** For RENAME of INBOX. */
export function moveAll(context: CommitContext, from: MailboxState, to: MailboxState): void {
  copyEntries(context, from, context.database.all<EntryRow>(ALL_ENTRIES, from.id), to, {
    removes: true,
  });
}

function copyEntries(
  context: CommitContext,
  from: MailboxState,
  entries: readonly EntryRow[],
  to: MailboxState,
  { removes, mask }: { readonly removes: boolean; readonly mask?: FlagBits },
): AnswerOf<"copy"> {
  const { ledger } = context;
  const result = { uidValidity: to.uidValidity, from: [] as number[], to: [] as number[] };
  if (entries.length === 0) return result;
  if (!removes || from.accountId !== to.accountId) {
    checkQuota(
      context,
      to.accountId,
      entries.reduce((sum, { size }) => sum + size, 0),
      entries.length,
    );
  }
  const known = ledger.change(to).keywords;
  const modSeq = ledger.takeModSeq(to);
  const copies = entries.map((entry) => copyOf(context, masked(entry, mask), { from, to }));
  const rows: number[] = [];
  for (const [index, copied] of copies.entries()) {
    const { uid, messageId, flags, flagsHigh, internalDateMs, size, prefix, thread } = copied;
    const about = [messageId, flags, flagsHigh, modSeq, internalDateMs, context.nowMs, size];
    context.database.run(INSERT_COPY, to.id, uid, ...about, prefix, thread);
    rows.push(uid, flags, flagsHigh, messageId, internalDateMs, context.nowMs, size, thread);
    result.from.push(entries[index].uid);
    result.to.push(uid);
  }
  countAll(context, to, copies, 1);
  ledger.enter(to, FEED_ADDED, result.to, {
    modSeq,
    rows,
    ...(to.keywords !== known && { keywords: to.keywords }),
  });
  if (removes) removeEntries(context, from, entries, false);
  return result;
}

type Copying = { readonly from: MailboxState; readonly to: MailboxState };

function copyOf(context: CommitContext, entry: EntryRow, { from, to }: Copying): EntryRow {
  const uid = takeUid(to);
  const { low, high } = translateFlags(entry, from, to);
  const isSameAccount = from.accountId === to.accountId;
  const thread = isSameAccount
    ? entry.thread
    : threadOfStored(context, to.accountId, entry.messageId);
  return { ...entry, uid, flags: low, flagsHigh: high, thread };
}

const INSERT_COPY = `INSERT INTO entry (mailbox_id, uid, message_id, flags, flags_high, mod_seq,
  internal_date_ms, saved_date_ms, size_octets, prefix, thread_id)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

/** Flags that may not be set in the mailbox copied to are left behind (RFC 4314 §4). */
function masked(entry: EntryRow, mask: FlagBits | undefined): EntryRow {
  if (mask === undefined) return entry;
  const flags = (entry.flags & mask.low) >>> 0;
  return { ...entry, flags, flagsHigh: (entry.flagsHigh & mask.high) >>> 0 };
}

/** Keywords have their own places in each mailbox. */
function translateFlags(entry: EntryRow, from: MailboxState, to: MailboxState): FlagBits {
  if (entry.flags < 256 && entry.flagsHigh === 0) return { low: entry.flags, high: 0 };
  const names = keywordsOf({ low: entry.flags, high: entry.flagsHigh }, from.keywords);
  const bits = flagsIn(to, names);
  return { low: (bits.low | (entry.flags & 0xff)) >>> 0, high: bits.high };
}

export function expunge(
  context: CommitContext,
  request: RequestOf<"expunge">,
): AnswerOf<"expunge"> {
  const mailbox = context.ledger.mailbox(request.mailboxId);
  const entries =
    request.uids === "all"
      ? context.database.all<EntryRow>(
          request.onlyDeleted ? DELETED_ENTRIES : ALL_ENTRIES,
          mailbox.id,
        )
      : entriesOf(context, mailbox, request.uids).filter(
          ({ flags }) => !request.onlyDeleted || (flags & DELETED) !== 0,
        );
  removeEntries(context, mailbox, entries, true);
  return entries.map(({ uid }) => uid);
}

export function expungeAll(context: CommitContext, mailbox: MailboxState): void {
  removeEntries(context, mailbox, context.database.all<EntryRow>(ALL_ENTRIES, mailbox.id), true);
}

function removeEntries(
  context: CommitContext,
  mailbox: MailboxState,
  entries: readonly EntryRow[],
  releases: boolean,
): void {
  if (entries.length === 0) return;
  context.ledger.change(mailbox);
  const uids = entries.map(({ uid }) => uid);
  for (const { first, last } of runsOf(uids)) {
    context.database.run(
      "DELETE FROM entry WHERE mailbox_id = ? AND uid BETWEEN ? AND ?",
      mailbox.id,
      first,
      last,
    );
  }
  countAll(context, mailbox, entries, -1);
  if (releases) {
    release(
      context,
      entries.map(({ messageId }) => messageId),
    );
  }
  context.ledger.enter(mailbox, FEED_EXPUNGED, uids);
}

type FlagsRow = Pick<EntryRow, "uid" | "flags" | "flagsHigh" | "modSeq">;

const FLAGS = "SELECT uid, flags, flags_high, mod_seq FROM entry WHERE mailbox_id = ? AND";

function flagsOf(
  context: CommitContext,
  mailbox: MailboxState,
  uids: readonly number[],
): FlagsRow[] {
  const source = { select: FLAGS, key: "uid", values: [mailbox.id] };
  return rowsByKey(context.database, source, ascending(uids)).flatMap((row) => {
    if (row === undefined) return [];
    const [uid, flags, flagsHigh, modSeq] = row as number[];
    return { uid, flags, flagsHigh, modSeq };
  });
}

/** Each once; nearly always they ascend already. */
function ascending(uids: readonly number[]): readonly number[] {
  return uids.every((uid, index) => index === 0 || uids[index - 1] < uid)
    ? uids
    : [...new Set(uids)].sort((a, b) => a - b);
}

/** The rows of `uids` that exist, ascending, each once. */
function entriesOf(
  context: CommitContext,
  mailbox: MailboxState,
  uids: readonly number[],
): EntryRow[] {
  const source = { select: ENTRIES, key: "uid", values: [mailbox.id] };
  return rowsByKey(context.database, source, ascending(uids)).flatMap((row) =>
    row === undefined ? [] : [entryOf(row)],
  );
}
