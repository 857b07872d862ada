/** The orders in which a list of messages can be shown. */

import { baseSubject } from "../../message/base-subject.ts";
import { showAddress, type Summary } from "./summary.ts";
import { threadOrder } from "./thread-order.ts";

export const SORT_KEYS = [
  "arrival",
  "date",
  "from",
  "to",
  "subject",
  "size",
  "status",
  "thread",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export function isSortKey(text: string): text is SortKey {
  return (SORT_KEYS as readonly string[]).includes(text);
}

export type SortItem = { readonly number: number; readonly summary: Summary };
export type SortedRow = { readonly number: number; readonly depth: number };

/** Stable: what compares equal stays in order of arrival. */
export function sortMessages(
  items: readonly SortItem[],
  key: SortKey,
  options: { readonly reverse?: boolean } = {},
): SortedRow[] {
  const rows = key === "thread" ? threads(items) : plain(items, key);
  return options.reverse === true ? rows.reverse() : rows;
}

function plain(items: readonly SortItem[], key: Exclude<SortKey, "thread">): SortedRow[] {
  const keyed = items.map((item) => ({ number: item.number, value: sortValue(item, key) }));
  keyed.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.number - b.number));
  return keyed.map(({ number }) => ({ number, depth: 0 }));
}

function sortValue(
  { number, summary }: SortItem,
  key: Exclude<SortKey, "thread">,
): number | string {
  switch (key) {
    case "arrival":
      return number;
    case "date":
      return summary.writtenAtMs;
    case "from":
      return showAddress(summary.envelope.from[0]).toLowerCase();
    case "to":
      return showAddress(summary.envelope.to[0]).toLowerCase();
    case "subject":
      return baseSubject(summary.envelope.subject).base.toLowerCase();
    case "size":
      return summary.sizeOctets;
    case "status":
      return statusRank(summary.flags);
    default:
      return key satisfies never;
  }
}

/** New first, then unread, flagged, read, answered, deleted. */
function statusRank(flags: ReadonlySet<string>): number {
  if (flags.has("\\Deleted")) return 5;
  if (!flags.has("\\Seen")) return flags.has("\\Recent") ? 0 : 1;
  if (flags.has("\\Flagged")) return 2;
  return flags.has("\\Answered") ? 4 : 3;
}

function threads(items: readonly SortItem[]): SortedRow[] {
  const rows = threadOrder(
    items.map(({ number, summary }) => ({
      key: number,
      messageId: summary.envelope.messageId.trim(),
      ancestors: ancestorsOf(summary),
      atMs: summary.writtenAtMs,
    })),
  );
  return rows.map(({ key, depth }) => ({ number: key, depth }));
}

function ancestorsOf({ references, envelope }: Summary): readonly string[] {
  if (references.length > 0) return references;
  return /<[^<>\s]{1,500}>/.exec(envelope.inReplyTo)?.slice(0, 1) ?? [];
}
