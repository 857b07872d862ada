/**
 * File names in a Maildir (https://cr.yp.to/proto/maildir.html): what makes them unique, the sizes of
 * Maildir++ (`S=` as the file is, `W=` with CRLF line ends), and the flags behind `:2,`. Small letters
 * are keywords, numbered by Dovecot's file `dovecot-keywords`.
 */

import type { Random } from "../../base/random.ts";

const LETTERS: readonly (readonly [string, string])[] = [
  ["D", "\\Draft"],
  ["F", "\\Flagged"],
  ["P", "$Forwarded"],
  ["R", "\\Answered"],
  ["S", "\\Seen"],
  ["T", "\\Deleted"],
];
const A = 97;
export const MAX_LETTERED_KEYWORDS = 26;

/** Seconds, then what makes it unique, then the host, without what would read as a path or as flags. */
export function uniqueMaildirName(atMs: number, hostname: string, random: Random): string {
  const seconds = Math.floor(atMs / 1000);
  const micros = (atMs - seconds * 1000) * 1000;
  const host = hostname.replaceAll("/", "\\057").replaceAll(":", "\\072").replaceAll(",", "_");
  const chance = [...random.bytes(8)].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  return `${seconds}.M${Math.floor(micros)}R${chance}.${host}`;
}

/** `unique` with its flags; keywords that `keywords` does not number are left out. */
export function formatMaildirName(
  unique: string,
  flags: readonly string[],
  keywords: readonly string[],
): string {
  const has = new Set(flags.map((flag) => flag.toLowerCase()));
  const letters = LETTERS.filter(([, flag]) => has.has(flag.toLowerCase())).map(([it]) => it);
  const numbered = keywords
    .slice(0, MAX_LETTERED_KEYWORDS)
    .flatMap((keyword, n) => (has.has(keyword.toLowerCase()) ? String.fromCharCode(A + n) : []));
  return `${unique}:2,${[...letters, ...numbered].join("")}`;
}

/** The flags that a file name says. Letters nobody knows say nothing. */
export function flagsOfMaildirName(name: string, keywords: readonly string[]): string[] {
  const info = /[:;!]2,([A-Za-z]{0,64})/.exec(name)?.[1] ?? "";
  const flags = new Set<string>();
  for (const letter of info) {
    const known = LETTERS.find(([it]) => it === letter)?.[1] ?? keywords[letter.charCodeAt(0) - A];
    if (known !== undefined) flags.add(known);
  }
  return [...flags];
}
