/**
 * SORT and UID SORT (RFC 5256 §3, RFC 5267, RFC 5957). Keys come from the columns and from the stored
 * heads, one column a criterion; what is sorted are positions in them.
 */

import { compareCodePoints } from "../../base/unicode-casemap.ts";
import { no, okay } from "../../imap/completion.ts";
import type { SortCommand, SortCriterion } from "../../imap/command/sort.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { MessageHead } from "../../store/mail.ts";
import type { MessageId } from "../../store/octets.ts";
import { savedOf, writeEsearch } from "./esearch-answer.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMessages, returnedBy, type FoundMessages } from "./run-search.ts";
import { fold } from "./search-text.ts";
import { Slicer } from "./slicer.ts";
import { sortSliced } from "./sliced-sort.ts";
import { writeNumbers } from "./write-numbers.ts";

const BATCH = 256;

/** Numbers, or folded texts. */
type Column = Float64Array | string[];

export const runSort: Run<SortCommand> = async (session, command, context) => {
  const search = await findMessages(session, command, context);
  if (search.type === "refused") return search.completion;
  const { found } = search;
  const slicer = new Slicer(session.deps.clock);
  const columns = await keyColumns(session, search, { command, slicer, context });
  if (context.isCancelled()) return no("Cancelled");
  const order = new Uint32Array(found.uids.length);
  for (let at = 0; at < order.length; at++) order[at] = at;
  await sortSliced(order, comparator(columns, command.criteria), slicer);
  const uids = inOrder(found.uids, order);
  const returned = returnedBy(command);
  if (returned.returns.has("SAVE")) session.saved = savedOf(uids, returned);
  const numbers = command.isUid ? uids : inOrder(found.seqs, order);
  if (command.returns === undefined) await writeSort(context, numbers, { search, slicer });
  else {
    const { modSeqOf, scoreOf } = search;
    const { isUid } = command;
    const { tag, out } = context;
    writeEsearch(out, returned, { tag, isUid, uids, numbers, modSeqOf, scoreOf });
  }
  return okay("Sorted");
};

function inOrder(numbers: readonly number[], order: Uint32Array): number[] {
  // All at once: an array that grows is copied again and again, and nobody else has a turn.
  const ordered = numbers.slice();
  for (let at = 0; at < order.length; at++) ordered[at] = numbers[order[at]];
  return ordered;
}

async function keyColumns(
  session: MailSession,
  { found, scoreOf }: FoundMessages,
  work: {
    readonly command: SortCommand;
    readonly slicer: Slicer;
    readonly context: CommandContext;
  },
): Promise<Column[]> {
  const { command, slicer, context } = work;
  const { criteria } = command;
  const { uids } = found;
  const columns = criteria.map(({ key }): Column =>
    isNumber(key) ? new Float64Array(uids.length) : [],
  );
  const open = session.selected?.open;
  if (open === undefined) return columns;
  const { mail } = session.deps.store;
  const names = headNames(criteria);
  const needsDates = criteria.some(({ key }) => key === "DATE");
  for (let from = 0; from < uids.length; from += BATCH) {
    const to = Math.min(uids.length, from + BATCH);
    const ids: MessageId[] = [];
    const arrivalsMs = new Float64Array(to - from);
    const sizesOctets = new Uint32Array(to - from);
    let position = -1;
    for (let at = from; at < to; at++) {
      const isNext = position + 1 < open.count && open.uids[position + 1] === uids[at];
      position = isNext ? position + 1 : open.indexOfUid(uids[at]);
      // What is gone meanwhile has no date and no head.
      ids.push(open.messageIds[position] ?? 0);
      arrivalsMs[at - from] = open.internalDatesMs[position] ?? 0;
      sizesOctets[at - from] = open.sizesOctets[position] ?? 0;
    }
    const datesMs = needsDates ? await mail.sentDates(ids) : arrivalsMs;
    const heads = names.length > 0 ? await mail.heads(ids, names) : [];
    const known = { from, uids, scoreOf, datesMs, heads, arrivalsMs, sizesOctets };
    for (const [at, { key }] of criteria.entries()) fillColumn(columns[at], key, known);
    if (slicer.isDue(BATCH)) await slicer.rest();
    if (context.isCancelled()) break;
    await context.progress.report(from, uids.length);
  }
  return columns;
}

type SortHead = Pick<
  MessageHead,
  "baseSubject" | "from" | "to" | "cc" | "displayFrom" | "displayTo"
>;

const HEAD_OF_KEY: Readonly<Partial<Record<SortCriterion["key"], keyof SortHead>>> = {
  SUBJECT: "baseSubject",
  FROM: "from",
  TO: "to",
  CC: "cc",
  DISPLAYFROM: "displayFrom",
  DISPLAYTO: "displayTo",
};

function isNumber(key: SortCriterion["key"]): boolean {
  return HEAD_OF_KEY[key] === undefined;
}

function headNames(criteria: readonly SortCriterion[]): (keyof SortHead)[] {
  const names = criteria.flatMap(({ key }) => HEAD_OF_KEY[key] ?? []);
  return [...new Set(names)].sort();
}

/** Of the messages from place `from` on. */
type Known = {
  readonly from: number;
  readonly uids: readonly number[];
  readonly scoreOf: (uid: number) => number;
  readonly datesMs: Float64Array;
  readonly heads: readonly (Partial<SortHead> | undefined)[];
  readonly arrivalsMs: Float64Array;
  readonly sizesOctets: Uint32Array;
};

function fillColumn(column: Column, key: SortCriterion["key"], known: Known): void {
  const { from, arrivalsMs, datesMs, heads } = known;
  if (!(column instanceof Float64Array)) {
    const name = HEAD_OF_KEY[key];
    for (const head of heads) column.push(fold((name && head?.[name]) ?? ""));
  } else if (key === "ARRIVAL") column.set(arrivalsMs, from);
  else if (key === "SIZE") column.set(known.sizesOctets, from);
  else if (key === "DATE") {
    for (let at = 0; at < datesMs.length; at++) {
      // RFC 5256 §2.2: without a valid Date field, INTERNALDATE.
      column[from + at] = Number.isNaN(datesMs[at]) ? arrivalsMs[at] : datesMs[at];
    }
  } else {
    // RFC 6203 §5: the nearest come first.
    for (let at = from; at < from + arrivalsMs.length; at++) {
      column[at] = -known.scoreOf(known.uids[at]);
    }
  }
}

type Comparator = (a: number, b: number) => number;

/** By the criteria in order; equals by sequence number (RFC 5256 §3). */
function comparator(columns: readonly Column[], criteria: readonly SortCriterion[]): Comparator {
  const each = criteria.map(({ isReverse }, at) => columnComparator(columns[at], isReverse));
  if (each.length === 1) {
    const [only] = each;
    return (a, b) => only(a, b) || a - b;
  }
  return (a, b) => {
    for (const compare of each) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return a - b;
  };
}

function columnComparator(column: Column, isReverse: boolean): Comparator {
  if (column instanceof Float64Array) {
    return isReverse ? (a, b) => column[b] - column[a] : (a, b) => column[a] - column[b];
  }
  const compare = (a: number, b: number): number =>
    column[a] === column[b] ? 0 : compareCodePoints(column[a], column[b]);
  return isReverse ? (a, b) => compare(b, a) : compare;
}

/** RFC 7162 §3.1.5: with a MODSEQ key the highest is told. */
async function writeSort(
  { out }: CommandContext,
  numbers: readonly number[],
  { search, slicer }: { readonly search: FoundMessages; readonly slicer: Slicer },
): Promise<void> {
  const { found, usesModSeq } = search;
  out.text("* SORT");
  await writeNumbers(out, numbers, slicer);
  if (usesModSeq && numbers.length > 0) out.text(` (MODSEQ ${found.highestModSeq})`);
  out.line("");
}
