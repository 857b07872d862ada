/**
 * Dates of messages (RFC 5322 §3.3, §4.3): obsolete zones, two-digit years, comments, and the other
 * forms that real mail has (asctime, ISO 8601, month first). A date that names no moment is undefined.
 */

import { stripComments } from "./comment.ts";

export type MessageDate = {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly epochMs: number;
  /** East of Greenwich; 0 also for `-0000` and for zones nobody knows. */
  readonly zoneMinutes: number;
};

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_NAMES = MONTHS.map((month) => month[0].toUpperCase() + month.slice(1));
const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** RFC 5322 §4.3; single letters but Z have no agreed meaning and count as -0000. */
const ZONES: Readonly<Record<string, number>> = {
  ut: 0,
  gmt: 0,
  utc: 0,
  z: 0,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  wet: 0,
  west: 60,
  cet: 60,
  cest: 120,
  met: 60,
  mest: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  bst: 60,
  jst: 540,
};

const TIME =
  "(\\d{1,2})\\s*[:.]\\s*(\\d{1,2})(?:\\s*[:.]\\s*(\\d{1,2})(?:[.,]\\d{1,9})?)?\\s*([AaPp][Mm])?";
const ZONE = "\\s*,?\\s*((?:GMT|UTC|UT)?\\s?[+-]\\s?\\d{1,2}:?\\d{2}|[A-Za-z]{1,5})?";
/** `Fri, 21 Nov 1997 09:55:06 -0600` */
const DAY_FIRST = new RegExp(
  `^(?:[A-Za-z]{2,9}\\.?\\s*,?\\s*)?(\\d{1,2})(?:st|nd|rd|th)?[\\s-]+([A-Za-z]{3,9})\\.?[\\s,-]+(\\d{2,4})\\s*,?\\s+${TIME}${ZONE}`,
);
/** asctime `Fri Nov 21 09:55:06 1997`, perhaps with a zone before or after the year. */
const ASCTIME = new RegExp(
  `^[A-Za-z]{2,9}\\.?\\s*,?\\s+([A-Za-z]{3,9})\\s+(\\d{1,2})\\s+${TIME}\\s+(?:([A-Za-z]{1,5}|[+-]\\d{4})\\s+)?(\\d{4})${ZONE}`,
);
/** `November 21, 1997 09:55:06 -0600`, perhaps after a weekday */
const MONTH_FIRST = new RegExp(
  `^(?:[A-Za-z]{2,9}\\.?\\s*,?\\s+)?([A-Za-z]{3,9})\\.?\\s+(\\d{1,2}),?\\s+(\\d{4}),?\\s+(?:at\\s+)?${TIME}${ZONE}`,
);
/** `1997-11-21T09:55:06-06:00`, `1997/11/21 09:55` */
const ISO = new RegExp(`^(\\d{4})[-/](\\d{1,2})[-/](\\d{1,2})(?:[Tt\\s]\\s*${TIME}${ZONE})?`);
/** A date without a time. */
const DAY_ONLY = /^(?:[A-Za-z]{2,9}\.?\s*,?\s*)?(\d{1,2})[\s-]+([A-Za-z]{3,9})\.?[\s,-]+(\d{4})$/;

/** No real date is longer; a longer text is not looked at. */
const MAX_LENGTH = 200;

export function parseDate(text: string): MessageDate | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const plain = stripComments(text).trim();
  let m = DAY_FIRST.exec(plain);
  if (m) return makeDate(readYear(m[3]), monthOf(m[2]), m[1], m.slice(4));
  m = ASCTIME.exec(plain);
  if (m) {
    const zone = m[7] ?? m[9];
    return makeDate(readYear(m[8]), monthOf(m[1]), m[2], [m[3], m[4], m[5], m[6], zone]);
  }
  m = MONTH_FIRST.exec(plain);
  if (m) return makeDate(readYear(m[3]), monthOf(m[1]), m[2], m.slice(4));
  m = ISO.exec(plain);
  if (m) return makeDate(Number(m[1]), Number(m[2]) - 1, m[3], m.slice(4));
  m = DAY_ONLY.exec(plain);
  return m ? makeDate(readYear(m[3]), monthOf(m[2]), m[1], []) : undefined;
}

/** RFC 5322 §4.3: two digits below 50 are of this century, others and three digits add 1900. */
function readYear(text: string): number {
  const year = Number(text);
  if (text.length > 3) return year;
  return text.length === 2 && year < 50 ? 2000 + year : 1900 + year;
}

function monthOf(name: string): number {
  return MONTHS.indexOf(name.slice(0, 3).toLowerCase());
}

/** `rest`: hour, minute, second, AM or PM, zone; each perhaps absent. */
function makeDate(
  year: number,
  month: number,
  dayText: string,
  rest: readonly (string | undefined)[],
): MessageDate | undefined {
  const day = Number(dayText);
  const minute = Number(rest[1] ?? 0);
  const second = Number(rest[2] ?? 0);
  const hour = readHour(Number(rest[0] ?? 0), rest[3]);
  if (month < 0 || month > 11 || day < 1 || day > daysIn(year, month)) return undefined;
  // 60 is a leap second (RFC 5322 §3.3).
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const zoneMinutes = readZone(rest[4]);
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second);
  return { epochMs: date.getTime() - zoneMinutes * 60_000, zoneMinutes };
}

function readHour(hour: number, half: string | undefined): number {
  if (half === undefined || hour > 12) return hour;
  return (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

function daysIn(year: number, month: number): number {
  if (month === 1) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [3, 5, 8, 10].includes(month) ? 30 : 31;
}

function readZone(text: string | undefined): number {
  if (text === undefined) return 0;
  const numeric = /([+-])\s?(\d{1,2}):?(\d{2})$/.exec(text);
  if (numeric === null) {
    const name = text.toLowerCase();
    return Object.hasOwn(ZONES, name) ? ZONES[name] : 0;
  }
  const minutes = Number(numeric[2]) * 60 + Number(numeric[3]);
  // Farther than any place on Earth: no zone that could be meant.
  if (Number(numeric[3]) > 59 || minutes > 24 * 60 || minutes === 0) return 0;
  return numeric[1] === "-" ? -minutes : minutes;
}

/** RFC 5322 §3.3: `Fri, 21 Nov 1997 09:55:06 -0600`. The year must be 1900 or later. */
export function formatDate(epochMs: number, zoneMinutes = 0): string {
  const local = new Date(epochMs + zoneMinutes * 60_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const zone = Math.abs(zoneMinutes);
  const sign = zoneMinutes < 0 ? "-" : "+";
  return (
    `${DAY_NAMES[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTH_NAMES[local.getUTCMonth()]} ` +
    `${String(local.getUTCFullYear()).padStart(4, "0")} ` +
    `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())} ` +
    `${sign}${two(Math.floor(zone / 60))}${two(zone % 60)}`
  );
}
