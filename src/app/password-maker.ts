/** Passwords that a person can read out and type: 77 bits, no letters that look alike. */

import type { Random } from "../base/random.ts";

/** Without 0 and o, 1 and l and i, u and v. */
const LETTERS = "abcdefghjkmnpqrstwxyz23456789";
const GROUPS = 4;
const GROUP_LENGTH = 4;

export function makePassword(random: Random): string {
  const groups = Array.from({ length: GROUPS }, () =>
    Array.from({ length: GROUP_LENGTH }, () => anyLetter(random)).join(""),
  );
  return groups.join("-");
}

/** Octets that would favour the first letters are thrown away. */
function anyLetter(random: Random): string {
  const fair = 256 - (256 % LETTERS.length);
  for (;;) {
    const [octet] = random.bytes(1);
    if (octet < fair) return LETTERS[octet % LETTERS.length];
  }
}
