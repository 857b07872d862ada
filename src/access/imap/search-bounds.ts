/** Between which UIDs a search can find anything at all: where sets of messages bound it, the rest is not looked at. */

import type { SearchKey } from "../../imap/search-key.ts";
import { resolveRanges } from "../../imap/sequence-set.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

export type UidBounds = { readonly from: number; readonly to: number };

const ALL: UidBounds = { from: 1, to: Number.POSITIVE_INFINITY };
const NONE: UidBounds = { from: 1, to: 0 };

export function searchBounds(
  key: SearchKey,
  view: SelectedMailbox,
  saved: readonly number[],
): UidBounds {
  if (key.key === "and") {
    return key.keys
      .map((part) => searchBounds(part, view, saved))
      .reduce((a, b) => ({ from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) }), ALL);
  }
  if (key.key !== "set") return ALL;
  if (key.set === "saved") {
    const ends = (a: UidBounds, uid: number): UidBounds => ({
      from: Math.min(a.from, uid),
      to: Math.max(a.to, uid),
    });
    return saved.length === 0 ? NONE : saved.reduce(ends, { from: saved[0], to: saved[0] });
  }
  const { open } = view;
  const ranges = resolveRanges(key.set, key.isUid ? open.lastUid : view.count);
  const [from, to] = [ranges.at(0)?.from ?? 1, ranges.at(-1)?.to ?? 0];
  if (key.isUid) return { from, to };
  // Numbers count what has gone as well.
  if (!view.isWithoutGhosts) return ALL;
  if (from > view.count || to < 1) return NONE;
  return { from: open.uids[Math.max(1, from) - 1], to: open.uids[Math.min(to, view.count) - 1] };
}
