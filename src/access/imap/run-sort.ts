/**
 * SORT and UID SORT (RFC 5256 §3, RFC 5267, RFC 5957). Keys come from the columns and from the stored
 * envelopes, one column a criterion; what is sorted are positions in them.
 */

import { compareCodePoints } from "../../base/unicode-casemap.ts";
import { okay } from "../../imap/completion.ts";
import type { SortCommand, SortCriterion } from "../../imap/command/sort.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import { baseSubject } from "../../message/base-subject.ts";
import { parseDate } from "../../message/date.ts";
import { decodeWords } from "../../message/encoded-word.ts";
import { EnvelopeText } from "./envelope-text.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { findMessages, type Found } from "./run-search.ts";
import { fold } from "./search-text.ts";
import { Slicer } from "./slicer.ts";
import { sortSliced } from "./sliced-sort.ts";

const BATCH = 64;

type Column = (string | number)[];

export const runSort: Run<SortCommand> = async (session, command, context) => {
  const search = await findMessages(session, command, context);
  if (search.type === "refused") return search.completion;
  const { found } = search;
  const slicer = new Slicer(session.deps.clock);
  const columns = await keyColumns(session, found, { command, slicer, context });
  const order = Uint32Array.from(found.uids, (_, index) => index);
  await sortSliced(order, comparator(columns, command.criteria), slicer);
  const numbers = command.isUid ? found.uids : found.seqs;
  const sorted = Array.from(order, (index) => numbers[index]);
  if (command.returns?.has("SAVE")) session.saved = found.uids;
  answer(command, sorted, context);
  return okay("Sorted");
};

async function keyColumns(
  session: MailSession,
  found: Found,
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
  const needsEnvelope = criteria.some(({ key }) => key !== "ARRIVAL" && key !== "SIZE");
  for (let from = 0; from < found.uids.length; from += BATCH) {
    const positions = found.uids.slice(from, from + BATCH).map((uid) => open.indexOfUid(uid));
    const ids = positions.map((position) => open.messageIds[position] ?? 0);
    const details = needsEnvelope ? session.deps.store.mail.details(ids) : [];
    for (const [index, position] of positions.entries()) {
      const envelope = details[index]?.envelope;
      const text = envelope === undefined ? undefined : new EnvelopeText(envelope);
      const arrivalMs = open.internalDatesMs[position] ?? 0;
      const sizeOctets = open.sizesOctets[position] ?? 0;
      for (const [column, { key }] of criteria.entries()) {
        columns[column].push(valueOf(key, { text, arrivalMs, sizeOctets }));
      }
    }
    if (slicer.isDue(BATCH)) await slicer.rest();
    await context.progress.report(from, found.uids.length);
  }
  return columns;
}

type Known = {
  readonly text: EnvelopeText | undefined;
  readonly arrivalMs: number;
  readonly sizeOctets: number;
};

function valueOf(key: SortCriterion["key"], known: Known): string | number {
  const { text, arrivalMs, sizeOctets } = known;
  switch (key) {
    case "ARRIVAL":
      return arrivalMs;
    case "SIZE":
      return sizeOctets;
    case "DATE":
      // RFC 5256 §2.2: without a valid Date field, INTERNALDATE.
      return parseDate(text?.field("date") ?? "")?.epochMs ?? arrivalMs;
    case "SUBJECT":
      return fold(baseSubject(text?.field("subject") ?? "").base);
    case "FROM":
      return fold(text?.firstAddress("from").mailbox ?? "");
    case "TO":
      return fold(text?.firstAddress("to").mailbox ?? "");
    case "CC":
      return fold(text?.firstAddress("cc").mailbox ?? "");
    case "DISPLAYFROM":
      return displayOf(text, "from");
    case "DISPLAYTO":
      return displayOf(text, "to");
  }
}

/** RFC 5957 §3: the display name, or the address where there is none. */
function displayOf(text: EnvelopeText | undefined, field: "from" | "to"): string {
  if (text === undefined) return "";
  const { displayName, mailbox, host } = text.firstAddress(field);
  if (displayName !== "") return fold(decodeWords(displayName));
  return fold(host === "" ? mailbox : `${mailbox}@${host}`);
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

function answer(command: SortCommand, sorted: readonly number[], context: CommandContext): void {
  const { out } = context;
  const { returns } = command;
  if (returns === undefined) {
    out.text("* SORT");
    for (const number of sorted) out.text(" ").number(number);
    out.line("");
    return;
  }
  if (returns.size === 1 && returns.has("SAVE")) return;
  out.text("* ESEARCH (TAG ").string(context.tag).text(")");
  if (command.isUid) out.text(" UID");
  if (sorted.length > 0) {
    if (returns.has("MIN")) out.text(` MIN ${sorted[0]}`);
    if (returns.has("MAX")) out.text(` MAX ${sorted[sorted.length - 1]}`);
    if (returns.has("ALL")) out.text(` ALL ${formatSet(sorted)}`);
  }
  if (returns.has("COUNT")) out.text(` COUNT ${sorted.length}`);
  out.line("");
}
