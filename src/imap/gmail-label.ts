/**
 * X-GM-LABELS (X-GM-EXT-1): labels as Gmail's clients write them. One that begins with `\` is one of
 * the system's, any other the name of a mailbox.
 */

import type { ArgumentReader } from "./wire/argument-reader.ts";

export const SYSTEM_LABELS = [
  "\\Inbox",
  "\\Sent",
  "\\Draft",
  "\\Important",
  "\\Starred",
  "\\Spam",
  "\\Trash",
] as const;

export type SystemLabel = (typeof SYSTEM_LABELS)[number];

const MAX_LABELS = 100;

/** A system label in its one spelling, or a mailbox name. */
export function readLabel(reader: ArgumentReader): string {
  const isBare = reader.take("\\");
  const name = isBare ? `\\${reader.atom()}` : reader.mailbox();
  return name.startsWith("\\") ? systemLabel(reader, name) : name;
}

function systemLabel(reader: ArgumentReader, name: string): string {
  const wanted = name.toLowerCase();
  // \Muted and others that Gmail keeps for itself have nothing behind them here.
  const known = SYSTEM_LABELS.find((label) => label.toLowerCase() === wanted);
  if (known === undefined) reader.fail("Unknown system label");
  return known ?? "";
}

/** With or without parentheses. */
export function readLabels(reader: ArgumentReader): string[] {
  const labels = new Set<string>();
  const read = (): void => {
    labels.add(readLabel(reader));
    if (labels.size > MAX_LABELS) reader.fail("Too many labels");
  };
  if (reader.next === "(") reader.list(read);
  else {
    do read();
    while (reader.take(" "));
  }
  return [...labels];
}
