/** IMAP dates (RFC 9051 §9 `date`, `date-time`). Days are counted from 1970-01-01 without a zone. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;

const DATE = /^(\d{1,2})-([A-Za-z]{3})-(\d{4})$/;
const DATE_TIME = /^([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})$/;

/** The day number of `1-Feb-1994`, or undefined. */
export function parseDay(text: string): number | undefined {
  const match = DATE.exec(text);
  return match === null ? undefined : dayNumber(Number(match[1]), match[2], Number(match[3]));
}

function dayNumber(day: number, monthName: string, year: number): number | undefined {
  const month = MONTHS.indexOf(monthName[0].toUpperCase() + monthName.slice(1).toLowerCase());
  if (month === -1) return undefined;
  const date = new Date(Date.UTC(2000, month, day));
  date.setUTCFullYear(year, month, day);
  return date.getUTCDate() === day && date.getUTCMonth() === month
    ? date.getTime() / DAY_MS
    : undefined;
}

/** Milliseconds since 1970 of ` 1-Feb-1994 12:30:00 +0100` (without its quotes), or undefined. */
export function parseDateTime(text: string): number | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const day = dayNumber(Number(match[1]), match[2], Number(match[3]));
  const [hours, minutes, seconds, zoneHours, zoneMinutes] = [4, 5, 6, 8, 9].map((group) =>
    Number(match[group]),
  );
  if (day === undefined || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  if (zoneHours > 23 || zoneMinutes > 59) return undefined;
  const zone = (zoneHours * 60 + zoneMinutes) * (match[7] === "-" ? -1 : 1);
  return day * DAY_MS + ((hours * 60 + minutes - zone) * 60 + seconds) * 1000;
}

/** The day a moment falls on, in UTC. */
export function dayOf(epochMs: number): number {
  return Math.floor(epochMs / DAY_MS);
}

/** `01-Feb-1994 ` with its blank: the part that consecutive messages share. */
export function formatDay(day: number): string {
  const date = new Date(day * DAY_MS);
  const dayOfMonth = String(date.getUTCDate()).padStart(2, "0");
  return `${dayOfMonth}-${MONTHS[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, "0")} `;
}

/** `01-Feb-1994 12:30:00 +0000`, without quotes. */
export function formatDateTime(epochMs: number): string {
  const seconds = Math.floor(epochMs / 1000) - dayOf(epochMs) * 86_400;
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${formatDay(dayOf(epochMs))}${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)} +0000`;
}
