/**
 * LIST patterns (RFC 9051 §6.3.9): `*` matches anything, `%` anything but the hierarchy separator.
 * Matching keeps the set of pattern positions that are still possible, so its cost is at most the
 * pattern's length times the name's, whatever the wildcards (no backtracking).
 */

import { HIERARCHY_SEPARATOR, normalizeInbox } from "./mailbox-name.ts";

export type ListPattern = (name: string) => boolean;

export function compileListPattern(pattern: string): ListPattern {
  // A run of wildcards matches what its strongest member matches.
  const steps = Array.from(
    normalizeInbox(pattern).replace(/[*%]{2,}/g, (run) => (run.includes("*") ? "*" : "%")),
  );
  if (!steps.includes("*") && !steps.includes("%")) {
    const literal = steps.join("");
    return (name) => name === literal;
  }
  return (name) => matches(steps, name);
}

function matches(steps: readonly string[], name: string): boolean {
  let reached = new Uint8Array(steps.length + 1);
  reached[0] = 1;
  skipWildcards(steps, reached);
  for (const character of name) {
    const next = new Uint8Array(steps.length + 1);
    for (let at = 0; at < steps.length; at++) {
      if (reached[at] === 0) continue;
      const step = steps[at];
      if (step === "*" || (step === "%" && character !== HIERARCHY_SEPARATOR)) next[at] = 1;
      else if (step === character && step !== "%") next[at + 1] = 1;
    }
    skipWildcards(steps, next);
    reached = next;
  }
  return reached[steps.length] === 1;
}

/** A wildcard may also match nothing. */
function skipWildcards(steps: readonly string[], reached: Uint8Array): void {
  for (let at = 0; at < steps.length; at++) {
    if (reached[at] === 1 && (steps[at] === "*" || steps[at] === "%")) reached[at + 1] = 1;
  }
}
