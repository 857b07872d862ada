/**
 * The ESEARCH response (RFC 4731 §3) with all that it may say: of SEARCH in mailbox order, of SORT in
 * sorted order, of the ESEARCH command for each mailbox.
 */

import type { SearchReturns } from "../../imap/command/search-return.ts";
import { formatPartialRange, rangeWithin } from "../../imap/partial-range.ts";
import type { SearchReturn } from "../../imap/search-key.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import type { ResponseWriter } from "../../imap/wire/response-writer.ts";

export type EsearchAnswer = {
  readonly tag: string;
  readonly isUid: boolean;
  /** Of the ESEARCH command (RFC 7377 §2.1). */
  readonly mailbox?: { readonly name: string; readonly uidValidity: number };
  /** UIDs of what was found, in the order of the answer, and what it is called there. */
  readonly uids: readonly number[];
  readonly numbers: readonly number[];
  /** With a MODSEQ key in the search: the MODSEQ of a message (RFC 4731 §3.2). */
  readonly modSeqOf: ((uid: number) => number) | undefined;
  /** 1 to 100 (RFC 6203 §4). */
  readonly scoreOf: (uid: number) => number;
};

export type Returned = {
  readonly returns: ReadonlySet<SearchReturn>;
  readonly partial: SearchReturns["partial"];
};

export function writeEsearch(out: ResponseWriter, returned: Returned, answer: EsearchAnswer): void {
  const { returns, partial } = returned;
  const { numbers, uids } = answer;
  // RFC 5182 §2.1: SAVE alone asks for no answer.
  if (returns.size === 1 && returns.has("SAVE")) return;
  out.text("* ESEARCH (TAG ").string(answer.tag);
  if (answer.mailbox !== undefined) {
    out.text(" MAILBOX ").mailbox(answer.mailbox.name);
    out.text(` UIDVALIDITY ${answer.mailbox.uidValidity}`);
  }
  out.text(")");
  if (answer.isUid) out.text(" UID");
  if (numbers.length > 0) {
    if (returns.has("MIN")) out.text(` MIN ${numbers[0]}`);
    if (returns.has("MAX")) out.text(` MAX ${numbers[numbers.length - 1]}`);
    if (returns.has("ALL")) out.text(` ALL ${formatSet(numbers)}`);
  }
  if (returns.has("COUNT")) out.text(` COUNT ${numbers.length}`);
  if (partial !== undefined) {
    const { from, to } = rangeWithin(partial, numbers.length);
    const part = from < to ? formatSet(numbers.slice(from, to)) : "NIL";
    out.text(` PARTIAL (${formatPartialRange(partial)} ${part})`);
  }
  const told = toldUids(uids, returned);
  if (answer.modSeqOf !== undefined && told.length > 0) {
    let highest = 0;
    for (const uid of told) highest = Math.max(highest, answer.modSeqOf(uid));
    out.text(" MODSEQ ").number(highest);
  }
  if (returns.has("RELEVANCY") && told.length > 0) {
    out.text(` RELEVANCY (${told.map(answer.scoreOf).join(" ")})`);
  }
  out.line("");
}

/** The messages that the answer speaks of: MODSEQ and RELEVANCY are about these. */
function toldUids(uids: readonly number[], { returns, partial }: Returned): readonly number[] {
  if (returns.has("ALL") || returns.has("COUNT")) return uids;
  const { from, to } =
    partial === undefined ? { from: 0, to: 0 } : rangeWithin(partial, uids.length);
  return uids.filter(
    (_, index) =>
      (index >= from && index < to) ||
      (returns.has("MIN") && index === 0) ||
      (returns.has("MAX") && index === uids.length - 1),
  );
}

/** What `$` means from now on: of MIN, MAX and PARTIAL only these (RFC 5182 §2.4, RFC 9394 §3.2). */
export function savedOf(uids: readonly number[], returned: Returned): readonly number[] {
  const { returns, partial } = returned;
  const isChosen = returns.has("MIN") || returns.has("MAX") || partial !== undefined;
  const saved = isChosen ? toldUids(uids, returned) : uids;
  return [...saved].sort((a, b) => a - b);
}
