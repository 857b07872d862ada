/**
 * SORT and UID SORT (RFC 5256 §3, RFC 5267, RFC 5957). Keys come from the columns and from the stored
 * heads, one column a criterion; what is sorted are positions in them.
 */

import { compareCodePoints } from "../../base/unicode-casemap.ts";
import { no, okay } from "../../imap/completion.ts";
import type { SortCommand, SortCriterion } from "../../imap/command/sort.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { MessageHead } from "../../store/mail.ts";
import { savedOf, writeEsearch } from "./esearch-answer.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMessages, returnedBy, type FoundMessages } from "./run-search.ts";
import { fold } from "./search-text.ts";
import { Slicer } from "./slicer.ts";
import { sortSliced } from "./sliced-sort.ts";
import { writeNumbers } from "./write-numbers.ts";

const BATCH = 256;

type Column = (string | number)[];

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
  const ordered: number[] = [];
  for (const index of order) ordered.push(numbers[index]);
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
  const columns: Column[] = criteria.map(() => []);
  const open = session.selected?.open;
  if (open === undefined) return columns;
  const names = headNames(criteria);
  for (let from = 0; from < found.uids.length; from += BATCH) {
    const batch = found.uids.slice(from, from + BATCH);
    const ids = batch.map((uid) => open.messageIds[open.indexOfUid(uid)] ?? 0);
    const heads = names.length > 0 ? await session.deps.store.mail.heads(ids, names) : [];
    for (const [index, uid] of batch.entries()) {
      const position = open.indexOfUid(uid);
      const head = heads[index] ?? NO_HEAD;
      const arrivalMs = open.internalDatesMs[position] ?? 0;
      const sizeOctets = open.sizesOctets[position] ?? 0;
      for (const [column, { key }] of criteria.entries()) {
        const score = scoreOf(uid);
        columns[column].push(valueOf(key, { head, arrivalMs, sizeOctets, score }));
      }
    }
    if (slicer.isDue(BATCH)) await slicer.rest();
    if (context.isCancelled()) break;
    await context.progress.report(from, found.uids.length);
  }
  return columns;
}

type SortHead = Pick<
  MessageHead,
  "sentMs" | "baseSubject" | "from" | "to" | "cc" | "displayFrom" | "displayTo"
>;

const NO_HEAD: Partial<SortHead> = {};

const HEAD_OF_KEY: Readonly<Partial<Record<SortCriterion["key"], keyof SortHead>>> = {
  DATE: "sentMs",
  SUBJECT: "baseSubject",
  FROM: "from",
  TO: "to",
  CC: "cc",
  DISPLAYFROM: "displayFrom",
  DISPLAYTO: "displayTo",
};

function headNames(criteria: readonly SortCriterion[]): (keyof SortHead)[] {
  const names = criteria.flatMap(({ key }) => HEAD_OF_KEY[key] ?? []);
  return [...new Set(names)].sort();
}

type Known = {
  readonly head: Partial<SortHead>;
  readonly arrivalMs: number;
  readonly sizeOctets: number;
  readonly score: number;
};

function valueOf(key: SortCriterion["key"], known: Known): string | number {
  const { head, arrivalMs, sizeOctets } = known;
  switch (key) {
    case "ARRIVAL":
      return arrivalMs;
    case "SIZE":
      return sizeOctets;
    case "RELEVANCY":
      // RFC 6203 §5: the nearest come first.
      return -known.score;
    case "DATE":
      // RFC 5256 §2.2: without a valid Date field, INTERNALDATE.
      return head.sentMs ?? arrivalMs;
    case "SUBJECT":
      return fold(head.baseSubject ?? "");
    case "FROM":
      return fold(head.from ?? "");
    case "TO":
      return fold(head.to ?? "");
    case "CC":
      return fold(head.cc ?? "");
    case "DISPLAYFROM":
      return fold(head.displayFrom ?? "");
    case "DISPLAYTO":
      return fold(head.displayTo ?? "");
  }
}

/** By the criteria in order; equals by sequence number (RFC 5256 §3). */
function comparator(
  columns: readonly Column[],
  criteria: readonly SortCriterion[],
): (a: number, b: number) => number {
  return (a, b) => {
    for (const [at, { isReverse }] of criteria.entries()) {
      const left = columns[at][a];
      const right = columns[at][b];
      if (left === right) continue;
      const isBefore =
        typeof left === "string" && typeof right === "string"
          ? compareCodePoints(left, right) < 0
          : left < right;
      return isBefore === isReverse ? 1 : -1;
    }
    return a - b;
  };
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
