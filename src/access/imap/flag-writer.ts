/** Flags as IMAP spells them, from the bits of an open mailbox: each combination is spelled once and kept. */

import { encodeLatin1, NO_OCTETS } from "../../base/bytes.ts";
import type { ResponseWriter } from "../../imap/wire/response-writer.ts";
import {
  ANSWERED,
  DELETED,
  DRAFT,
  FIRST_KEYWORD_BIT,
  FLAGGED,
  SEEN,
  type OpenMailbox,
} from "../../store/mail.ts";

const SYSTEM: readonly (readonly [number, string])[] = [
  [ANSWERED, "\\Answered"],
  [FLAGGED, "\\Flagged"],
  [DELETED, "\\Deleted"],
  [SEEN, "\\Seen"],
  [DRAFT, "\\Draft"],
];

const KEYWORDS_IN_LOW = 32 - FIRST_KEYWORD_BIT;

/** More combinations than this are spelled anew each time. */
const MAX_CACHED = 4_096;

export class FlagWriter {
  readonly #open: OpenMailbox;
  readonly #firstRecentUid: number;
  readonly #cache = new Map<number, Uint8Array>();
  #keywords: number;
  /** Neighbours often have the same. */
  #lastKey = -1;
  #last: Uint8Array = NO_OCTETS;

  /** `firstRecentUid` is infinite where `\Recent` is not told (RFC 9051). */
  constructor(open: OpenMailbox, firstRecentUid: number) {
    this.#open = open;
    this.#firstRecentUid = firstRecentUid;
    this.#keywords = open.keywords.length;
  }

  /** `(\Seen $Forwarded)` for the message at `position`. */
  write(out: ResponseWriter, position: number): void {
    const { flags, flagsHigh, uids, keywords } = this.#open;
    if (keywords.length !== this.#keywords) {
      this.#keywords = keywords.length;
      this.#cache.clear();
      this.#lastKey = -1;
    }
    const isRecent = uids[position] >= this.#firstRecentUid;
    const low = flags[position];
    const high = flagsHigh[position];
    // 32 + 20 bits and the recent bit fit a double exactly; rarer combinations are not cached.
    const isCacheable = high < 1_048_576;
    const key = (high * 4294967296 + low) * 2 + (isRecent ? 1 : 0);
    if (key === this.#lastKey) return void out.octets(this.#last);
    const known = isCacheable ? this.#cache.get(key) : undefined;
    if (known !== undefined) {
      this.#lastKey = key;
      this.#last = known;
      return void out.octets(known);
    }
    const spelled = encodeLatin1(`(${this.#names(low, high, isRecent).join(" ")})`);
    if (isCacheable && this.#cache.size < MAX_CACHED) this.#cache.set(key, spelled);
    out.octets(spelled);
  }

  #names(low: number, high: number, isRecent: boolean): string[] {
    const names = SYSTEM.filter(([bit]) => (low & bit) !== 0).map(([, name]) => name);
    if (isRecent) names.push("\\Recent");
    this.#open.keywords.forEach((keyword, index) => {
      if (hasKeyword(low, high, index)) names.push(keyword);
    });
    return names;
  }
}

export function hasKeyword(low: number, high: number, index: number): boolean {
  return index < KEYWORDS_IN_LOW
    ? ((low >>> (index + FIRST_KEYWORD_BIT)) & 1) === 1
    : ((high >>> (index - KEYWORDS_IN_LOW)) & 1) === 1;
}

/** The bit of a system flag, or 0. */
export function systemFlagBit(flag: string): number {
  return SYSTEM.find(([, name]) => name === flag)?.[0] ?? 0;
}
