/**
 * The order in which address tables are searched, as Postfix does (virtual(5), TABLE SEARCH ORDER):
 * each pattern in every table before the next pattern. `user` alone means one of our own domains.
 */

import { addressKey, formatLocalPart, type Address } from "../../message/addr-spec.ts";
import type { FoundEntry, MapFile } from "./map-file.ts";

export type FoundInMaps = FoundEntry & {
  /** What stands behind the delimiter and took no part in the search: it moves on to the result. */
  readonly unmatchedDetail: string | undefined;
};

export type MapSearch = {
  /** "" for none. */
  readonly recipientDelimiter: string;
  readonly isOurDomain: (domain: string) => boolean;
};

/** `address` with its domain in A-labels. */
export function findInMaps(
  maps: readonly MapFile[],
  address: Address,
  { recipientDelimiter, isOurDomain }: MapSearch,
): FoundInMaps | undefined {
  if (maps.length === 0) return undefined;
  const { domain } = address;
  const localPart = address.localPart.toLowerCase();
  const cut = recipientDelimiter === "" ? -1 : localPart.indexOf(recipientDelimiter);
  const user = cut > 0 ? localPart.slice(0, cut) : undefined;
  // With its case, as it was written.
  const detail = user === undefined ? undefined : address.localPart.slice(cut);
  const isOurs = isOurDomain(domain);
  const patterns: [string | undefined, string | undefined][] = [
    [addressKey({ localPart, domain }), undefined],
    [user && addressKey({ localPart: user, domain }), detail],
    [isOurs ? formatLocalPart(localPart) : undefined, undefined],
    [isOurs && user !== undefined ? formatLocalPart(user) : undefined, detail],
    [`@${domain}`, undefined],
  ];
  for (const [pattern, unmatchedDetail] of patterns) {
    if (pattern === undefined) continue;
    for (const map of maps) {
      const found = map.get(pattern);
      if (found !== undefined) return { ...found, unmatchedDetail };
    }
  }
  return undefined;
}
