/**
 * The text format of Postfix's address tables (virtual(5), canonical(5), relocated(5)): a key, white
 * space, what it leads to. A line that begins with white space continues the one before; `#` begins
 * a comment line. What a key or a value means is not judged here.
 */

import { parseAddress, addressKey } from "../../message/addr-spec.ts";
import { withAsciiDomain } from "../resolution/ascii-domain.ts";

export type MapEntry = {
  /** Lower case: `user@domain`, `user`, `@domain`. */
  readonly key: string;
  readonly value: string;
  /** Where the entry begins, from 1. */
  readonly line: number;
};

export type ParsedMapFile = {
  readonly entries: readonly MapEntry[];
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
};

export function parseMapFile(text: string): ParsedMapFile {
  const entries = new Map<string, MapEntry>();
  const problems: { line: number; problem: string }[] = [];
  for (const { line, text: logical } of logicalLines(text, problems)) {
    const [, written, value] = /^("(?:[^"\\]|\\.)*"\S*|\S+)\s*(.*)$/s.exec(logical) ?? [];
    const key = keyOf(written ?? logical);
    if (value === undefined || value === "") {
      problems.push({
        line,
        problem: `"${key}" leads to nothing: write KEY, a space, and a value`,
      });
      continue;
    }
    const known = entries.get(key);
    if (known === undefined) entries.set(key, { key, value, line });
    else problems.push({ line, problem: `"${key}" stands in line ${known.line} already` });
  }
  return { entries: [...entries.values()], problems };
}

function* logicalLines(
  text: string,
  problems: { line: number; problem: string }[],
): Generator<{ readonly line: number; readonly text: string }> {
  let open: { line: number; text: string } | undefined;
  let line = 0;
  for (const physical of text.split(/\r?\n/)) {
    line++;
    const trimmed = physical.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    if (!/^[ \t]/.test(physical)) {
      if (open !== undefined) yield open;
      open = { line, text: trimmed };
    } else if (open === undefined) {
      problems.push({ line, problem: "the line continues nothing: it begins with white space" });
    } else {
      open.text += ` ${trimmed}`;
    }
  }
  if (open !== undefined) yield open;
}

/** As addresses are looked up: lower case, domains in A-labels, quotes only where needed. */
function keyOf(written: string): string {
  const parsed = parseAddress(written);
  if (parsed.ok) return addressKey(withAsciiDomain(parsed.value));
  if (!written.startsWith("@")) return written.toLowerCase();
  return `@${withAsciiDomain({ localPart: "", domain: written.slice(1).toLowerCase() }).domain}`;
}
