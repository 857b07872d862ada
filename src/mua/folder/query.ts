/**
 * What a person types to find messages: words, and `key:value` where they know more
 * (`from:anna is:unread since:2026-01-31 larger:1M -subject:news`). All must match.
 */

import { fault, ok, type Result } from "../../base/result.ts";
import type { SearchKey } from "../../imap/client/search-key.ts";

const STATES: ReadonlyMap<string, SearchKey> = new Map<string, SearchKey>([
  ["unread", { key: "is", is: "unseen" }],
  ["new", { key: "is", is: "unseen" }],
  ["read", { key: "is", is: "seen" }],
  ["flagged", { key: "is", is: "flagged" }],
  ["starred", { key: "is", is: "flagged" }],
  ["answered", { key: "is", is: "answered" }],
  ["draft", { key: "is", is: "draft" }],
]);

const KEYS =
  "from: to: cc: subject: body: text: since: before: on: newer: older: larger: smaller: is:";
const DAY_MS = 86_400_000;

export function parseQuery(words: readonly string[], nowMs: number): Result<SearchKey> {
  if (words.length === 0) return fault(`search for what? Words, or ${KEYS}`);
  const all: SearchKey[] = [];
  for (const word of words) {
    const isNegative = word.startsWith("-") && word.length > 1;
    const key = parseTerm(isNegative ? word.slice(1) : word, nowMs);
    if (!key.ok) return key;
    all.push(isNegative ? { key: "not", of: key.value } : key.value);
  }
  return ok(all.length === 1 ? all[0] : { key: "and", all });
}

function parseTerm(term: string, nowMs: number): Result<SearchKey> {
  const match = /^([a-z]+):([^]+)$/.exec(term);
  // `https://…` is text to look for.
  if (match === null || match[2].startsWith("//")) return ok({ key: "text", text: term });
  const [, name, text] = match;
  switch (name) {
    case "from":
    case "to":
    case "cc":
    case "subject":
    case "body":
    case "text":
      return ok({ key: name, text });
    case "since":
    case "before":
    case "on":
      return dayTerm(name, text);
    case "newer":
    case "older":
      return ageTerm(name, text, nowMs);
    case "larger":
    case "smaller":
      return sizeTerm(name, text);
    case "is": {
      const state = STATES.get(text);
      return state === undefined
        ? fault(`is:${text} is none of ${[...STATES.keys()].join(", ")}`)
        : ok(state);
    }
    default:
      return fault(`${name}: is none of ${KEYS}`);
  }
}

function dayTerm(key: "since" | "before" | "on", text: string): Result<SearchKey> {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const atMs =
    match === null
      ? Number.NaN
      : Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  if (Number.isNaN(atMs)) return fault(`${key}:${text} needs a day such as 2026-01-31`);
  return ok({ key, atMs });
}

function ageTerm(key: "newer" | "older", text: string, nowMs: number): Result<SearchKey> {
  const match = /^(\d{1,5})([dwmy]?)$/.exec(text);
  if (match === null) return fault(`${key}:${text} needs an age such as 7d, 2w, 3m or 1y`);
  const days =
    Number(match[1]) * { "": 1, d: 1, w: 7, m: 30, y: 365 }[match[2] as "" | "d" | "w" | "m" | "y"];
  return ok({ key: key === "newer" ? "since" : "before", atMs: nowMs - days * DAY_MS });
}

function sizeTerm(key: "larger" | "smaller", text: string): Result<SearchKey> {
  const match = /^(\d{1,9})([kKmM]?)$/.exec(text);
  if (match === null) return fault(`${key}:${text} needs a size such as 5000, 200K or 1M`);
  const unit = match[2] === "" ? 1 : match[2].toLowerCase() === "k" ? 1024 : 1024 * 1024;
  return ok({ key, octets: Number(match[1]) * unit });
}
