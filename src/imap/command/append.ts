/**
 * APPEND mailbox [(flags)] [date-time] message, any number of messages (RFC 9051 §6.3.12, RFC 3502
 * MULTIAPPEND, RFC 3516 literal8, RFC 6855 §4 UTF8, RFC 4469 CATENATE), and REPLACE (RFC 8508), which
 * has one message. The decoder stops before each literal that is message text; what stands between
 * two of them is read here, as steps to be taken in order.
 */

import { parseDateTime } from "../date-time.ts";
import { readFlagList } from "../flag.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type AppendMessage = {
  readonly flags: readonly string[];
  /** Undefined: now. */
  readonly internalDateMs: number | undefined;
};

/** What REPLACE replaces: a UID or a message number, infinite for `*`. */
export type Replaced = { readonly number: number; readonly isUid: boolean };

export type AppendStep =
  | { readonly step: "target"; readonly mailbox: string; readonly replaced: Replaced | undefined }
  /** A message begins: `isCatenated` when parts follow, else one literal. */
  | { readonly step: "message"; readonly message: AppendMessage; readonly isCatenated: boolean }
  /** A part of the message is to be had there. */
  | { readonly step: "url"; readonly url: string }
  /** The last part of a catenated message has been named. */
  | { readonly step: "catenated" }
  /** A literal must follow. */
  | { readonly step: "literal" }
  | { readonly step: "end" };

/** Where in the command reading stopped. */
export type AppendState = {
  readonly verb: "APPEND" | "REPLACE";
  readonly isUid: boolean;
  /** The literal that has been read last: a message, or a part of one; in `UTF8 (…)` or not. */
  after: "nothing" | "message" | "utf8-message" | "part" | "utf8-part";
  messages: number;
};

/**
 * The steps that the text up to the next literal asks for; `isLast`: up to the end of the command.
 * They end where a fault is: ask `reader.fault` after each.
 */
export function* appendSteps(
  reader: ArgumentReader,
  state: AppendState,
  isLast: boolean,
): Generator<AppendStep> {
  if (state.after === "nothing") yield readTarget(reader, state);
  else if (state.after.startsWith("utf8")) reader.expect(")");
  let isInside = state.after === "part" || state.after === "utf8-part";
  let isFirstPart = false;
  while (!reader.hasFailed) {
    if (!isInside) {
      if (isLast && state.messages > 0 && reader.isAtEnd) return yield { step: "end" };
      const message = readMessage(reader, state);
      isInside = reader.take("CATENATE (");
      isFirstPart = isInside;
      if (reader.hasFailed) return;
      yield { step: "message", message, isCatenated: isInside };
      if (!isInside) return yield expectLiteral(reader, state, "message");
      continue;
    }
    if (!isFirstPart && reader.take(")")) {
      isInside = false;
      yield { step: "catenated" };
      continue;
    }
    if (!isFirstPart) reader.space();
    isFirstPart = false;
    if (!reader.take("URL ")) return yield expectLiteral(reader, state, "part");
    const url = reader.astring();
    if (!reader.hasFailed) yield { step: "url", url };
  }
}

function readTarget(reader: ArgumentReader, { verb, isUid }: AppendState): AppendStep {
  let replaced: Replaced | undefined;
  if (verb === "REPLACE") {
    reader.space();
    const number = reader.take("*") ? Number.POSITIVE_INFINITY : reader.number();
    if (number === 0) reader.fail("Messages count from 1");
    replaced = { number, isUid };
  }
  reader.space();
  return { step: "target", mailbox: reader.mailbox(), replaced };
}

/** ` (\Seen) "date" ` */
function readMessage(reader: ArgumentReader, state: AppendState): AppendMessage {
  reader.space();
  state.messages++;
  if (state.verb === "REPLACE" && state.messages > 1) reader.fail("One message replaces one");
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
  return { flags, internalDateMs };
}

/** `TEXT ` of a part, `UTF8 (`, then nothing more before the literal. */
function expectLiteral(
  reader: ArgumentReader,
  state: AppendState,
  kind: "message" | "part",
): AppendStep {
  const isUtf8 = reader.take("UTF8 (");
  if (kind === "part" && !isUtf8) reader.expect("TEXT ");
  reader.end();
  state.after = isUtf8 ? `utf8-${kind}` : kind;
  return { step: "literal" };
}
