/** COPY and MOVE: messages already in a mailbox get a place in another. */

import type { MessageId } from "../octets.ts";
import type { CommitContext } from "./commit-context.ts";
import { checkQuota, countTally, flagsIn, takeUids } from "./entry-rows.ts";
import { existingRuns, IN_RUNS, removableRuns, runList, tallyOf } from "./entry-runs.ts";
import { ALL_FLAGS, keywordsOf, type FlagBits } from "./flag-bits.ts";
import { FEED_ADDED } from "./feed-entry.ts";
import type { MailboxState } from "./ledger.ts";
import { type Runs } from "./number-runs.ts";
import { removeEntries } from "./operations-expunge.ts";
import type { AnswerOf, RequestOf } from "./requests.ts";
import { threadOfStored } from "./thread-of.ts";

const INTO = `INSERT INTO entry (mailbox_id, uid, message_id, flags, flags_high, mod_seq,
  internal_date_ms, saved_date_ms, size_octets, prefix, thread_id)`;
const INSERT_RUN = `${INTO} SELECT ?1, uid + ?2, message_id, flags & ?3, flags_high & ?4, ?5,
  internal_date_ms, ?6, size_octets, prefix, thread_id FROM entry
  WHERE mailbox_id = ?7 AND uid BETWEEN ?8 AND ?9`;
const INSERT_ONE = `${INTO} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const ROWS = `SELECT message_id, flags & ?1, flags_high & ?2, internal_date_ms, size_octets, prefix,
  thread_id ${IN_RUNS}`;
const KEYWORDS = `SELECT DISTINCT flags & ?1 & 4294967040, flags_high & ?2 ${IN_RUNS}`;

export function copy(context: CommitContext, request: RequestOf<"copy">): AnswerOf<"copy"> {
  const { ledger, database } = context;
  const { removes, mask = ALL_FLAGS } = request;
  const from = ledger.mailbox(request.fromId);
  const to = ledger.mailbox(request.toId);
  const uids = existingRuns(database, from.id, request.uids);
  return copyEntries(context, { from, to, uids, mask }, removes);
}

/** For RENAME of INBOX. */
export function moveAll(context: CommitContext, from: MailboxState, to: MailboxState): void {
  const uids = removableRuns(context.database, from.id, "all", false);
  copyEntries(context, { from, to, uids, mask: ALL_FLAGS }, true);
}

type Copying = {
  readonly from: MailboxState;
  readonly to: MailboxState;
  /** In `from`; all of them are there. */
  readonly uids: Runs;
  /** Flags that may not be set in the mailbox copied to are left behind (RFC 4314 §4). */
  readonly mask: FlagBits;
};

function copyEntries(context: CommitContext, copying: Copying, removes: boolean): AnswerOf<"copy"> {
  const { ledger } = context;
  const { from, to, uids, mask } = copying;
  const { uidValidity } = to;
  if (uids.length === 0) return { uidValidity, from: [], to: [] };
  const tally = tallyOf(context.database, from.id, uids, mask);
  if (!removes || from.accountId !== to.accountId) {
    checkQuota(context, to.accountId, tally.octets, tally.messages);
  }
  const known = ledger.change(to).keywords;
  const modSeq = ledger.takeModSeq(to);
  const firstUid = takeUids(to, tally.messages);
  const isAlike =
    from.accountId === to.accountId && (!tally.hasKeywords || areKeywordsAlike(context, copying));
  if (isAlike) insertRuns(context, copying, { firstUid, modSeq });
  else insertOneByOne(context, copying, { firstUid, modSeq });
  countTally(context, to, tally, 1);
  const added = [firstUid, firstUid + tally.messages - 1];
  ledger.enter(to, FEED_ADDED, added, {
    modSeq,
    ...(to.keywords !== known && { keywords: to.keywords }),
  });
  if (removes) removeEntries(context, from, uids, "kept");
  return { uidValidity, from: uids, to: added };
}

type Place = { readonly firstUid: number; readonly modSeq: number };

function insertRuns(
  { database, nowMs }: CommitContext,
  { from, to, uids, mask }: Copying,
  { firstUid, modSeq }: Place,
): void {
  let next = firstUid;
  for (let at = 0; at < uids.length; at += 2) {
    const [first, last] = [uids[at], uids[at + 1]];
    const what = [mask.low, mask.high, modSeq, nowMs];
    database.run(INSERT_RUN, to.id, next - first, ...what, from.id, first, last);
    next += last - first + 1;
  }
}

/** Where flags or threads are others in the mailbox copied to. */
function insertOneByOne(
  context: CommitContext,
  { from, to, uids, mask }: Copying,
  { firstUid, modSeq }: Place,
): void {
  const { database, nowMs } = context;
  const isSameAccount = from.accountId === to.accountId;
  let uid = firstUid;
  for (const row of database.arrays(ROWS, mask.low, mask.high, runList(uids), from.id)) {
    const [messageId, low, high, internalDateMs, size] = row as number[];
    const flags = translateFlags({ low, high }, from, to);
    const thread = isSameAccount
      ? row[6]
      : threadOfStored(context, to.accountId, messageId as MessageId);
    const about = [messageId, flags.low, flags.high, modSeq, internalDateMs, nowMs, size];
    database.run(INSERT_ONE, to.id, uid++, ...about, row[5], thread);
  }
}

/** Whether every keyword in use is the same bit in both mailboxes; makes those that are new there. */
function areKeywordsAlike({ database }: CommitContext, { from, to, uids, mask }: Copying): boolean {
  const rows = database.arrays(KEYWORDS, mask.low, mask.high, runList(uids), from.id);
  let isAlike = true;
  for (const [low, high] of rows as number[][]) {
    const translated = translateFlags({ low, high }, from, to);
    isAlike &&= translated.low === low && translated.high === high;
  }
  return isAlike;
}

/** Keywords have their own places in each mailbox. */
function translateFlags(flags: FlagBits, from: MailboxState, to: MailboxState): FlagBits {
  if (flags.low < 256 && flags.high === 0) return flags;
  const bits = flagsIn(to, keywordsOf(flags, from.keywords));
  return { low: (bits.low | (flags.low & 0xff)) >>> 0, high: bits.high };
}
