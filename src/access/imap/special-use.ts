/** Special uses by the names clients give them (RFC 6154 §2). */

import type { SpecialUse } from "../../store/mail.ts";

const SPECIAL_USES: readonly SpecialUse[] = [
  "\\Archive",
  "\\Drafts",
  "\\Flagged",
  "\\Junk",
  "\\Sent",
  "\\Trash",
  "\\All",
  "\\Important",
];

/** A mailbox has one use at most. */
export function specialUseOf(uses: readonly string[]): SpecialUse | "unknown" | undefined {
  if (uses.length === 0) return undefined;
  if (uses.length > 1) return "unknown";
  const wanted = uses[0].toLowerCase();
  return SPECIAL_USES.find((use) => use.toLowerCase() === wanted) ?? "unknown";
}
