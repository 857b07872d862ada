/**
 * An aliases(5) file as sendmail and Postfix write it: `name: target, target`, comments, lines that
 * continue with white space (also over comments and empty lines) or after a backslash. Gives the
 * entries in order and every problem with its line; a bad entry never hides the others.
 *
 * Reads no files: `:include:` is left to `AliasFile`. Never throws; linear in the text.
 */

import { lowerAscii } from "../../base/bytes.ts";
import { parseAliasTargets, unquote, type ParsedTarget } from "./parse-alias-targets.ts";

export type AliasEntry = {
  /** Lower case, unquoted. */
  readonly name: string;
  readonly line: number;
  readonly targets: readonly ParsedTarget[];
};

export type AliasProblem = { readonly line: number; readonly problem: string };

export type ParsedAliasFile = {
  readonly entries: readonly AliasEntry[];
  readonly problems: readonly AliasProblem[];
};

type LogicalLine = { readonly line: number; readonly text: string };

export function parseAliasFile(text: string): ParsedAliasFile {
  const entries: AliasEntry[] = [];
  const problems: AliasProblem[] = [];
  const firstLines = new Map<string, number>();
  for (const { line, text: logical } of logicalLines(text)) {
    const key = scanName(logical);
    if ("problem" in key) {
      problems.push({ line, problem: key.problem });
      continue;
    }
    const first = firstLines.get(key.name);
    if (first !== undefined) {
      problems.push({ line, problem: `"${key.name}" is defined in line ${first} already` });
      continue;
    }
    firstLines.set(key.name, line);
    const parsed = parseAliasTargets(logical, key.end);
    for (const problem of parsed.problems) problems.push({ line, problem });
    if (parsed.targets.length === 0) {
      problems.push({ line, problem: `"${key.name}" leads nowhere` });
    }
    entries.push({ name: key.name, line, targets: parsed.targets });
  }
  return { entries, problems };
}

function* logicalLines(text: string): Generator<LogicalLine> {
  let current: { line: number; parts: string[] } | undefined;
  let isJoined = false;
  let line = 0;
  for (const physical of text.split(/\r?\n/)) {
    line++;
    const isBlank = physical.trim() === "" || physical.trimStart().startsWith("#");
    if (isBlank && !isJoined) continue;
    const continues = isJoined || /^[ \t]/.test(physical);
    isJoined = physical.endsWith("\\");
    const part = isJoined ? physical.slice(0, -1) : physical;
    if (continues && current !== undefined) {
      current.parts.push(part);
      continue;
    }
    if (current !== undefined) yield { line: current.line, text: current.parts.join(" ") };
    current = { line, parts: [part] };
  }
  if (current !== undefined) yield { line: current.line, text: current.parts.join(" ") };
}

function scanName(
  text: string,
): { readonly name: string; readonly end: number } | { readonly problem: string } {
  const match = /^\s*("(?:[^"\\]|\\.)*"|[^\s":,]+)\s*:/.exec(text);
  if (match === null) return { problem: "an entry begins with a name and a colon" };
  const name = match[1].startsWith('"') ? unquote(match[1]) : match[1];
  if (name === "") return { problem: "the name before the colon is empty" };
  if (/[@%]/.test(name) && !match[1].startsWith('"')) {
    return { problem: `"${name}" has a domain; names in an alias file are local parts` };
  }
  return { name: lowerAscii(name), end: match[0].length };
}
