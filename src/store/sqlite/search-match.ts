/**
 * What is asked of the search index: the runs of three characters (trigrams) that a text is made of,
 * all of them in one column. Whoever holds the text has them all, so nothing that matches is missed; who
 * has them all may yet not hold the text, so what is found is looked at.
 */

import type { TextField } from "../mail.ts";

/**
 * Stands in the index for messages of which not all was indexed: they may hold any text. Who writes it
 * into a message has the message looked at more often, that is all.
 */
export const INCOMPLETE = "\u{f8f0}\u{f8f1}\u{f8f2}";

const COLUMNS: Readonly<Record<TextField, string>> = {
  subject: "subject",
  from: "sender",
  recipients: "recipients",
  text: "everything",
};

/** More of them exclude little more. */
const MAX_TRIGRAMS = 24;

/** The MATCH expression; undefined for a text that is too short to have a trigram. `text` is case-mapped. */
export function searchMatch(field: TextField, text: string): string | undefined {
  const characters = Array.from(text);
  const trigrams = new Set<string>();
  for (let at = 0; at + 3 <= characters.length; at++) {
    const trigram = characters.slice(at, at + 3).join("");
    // Halves of characters do not survive the way into the index.
    if (!/[\0\p{Cs}\ufffd]/u.test(trigram)) trigrams.add(`"${trigram.replaceAll('"', '""')}"`);
  }
  if (trigrams.size === 0) return undefined;
  const step = Math.max(1, Math.ceil(trigrams.size / MAX_TRIGRAMS));
  const chosen = [...trigrams].filter((_, index) => index % step === 0);
  return `({${COLUMNS[field]}} : (${chosen.join(" AND ")})) OR ({everything} : "${INCOMPLETE}")`;
}
