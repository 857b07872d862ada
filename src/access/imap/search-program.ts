/**
 * A SEARCH tree made ready to run over one mailbox. Each node says at once what the columns tell
 * (`quick`): yes, no, or that octets must be looked at; only then is the message read and `full`
 * asked. So a search by flags or dates touches no message at all.
 */

import { isTextKey, type SearchKey, type TextKey as WordsKey } from "../../imap/search-key.ts";
import { dayOf } from "../../imap/date-time.ts";
import { resolveRanges, type SequenceSet } from "../../imap/sequence-set.ts";
import {
  FIRST_KEYWORD_BIT,
  type TextCandidates,
  type TextField,
  type TextQuery,
} from "../../store/mail.ts";
import { fuzzyWanted } from "./fuzzy-match.ts";
import type { MessageSet } from "./message-set.ts";
import { gmailThreadOf, messageIdOf, threadOfId } from "./object-id.ts";
import { fold, type SearchText } from "./search-text.ts";
import { systemFlagBit } from "./flag-writer.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

export type Verdict = "yes" | "no" | "look";

export type SearchNode = {
  /** From the columns; `seq` is the message's number for this session. */
  readonly quick: (position: number, seq: number) => Verdict;
  /** With the text loaded as `needs` says. */
  readonly full: (position: number, seq: number, text: SearchText) => boolean;
  readonly needs: "nothing" | "envelope" | "structure" | "header" | "body";
  /** The keys that look into text: where there are many, each is asked apart, before `full`. */
  readonly textKeys: readonly TextKey[];
};

export type TextKey = {
  /** Finds out, and remembers it until another message's text is asked about. */
  readonly prepare: (text: SearchText) => boolean;
};

export type SearchScope = {
  readonly view: SelectedMailbox;
  readonly saved: readonly number[];
  readonly nowMs: number;
  /** Takes note of how near the FUZZY keys came (RFC 6203). */
  readonly relevancy?: Relevancy;
  readonly isFuzzy?: boolean;
  /** What the search index knows of texts. */
  readonly candidatesOf?: ((query: TextQuery) => TextCandidates | undefined) | undefined;
  /** The stored messages of each label that the search names. */
  readonly labelled?: ReadonlyMap<string, MessageSet>;
};

/** Scores of the messages that FUZZY keys found, by UID. */
export class Relevancy {
  readonly #scores = new Map<number, { sum: number; count: number }>();

  add(uid: number, score: number): void {
    const known = this.#scores.get(uid) ?? { sum: 0, count: 0 };
    this.#scores.set(uid, { sum: known.sum + score, count: known.count + 1 });
  }

  /** 1 to 100; what no FUZZY key was asked about is as near as can be. */
  of(uid: number): number {
    const known = this.#scores.get(uid);
    return known === undefined ? 100 : Math.round(known.sum / known.count);
  }
}

export function compileSearch(key: SearchKey, scope: SearchScope): SearchNode {
  if (key.key === "and") return conjunction(key.keys.map((part) => compileSearch(part, scope)));
  if (key.key === "or") {
    return disjunction(compileSearch(key.left, scope), compileSearch(key.right, scope));
  }
  if (key.key === "not") return negation(compileSearch(key.of, scope));
  // FUZZY is about texts: it goes down to them, and leaves other keys as they are (RFC 6203 §3).
  if (key.key === "fuzzy") return compileSearch(key.of, { ...scope, isFuzzy: true });
  if (isTextKey(key) && scope.isFuzzy === true) return fuzzyNode(key, scope);
  if (key.key === "envelope") return envelopeNode(key, scope);
  if (key.key === "header" || key.key === "body" || key.key === "text") {
    return wordsNode(key, scope);
  }
  if (key.key === "attachment") return textNode("structure", (text) => text.hasAttachment());
  if (key.key === "date") {
    return key.of === "sent" ? sentNode(key) : columnNode(dateTest(key, scope));
  }
  return columnNode(columnTest(key, scope));
}

function fuzzyNode(of: WordsKey, { view, relevancy }: SearchScope): SearchNode {
  const wanted = fuzzyWanted(fold(of.text));
  let known: { readonly text: SearchText; readonly score: number } | undefined;
  const scoreOf = (text: SearchText): number => {
    if (known?.text !== text) known = { text, score: text.fuzzyScore(of, wanted) };
    return known.score;
  };
  return {
    quick: () => "look",
    full: (position, _seq, text) => {
      const score = scoreOf(text);
      if (score > 0) relevancy?.add(view.open.uids[position], score);
      return score > 0;
    },
    needs: of.key === "envelope" ? "envelope" : of.key === "header" ? "header" : "body",
    textKeys: [{ prepare: (text) => scoreOf(text) > 0 }],
  };
}

type ColumnTest = (position: number, seq: number) => boolean;
type KeyOf<K extends SearchKey["key"]> = Extract<SearchKey, { key: K }>;

function columnNode(test: ColumnTest): SearchNode {
  return {
    quick: (position, seq) => (test(position, seq) ? "yes" : "no"),
    full: test,
    needs: "nothing",
    textKeys: [],
  };
}

function columnTest(
  key: Exclude<
    SearchKey,
    | KeyOf<"and">
    | KeyOf<"or">
    | KeyOf<"not">
    | KeyOf<"fuzzy">
    | KeyOf<"header">
    | KeyOf<"envelope">
    | KeyOf<"body">
    | KeyOf<"text">
    | KeyOf<"date">
    | KeyOf<"attachment">
  >,
  scope: SearchScope,
): ColumnTest {
  const { open, firstRecentUid } = scope.view;
  switch (key.key) {
    case "all":
      return () => true;
    case "set":
      return setTest(key.set, key.isUid, scope);
    case "flag":
      return flagTest(key.flag, scope.view);
    case "recent":
      return (position) => open.uids[position] >= firstRecentUid;
    case "larger":
      return (position) => open.sizesOctets[position] > key.octets;
    case "smaller":
      return (position) => open.sizesOctets[position] < key.octets;
    case "older":
      return (position) => open.internalDatesMs[position] <= scope.nowMs - key.seconds * 1000;
    case "younger":
      return (position) => open.internalDatesMs[position] >= scope.nowMs - key.seconds * 1000;
    case "gm-label":
      return labelTest(key.label, scope);
    case "gm-thread":
      return (position) => gmailThreadOf(open, position) === key.number;
    case "modseq":
      return (position) => open.modSeqs[position] >= key.modSeq;
    case "email-id": {
      const messageId = messageIdOf(key.id);
      return (position) => open.messageIds[position] === messageId;
    }
    case "thread-id": {
      const thread = threadOfId(key.id);
      return (position) => open.threadIds[position] === thread;
    }
  }
}

function dateTest(key: KeyOf<"date">, { view }: SearchScope): ColumnTest {
  const { open } = view;
  const dates = key.of === "saved" ? () => open.savedDatesMs : () => open.internalDatesMs;
  return (position) => isOnDay(dayOf(dates()[position]), key);
}

function isOnDay(day: number, { compare, day: wanted }: KeyOf<"date">): boolean {
  if (compare === "before") return day < wanted;
  return compare === "on" ? day === wanted : day >= wanted;
}

function flagTest(flag: string, { open }: SelectedMailbox): ColumnTest {
  const bit = systemFlagBit(flag);
  if (bit !== 0) return (position) => (open.flags[position] & bit) !== 0;
  const wanted = flag.toLowerCase();
  const index = open.keywords.findIndex((keyword) => keyword.toLowerCase() === wanted);
  if (index === -1) return () => false;
  const lowBits = 32 - FIRST_KEYWORD_BIT;
  return index < lowBits
    ? (position) => ((open.flags[position] >>> (index + FIRST_KEYWORD_BIT)) & 1) === 1
    : (position) => ((open.flagsHigh[position] >>> (index - lowBits)) & 1) === 1;
}

function labelTest(label: string, { view, labelled }: SearchScope): ColumnTest {
  const { open } = view;
  if (label === "\\Starred") return flagTest("\\Flagged", view);
  const ids = labelled?.get(label);
  return (position) => ids?.has(open.messageIds[position]) ?? false;
}

function setTest(set: SequenceSet, isUid: boolean, { view, saved }: SearchScope): ColumnTest {
  const { open } = view;
  if (set === "saved") {
    const uids = new Set(saved);
    return (position) => uids.has(open.uids[position]);
  }
  const largest = isUid ? (open.count === 0 ? 0 : open.uids[open.count - 1]) : view.count;
  const ranges = resolveRanges(set, largest);
  const isWithin = (number: number): boolean => {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ranges[middle].to < number) low = middle + 1;
      else high = middle;
    }
    return low < ranges.length && ranges[low].from <= number;
  };
  return isUid ? (position) => isWithin(open.uids[position]) : (_, seq) => isWithin(seq);
}

function sentNode(key: KeyOf<"date">): SearchNode {
  return textNode("header", (text) => {
    const day = text.sentDay();
    return day !== undefined && isOnDay(day, key);
  });
}

function envelopeNode({ field, text }: KeyOf<"envelope">, scope: SearchScope): SearchNode {
  const wanted = fold(text);
  const where = field === "subject" || field === "from" ? field : "recipients";
  return textNode(
    "envelope",
    (message) => message.hasInEnvelope(field, wanted),
    new IndexedText(scope, where, wanted),
  );
}

function wordsNode(
  key: KeyOf<"header"> | KeyOf<"body"> | KeyOf<"text">,
  scope: SearchScope,
): SearchNode {
  const wanted = fold(key.text);
  const indexed = new IndexedText(scope, "text", wanted);
  switch (key.key) {
    case "header":
      return textNode("header", (text) => text.hasField(key.field, wanted), indexed);
    case "body":
      return textNode("body", (text) => text.hasInBody(wanted), indexed);
    case "text":
      return textNode(
        "body",
        (text) => text.hasInHeader(wanted) || text.hasInBody(wanted),
        indexed,
      );
  }
}

function textNode(
  needs: SearchNode["needs"],
  test: (text: SearchText) => boolean,
  indexed?: IndexedText,
): SearchNode {
  let known: { readonly text: SearchText; readonly result: boolean } | undefined;
  const prepare = (text: SearchText): boolean => {
    if (known?.text !== text) known = { text, result: test(text) };
    return known.result;
  };
  return {
    quick: (position) => (indexed?.rulesOut(position) === true ? "no" : "look"),
    full: (_position, _seq, text) => prepare(text),
    needs,
    textKeys: [{ prepare }],
  };
}

/** UIDs that the index is asked about at a time: so long a list is made within a few milliseconds. */
const WINDOW_UIDS = 16_384;

/** What the search index says about one key, stretch by stretch of the mailbox. */
class IndexedText {
  readonly #scope: SearchScope;
  readonly #field: TextField;
  readonly #text: string;
  #window = -1;
  #known: TextCandidates | undefined;

  /** `text` is folded. */
  constructor(scope: SearchScope, field: TextField, text: string) {
    this.#scope = scope;
    this.#field = field;
    this.#text = text;
  }

  rulesOut(position: number): boolean {
    const { candidatesOf, view } = this.#scope;
    if (candidatesOf === undefined || this.#text.length < 3) return false;
    const uid = view.open.uids[position];
    const window = Math.floor(uid / WINDOW_UIDS);
    if (window !== this.#window) {
      this.#window = window;
      const from = window * WINDOW_UIDS;
      const to = from + WINDOW_UIDS - 1;
      this.#known = candidatesOf({ field: this.#field, text: this.#text, from, to });
    }
    return this.#known !== undefined && uid <= this.#known.indexedTo && !this.#known.uids.has(uid);
  }
}

const NEED_ORDER = ["nothing", "envelope", "structure", "header", "body"] as const;

function mostOf(nodes: readonly SearchNode[]): SearchNode["needs"] {
  return NEED_ORDER[Math.max(0, ...nodes.map((node) => NEED_ORDER.indexOf(node.needs)))];
}

function conjunction(parts: readonly SearchNode[]): SearchNode {
  // What the columns can refuse comes first.
  const nodes = [...parts].sort(
    (a, b) => NEED_ORDER.indexOf(a.needs) - NEED_ORDER.indexOf(b.needs),
  );
  return {
    quick: (position, seq) => {
      let verdict: Verdict = "yes";
      for (const node of nodes) {
        const one = node.quick(position, seq);
        if (one === "no") return "no";
        if (one === "look") verdict = "look";
      }
      return verdict;
    },
    full: (position, seq, text) => nodes.every((node) => node.full(position, seq, text)),
    needs: mostOf(nodes),
    textKeys: nodes.flatMap((node) => node.textKeys),
  };
}

function disjunction(left: SearchNode, right: SearchNode): SearchNode {
  return {
    quick: (position, seq) => {
      const first = left.quick(position, seq);
      if (first === "yes") return "yes";
      const second = right.quick(position, seq);
      if (second === "yes") return "yes";
      return first === "no" ? second : first;
    },
    full: (position, seq, text) =>
      left.full(position, seq, text) || right.full(position, seq, text),
    needs: mostOf([left, right]),
    textKeys: [...left.textKeys, ...right.textKeys],
  };
}

const OPPOSITE: Readonly<Record<Verdict, Verdict>> = { yes: "no", no: "yes", look: "look" };

function negation(of: SearchNode): SearchNode {
  return {
    quick: (position, seq) => OPPOSITE[of.quick(position, seq)],
    full: (position, seq, text) => !of.full(position, seq, text),
    needs: of.needs,
    textKeys: of.textKeys,
  };
}
