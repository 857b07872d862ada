/**
 * The right-hand side of an aliases(5) entry, or one line of an `:include:` file: addresses,
 * commands, files and includes, separated by commas or white space, with quotes and RFC 822
 * comments. What an item is shows in its first character after unquoting, as in Postfix.
 *
 * Commands, files, named transports and an `:include:` are handed back for the loader, which knows
 * what the operator allows. Never throws; one pass over the text.
 */

import type { AliasTarget } from "./alias-source.ts";

export type ParsedTarget =
  | Exclude<AliasTarget, { readonly kind: "target" }>
  | { readonly kind: "command"; readonly text: string; readonly command: string }
  | { readonly kind: "file"; readonly text: string }
  | { readonly kind: "transport"; readonly text: string; readonly name: string }
  | { readonly kind: "include"; readonly text: string; readonly path: string };

export type ParsedTargets = {
  readonly targets: readonly ParsedTarget[];
  readonly problems: readonly string[];
};

const MAX_COMMENT_DEPTH = 20;

/** Reads `text` from `from` on. */
export function parseAliasTargets(text: string, from = 0): ParsedTargets {
  const targets: ParsedTarget[] = [];
  const problems: string[] = [];
  let at = from;
  while (at < text.length) {
    const char = text[at];
    if (char === "," || isSpace(char)) {
      at++;
    } else if (char === "(") {
      at = skipComment(text, at, problems);
    } else {
      const item = scanItem(text, at, problems);
      at = item.end;
      if (item.value !== "") targets.push(classify(item.value, problems));
    }
  }
  return { targets, problems };
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\r" || char === "\n";
}

function skipComment(text: string, open: number, problems: string[]): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "(") depth++;
    else if (text[at] === ")" && --depth === 0) return at + 1;
    if (depth > MAX_COMMENT_DEPTH) break;
  }
  problems.push("a comment in parentheses is not closed");
  return text.length;
}

type Item = { readonly value: string; readonly end: number };

/**
 * One item up to a comma or white space outside quotes. Quotes around the whole item vanish;
 * quotes around a local part stay, for they are part of the address.
 */
function scanItem(text: string, from: number, problems: string[]): Item {
  if (text[from] === "|" || text.startsWith(":include:", from)) return scanToComma(text, from);
  let at = from;
  while (at < text.length && text[at] !== "," && !isSpace(text[at])) {
    if (text[at] !== '"') {
      at += text[at] === "\\" ? 2 : 1;
      continue;
    }
    const close = closingQuote(text, at);
    if (close === -1) {
      problems.push("a quote is not closed");
      return { value: "", end: text.length };
    }
    at = close + 1;
  }
  const raw = text.slice(from, at);
  const isWholeQuoted = raw.startsWith('"') && closingQuote(raw, 0) === raw.length - 1;
  return { value: isWholeQuoted ? unquote(raw) : unquoteName(raw), end: at };
}

/** An unquoted command keeps its spaces, as sendmail reads it. */
function scanToComma(text: string, from: number): Item {
  const comma = text.indexOf(",", from);
  const end = comma === -1 ? text.length : comma;
  return { value: text.slice(from, end).trim(), end };
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

export function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, "$1");
}

/** `"b c"@example.org` stays; a name in quotes without a domain is a local part that needs them. */
function unquoteName(raw: string): string {
  const angle = /^<([^<>]*)>$/.exec(raw);
  return angle === null ? raw : angle[1];
}

function classify(value: string, problems: string[]): ParsedTarget {
  if (/^:include:/i.test(value)) {
    return { kind: "include", text: value, path: value.slice(9).trim() };
  }
  if (value.startsWith("|")) {
    return { kind: "command", text: value, command: value.slice(1).trim() };
  }
  if (value === "/dev/null" || /^:blackhole:$/i.test(value))
    return { kind: "discard", text: value };
  if (/^[/~]/.test(value) && !/^[^@]*@[^@/]+$/.test(value)) return { kind: "file", text: value };
  if (/^:transport:/i.test(value)) {
    return { kind: "transport", text: value, name: value.slice(11).trim() };
  }
  if (value.startsWith(":")) return refused(value, "this directive is not known", problems);
  if (value.startsWith("\\")) return { kind: "mailbox", text: value.slice(1) };
  // A quoted name of several words can only be a local part.
  if (/[\s",]/.test(value) && !value.includes("@")) {
    return { kind: "address", text: `"${value.replace(/["\\]/g, "\\$&")}"` };
  }
  return { kind: "address", text: value };
}

function refused(text: string, problem: string, problems: string[]): ParsedTarget {
  problems.push(`${text}: ${problem}`);
  return { kind: "refused", text, problem };
}
