/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4) with RETURN (RFC 4731) and `$` (RFC 5182). The mailbox is
 * scanned in slices; messages are read only where the columns leave the question open.
 */

import { NO_OCTETS } from "../../base/bytes.ts";
import { isMailError } from "../../base/errors.ts";
import { bad, no, okay, type Completion } from "../../imap/completion.ts";
import type { SearchReturns } from "../../imap/command/search-return.ts";
import type { SearchCommand } from "../../imap/command/search.ts";
import type { CommandContext } from "../../imap/handler.ts";
import {
  findKey,
  isTextKey,
  mapKeys,
  type SearchKey,
  type SearchReturn,
} from "../../imap/search-key.ts";
import { rangesOf } from "../../imap/sequence-set.ts";
import { savedOf, writeEsearch, type Returned } from "./esearch-answer.ts";
import type { TextCandidates, TextQuery } from "../../store/mail.ts";
import type { MessageSet } from "./message-set.ts";
import { mailboxOfLabel, messagesIn } from "./gmail-labels.ts";
import { holdRanges, sourcesOf } from "./load-sources.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { searchBounds, type UidBounds } from "./search-bounds.ts";
import { compileSearch, Relevancy, type SearchNode } from "./search-program.ts";
import { MAX_HEADER_OCTETS } from "../../message/search-parts.ts";
import { SearchText } from "./search-text.ts";
import { lowerBound, type SelectedMailbox } from "./selected-mailbox.ts";
import { Slicer } from "./slicer.ts";
import { writeAdded } from "./updates.ts";
import { writeNumbers } from "./write-numbers.ts";

/** Messages read together: so many, and of so many octets that their text is in memory at a time. */
const BATCH = 32;
const BATCH_OCTETS = 1_048_576;
/** With more keys than this that look into text, others get a turn between any two of them. */
const MANY_TEXT_KEYS = 8;

/** Matches, ascending: by sequence number and by UID. */
export type Found = { readonly seqs: number[]; readonly uids: number[]; highestModSeq: number };

export const runSearch: Run<SearchCommand> = async (session, command, context) => {
  // What changes from here on is looked at again if the search is kept.
  const modSeq = session.selected?.open.highestModSeq ?? 0;
  const search = await findMessages(session, command, context);
  if (search.type === "refused") return search.completion;
  const returned = returnedBy(command);
  await answer(session, command, { search, context });
  if (returned.returns.has("UPDATE")) keepUpToDate(session, command, { search, modSeq, context });
  // Last: until here `$` is what it was.
  if (returned.returns.has("SAVE")) session.saved = savedOf(search.found.uids, returned);
  return okay("Searched");
};

/** What is asked for; ALL where nothing is said. */
export function returnedBy({ returns, partial }: SearchReturns): Returned {
  return { returns: returns ?? new Set(["ALL"]), partial };
}

/** RFC 5267 §4.3: from now on the client hears what enters the result and what leaves it. */
function keepUpToDate(
  session: MailSession,
  command: SearchCommand,
  { search, modSeq, context }: { search: FoundMessages; modSeq: number; context: CommandContext },
): void {
  const view = session.selected;
  if (view === undefined) return;
  const { tag, out } = context;
  const { isUid } = command;
  const { key, ranges } = fixedKey(command.key, view, session.saved);
  const uids = new Set(search.found.uids);
  const { toldUid } = view;
  if (!session.contexts.add({ tag, isUid, key, ranges, uids, modSeq, toldUid })) {
    out.line(`* NO [NOUPDATE "${tag}"] Too many results are kept up to date already`);
  }
}

/** Message numbers and `$` mean what they meant when the search was begun. */
function fixedKey(
  key: SearchKey,
  view: SelectedMailbox,
  saved: readonly number[],
): { key: SearchKey; ranges: number } {
  const asUids = view.numbersAsUids();
  const savedRanges = rangesOf(saved);
  let ranges = 0;
  const fixed = mapKeys(key, (part) => {
    if (part.key !== "set") return part;
    let { set } = part;
    if (set === "saved") set = savedRanges;
    else if (!part.isUid) set = asUids(set);
    ranges += set.length;
    return { key: "set", set, isUid: true };
  });
  return { key: fixed, ranges };
}

export type Searching = {
  readonly isUid: boolean;
  readonly key: SearchKey;
  readonly returns?: ReadonlySet<SearchReturn> | undefined;
};

export type FoundMessages = {
  readonly type: "found";
  readonly found: Found;
  readonly usesModSeq: boolean;
  /** Where the search is about MODSEQ. */
  readonly modSeqOf: ((uid: number) => number) | undefined;
  readonly scoreOf: (uid: number) => number;
};

export type SearchOutcome =
  | FoundMessages
  | { readonly type: "refused"; readonly completion: Completion };

/** What SEARCH, SORT and THREAD have in common: the messages of the selected mailbox that match. */
export async function findMessages(
  session: MailSession,
  command: Searching,
  context: CommandContext,
): Promise<SearchOutcome> {
  const view = session.selected;
  if (view === undefined) return { type: "refused", completion: no("No mailbox is selected") };
  if (command.isUid) writeAdded(view, context);
  const isOutside = findKey(
    command.key,
    (key) => key.key === "set" && !key.isUid && !view.coversSeqs(key.set),
  );
  if (isOutside) return { type: "refused", completion: bad("No such message number") };
  return searchView(session, view, command, context);
}

/** Searches any mailbox that is open. */
export async function searchView(
  session: MailSession,
  view: SelectedMailbox,
  command: Pick<Searching, "key" | "returns">,
  context: CommandContext,
): Promise<SearchOutcome> {
  if (command.returns?.has("RELEVANCY") && !findKey(command.key, ({ key }) => key === "fuzzy")) {
    return { type: "refused", completion: bad("RELEVANCY needs a FUZZY key") };
  }
  const usesModSeq = findKey(command.key, (key) => key.key === "modseq");
  if (usesModSeq) context.enabled.isCondstore = true;
  const relevancy = new Relevancy();
  const { mail } = session.deps.store;
  let texts = 0;
  findKey(command.key, (key) => {
    if (isTextKey(key)) texts++;
    return false;
  });
  // Each key is a question to the index: few of them spare much reading, thousands would not.
  const candidatesOf =
    texts > MANY_TEXT_KEYS
      ? undefined
      : (query: TextQuery): TextCandidates | undefined =>
          mail.textCandidates(view.open.grant, query);
  const scope = {
    view,
    saved: session.saved,
    nowMs: session.deps.clock.nowMs(),
    relevancy,
    candidatesOf,
    labelled: await labelledMessages(session, command.key),
  };
  const bounds = searchBounds(command.key, view, session.saved);
  const node = compileSearch(command.key, scope);
  const found = await new Search(session, view, context).run(node, bounds);
  if (found === undefined) return { type: "refused", completion: no("Cancelled") };
  const { open } = view;
  const modSeqOf = (uid: number): number => open.modSeqs[open.indexOfUid(uid)] ?? 0;
  return {
    type: "found",
    found,
    usesModSeq,
    modSeqOf: usesModSeq ? modSeqOf : undefined,
    scoreOf: (uid) => relevancy.of(uid),
  };
}

/** X-GM-LABELS keys need to know beforehand what is where. */
async function labelledMessages(
  session: MailSession,
  key: SearchKey,
): Promise<ReadonlyMap<string, MessageSet>> {
  const labelled = new Map<string, MessageSet>();
  const labels = new Set<string>();
  findKey(key, (part) => {
    if (part.key === "gm-label") labels.add(part.label);
    return false;
  });
  for (const label of labels) {
    const info = mailboxOfLabel(session, label);
    if (info !== undefined) labelled.set(label, await messagesIn(session, info));
  }
  return labelled;
}

class Search {
  readonly #session: MailSession;
  readonly #view: SelectedMailbox;
  readonly #context: CommandContext;
  readonly #slicer: Slicer;
  readonly #found: Found = { seqs: [], uids: [], highestModSeq: 0 };

  constructor(session: MailSession, view: SelectedMailbox, context: CommandContext) {
    this.#session = session;
    this.#view = view;
    this.#context = context;
    this.#slicer = new Slicer(session.deps.clock);
  }

  /** Undefined when the client has gone meanwhile. */
  async run(node: SearchNode, bounds: UidBounds): Promise<Found | undefined> {
    const view = this.#view;
    const { open } = view;
    const told = view.count === 0 ? 0 : Math.min(open.lastUid, bounds.to);
    let candidates: number[] = [];
    const start = lowerBound(open.uids, open.count, bounds.from);
    for (let position = start; position < open.count && open.uids[position] <= told;) {
      const uid = open.uids[position];
      const seq = uid > view.toldUid ? 0 : view.seqOfPosition(position);
      const verdict = seq === 0 ? "no" : node.quick(position, seq);
      if (verdict === "look") candidates.push(uid);
      else if (verdict === "yes" && candidates.length === 0) this.#add(position, seq, uid);
      else if (verdict === "yes") candidates.push(uid);
      position++;
      const isFull = candidates.length >= BATCH;
      if (isFull) {
        await this.#look(node, candidates);
        candidates = [];
      }
      const isDue = this.#slicer.isDue();
      if (isDue) await this.#slicer.rest();
      if (!isFull && !isDue) continue;
      await this.#context.progress.report(position, open.count);
      if (this.#context.isCancelled()) return undefined;
      position = lowerBound(open.uids, open.count, uid + 1);
    }
    await this.#look(node, candidates);
    return this.#found;
  }

  #add(position: number, seq: number, uid: number): void {
    this.#found.seqs.push(seq);
    this.#found.uids.push(uid);
    const modSeq = this.#view.open.modSeqs[position];
    if (modSeq > this.#found.highestModSeq) this.#found.highestModSeq = modSeq;
  }

  /** Reads what is small together, what is large alone: never much text is held (Invariant 7). */
  async #look(node: SearchNode, uids: readonly number[]): Promise<void> {
    const { open } = this.#view;
    let group: number[] = [];
    let octets = 0;
    for (const uid of uids) {
      const position = open.indexOfUid(uid);
      if (position === -1) continue;
      const sizeOctets = open.sizesOctets[position];
      if (group.length > 0 && octets + sizeOctets > BATCH_OCTETS) {
        await this.#lookAt(node, group);
        await this.#slicer.rest();
        if (this.#context.isCancelled()) return;
        group = [];
        octets = 0;
      }
      group.push(uid);
      octets += sizeOctets;
    }
    await this.#lookAt(node, group);
  }

  async #lookAt(node: SearchNode, uids: readonly number[]): Promise<void> {
    const { open } = this.#view;
    const present = uids.filter((uid) => open.indexOfUid(uid) !== -1);
    const texts = this.#textsOf(node, present);
    if (node.needs === "header" || node.needs === "body") {
      await this.#readAhead(node, texts);
      await Promise.all(texts.map((text) => this.#load(text, node.needs)));
    }
    for (const { uid, text, isReadable } of texts) {
      if (isReadable && node.textKeys.length > MANY_TEXT_KEYS) await this.#prepare(node, text);
      const position = open.indexOfUid(uid);
      const seq = this.#view.seqOfUid(uid);
      if (position === -1 || seq === 0 || !isReadable) continue;
      if (node.full(position, seq, text)) this.#add(position, seq, uid);
    }
    if (this.#slicer.isDue(uids.length)) await this.#slicer.rest();
  }

  /** Thousands of keys about one large message: the answers are found in slices, then put together. */
  async #prepare({ textKeys }: SearchNode, text: SearchText): Promise<void> {
    for (const key of textKeys) {
      if (this.#context.isCancelled()) return;
      key.prepare(text);
      if (this.#slicer.isDue(BATCH)) await this.#slicer.rest();
    }
  }

  #textsOf(node: SearchNode, uids: readonly number[]): Candidate[] {
    const { open } = this.#view;
    const { store } = this.#session.deps;
    const positions = uids.map((uid) => open.indexOfUid(uid));
    const ids = positions.map((position) => open.messageIds[position]);
    const details = store.mail.details(ids, DETAILS[node.needs]);
    const messages = uids.map((uid, index) => ({
      uid,
      sizeOctets: open.sizesOctets[positions[index]],
    }));
    return sourcesOf(store, open, messages, details).flatMap((source, index) => {
      if (source === undefined) return [];
      const text = new SearchText(source, details[index]?.envelope ?? NO_OCTETS);
      return [{ uid: uids[index], text, isReadable: true }];
    });
  }

  /** The header sections of all, or where bodies are needed all that is not large. */
  async #readAhead(node: SearchNode, candidates: readonly Candidate[]): Promise<void> {
    const wanted = candidates.flatMap(({ text: { source } }) => {
      const { sizeOctets, headerOctets } = source.details;
      const end = node.needs === "body" ? sizeOctets : Math.min(headerOctets, MAX_HEADER_OCTETS);
      return end > MAX_HEADER_OCTETS ? [] : [{ source, range: { start: 0, end } }];
    });
    await holdRanges(this.#session.deps.store, wanted);
  }

  async #load(candidate: Candidate, needs: SearchNode["needs"]): Promise<void> {
    try {
      if (needs === "body") await candidate.text.loadBody();
      else await candidate.text.loadHeader();
    } catch (error) {
      // One message that cannot be read must not hide the others (Invariant 9).
      candidate.isReadable = false;
      if (isMailError(error, "not-found")) return;
      const mailboxId = this.#view.open.info.id;
      this.#session.deps.log.error("imap.message-unreadable", error, {
        mailboxId,
        uid: candidate.uid,
      });
    }
  }
}

const SIZES = ["sizeOctets", "headerOctets"] as const;
/** By what the keys need of a message. */
const DETAILS: Readonly<Record<SearchNode["needs"], readonly DetailOf[]>> = {
  nothing: SIZES,
  envelope: [...SIZES, "envelope"],
  structure: [...SIZES, "envelope", "structure"],
  header: [...SIZES, "envelope", "structure"],
  body: [...SIZES, "envelope", "structure"],
};

type DetailOf = (typeof SIZES)[number] | "envelope" | "structure";

type Candidate = { readonly uid: number; readonly text: SearchText; isReadable: boolean };

async function answer(
  session: MailSession,
  command: SearchCommand,
  { search, context }: { readonly search: FoundMessages; readonly context: CommandContext },
): Promise<void> {
  const { out, enabled } = context;
  const { found, usesModSeq } = search;
  const numbers = command.isUid ? found.uids : found.seqs;
  if (command.returns === undefined && !enabled.isRev2) {
    out.text("* SEARCH");
    await writeNumbers(out, numbers, new Slicer(session.deps.clock));
    if (usesModSeq && numbers.length > 0) out.text(` (MODSEQ ${found.highestModSeq})`);
    out.line("");
    return;
  }
  writeEsearch(out, returnedBy(command), {
    tag: context.tag,
    isUid: command.isUid,
    uids: found.uids,
    numbers,
    modSeqOf: search.modSeqOf,
    scoreOf: search.scoreOf,
  });
}
