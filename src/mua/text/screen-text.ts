/**
 * Text of strangers made fit for a terminal: nothing in it can move the cursor, set a title, run a
 * key macro or turn the direction of writing (security rows 76, 79), and its width is known.
 */

import { displayLines, displayText } from "../../message/display-text.ts";
import { columnsOf, isPrintableAscii } from "./text-columns.ts";

// Beyond `displayText`: single direction marks, soft hyphen, tag characters and other ignorables that
// hide differences between names. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
const INVISIBLE =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufff0-\ufff8\u{e0000}-\u{e0fff}]/gu;

/** One line. */
export function screenText(text: string): string {
  return displayText(text.toWellFormed()).replace(INVISIBLE, "");
}

/** Many lines, ended by LF; tabs stay. */
export function screenLines(text: string): string {
  return displayLines(text.toWellFormed()).replace(INVISIBLE, "");
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** `text` cut and padded to exactly `columns`. */
export function fitColumns(text: string, columns: number): string {
  const cut = cutColumns(text, columns);
  return cut + " ".repeat(Math.max(0, columns - columnsOf(cut)));
}

/** The longest beginning of `text` that takes at most `columns`; no character is cut in half. */
export function cutColumns(text: string, columns: number): string {
  if (isPrintableAscii(text)) return text.slice(0, Math.max(0, columns));
  let cut = "";
  let used = 0;
  // A grapheme takes a column or more, and hostile ones pile up marks: look no further than can fit.
  for (const { segment } of graphemes.segment(text.slice(0, Math.max(0, columns) * 16))) {
    used += columnsOf(segment);
    if (used > columns) break;
    cut += segment;
  }
  return cut;
}
