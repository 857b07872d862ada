/** The line a message has in a list: state, number, correspondent, date, size, subject. */

import type { SortItem } from "../folder/sort-order.ts";
import { isSeen, showAddress, showSubject, type Summary } from "../folder/summary.ts";
import { cutColumns, fitColumns } from "../text/screen-text.ts";
import { columnsOf } from "../text/text-columns.ts";

export type LineOptions = {
  readonly columns: number;
  readonly isCurrent: boolean;
  readonly isDeleted: boolean;
  readonly isSaved: boolean;
  readonly depth: number;
  /** Digits of the largest number. */
  readonly numberColumns: number;
  /** The person's own addresses: what they wrote shows whom it went to. */
  readonly own: ReadonlySet<string>;
};

const WHO_COLUMNS = 20;

export function headerLine({ number, summary }: SortItem, options: LineOptions): string {
  const mark = options.isCurrent ? ">" : " ";
  const id = String(number).padStart(options.numberColumns);
  const who = fitColumns(correspondent(summary, options.own), WHO_COLUMNS);
  const size = showSize(summary.sizeOctets).padStart(5);
  const start = `${mark}${stateLetter(summary, options)} ${id} ${who} ${showDate(summary.writtenAtMs)} ${size}  `;
  const subject = `${"  ".repeat(Math.min(options.depth, 10))}${showSubject(summary.envelope)}`;
  return `${start}${cutColumns(subject, Math.max(0, options.columns - columnsOf(start)))}`.trimEnd();
}

/** mailx's letters: new, unread, deleted, saved, flagged, answered; blank for what was read. */
export function stateLetter(
  summary: Summary,
  { isDeleted, isSaved }: Pick<LineOptions, "isDeleted" | "isSaved">,
): string {
  if (isDeleted || summary.flags.has("\\Deleted")) return "D";
  if (isSaved) return "*";
  if (!isSeen(summary)) return summary.flags.has("\\Recent") ? "N" : "U";
  if (summary.flags.has("\\Flagged")) return "F";
  return summary.flags.has("\\Answered") ? "A" : " ";
}

function correspondent({ envelope }: Summary, own: ReadonlySet<string>): string {
  const [writer] = envelope.from;
  const isMine =
    writer !== undefined && own.has(`${writer.localPart}@${writer.domain}`.toLowerCase());
  return isMine && envelope.to.length > 0
    ? `To ${showAddress(envelope.to[0])}`
    : showAddress(writer);
}

/** Local time, as the person's clock has it: `2026-01-02 10:11`. */
export function showDate(atMs: number): string {
  const at = new Date(atMs);
  if (Number.isNaN(at.getTime())) return "????-??-?? ??:??";
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function showSize(octets: number): string {
  if (octets < 1000) return String(octets);
  const units = ["K", "M", "G", "T"];
  let size = octets / 1024;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 ? size.toFixed(1) : size.toFixed(0)}${units[unit]}`;
}
