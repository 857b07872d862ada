/** LIST with its extended forms (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154) and LSUB (RFC 3501 §6.3.9). */

import type { ArgumentReader } from "../wire/argument-reader.ts";
import { type EntryName, readEntryNames } from "./metadata.ts";
import { readStatusItems, type StatusItem } from "./status.ts";

export type ListSelection = "SUBSCRIBED" | "REMOTE" | "RECURSIVEMATCH" | "SPECIAL-USE";
export type ListReturn = "SUBSCRIBED" | "CHILDREN" | "SPECIAL-USE" | "MYRIGHTS";

export type ListCommand = {
  readonly verb: "LIST";
  readonly selections: ReadonlySet<ListSelection>;
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly returns: ReadonlySet<ListReturn>;
  /** `RETURN (STATUS (…))` */
  readonly status: readonly StatusItem[];
  /** `RETURN (METADATA (…))` */
  readonly metadata: readonly EntryName[];
  /** An extended form was used, so attributes come as RFC 5258 has them. */
  readonly isExtended: boolean;
};

export type LsubCommand = {
  readonly verb: "LSUB";
  readonly reference: string;
  readonly pattern: string;
};

const MAX_PATTERNS = 100;
/** Of all patterns together: matching costs their length for each mailbox. */
const MAX_PATTERN_LENGTH = 4_000;

export function readList(reader: ArgumentReader): ListCommand {
  reader.space();
  const selections = new Set<ListSelection>();
  let isExtended = false;
  if (reader.next === "(") {
    isExtended = true;
    reader.list(() => readSelection(reader, selections));
    reader.space();
  }
  const reference = reader.mailbox();
  reader.space();
  const patterns: string[] = [];
  if (reader.next === "(") {
    isExtended = true;
    reader.list(() => {
      patterns.push(reader.listMailbox());
      if (patterns.length > MAX_PATTERNS) reader.fail("Too many patterns");
    });
    if (patterns.length === 0) reader.fail("Expected a pattern");
  } else {
    patterns.push(reader.listMailbox());
  }
  const length = patterns.reduce((sum, pattern) => sum + pattern.length, 0);
  if (length > MAX_PATTERN_LENGTH) reader.fail("The patterns are too long");
  const returns = new Set<ListReturn>();
  const status: StatusItem[] = [];
  const metadata: EntryName[] = [];
  if (reader.take(" ") && !reader.isAtEnd) {
    isExtended = true;
    reader.expect("RETURN ");
    reader.list(() => readReturn(reader, { returns, status, metadata }));
  }
  // RFC 5258 §3: RECURSIVEMATCH alone has nothing to match recursively.
  if (
    selections.has("RECURSIVEMATCH") &&
    !selections.has("SUBSCRIBED") &&
    !selections.has("SPECIAL-USE")
  ) {
    reader.fail("RECURSIVEMATCH needs another selection option");
  }
  return { verb: "LIST", selections, reference, patterns, returns, status, metadata, isExtended };
}

function readSelection(reader: ArgumentReader, selections: Set<ListSelection>): void {
  const word = reader.keyword();
  switch (word) {
    case "SUBSCRIBED":
    case "REMOTE":
    case "RECURSIVEMATCH":
    case "SPECIAL-USE":
      selections.add(word);
      break;
    default:
      reader.fail("Unknown list selection option");
  }
}

type Returns = {
  readonly returns: Set<ListReturn>;
  readonly status: StatusItem[];
  readonly metadata: EntryName[];
};

function readReturn(reader: ArgumentReader, { returns, status, metadata }: Returns): void {
  const word = reader.keyword();
  switch (word) {
    case "SUBSCRIBED":
    case "CHILDREN":
    case "SPECIAL-USE":
    case "MYRIGHTS":
      returns.add(word);
      break;
    case "STATUS":
      reader.space();
      status.push(...readStatusItems(reader));
      break;
    case "METADATA":
      reader.space();
      metadata.push(...readEntryNames(reader));
      break;
    default:
      reader.fail("Unknown list return option");
  }
}

export function readLsub(reader: ArgumentReader): LsubCommand {
  reader.space();
  const reference = reader.mailbox();
  reader.space();
  const pattern = reader.listMailbox();
  if (pattern.length > MAX_PATTERN_LENGTH) reader.fail("The pattern is too long");
  return { verb: "LSUB", reference, pattern };
}
