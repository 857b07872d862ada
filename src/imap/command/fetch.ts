/** FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 3501 §6.4.5; RFC 3516, 7162, 8474, 8514, 9394). */

import { readPartialRange, type PartialRange } from "../partial-range.ts";
import {
  readPartial,
  readPath,
  readSection,
  WHOLE,
  type Partial,
  type Section,
} from "../section.ts";
import type { SequenceSet } from "../sequence-set.ts";
import type { ArgumentReader } from "../wire/argument-reader.ts";
import { ascii } from "../wire/response-writer.ts";

/** Items that are one word, and answered from what the mailbox keeps ready. */
export type PlainItem =
  | "UID"
  | "FLAGS"
  | "INTERNALDATE"
  | "RFC822.SIZE"
  | "ENVELOPE"
  | "BODYSTRUCTURE"
  | "BODY"
  | "MODSEQ"
  | "EMAILID"
  | "THREADID"
  | "SAVEDATE"
  | "X-GM-MSGID"
  | "X-GM-THRID"
  | "X-GM-LABELS";

export type SectionItem = {
  readonly section: Section;
  readonly partial: Partial | undefined;
  readonly isPeek: boolean;
  /** How the answer names it: `BODY[TEXT]<0>`, `RFC822.HEADER`. */
  readonly label: Uint8Array;
};

/** A part with its transfer encoding taken off (RFC 3516). */
export type BinaryItem = {
  readonly path: readonly number[];
  readonly partial: Partial | undefined;
  readonly isPeek: boolean;
  readonly isSize: boolean;
};

export type FetchCommand = {
  readonly verb: "FETCH";
  readonly isUid: boolean;
  /** UID is among the items, not only in the command's name. */
  readonly isUidAsked: boolean;
  readonly set: SequenceSet;
  readonly plain: ReadonlySet<PlainItem>;
  readonly sections: readonly SectionItem[];
  readonly binaries: readonly BinaryItem[];
  /** The first words of the text (RFC 8970). */
  readonly hasPreview: boolean;
  readonly changedSince: number | undefined;
  /** Only these of the messages named (RFC 9394). */
  readonly partial: PartialRange | undefined;
  /** With `changedSince`, under QRESYNC: tell what has been expunged as well. */
  readonly isVanished: boolean;
};

/** Each item of a request may be a copy of the whole message: the request must not multiply them. */
const MAX_ITEMS = 50;

type Items = {
  readonly plain: Set<PlainItem>;
  readonly sections: SectionItem[];
  readonly binaries: BinaryItem[];
  hasPreview: boolean;
};

/** What is asked of each message. */
export type FetchItems = Pick<FetchCommand, "plain" | "sections" | "binaries" | "hasPreview">;

/** A list of items whose opening parenthesis has been read, for NOTIFY (RFC 5465 §5.1). */
export function readFetchItems(reader: ArgumentReader): FetchItems {
  const items: Items = { plain: new Set(), sections: [], binaries: [], hasPreview: false };
  do readItem(reader, items);
  while (reader.take(" "));
  reader.expect(")");
  if (items.sections.length + items.binaries.length > MAX_ITEMS) reader.fail("Too many items");
  return items;
}

export function readFetch(reader: ArgumentReader, isUid: boolean): FetchCommand {
  reader.space();
  const set = reader.sequenceSet();
  reader.space();
  const items: Items = { plain: new Set(), sections: [], binaries: [], hasPreview: false };
  if (reader.next === "(") {
    reader.list(() => readItem(reader, items));
  } else if (!readMacro(reader, items)) {
    readItem(reader, items);
  }
  const count = items.sections.length + items.binaries.length;
  if (items.plain.size + count === 0 && !items.hasPreview) reader.fail("Expected fetch items");
  if (count > MAX_ITEMS) reader.fail("Too many items");
  const modifiers = readModifiers(reader, isUid);
  const isUidAsked = items.plain.has("UID");
  if (isUid) items.plain.add("UID");
  if (modifiers.changedSince !== undefined) items.plain.add("MODSEQ");
  return { verb: "FETCH", isUid, isUidAsked, set, ...items, ...modifiers };
}

function readMacro(reader: ArgumentReader, items: Items): boolean {
  const fast: PlainItem[] = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"];
  const add = (names: readonly PlainItem[]): true => {
    for (const name of names) items.plain.add(name);
    return true;
  };
  if (reader.take("ALL")) return add([...fast, "ENVELOPE"]);
  if (reader.take("FAST")) return add(fast);
  if (reader.take("FULL")) return add([...fast, "ENVELOPE", "BODY"]);
  return false;
}

function readItem(reader: ArgumentReader, items: Items): void {
  const word = reader.keyword();
  switch (word) {
    case "UID":
    case "FLAGS":
    case "INTERNALDATE":
    case "RFC822.SIZE":
    case "ENVELOPE":
    case "BODYSTRUCTURE":
    case "MODSEQ":
    case "EMAILID":
    case "THREADID":
    case "SAVEDATE":
    case "X-GM-MSGID":
    case "X-GM-THRID":
    case "X-GM-LABELS":
      items.plain.add(word);
      break;
    case "PREVIEW":
      items.hasPreview = true;
      // RFC 8970 §3.2: LAZY permits not to make one; ours is cheap enough to be made always.
      if (reader.take(" (LAZY")) reader.expect(")");
      break;
    case "BODY":
      if (reader.next === "[") items.sections.push(readBody(reader, false));
      else items.plain.add(word);
      break;
    case "BODY.PEEK":
      items.sections.push(readBody(reader, true));
      break;
    case "RFC822":
      items.sections.push(oldName(word, WHOLE, false));
      break;
    case "RFC822.HEADER":
      items.sections.push(oldName(word, { ...WHOLE, kind: "header" }, true));
      break;
    case "RFC822.TEXT":
      items.sections.push(oldName(word, { ...WHOLE, kind: "text" }, false));
      break;
    case "BINARY":
    case "BINARY.PEEK":
    case "BINARY.SIZE":
      items.binaries.push(readBinary(reader, word));
      break;
    default:
      reader.fail("Unknown fetch item");
  }
}

function readBody(reader: ArgumentReader, isPeek: boolean): SectionItem {
  reader.expect("[");
  const { section, label } = readSection(reader);
  reader.expect("]");
  const partial = readPartial(reader);
  return { section, partial, isPeek, label };
}

function oldName(name: string, section: Section, isPeek: boolean): SectionItem {
  return { section, partial: undefined, isPeek, label: ascii(name) };
}

function readBinary(reader: ArgumentReader, word: string): BinaryItem {
  reader.expect("[");
  const path = readPath(reader);
  reader.expect("]");
  const isSize = word === "BINARY.SIZE";
  const partial = isSize ? undefined : readPartial(reader);
  return { path, partial, isPeek: word !== "BINARY", isSize };
}

function readModifiers(
  reader: ArgumentReader,
  isUid: boolean,
): {
  changedSince: number | undefined;
  isVanished: boolean;
  partial: PartialRange | undefined;
} {
  let partial: PartialRange | undefined;
  let changedSince: number | undefined;
  let isVanished = false;
  if (reader.take(" ") && !reader.isAtEnd) {
    reader.list(() => {
      const word = reader.keyword();
      if (word === "CHANGEDSINCE") {
        reader.space();
        changedSince = reader.number64();
      } else if (word === "VANISHED") {
        isVanished = true;
      } else if (word === "PARTIAL" && isUid) {
        reader.space();
        partial = readPartialRange(reader);
      } else {
        reader.fail("Unknown fetch modifier");
      }
    });
  }
  return { changedSince, isVanished, partial };
}
