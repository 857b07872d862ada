/**
 * X-GM-RAW (X-GM-EXT-1): a search as one types it into Gmail's search field, as search keys. Words and
 * "phrases" are looked for anywhere; `-` negates, OR joins two terms, ( ) group, { } mean one of; the
 * operators are those of OPERATORS. What is no operator is text.
 */

import { parseDay } from "./date-time.ts";
import { SYSTEM_LABELS } from "./gmail-label.ts";
import type { SearchKey } from "./search-key.ts";

export const MAX_QUERY_LENGTH = 1_000;
const MAX_DEPTH = 20;
const MAX_WORD_LENGTH = 255;

const NOTHING: SearchKey = { key: "not", of: { key: "all" } };

/** A query that makes no sense finds nothing, as Gmail's does. `query` is no longer than MAX_QUERY_LENGTH. */
export function parseGmailQuery(query: string): SearchKey {
  return new QueryReader(query).all("", undefined);
}

class QueryReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Terms up to `end`; within `from:( … )` each is `operator`'s. */
  all(end: string, operator: string | undefined): SearchKey {
    const keys = this.#terms(end, operator);
    if (keys.length === 0) return { key: "all" };
    return keys.length === 1 ? keys[0] : { key: "and", keys };
  }

  #terms(end: string, operator: string | undefined): SearchKey[] {
    const keys: SearchKey[] = [];
    if (++this.#depth > MAX_DEPTH) {
      this.#at = this.#text.length;
      return keys;
    }
    for (;;) {
      this.#skip(/\s+/y);
      if (this.#at >= this.#text.length) break;
      if (end !== "" && this.#take(end)) break;
      if (this.#skip(/OR(?=\s)\s*/y) !== "" && keys.length > 0) {
        const left = keys.pop() ?? NOTHING;
        if (this.#at < this.#text.length)
          keys.push({ key: "or", left, right: this.#term(operator) });
        else keys.push(left);
        continue;
      }
      keys.push(this.#term(operator));
    }
    this.#depth--;
    return keys;
  }

  #term(operator: string | undefined): SearchKey {
    if (this.#skip(/-(?=\S)/y) !== "") return { key: "not", of: this.#plainTerm(operator) };
    return this.#plainTerm(operator);
  }

  #plainTerm(operator: string | undefined): SearchKey {
    if (this.#take("(")) return this.all(")", operator);
    if (this.#take("{")) {
      const keys = this.#terms("}", operator);
      return keys.reduceRight((right, left) => ({ key: "or", left, right }), keys.pop() ?? NOTHING);
    }
    if (this.#take('"')) return keyOf(operator, this.#quoted());
    const name = this.#skip(/[A-Za-z_0-9]+:(?=[^\s])/y)
      .slice(0, -1)
      .toLowerCase();
    if (name !== "" && OPERATORS.has(name)) {
      if (this.#take("(")) return this.all(")", name);
      return keyOf(name, this.#take('"') ? this.#quoted() : this.#word());
    }
    const word = (name === "" ? "" : `${name}:`) + this.#word();
    // A bracket that stands where none can is passed over.
    if (word === "") this.#at++;
    return word === "" ? { key: "all" } : keyOf(operator, word);
  }

  #quoted(): string {
    const text = this.#skip(/[^"]*/y);
    this.#take('"');
    return text;
  }

  #word(): string {
    return this.#skip(/[^\s(){}"]+/y);
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

function keyOf(operator: string | undefined, value: string): SearchKey {
  const text = value.slice(0, MAX_WORD_LENGTH);
  if (operator === undefined) return { key: "text", text };
  return OPERATORS.get(operator)?.(text) ?? NOTHING;
}

type KeyOf = (value: string) => SearchKey | undefined;

const flag = (name: string): SearchKey => ({ key: "flag", flag: name });
const not = (of: SearchKey): SearchKey => ({ key: "not", of });
const label = (name: string): SearchKey => ({ key: "gm-label", label: name });
const header =
  (field: string): KeyOf =>
  (text) => ({ key: "header", field, text });
const envelope =
  (field: "from" | "to" | "cc" | "bcc" | "subject"): KeyOf =>
  (text) => ({ key: "envelope", field, text });

const OPERATORS: ReadonlyMap<string, KeyOf> = new Map<string, KeyOf>([
  ["from", envelope("from")],
  ["to", envelope("to")],
  ["cc", envelope("cc")],
  ["bcc", envelope("bcc")],
  ["subject", envelope("subject")],
  ["list", header("list-id")],
  ["deliveredto", header("delivered-to")],
  ["rfc822msgid", header("message-id")],
  ["label", (value) => label(value)],
  ["in", inPlace],
  ["is", isSo],
  ["has", (value) => (value.toLowerCase() === "attachment" ? { key: "attachment" } : undefined)],
  ["before", (value) => onDay("before", value)],
  ["older", (value) => onDay("before", value)],
  ["after", (value) => onDay("since", value)],
  ["newer", (value) => onDay("since", value)],
  ["older_than", (value) => byAge("older", value)],
  ["newer_than", (value) => byAge("younger", value)],
  ["larger", (value) => bySize("larger", value)],
  ["size", (value) => bySize("larger", value)],
  ["smaller", (value) => bySize("smaller", value)],
]);

const PLACES: ReadonlyMap<string, string> = new Map([
  ...SYSTEM_LABELS.map((name): [string, string] => [name.slice(1).toLowerCase(), name]),
  ["drafts", "\\Draft"],
]);

function inPlace(value: string): SearchKey {
  const place = value.toLowerCase();
  return place === "anywhere" ? { key: "all" } : label(PLACES.get(place) ?? value);
}

function isSo(value: string): SearchKey | undefined {
  switch (value.toLowerCase()) {
    case "unread":
      return not(flag("\\Seen"));
    case "read":
      return flag("\\Seen");
    case "starred":
      return flag("\\Flagged");
    case "important":
      return label("\\Important");
    default:
      return undefined;
  }
}

/** `2026/2/1` or `2026-02-01` */
function onDay(compare: "before" | "since", value: string): SearchKey | undefined {
  const match = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})$/.exec(value);
  if (match === null) return undefined;
  const month = MONTHS[Number(match[2]) - 1];
  const day = month === undefined ? undefined : parseDay(`${match[3]}-${month}-${match[1]}`);
  return day === undefined ? undefined : { key: "date", of: "internal", compare, day };
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const DAY_SECONDS = 86_400;
const UNIT_DAYS: Readonly<Record<string, number>> = { d: 1, m: 30, y: 365 };

function byAge(key: "older" | "younger", value: string): SearchKey | undefined {
  const match = /^([1-9]\d{0,4})([dmy])$/i.exec(value);
  if (match === null) return undefined;
  return { key, seconds: Number(match[1]) * UNIT_DAYS[match[2].toLowerCase()] * DAY_SECONDS };
}

const UNIT_OCTETS: Readonly<Record<string, number>> = { "": 1, k: 1_024, m: 1_048_576 };

function bySize(key: "larger" | "smaller", value: string): SearchKey | undefined {
  const match = /^(\d{1,10})([km]?)b?$/i.exec(value);
  if (match === null) return undefined;
  return { key, octets: Number(match[1]) * UNIT_OCTETS[match[2].toLowerCase()] };
}
