/**
 * Messages as entries of an mbox file (RFC 4155 with the quoting of mboxrd, which can be undone):
 * From_ line, LF line ends, every line that begins with `From ` or `>From ` quoted once more, a
 * blank line at the end.
 */

import { concatBytes, decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export function mboxEntry(octets: Uint8Array, sender: string, atMs: number): Uint8Array {
  const text = decodeLatin1(octets)
    .replaceAll("\r\n", "\n")
    .replace(/^(?=>*From )/gm, ">");
  const end = text.endsWith("\n\n") ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  return concatBytes([encodeLatin1(fromLine(sender, atMs)), encodeLatin1(text + end)]);
}

/** asctime in UTC with the day padded by a space, as every reader of mbox knows it. */
function fromLine(sender: string, atMs: number): string {
  const at = new Date(atMs);
  const two = (number: number): string => String(number).padStart(2, "0");
  const day = `${DAYS[at.getUTCDay()]} ${MONTHS[at.getUTCMonth()]} ${String(at.getUTCDate()).padStart(2, " ")}`;
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  const safe = /^[\u0021-\u007e]{1,320}$/.test(sender) ? sender : "MAILER-DAEMON";
  return `From ${safe} ${day} ${time} ${at.getUTCFullYear()}\n`;
}
