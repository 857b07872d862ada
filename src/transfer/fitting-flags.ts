/** Flags from elsewhere as ours: no `\Recent`, no word that is no keyword, none twice in other letters. */

// RFC 9051 §9: flag-keyword is an atom.
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/;
const SYSTEM: ReadonlyMap<string, string> = new Map(
  ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"].map((flag) => [
    flag.toLowerCase(),
    flag,
  ]),
);
const MAX_FLAGS = 60;

export function fittingFlags(flags: readonly string[]): string[] {
  const fitting = new Map<string, string>();
  for (const flag of flags) {
    const key = flag.toLowerCase();
    const known = flag.startsWith("\\") ? SYSTEM.get(key) : KEYWORD.test(flag) ? flag : undefined;
    if (known !== undefined && fitting.size < MAX_FLAGS && !fitting.has(key))
      fitting.set(key, known);
  }
  return [...fitting.values()];
}

export function systemFlags(flags: readonly string[]): string[] {
  return flags.filter((flag) => flag.startsWith("\\"));
}
