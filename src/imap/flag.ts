/** Flags on the wire (RFC 9051 §2.3.2): system flags in their one spelling, keywords as atoms. */

import type { ArgumentReader } from "./wire/argument-reader.ts";

export const SYSTEM_FLAGS = ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"] as const;

export const MAX_KEYWORD_OCTETS = 100;
const MAX_FLAGS = 200;

const BY_LOWER_CASE: ReadonlyMap<string, string> = new Map(
  [...SYSTEM_FLAGS, "\\Recent"].map((flag) => [flag.toLowerCase(), flag]),
);

/** One flag. `\Recent` comes through: who stores flags leaves it out (RFC 3501 §2.3.2). */
export function readFlag(reader: ArgumentReader): string {
  if (!reader.take("\\")) {
    const keyword = reader.atom();
    if (keyword.length > MAX_KEYWORD_OCTETS) reader.fail("The keyword is too long");
    return keyword;
  }
  const name = `\\${reader.atom()}`;
  const flag = BY_LOWER_CASE.get(name.toLowerCase());
  if (flag === undefined) reader.fail("Unknown system flag");
  return flag ?? "";
}

/** `(flags)`, without `\Recent` and without doubles. */
export function readFlagList(reader: ArgumentReader): string[] {
  const flags = new Set<string>();
  reader.list(() => {
    flags.add(readFlag(reader));
    if (flags.size > MAX_FLAGS) reader.fail("Too many flags");
  });
  flags.delete("\\Recent");
  return [...flags];
}

/** Flags with or without parentheses, as STORE takes them. */
export function readFlags(reader: ArgumentReader): string[] {
  if (reader.next === "(") return readFlagList(reader);
  const flags = new Set<string>();
  do {
    flags.add(readFlag(reader));
    if (flags.size > MAX_FLAGS) reader.fail("Too many flags");
  } while (reader.take(" "));
  flags.delete("\\Recent");
  return [...flags];
}
