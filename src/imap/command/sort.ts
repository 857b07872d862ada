/** SORT and UID SORT (RFC 5256 §3), with RETURN (ESORT, RFC 5267), DISPLAY keys (RFC 5957) and RELEVANCY (RFC 6203). */

import type { SearchKey } from "../search-key.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { readReturns, type SearchReturns } from "./search-return.ts";
import { readCharset, readSearchKeys } from "./search.ts";

export const SORT_KEYS = [
  "ARRIVAL",
  "CC",
  "DATE",
  "FROM",
  "SIZE",
  "SUBJECT",
  "TO",
  "DISPLAYFROM",
  "DISPLAYTO",
  "RELEVANCY",
] as const;

export type SortCriterion = {
  readonly key: (typeof SORT_KEYS)[number];
  readonly isReverse: boolean;
};

export type SortCommand = SearchReturns & {
  readonly verb: "SORT";
  readonly isUid: boolean;
  readonly criteria: readonly SortCriterion[];
  readonly key: SearchKey;
};

/** More than all keys there are say nothing more. */
const MAX_CRITERIA = 20;

export function readSort(reader: ArgumentReader, isUid: boolean): SortCommand {
  reader.space();
  const returns = readReturns(reader);
  // That would be CONTEXT=SORT, which we do not say we have.
  if (returns.returns?.has("UPDATE") === true)
    reader.fail("Sorted results are not kept up to date");
  const criteria: SortCriterion[] = [];
  reader.list(() => {
    const isReverse = reader.take("REVERSE ");
    const word = reader.keyword();
    const key = SORT_KEYS.find((known) => known === word);
    if (key === undefined) reader.fail("Unknown sort key");
    else criteria.push({ key, isReverse });
    if (criteria.length > MAX_CRITERIA) reader.fail("Too many sort keys");
  });
  if (criteria.length === 0) reader.fail("Expected a sort key");
  reader.space();
  readCharset(reader);
  return { verb: "SORT", isUid, ...returns, criteria, key: readSearchKeys(reader) };
}
