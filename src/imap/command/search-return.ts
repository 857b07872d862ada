/**
 * RETURN (…) of SEARCH, SORT and ESEARCH: MIN MAX ALL COUNT (RFC 4731), SAVE (RFC 5182), PARTIAL
 * (RFC 9394), RELEVANCY (RFC 6203), CONTEXT and UPDATE (RFC 5267).
 */

import { readPartialRange, type PartialRange } from "../partial-range.ts";
import type { SearchReturn } from "../search-key.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type SearchReturns = {
  /** Undefined: no RETURN was given, the classic answer. Empty RETURN means ALL. */
  readonly returns: ReadonlySet<SearchReturn> | undefined;
  readonly partial: PartialRange | undefined;
};

const RETURNS: readonly SearchReturn[] = [
  "MIN",
  "MAX",
  "ALL",
  "COUNT",
  "SAVE",
  "PARTIAL",
  "RELEVANCY",
  "CONTEXT",
  "UPDATE",
];

/** What by itself names no result: ALL is meant then (RFC 5267 §4.3, RFC 6203 §4). */
const SAYS_NOTHING: ReadonlySet<SearchReturn> = new Set(["RELEVANCY", "CONTEXT", "UPDATE"]);

/** `RETURN (…) `, if it is there. */
export function readReturns(reader: ArgumentReader): SearchReturns {
  if (!reader.take("RETURN ")) return { returns: undefined, partial: undefined };
  const returns = new Set<SearchReturn>();
  let partial: PartialRange | undefined;
  reader.list(() => {
    const word = reader.keyword();
    const known = RETURNS.find((name) => name === word);
    if (known === undefined) return reader.fail("Unknown search return option");
    // RFC 9394 §3.1: one PARTIAL, and not with ALL.
    if (known === "PARTIAL") {
      if (partial !== undefined) reader.fail("PARTIAL may be given once");
      reader.space();
      partial = readPartialRange(reader);
    }
    returns.add(known);
  });
  if (returns.has("ALL") && returns.has("PARTIAL"))
    reader.fail("ALL and PARTIAL exclude each other");
  if ([...returns].every((name) => SAYS_NOTHING.has(name))) returns.add("ALL");
  reader.space();
  return { returns, partial };
}
