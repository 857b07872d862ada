/**
 * APPEND mailbox [(flags)] [date-time] literal, any number of messages (RFC 9051 §6.3.12, RFC 3502
 * MULTIAPPEND, RFC 3516 literal8, RFC 6855 §4 UTF8). The decoder stops before each message; what is
 * read here is the text before it and, at the end, the text after it.
 */

import { parseDateTime } from "../date-time.ts";
import { readFlagList } from "../flag.ts";
import { ArgumentReader } from "../wire/argument-reader.ts";
import type { RawCommand } from "../wire/raw-command.ts";

export type AppendMessage = {
  readonly flags: readonly string[];
  /** Undefined: now. */
  readonly internalDateMs: number | undefined;
  /** Wrapped in `UTF8 (…)`. */
  readonly isUtf8: boolean;
};

export type AppendHead = { readonly mailbox: string; readonly message: AppendMessage };

export type AppendReader = { readonly isUtf8: boolean; readonly maxDepth: number };

/** Before the first message: `INBOX (\Seen) "date" `. Ask `reader.fault` afterwards. */
export function readAppendHead(reader: ArgumentReader): AppendHead {
  reader.space();
  const mailbox = reader.mailbox();
  return { mailbox, message: readAppendMessage(reader) };
}

/** Before each message: ` (\Seen) "date" `. */
export function readAppendMessage(reader: ArgumentReader): AppendMessage {
  reader.space();
  let flags: readonly string[] = [];
  if (reader.next === "(") {
    flags = readFlagList(reader);
    reader.space();
  }
  let internalDateMs: number | undefined;
  if (reader.next === '"') {
    internalDateMs = parseDateTime(reader.string());
    if (internalDateMs === undefined) reader.fail("Bad date and time");
    reader.space();
  }
  const isUtf8 = reader.take("UTF8 (");
  reader.end();
  return { flags, internalDateMs, isUtf8 };
}

/** The text before the announced message, with the mailbox literal that may come before it. */
export function appendReaderAt(raw: RawCommand, options: AppendReader): ArgumentReader {
  const isFirst = raw.literals.length === 0;
  const isAfterName = raw.literals.length === 1 && raw.texts[0].trim() === "";
  const from = isFirst || isAfterName ? 0 : raw.texts.length - 1;
  return new ArgumentReader(
    { ...raw, texts: raw.texts.slice(from), literals: raw.literals.slice(from) },
    options,
  );
}
