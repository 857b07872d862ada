/** GETMETADATA and SETMETADATA (RFC 5464 §4), and the entries of LIST … RETURN (METADATA …) (RFC 9590). */

import { encodeLatin1 } from "../../base/bytes.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";

export type EntryScope = "private" | "shared";

/** `/private/comment` is `comment` below `private`: scope and the rest, in lower case; the rest may be empty. */
export type EntryName = { readonly scope: EntryScope; readonly name: string };

export type GetMetadataCommand = {
  readonly verb: "GETMETADATA";
  /** Empty for the server. */
  readonly mailbox: string;
  readonly entries: readonly EntryName[];
  readonly maxSizeOctets: number;
  /** Levels below each entry to tell as well. */
  readonly depth: 0 | 1 | "infinity";
};

export type SetMetadataCommand = {
  readonly verb: "SETMETADATA";
  readonly mailbox: string;
  /** A value of undefined removes the entry. */
  readonly changes: readonly (EntryName & { readonly value: Uint8Array | undefined })[];
};

const MAX_ENTRIES = 100;
const MAX_NAME_LENGTH = 256;

export function readGetMetadata(reader: ArgumentReader): GetMetadataCommand {
  const options = { maxSizeOctets: Number.POSITIVE_INFINITY, depth: 0 as 0 | 1 | "infinity" };
  reader.space();
  if (reader.next === "(") {
    reader.list(() => readOption(reader, options));
    reader.space();
  }
  const mailbox = reader.mailbox();
  reader.space();
  const entries: EntryName[] = [];
  // The examples of RFC 5464 have the options behind the mailbox (erratum 2785), and so have programs.
  if (reader.next !== "(") entries.push(readEntryName(reader));
  else {
    let areOptions = false;
    reader.list(() => {
      areOptions ||= /[A-Za-z]/.test(reader.next);
      if (areOptions) readOption(reader, options);
      else addEntry(reader, entries);
    });
    if (areOptions) {
      reader.space();
      if (reader.next === "(") reader.list(() => addEntry(reader, entries));
      else entries.push(readEntryName(reader));
    }
  }
  if (entries.length === 0) reader.fail("Expected an entry");
  return { verb: "GETMETADATA", mailbox, entries, ...options };
}

function readOption(
  reader: ArgumentReader,
  options: { maxSizeOctets: number; depth: 0 | 1 | "infinity" },
): void {
  const word = reader.keyword();
  reader.space();
  if (word === "MAXSIZE") options.maxSizeOctets = reader.number();
  else if (word === "DEPTH") {
    if (reader.take("0")) options.depth = 0;
    else if (reader.take("1")) options.depth = 1;
    else if (reader.take("infinity")) options.depth = "infinity";
    else reader.fail("Expected a depth of 0, 1 or infinity");
  } else reader.fail("Unknown option");
}

function addEntry(reader: ArgumentReader, entries: EntryName[]): void {
  entries.push(readEntryName(reader));
  if (entries.length > MAX_ENTRIES) reader.fail("Too many entries");
}

export function readSetMetadata(reader: ArgumentReader): SetMetadataCommand {
  reader.space();
  const mailbox = reader.mailbox();
  reader.space();
  const changes: (EntryName & { readonly value: Uint8Array | undefined })[] = [];
  reader.list(() => {
    const entry = readEntryName(reader);
    if (entry.name === "") reader.fail("The entry has no name");
    reader.space();
    changes.push({ ...entry, value: readValue(reader) });
    if (changes.length > MAX_ENTRIES) reader.fail("Too many entries");
  });
  if (changes.length === 0) reader.fail("Expected an entry");
  return { verb: "SETMETADATA", mailbox, changes };
}

function readValue(reader: ArgumentReader): Uint8Array | undefined {
  if (reader.isAtLiteral) return reader.literal().octets;
  const text = reader.nstring();
  return text === undefined ? undefined : encodeLatin1(text);
}

/** RFC 5464 §3.2: `/` between levels, no level empty, no `*` or `%`, ASCII without controls. */
export function readEntryName(reader: ArgumentReader): EntryName {
  const text = reader.astring().toLowerCase();
  const match = /^\/(private|shared)((?:\/[^/%*\x00-\x1f\x7f-\xff]+)*)$/.exec(text);
  if (match === null || text.length > MAX_NAME_LENGTH) {
    reader.fail("An entry is /private/… or /shared/…");
    return { scope: "private", name: "" };
  }
  return { scope: match[1] === "shared" ? "shared" : "private", name: match[2] };
}

/** For LIST. */
export function readEntryNames(reader: ArgumentReader): EntryName[] {
  const entries: EntryName[] = [];
  reader.list(() => addEntry(reader, entries));
  if (entries.length === 0) reader.fail("Expected an entry");
  return entries;
}
