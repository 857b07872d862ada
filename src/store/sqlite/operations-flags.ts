/** STORE: flags of messages in a mailbox. */

import { DELETED, SEEN, type FlagChange } from "../mail.ts";
import type { CommitContext } from "./commit-context.ts";
import { flagsIn } from "./entry-rows.ts";
import { IN_RUNS, runList } from "./entry-runs.ts";
import type { FlagBits } from "./flag-bits.ts";
import { FEED_FLAGS, type FlagOperation } from "./feed-entry.ts";
import type { MailboxState } from "./ledger.ts";
import { countIn, runsOf, type Runs } from "./number-runs.ts";
import type { AnswerOf, RequestOf } from "./requests.ts";

const CHANGE_FLAGS = `UPDATE entry SET flags = (flags & ?) | ?, flags_high = (flags_high & ?) | ?, mod_seq = ?
  WHERE mailbox_id = ? AND uid BETWEEN ? AND ?`;
const ROWS = `SELECT uid, flags, flags_high, mod_seq ${IN_RUNS}`;
const LOW_AFTER = "((flags & ?1) | ?2)";
const HIGH_AFTER = "((flags_high & ?3) | ?4)";
/** How many will change, and what of them the mailbox counts, before and after. */
const OUTLOOK = `SELECT coalesce(sum(mod_seq <= ?5 AND (flags <> ${LOW_AFTER} OR flags_high <> ${HIGH_AFTER})), 0),
  coalesce(sum((${LOW_AFTER} & 1 = 0) - (flags & 1 = 0)), 0),
  coalesce(sum((${LOW_AFTER} & 8 <> 0) - (flags & 8 <> 0)), 0) ${IN_RUNS}`;

type Changing = {
  readonly mailbox: MailboxState;
  readonly uids: Runs;
  readonly limit: number;
};

type Recount = { readonly unseen: number; readonly deleted: number };

export function changeFlags(
  context: CommitContext,
  request: RequestOf<"changeFlags">,
): AnswerOf<"changeFlags"> {
  const { uids, change, mask } = request;
  const mailbox = context.ledger.mailbox(request.mailboxId);
  const limit = change.unchangedSince ?? Number.MAX_SAFE_INTEGER;
  const changing = { mailbox, uids, limit };
  const known = mailbox.keywords;
  // A keyword is made only when there is a message to give it to.
  const makesKeywords = change.action !== "remove" && !change.flags.every(isKnownIn(mailbox));
  if (!makesKeywords) {
    const operation = operationOf(change, bitsToChange(context, mailbox, change), mask);
    const recount = outlook(context, changing, operation);
    if (recount !== undefined) {
      const modSeq = write(context, mailbox, { uids, operation, recount, known });
      return { changed: uids, unchanged: [], modified: [], modSeq };
    }
  }
  return changeSome(context, changing, request);
}

/** What the counters will be told if every message there changes; undefined if not every one does. */
function outlook(
  { database }: CommitContext,
  { mailbox, uids, limit }: Changing,
  { keptLow, setLow, keptHigh, setHigh }: FlagOperation,
): Recount | undefined {
  const bits = [keptLow, setLow, keptHigh, setHigh];
  const [found] = database.arrays(OUTLOOK, ...bits, limit, runList(uids), mailbox.id);
  const [changes, unseen, deleted] = found as number[];
  return changes > 0 && changes === countIn(uids) ? { unseen, deleted } : undefined;
}

/** Looks at each message: some have gone, some have changed since, some are as wished already. */
function changeSome(
  context: CommitContext,
  { mailbox, uids, limit }: Changing,
  { change, mask }: RequestOf<"changeFlags">,
): AnswerOf<"changeFlags"> {
  const rows = context.database.arrays(ROWS, runList(uids), mailbox.id) as number[][];
  const modified = runsOf(rows.filter(([, , , modSeq]) => modSeq > limit).map(([uid]) => uid));
  const candidates = rows.filter(([, , , modSeq]) => modSeq <= limit);
  const known = mailbox.keywords;
  const bits = candidates.length > 0 ? bitsToChange(context, mailbox, change) : NO_FLAGS;
  const operation = operationOf(change, bits, mask);
  const { keptLow, setLow, keptHigh, setHigh } = operation;
  const changed: number[] = [];
  const unchanged: number[] = [];
  let unseen = 0;
  let deleted = 0;
  for (const [uid, low, high] of candidates) {
    const after = ((low & keptLow) | setLow) >>> 0;
    if (after === low && ((high & keptHigh) | setHigh) >>> 0 === high) {
      unchanged.push(uid);
      continue;
    }
    changed.push(uid);
    unseen += ((low & SEEN) !== 0 ? 1 : 0) - ((after & SEEN) !== 0 ? 1 : 0);
    deleted += ((after & DELETED) !== 0 ? 1 : 0) - ((low & DELETED) !== 0 ? 1 : 0);
  }
  const answer = { changed: runsOf(changed), unchanged: runsOf(unchanged), modified };
  if (changed.length === 0) return { ...answer, modSeq: mailbox.highestModSeq };
  const recount = { unseen, deleted };
  const modSeq = write(context, mailbox, { uids: answer.changed, operation, recount, known });
  return { ...answer, modSeq };
}

type Written = {
  readonly uids: Runs;
  readonly operation: FlagOperation;
  readonly recount: Recount;
  /** The mailbox's keywords as they were. */
  readonly known: readonly string[];
};

function write(
  { database, ledger }: CommitContext,
  mailbox: MailboxState,
  { uids, operation, recount, known }: Written,
): number {
  const modSeq = ledger.takeModSeq(mailbox);
  const { keptLow, setLow, keptHigh, setHigh } = operation;
  const what = [keptLow, setLow, keptHigh, setHigh, modSeq, mailbox.id];
  for (let at = 0; at < uids.length; at += 2) {
    database.run(CHANGE_FLAGS, ...what, uids[at], uids[at + 1]);
  }
  mailbox.unseen += recount.unseen;
  mailbox.deleted += recount.deleted;
  return ledger.enter(mailbox, FEED_FLAGS, uids, {
    modSeq,
    operation,
    ...(mailbox.keywords !== known && { keywords: mailbox.keywords }),
  });
}

const NO_FLAGS: FlagBits = { low: 0, high: 0 };

function isKnownIn({ keywords }: MailboxState): (name: string) => boolean {
  const known = new Set(keywords.map((keyword) => keyword.toLowerCase()));
  return (name) => name.startsWith("\\") || known.has(name.toLowerCase());
}

function bitsToChange(context: CommitContext, mailbox: MailboxState, change: FlagChange): FlagBits {
  if (change.action !== "remove") return flagsIn(context.ledger.change(mailbox), change.flags);
  // Taking away a keyword nobody has does not make it.
  return flagsIn(mailbox, change.flags.filter(isKnownIn(mailbox)));
}

/** Some bits are kept, others set. Only bits of `mask` change. */
function operationOf(
  { action }: FlagChange,
  bits: FlagBits,
  mask: FlagBits | undefined,
): FlagOperation {
  const [keptLow, setLow] = keptAndSet(action, bits.low, mask?.low);
  const [keptHigh, setHigh] = keptAndSet(action, bits.high, mask?.high);
  return { keptLow, setLow, keptHigh, setHigh };
}

function keptAndSet(
  action: FlagChange["action"],
  bits: number,
  mask = ~0,
): readonly [kept: number, set: number] {
  const meant = (bits & mask) >>> 0;
  if (action === "add") return [0xffffffff, meant];
  if (action === "remove") return [~meant >>> 0, 0];
  return [~mask >>> 0, meant];
}
