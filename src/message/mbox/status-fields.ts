/**
 * The header fields in which mail programs note flags in an mbox: Status and X-Status (mail, mutt,
 * Dovecot), X-Keywords (Dovecot), X-Mozilla-* (Thunderbird). They belong to the file and not to the
 * message: left out on reading, written anew on writing.
 */

import { decodeLatin1 } from "../../base/bytes.ts";

const BOOKKEEPING: ReadonlySet<string> = new Set([
  "status",
  "x-status",
  "x-keywords",
  "x-mozilla-status",
  "x-mozilla-status2",
  "x-mozilla-keys",
  "x-imap",
  "x-imapbase",
  "x-uid",
  "content-length",
]);

/** Whether a field of this name (lower case) is the file's own. */
export function isBookkeeping(name: string): boolean {
  return BOOKKEEPING.has(name);
}

// https://www-archive.mozilla.org/projects/mailnews: MSG_FLAG_*
const MOZILLA_FLAGS: readonly (readonly [number, string])[] = [
  [0x0001, "\\Seen"],
  [0x0002, "\\Answered"],
  [0x0004, "\\Flagged"],
  [0x0008, "\\Deleted"],
  [0x1000, "$Forwarded"],
];
const MOZILLA_LABEL_SHIFT = 25;
const STATUS_LETTERS: ReadonlyMap<string, string> = new Map([
  ["R", "\\Seen"],
  ["A", "\\Answered"],
  ["F", "\\Flagged"],
  ["D", "\\Deleted"],
  ["T", "\\Draft"],
]);
// RFC 9051 §9: flag-keyword is an atom.
const KEYWORD = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,100}$/;
const MAX_FLAGS = 200;

/** The flags that fields say, by name in lower case; none twice. */
export function flagsOfFields(fields: readonly { name: string; value: string }[]): string[] {
  const flags = new Map<string, string>();
  const add = (flag: string): void => {
    if (flags.size < MAX_FLAGS) flags.set(flag.toLowerCase(), flag);
  };
  for (const { name, value } of fields) {
    if (name === "status" || name === "x-status") {
      for (const letter of value.slice(0, 32)) {
        const flag = STATUS_LETTERS.get(letter);
        // In Status only R is a flag: O is "old", and D was never agreed on.
        if (flag !== undefined && (name === "x-status" || letter === "R")) add(flag);
      }
    } else if (name === "x-keywords" || name === "x-mozilla-keys") {
      for (const keyword of value.split(/[\s,]+/)) if (KEYWORD.test(keyword)) add(keyword);
    } else if (name === "x-mozilla-status") {
      const bits = Number.parseInt(value, 16);
      for (const [bit, flag] of MOZILLA_FLAGS) if ((bits & bit) !== 0) add(flag);
    } else if (name === "x-mozilla-status2") {
      const label = (Number.parseInt(value, 16) >>> MOZILLA_LABEL_SHIFT) & 7;
      if (label >= 1 && label <= 5) add(`$label${label}`);
    }
  }
  return [...flags.values()];
}

/** Lines with LF that say `flags`. `\Recent` means nothing in a file. */
export function statusFields(flags: readonly string[]): string {
  const has = new Set(flags.map((flag) => flag.toLowerCase()));
  const letters = ["A", "F", "D", "T"].filter((letter) =>
    has.has(STATUS_LETTERS.get(letter)?.toLowerCase() ?? ""),
  );
  const keywords = flags.filter((flag) => !flag.startsWith("\\") && KEYWORD.test(flag));
  return [
    `Status: ${has.has("\\seen") ? "RO" : "O"}\n`,
    ...(letters.length > 0 ? [`X-Status: ${letters.join("")}\n`] : []),
    ...(keywords.length > 0 ? [`X-Keywords: ${keywords.join(" ")}\n`] : []),
  ].join("");
}

export type SplitHeader = {
  /** The header section without the file's own fields, and what of the body was in hand. */
  readonly kept: Uint8Array[];
  readonly fields: readonly { name: string; value: string }[];
  /** Where the body begins: behind the blank line, or with the first line that is no field; undefined when `octets` end before. */
  readonly bodyStart: number | undefined;
};

const FIELD = /^([!-9;-~]+)[ \t]*:/;
const MAX_FIELD_NAME = 200;

/**
 * Takes the file's own fields out of the beginning of a message. Looks no further than the first
 * line that is no field and no continuation of one.
 */
export function splitHeader(octets: Uint8Array): SplitHeader {
  const kept: Uint8Array[] = [];
  const fields: { name: string; value: string }[] = [];
  let start = 0;
  let bodyStart: number | undefined;
  let own: { name: string; value: string } | undefined;
  let keptFrom = 0;
  while (start < octets.length) {
    const lineEnd = octets.indexOf(10, start);
    const next = lineEnd === -1 ? octets.length : lineEnd + 1;
    const first = octets[start];
    if (first === 10 || (first === 13 && octets[start + 1] === 10)) {
      bodyStart = next;
      break;
    }
    const isContinuation = (first === 32 || first === 9) && start > 0;
    if (isContinuation && own !== undefined) {
      own.value += decodeLatin1(octets, start, next);
    } else if (!isContinuation) {
      const name = nameAt(octets, start, next);
      if (own !== undefined) keptFrom = start;
      own = undefined;
      if (name === undefined) {
        // A line that is not all here may yet become a field.
        if (lineEnd !== -1) bodyStart = start;
        break;
      }
      if (isBookkeeping(name)) {
        kept.push(octets.subarray(keptFrom, start));
        own = { name, value: valueOf(octets, start, next) };
        fields.push(own);
      }
    }
    start = next;
  }
  kept.push(octets.subarray(own === undefined ? keptFrom : start));
  return { kept, fields, bodyStart };
}

function nameAt(octets: Uint8Array, start: number, end: number): string | undefined {
  const text = decodeLatin1(octets, start, Math.min(end, start + MAX_FIELD_NAME));
  return FIELD.exec(text)?.[1].toLowerCase();
}

function valueOf(octets: Uint8Array, start: number, end: number): string {
  const line = decodeLatin1(octets, start, end);
  return line.slice(line.indexOf(":") + 1).trim();
}
