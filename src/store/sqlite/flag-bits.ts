/**
 * Flags as bits (see `mail.ts`): system flags in fixed places, keywords in the order in which a
 * mailbox first met them.
 */

import { MailError } from "../../base/errors.ts";
import {
  ANSWERED,
  DELETED,
  DRAFT,
  FIRST_KEYWORD_BIT,
  FLAGGED,
  MAX_KEYWORDS,
  SEEN,
} from "../mail.ts";

export type FlagBits = { readonly low: number; readonly high: number };

export const ALL_FLAGS: FlagBits = { low: 0xffffffff, high: 0xffffffff };

const SYSTEM_FLAGS: ReadonlyMap<string, number> = new Map([
  ["\\seen", SEEN],
  ["\\answered", ANSWERED],
  ["\\flagged", FLAGGED],
  ["\\deleted", DELETED],
  ["\\draft", DRAFT],
]);

const LOW_KEYWORDS = 32 - FIRST_KEYWORD_BIT;
// RFC 9051 §9: flag-keyword is an atom.
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,255}$/;

/**
 * The bits of `names`. A keyword that is not among `keywords` goes to `add`, which returns its place.
 * `\Recent` and system flags nobody has heard of are passed over.
 */
export function flagBits(
  names: readonly string[],
  keywords: readonly string[],
  add: (keyword: string) => number,
): FlagBits {
  let low = 0;
  let high = 0;
  for (const name of names) {
    if (name.startsWith("\\")) {
      low |= SYSTEM_FLAGS.get(name.toLowerCase()) ?? 0;
      continue;
    }
    const wanted = name.toLowerCase();
    let place = keywords.findIndex((keyword) => keyword.toLowerCase() === wanted);
    if (place === -1) place = add(checkKeyword(name, keywords.length));
    if (place < LOW_KEYWORDS) low |= 1 << (place + FIRST_KEYWORD_BIT);
    else high |= 1 << (place - LOW_KEYWORDS);
  }
  return { low: low >>> 0, high: high >>> 0 };
}

function checkKeyword(name: string, count: number): string {
  if (!KEYWORD.test(name)) throw new MailError("refused", "a keyword must be an atom");
  if (count >= MAX_KEYWORDS) {
    throw new MailError(
      "refused",
      `a mailbox can hold ${MAX_KEYWORDS} keywords, and all are taken`,
    );
  }
  return name;
}

/** The keywords among the bits, by name. */
export function keywordsOf(bits: FlagBits, keywords: readonly string[]): string[] {
  return keywords.filter((_, place) =>
    place < LOW_KEYWORDS
      ? (bits.low & (1 << (place + FIRST_KEYWORD_BIT))) !== 0
      : (bits.high & (1 << (place - LOW_KEYWORDS))) !== 0,
  );
}
