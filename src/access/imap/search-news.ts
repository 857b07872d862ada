/**
 * News of searches that are kept up to date (CONTEXT=SEARCH, RFC 5267): what leaves a result is said
 * before the EXPUNGE that takes its number away, what enters it after the EXISTS that gives it one.
 * Only messages that have changed since are looked at again.
 */

import type { CommandContext } from "../../imap/handler.ts";
import type { SearchKey } from "../../imap/search-key.ts";
import { formatSet, rangesOf } from "../../imap/sequence-set.ts";
import type { KeptSearch } from "./kept-searches.ts";
import type { MailSession } from "./mail-session.ts";
import { searchView } from "./run-search.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

/** Before EXPUNGE responses: results that are about to go. */
export function writeLeaving(
  session: MailSession,
  view: SelectedMailbox,
  context: CommandContext,
): void {
  const { seqs, uids } = view.ghosts;
  for (const search of session.contexts.all) {
    const numbers: number[] = [];
    uids.forEach((uid, index) => {
      if (search.uids.delete(uid)) numbers.push(search.isUid ? uid : seqs[index]);
    });
    write(context, search, { what: "REMOVEFROM", numbers });
  }
}

/** After all else has been told. */
export async function writeChanged(
  session: MailSession,
  view: SelectedMailbox,
  context: CommandContext,
): Promise<void> {
  for (const search of session.contexts.all) {
    const { toldUid } = view;
    const { highestModSeq } = view.open;
    if (highestModSeq <= search.modSeq && toldUid <= search.toldUid) continue;
    await lookAgain(session, view, { search, context });
    search.modSeq = highestModSeq;
    search.toldUid = toldUid;
  }
}

async function lookAgain(
  session: MailSession,
  view: SelectedMailbox,
  { search, context }: { search: KeptSearch; context: CommandContext },
): Promise<void> {
  const changed = view.uidsChangedSince(search.modSeq, search.toldUid);
  if (changed.length === 0) return;
  const set = rangesOf(changed);
  const key: SearchKey = { key: "and", keys: [{ key: "set", set, isUid: true }, search.key] };
  const outcome = await searchView(session, view, { key, returns: undefined }, context);
  if (outcome.type === "refused" || !session.contexts.has(search)) return;
  const matching = new Set(outcome.found.uids);
  const leaving = changed.filter((uid) => !matching.has(uid) && search.uids.delete(uid));
  const entering = changed.filter((uid) => matching.has(uid) && !search.uids.has(uid));
  for (const uid of entering) search.uids.add(uid);
  const numbersOf = (uids: readonly number[]): readonly number[] =>
    search.isUid ? uids : uids.map((uid) => view.seqOfUid(uid)).filter((seq) => seq > 0);
  write(context, search, { what: "REMOVEFROM", numbers: numbersOf(leaving) });
  write(context, search, { what: "ADDTO", numbers: numbersOf(entering) });
}

/** Position 0: results of SEARCH stand in the mailbox's own order (RFC 5267 §4.3.3). */
function write(
  { out }: CommandContext,
  search: KeptSearch,
  news: { what: "ADDTO" | "REMOVEFROM"; numbers: readonly number[] },
): void {
  if (news.numbers.length === 0) return;
  out.text("* ESEARCH (TAG ").string(search.tag).text(")");
  if (search.isUid) out.text(" UID");
  out.line(` ${news.what} (0 ${formatSet(news.numbers)})`);
}
