/** PERMANENTFLAGS: what the session may change for good, by its rights (RFC 4314 §4, RFC 9051 §7.1). */

import type { Right } from "../../store/mailbox-grant.ts";

/** `\*` stands for keywords nobody has used yet. */
export function permanentFlags(
  defined: readonly string[],
  rights: ReadonlySet<Right>,
): readonly string[] {
  return [...defined, "\\*"].filter((flag) => {
    if (flag === "\\Seen") return rights.has("s");
    return flag === "\\Deleted" ? rights.has("t") : rights.has("w");
  });
}

/** Whether anything at all may be changed; else SELECT says READ-ONLY. */
export function mayChange(rights: ReadonlySet<Right>): boolean {
  return (["s", "w", "t", "e", "i"] as const).some((right) => rights.has(right));
}
