/**
 * The line before each message of an mbox (RFC 4155 appendix A): `From `, who sent it, and when it
 * arrived as C's asctime writes it, in UTC.
 */

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** No From_ line in use is longer. */
export const MAX_FROM_LINE = 1000;

/** Without its line end. The empty sender is written MAILER-DAEMON; what would break the line, `_`. */
export function formatFromLine(sender: string, atMs: number): string {
  const at = new Date(atMs);
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${DAYS[at.getUTCDay()]} ${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2, " ")}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  const name = sender.slice(0, 320).replace(/[^!-~]/g, "_") || "MAILER-DAEMON";
  return `From ${name} ${day} ${time} ${String(at.getUTCFullYear()).padStart(4, "0")}`;
}

export type FromLine = { readonly sender: string; readonly atMs: number | undefined };

// Seconds may be missing; a zone may stand before or behind the year, by name or by number.
const DATE =
  /\b(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat),? +([A-Z][a-z]{2}) +(\d{1,2}) +(\d{1,2}):(\d\d)(?::(\d\d))? +(?:([A-Za-z]{1,5}|[+-]\d{4}) +)?(\d{4})(?: +([+-]\d{4}))?/;

/**
 * Undefined when `line` (without its line end) does not look like one. `From ` alone, as Thunderbird
 * writes it, has neither sender nor date.
 */
export function parseFromLine(line: string): FromLine | undefined {
  if (!line.startsWith("From ") || line.length > MAX_FROM_LINE) return undefined;
  if (line.trimEnd() === "From") return { sender: "", atMs: undefined };
  const match = DATE.exec(line);
  if (match === null) return undefined;
  const sender = line.slice(5, match.index).trim();
  const atMs = momentOf(match);
  return atMs === undefined
    ? undefined
    : { sender: sender === "MAILER-DAEMON" || sender === "-" ? "" : sender, atMs };
}

function momentOf(match: RegExpExecArray): number | undefined {
  const month = MONTHS.indexOf(match[1]);
  const [day, hours, minutes] = [match[2], match[3], match[4]].map(Number);
  const seconds = Number(match[5] ?? 0);
  const year = Number(match[7]);
  if (month === -1 || day > 31 || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  const moment = new Date(Date.UTC(2000, month, day, hours, minutes, seconds));
  moment.setUTCFullYear(year, month, day);
  return moment.getTime() - zoneMs(match[8] ?? match[6]);
}

function zoneMs(zone: string | undefined): number {
  const match = /^([+-])(\d\d)(\d\d)$/.exec(zone ?? "");
  if (match === null) return 0;
  return (Number(match[2]) * 60 + Number(match[3])) * (match[1] === "-" ? -60_000 : 60_000);
}
