/**
 * SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4), with RETURN (`search-return.ts`), WITHIN,
 * FUZZY, MODSEQ, EMAILID and SAVEDATE keys. Search text is UTF-8 or US-ASCII; other charsets are refused with
 * BADCHARSET and the list of those we take.
 */

import { no } from "../completion.ts";
import { parseDay } from "../date-time.ts";
import { readLabel } from "../gmail-label.ts";
import { MAX_QUERY_LENGTH, parseGmailQuery } from "../gmail-query.ts";
import { countKeys, MAX_SEARCH_KEYS, type SearchKey } from "../search-key.ts";
import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { readReturns, type SearchReturns } from "./search-return.ts";

export type SearchCommand = SearchReturns & {
  readonly verb: "SEARCH";
  readonly isUid: boolean;
  readonly key: SearchKey;
};

const MAX_WORDS_LENGTH = 255;

export function readSearch(reader: ArgumentReader, isUid: boolean): SearchCommand {
  reader.space();
  const returns = readReturns(reader);
  if (reader.take("CHARSET ")) readCharset(reader);
  return { verb: "SEARCH", isUid, ...returns, key: readSearchKeys(reader) };
}

/** A charset and the space after it. */
export function readCharset(reader: ArgumentReader): void {
  const charset = reader.astring().toUpperCase();
  if (charset !== "UTF-8" && charset !== "US-ASCII") {
    reader.refuse(no("Charset not supported", "BADCHARSET (US-ASCII UTF-8)"));
  }
  reader.space();
}

/** Search keys up to the end of the command. */
export function readSearchKeys(reader: ArgumentReader): SearchKey {
  const key = readKeys(reader, { keys: 0 });
  // X-GM-RAW makes many of one.
  if (countKeys(key) > 2 * MAX_SEARCH_KEYS) reader.fail("Too many search keys");
  return key;
}

type Counter = { keys: number };

function readKeys(reader: ArgumentReader, counter: Counter): SearchKey {
  const keys: SearchKey[] = [];
  do keys.push(readKey(reader, counter));
  while (reader.take(" ") && !reader.isAtEnd);
  return keys.length === 1 ? keys[0] : { key: "and", keys };
}

function readKey(reader: ArgumentReader, counter: Counter): SearchKey {
  if (++counter.keys > MAX_SEARCH_KEYS) reader.fail("Too many search keys");
  let key: SearchKey = { key: "all" };
  if (reader.take("(")) {
    reader.nested(() => {
      key = readKeys(reader, counter);
    });
    reader.expect(")");
    return key;
  }
  if (/[0-9*$]/.test(reader.next)) {
    return { key: "set", set: reader.sequenceSet(), isUid: false };
  }
  const word = reader.keyword();
  if (word === "NOT" || word === "OR" || word === "FUZZY") {
    reader.nested(() => {
      key = readOperator(reader, counter, word);
    });
    return key;
  }
  const found = FLAG_KEYS.get(word) ?? ARGUMENT_KEYS.get(word)?.(reader);
  if (found === undefined) reader.fail("Unknown search key");
  return found ?? key;
}

function readOperator(
  reader: ArgumentReader,
  counter: Counter,
  word: "NOT" | "OR" | "FUZZY",
): SearchKey {
  reader.space();
  const first = readKey(reader, counter);
  if (word === "NOT") return { key: "not", of: first };
  if (word === "FUZZY") return { key: "fuzzy", of: first };
  reader.space();
  return { key: "or", left: first, right: readKey(reader, counter) };
}

const flag = (name: string): SearchKey => ({ key: "flag", flag: name });
const not = (of: SearchKey): SearchKey => ({ key: "not", of });

const FLAG_KEYS: ReadonlyMap<string, SearchKey> = new Map<string, SearchKey>([
  ["ALL", { key: "all" }],
  ["ANSWERED", flag("\\Answered")],
  ["DELETED", flag("\\Deleted")],
  ["DRAFT", flag("\\Draft")],
  ["FLAGGED", flag("\\Flagged")],
  ["SEEN", flag("\\Seen")],
  ["UNANSWERED", not(flag("\\Answered"))],
  ["UNDELETED", not(flag("\\Deleted"))],
  ["UNDRAFT", not(flag("\\Draft"))],
  ["UNFLAGGED", not(flag("\\Flagged"))],
  ["UNSEEN", not(flag("\\Seen"))],
  ["RECENT", { key: "recent" }],
  ["OLD", not({ key: "recent" })],
  ["NEW", { key: "and", keys: [{ key: "recent" }, not(flag("\\Seen"))] }],
  // Every message here has a save date (RFC 8514 §4.3).
  ["SAVEDATESUPPORTED", { key: "all" }],
]);

type ReadKey = (reader: ArgumentReader) => SearchKey;

const ARGUMENT_KEYS: ReadonlyMap<string, ReadKey> = new Map<string, ReadKey>([
  ["KEYWORD", (reader) => flag(readAtom(reader))],
  ["UNKEYWORD", (reader) => not(flag(readAtom(reader)))],
  ["BCC", (reader) => ({ key: "envelope", field: "bcc", text: readText(reader) })],
  ["CC", (reader) => ({ key: "envelope", field: "cc", text: readText(reader) })],
  ["FROM", (reader) => ({ key: "envelope", field: "from", text: readText(reader) })],
  ["SUBJECT", (reader) => ({ key: "envelope", field: "subject", text: readText(reader) })],
  ["TO", (reader) => ({ key: "envelope", field: "to", text: readText(reader) })],
  ["HEADER", readHeader],
  ["BODY", (reader) => ({ key: "body", text: readWords(reader) })],
  ["TEXT", (reader) => ({ key: "text", text: readWords(reader) })],
  ["LARGER", (reader) => ({ key: "larger", octets: readNumber(reader) })],
  ["SMALLER", (reader) => ({ key: "smaller", octets: readNumber(reader) })],
  ["BEFORE", (reader) => readDate(reader, "internal", "before")],
  ["ON", (reader) => readDate(reader, "internal", "on")],
  ["SINCE", (reader) => readDate(reader, "internal", "since")],
  ["SENTBEFORE", (reader) => readDate(reader, "sent", "before")],
  ["SENTON", (reader) => readDate(reader, "sent", "on")],
  ["SENTSINCE", (reader) => readDate(reader, "sent", "since")],
  ["SAVEDBEFORE", (reader) => readDate(reader, "saved", "before")],
  ["SAVEDON", (reader) => readDate(reader, "saved", "on")],
  ["SAVEDSINCE", (reader) => readDate(reader, "saved", "since")],
  ["OLDER", (reader) => ({ key: "older", seconds: readInterval(reader) })],
  ["YOUNGER", (reader) => ({ key: "younger", seconds: readInterval(reader) })],
  ["UID", (reader) => ({ key: "set", set: readSet(reader), isUid: true })],
  ["MODSEQ", readModSeq],
  ["EMAILID", (reader) => ({ key: "email-id", id: readAtom(reader) })],
  ["X-GM-MSGID", (reader) => ({ key: "email-id", id: `M${readNumber64(reader)}` })],
  ["X-GM-THRID", (reader) => ({ key: "gm-thread", number: readNumber64(reader) })],
  ["X-GM-LABELS", readGmailLabel],
  ["X-GM-RAW", readGmailRaw],
  ["THREADID", (reader) => ({ key: "thread-id", id: readAtom(reader) })],
]);

function readText(reader: ArgumentReader): string {
  reader.space();
  return reader.utf8(reader.astring());
}

/** What is looked for in whole messages is short: its length multiplies what the search may cost. */
function readWords(reader: ArgumentReader): string {
  const text = readText(reader);
  if (text.length > MAX_WORDS_LENGTH)
    reader.refuse(no("The text to search for is too long", "LIMIT"));
  return text;
}

function readAtom(reader: ArgumentReader): string {
  reader.space();
  return reader.atom();
}

function readNumber(reader: ArgumentReader): number {
  reader.space();
  return reader.number();
}

function readNumber64(reader: ArgumentReader): number {
  reader.space();
  return reader.number64();
}

function readGmailLabel(reader: ArgumentReader): SearchKey {
  reader.space();
  return { key: "gm-label", label: readLabel(reader) };
}

function readGmailRaw(reader: ArgumentReader): SearchKey {
  const query = readText(reader);
  if (query.length > MAX_QUERY_LENGTH) reader.refuse(no("The query is too long", "LIMIT"));
  return reader.hasFailed ? { key: "all" } : parseGmailQuery(query);
}

function readInterval(reader: ArgumentReader): number {
  const seconds = readNumber(reader);
  if (seconds === 0) reader.fail("Expected a number of seconds above 0");
  return seconds;
}

function readSet(reader: ArgumentReader): SequenceSet {
  reader.space();
  return reader.sequenceSet();
}

function readHeader(reader: ArgumentReader): SearchKey {
  reader.space();
  const field = reader.astring().toLowerCase();
  return { key: "header", field, text: readText(reader) };
}

function readDate(
  reader: ArgumentReader,
  of: "internal" | "sent" | "saved",
  compare: "before" | "on" | "since",
): SearchKey {
  reader.space();
  const text = reader.next === '"' ? reader.string() : reader.atom();
  const day = parseDay(text);
  if (day === undefined) reader.fail("Expected a date such as 1-Feb-1994");
  return { key: "date", of, compare, day: day ?? 0 };
}

/** `MODSEQ [entry-name entry-type] mod-sequence` (RFC 7162 §3.1.5): we keep one MODSEQ a message. */
function readModSeq(reader: ArgumentReader): SearchKey {
  reader.space();
  if (reader.next === '"') {
    reader.string();
    reader.space();
    if (!["ALL", "PRIV", "SHARED"].includes(reader.keyword())) reader.fail("Bad entry type");
    reader.space();
  }
  return { key: "modseq", modSeq: reader.number64() };
}
