/** Dates (RFC 5322 §3.3): the form that may be written, the day of the week, and a moment that can be meant. */

import { stripComments } from "../comment.ts";
import { parseDate } from "../date.ts";
import type { FindingList } from "./finding.ts";

const STRICT =
  /^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4,} \d{2}:\d{2}(?::\d{2})? [+-]\d{4}$/i;
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const RFC = "RFC 5322 §3.3";

export function checkDate(text: string, at: number, name: string, findings: FindingList): void {
  const date = parseDate(text);
  if (date === undefined) {
    findings.add(
      "date-unreadable",
      "error",
      at,
      RFC,
      `${name} names no moment: write it as "Fri, 21 Nov 1997 09:55:06 -0600"`,
    );
    return;
  }
  // The grammar allows comments and folding in many places; the words are what counts.
  const plain = stripComments(text)
    .trim()
    .replace(/\s+/g, " ")
    .replace(/^(\w{3}) ?, ?/, "$1, ");
  const strict = STRICT.exec(plain.replace(/ ?: ?/g, ":"));
  if (strict === null) {
    findings.add(
      "date-obsolete",
      "warning",
      at,
      "RFC 5322 §4.3",
      `${name} has a form that must not be written any more: it needs a four-digit year and a zone such as +0000`,
    );
    return;
  }
  const weekday = strict[1]?.toLowerCase();
  const actual = DAYS[new Date(date.epochMs + date.zoneMinutes * 60_000).getUTCDay()];
  if (weekday !== undefined && weekday !== actual) {
    findings.add(
      "date-weekday",
      "error",
      at,
      RFC,
      `${name} says ${strict[1]}, but that day is a ${actual}`,
    );
  }
}
