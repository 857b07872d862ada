/** Which flags the rights `s`, `t` and `w` let an account change (RFC 4314 §4). */

import { DELETED, SEEN } from "../mail.ts";
import type { Right } from "../mailbox-grant.ts";
import type { FlagBits } from "./flag-bits.ts";
import { refusal } from "./mail-gate.ts";

const ALL_BITS = 0xffffffff;

/** Bits that may change; undefined for all. */
export function flagMask(rights: ReadonlySet<Right>): FlagBits | undefined {
  if (rights.has("s") && rights.has("t") && rights.has("w")) return undefined;
  let low = rights.has("w") ? (ALL_BITS & ~(SEEN | DELETED)) >>> 0 : 0;
  if (rights.has("s")) low |= SEEN;
  if (rights.has("t")) low |= DELETED;
  return { low: low >>> 0, high: rights.has("w") ? ALL_BITS : 0 };
}

export function mayChangeFlag(rights: ReadonlySet<Right>, name: string): boolean {
  const flag = name.toLowerCase();
  if (flag === "\\seen") return rights.has("s");
  return flag === "\\deleted" ? rights.has("t") : rights.has("w");
}

/** Those of `names` that may be changed. Rejects when some are asked for and none may. */
export function changeableFlags(
  rights: ReadonlySet<Right>,
  names: readonly string[],
): readonly string[] {
  const allowed = names.filter((name) => mayChangeFlag(rights, name));
  const hasAny = ["s", "t", "w"].some((right) => rights.has(right as Right));
  if (allowed.length > 0 || (names.length === 0 && hasAny)) return allowed;
  throw refusal(rights);
}
