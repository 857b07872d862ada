/** ESEARCH [IN (sources)] [RETURN (…)] keys (RFC 7377): one search over several mailboxes. */

import type { SearchKey } from "../search-key.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { readReturns, type SearchReturns } from "./search-return.ts";
import { readCharset, readSearchKeys } from "./search.ts";

export type SearchSource =
  | { readonly scope: "selected" | "inboxes" | "personal" | "subscribed" }
  | {
      readonly scope: "subtree" | "subtree-one" | "mailboxes";
      readonly names: readonly string[];
    };

export type EsearchCommand = SearchReturns & {
  readonly verb: "ESEARCH";
  /** Undefined: the selected mailbox. */
  readonly sources: readonly SearchSource[] | undefined;
  readonly key: SearchKey;
};

const MAX_SOURCES = 50;
const MAX_NAMES = 200;

export function readEsearch(reader: ArgumentReader): EsearchCommand {
  reader.space();
  const sources = readSources(reader);
  const returns = readReturns(reader);
  if (reader.take("CHARSET ")) readCharset(reader);
  return { verb: "ESEARCH", sources, ...returns, key: readSearchKeys(reader) };
}

/** `IN (…) `, if it is there. */
function readSources(reader: ArgumentReader): SearchSource[] | undefined {
  if (!reader.take("IN ")) return undefined;
  const sources: SearchSource[] = [];
  reader.list(() => {
    sources.push(readSource(reader));
    if (sources.length > MAX_SOURCES) reader.fail("Too many sources");
  });
  if (sources.length === 0) reader.fail("Expected where to search");
  reader.space();
  return sources;
}

/** One place to look, also of NOTIFY (RFC 5465 §6). */
export function readSource(reader: ArgumentReader): SearchSource {
  const word = reader.keyword();
  switch (word) {
    case "SELECTED":
      return { scope: "selected" };
    case "INBOXES":
      return { scope: "inboxes" };
    case "PERSONAL":
      return { scope: "personal" };
    case "SUBSCRIBED":
      return { scope: "subscribed" };
    case "SUBTREE":
      return { scope: "subtree", names: readNames(reader) };
    case "SUBTREE-ONE":
      return { scope: "subtree-one", names: readNames(reader) };
    case "MAILBOXES":
      return { scope: "mailboxes", names: readNames(reader) };
    default:
      reader.fail("Unknown search source");
      return { scope: "selected" };
  }
}

/** One name, or several in parentheses. */
function readNames(reader: ArgumentReader): string[] {
  reader.space();
  if (reader.next !== "(") return [reader.mailbox()];
  const names: string[] = [];
  reader.list(() => {
    names.push(reader.mailbox());
    if (names.length > MAX_NAMES) reader.fail("Too many mailboxes");
  });
  if (names.length === 0) reader.fail("Expected a mailbox");
  return names;
}
