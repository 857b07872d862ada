/**
 * Messages of one mailbox, named by runs of UIDs, read and counted by SQLite itself: a row that
 * becomes an object, or a statement for each row, costs several times what the database does.
 */

import type { Database, Value } from "./database.ts";
import { ALL_FLAGS, type FlagBits } from "./flag-bits.ts";
import { countIn, runsOf, type Runs } from "./number-runs.ts";

/**
 * The end of a statement. Its values: `runList` of the runs, and the mailbox. Rows come in the order
 * of their UIDs, since runs ascend and the join is not turned round.
 */
export const IN_RUNS = `FROM json_each(?) AS run CROSS JOIN entry WHERE mailbox_id = ?
  AND uid BETWEEN (run.value & 4294967295) AND (run.value & 4294967295) + (run.value >> 32)`;

const UID_VALUES = 2 ** 32;
/** So that a run is an integer that JavaScript counts with. */
const MAX_RUN = 2 ** 20;

/** Each run as one integer: its first UID in the lower 32 bits, how many follow it above. */
export function runList(runs: Runs): string {
  const list: number[] = [];
  for (let at = 0; at < runs.length; at += 2) {
    for (let first = runs[at]; first <= runs[at + 1]; first += MAX_RUN) {
      list.push(first + Math.min(runs[at + 1] - first, MAX_RUN - 1) * UID_VALUES);
    }
  }
  return JSON.stringify(list);
}

/** What counters need to know of some messages. */
export type Tally = {
  readonly messages: number;
  readonly octets: number;
  readonly unseen: number;
  readonly deleted: number;
  /** Any has keywords. */
  readonly hasKeywords: boolean;
};

const TALLY = `SELECT count(*), coalesce(sum(size_octets), 0), coalesce(sum((flags & ?1 & 1) = 0), 0),
  coalesce(sum((flags & ?1 & 8) <> 0), 0), coalesce(max((flags & ?1) > 255 OR (flags_high & ?2) <> 0), 0)
  ${IN_RUNS}`;

/** With only the flags of `mask`. */
export function tallyOf(
  database: Database,
  mailboxId: number,
  runs: Runs,
  mask: FlagBits = ALL_FLAGS,
): Tally {
  const [found] = database.arrays(TALLY, mask.low, mask.high, runList(runs), mailboxId);
  const [messages, octets, unseen, deleted, keywords] = found as number[];
  return { messages, octets, unseen, deleted, hasKeywords: keywords !== 0 };
}

const NUMBER_OF = `SELECT count(*) ${IN_RUNS}`;
const UIDS = `SELECT uid ${IN_RUNS}`;
const DELETED_UIDS = `${UIDS} AND flags & 8`;
const ALL_UIDS = "SELECT uid FROM entry WHERE mailbox_id = ? ORDER BY uid";
const ALL_DELETED_UIDS = "SELECT uid FROM entry WHERE mailbox_id = ? AND flags & 8 ORDER BY uid";

/** Those of `runs` that exist. */
export function existingRuns(database: Database, mailboxId: number, runs: Runs): Runs {
  const list = runList(runs);
  const [[count]] = database.arrays(NUMBER_OF, list, mailboxId);
  if (count === countIn(runs)) return runs;
  return runsOf(firstOfEach(database.arrays(UIDS, list, mailboxId)));
}

/** Those of `runs`, or of all, that exist and, if asked for, are flagged deleted. */
export function removableRuns(
  database: Database,
  mailboxId: number,
  runs: Runs | "all",
  onlyDeleted: boolean,
): Runs {
  if (runs !== "all") {
    if (!onlyDeleted) return existingRuns(database, mailboxId, runs);
    return runsOf(firstOfEach(database.arrays(DELETED_UIDS, runList(runs), mailboxId)));
  }
  const sql = onlyDeleted ? ALL_DELETED_UIDS : ALL_UIDS;
  return runsOf(firstOfEach(database.arrays(sql, mailboxId)));
}

function firstOfEach(rows: readonly Value[][]): number[] {
  return rows.map((row) => row[0] as number);
}
