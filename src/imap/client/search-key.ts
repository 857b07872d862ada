/** What to search for (RFC 9051 §6.4.4), typed; the words of the command are made here only. */

import { lowerAscii } from "../../base/bytes.ts";
import { invariant, unreachable } from "../../base/errors.ts";
import { dayOf, formatDay } from "../date-time.ts";
import { astring, flagAtom, words, type CommandPart } from "./command.ts";
import { formatUidSet } from "./uid-set.ts";

export type FlagKey =
  | "all"
  | "answered"
  | "deleted"
  | "draft"
  | "flagged"
  | "new"
  | "old"
  | "recent"
  | "seen"
  | "unanswered"
  | "undeleted"
  | "unflagged"
  | "unseen";

export type SearchKey =
  | { readonly key: "is"; readonly is: FlagKey }
  | {
      readonly key: "from" | "to" | "cc" | "bcc" | "subject" | "body" | "text";
      readonly text: string;
    }
  | { readonly key: "header"; readonly name: string; readonly text: string }
  | { readonly key: "keyword"; readonly keyword: string }
  /** Milliseconds since 1970; only the day in UTC counts. */
  | {
      readonly key: "since" | "before" | "on" | "sentsince" | "sentbefore" | "senton";
      readonly atMs: number;
    }
  | { readonly key: "larger" | "smaller"; readonly octets: number }
  | { readonly key: "uid"; readonly uids: readonly number[] }
  | { readonly key: "not"; readonly of: SearchKey }
  | { readonly key: "or"; readonly either: SearchKey; readonly or: SearchKey }
  | { readonly key: "and"; readonly all: readonly SearchKey[] };

/** The arguments of SEARCH; with CHARSET where text needs it. */
export function encodeSearch(key: SearchKey): CommandPart[][] {
  const parts = encodeKey(key);
  const needsUtf8 = parts.some(
    (part) => part instanceof Uint8Array && part.some((octet) => octet > 127),
  );
  return needsUtf8 ? [["CHARSET UTF-8"], parts] : [parts];
}

function encodeKey(key: SearchKey): CommandPart[] {
  switch (key.key) {
    case "from":
    case "to":
    case "cc":
    case "bcc":
    case "subject":
    case "body":
    case "text":
      return words(key.key.toUpperCase(), astring(key.text));
    case "header":
      invariant(/^[!-9;-~]{1,100}$/.test(key.name), "a header name is printable ASCII");
      return words("HEADER", astring(lowerAscii(key.name)), astring(key.text));
    case "keyword":
      return words("KEYWORD", flagAtom(key.keyword));
    case "since":
    case "before":
    case "on":
    case "sentsince":
    case "sentbefore":
    case "senton":
      return words(key.key.toUpperCase(), formatDay(dayOf(key.atMs)).trim());
    case "larger":
    case "smaller":
      return words(key.key.toUpperCase(), String(Math.max(0, Math.floor(key.octets))));
    case "uid":
      return words("UID", key.uids.length === 0 ? "4294967295" : formatUidSet(key.uids));
    case "not":
      return words("NOT", group(key.of));
    case "or":
      return words("OR", group(key.either), group(key.or));
    case "and":
      return key.all.length === 0 ? ["ALL"] : words(...key.all.map(group));
    case "is":
      return [key.is.toUpperCase()];
    default:
      return unreachable(key);
  }
}

function group(key: SearchKey): CommandPart[] {
  return ["(", ...encodeKey(key), ")"];
}
