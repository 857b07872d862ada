/** Which octets of a message FETCH asks for: `[1.2.HEADER.FIELDS (DATE)]<0.100>` (RFC 9051 §6.4.5). */

import { ascii, quoteOrLiteral } from "./wire/response-writer.ts";
import { concatBytes } from "../base/bytes.ts";
import type { ArgumentReader } from "./wire/argument-reader.ts";

export type Section = {
  /** Part numbers; empty for the message itself. */
  readonly path: readonly number[];
  readonly kind: "whole" | "header" | "fields" | "fields-not" | "text" | "mime";
  /** Lower case, for `fields` and `fields-not`. */
  readonly fields: readonly string[];
};

export type Partial = { readonly start: number; readonly length: number };

export const WHOLE: Section = { path: [], kind: "whole", fields: [] };

/** Deeper paths are refused: no message has them (the codec nests less deep). */
const MAX_PATH = 100;
const MAX_FIELDS = 200;

/** Between the brackets. */
export function readSection(reader: ArgumentReader): { section: Section; label: Uint8Array } {
  const path = readPath(reader);
  const isAfterPath = path.length > 0;
  if (isAfterPath && !reader.take(".")) return labelled(path, "whole", "", []);
  if (!isAfterPath && reader.next === "]") return labelled(path, "whole", "", []);
  const word = reader.keyword();
  switch (word) {
    case "HEADER":
      return labelled(path, "header", word, []);
    case "TEXT":
      return labelled(path, "text", word, []);
    case "MIME":
      if (!isAfterPath) reader.fail("MIME needs a part number");
      return labelled(path, "mime", word, []);
    case "HEADER.FIELDS":
    case "HEADER.FIELDS.NOT": {
      reader.space();
      const fields = readFieldNames(reader);
      return labelled(path, word === "HEADER.FIELDS" ? "fields" : "fields-not", word, fields);
    }
    default:
      reader.fail("Unknown section");
      return labelled([], "whole", "", []);
  }
}

/** `1.2`, leaving a dot that begins a word. */
export function readPath(reader: ArgumentReader): number[] {
  const path: number[] = [];
  while (/[0-9]/.test(reader.next)) {
    const number = reader.number();
    if (number === 0) reader.fail("Part numbers begin at 1");
    path.push(number);
    if (path.length > MAX_PATH) reader.fail("The part number is too deep");
    if (!reader.takeDotBeforeDigit()) break;
  }
  return path;
}

function readFieldNames(reader: ArgumentReader): string[] {
  const fields: string[] = [];
  reader.list(() => {
    fields.push(reader.astring());
    if (fields.length > MAX_FIELDS) reader.fail("Too many header fields");
  });
  if (fields.length === 0) reader.fail("Expected header field names");
  return fields;
}

/** `<0.100>`, if it is there. */
export function readPartial(reader: ArgumentReader): Partial | undefined {
  if (!reader.take("<")) return undefined;
  const start = reader.number();
  reader.expect(".");
  const length = reader.number();
  if (length === 0) reader.fail("A partial fetch needs a length");
  reader.expect(">");
  return { start, length };
}

function labelled(
  path: readonly number[],
  kind: Section["kind"],
  word: string,
  fields: readonly string[],
): { section: Section; label: Uint8Array } {
  const lower = fields.map((field) => field.toLowerCase());
  const head = `BODY[${[...path, ...(word === "" ? [] : [word])].join(".")}`;
  const parts = [ascii(head)];
  if (fields.length > 0) parts.push(ascii(" ("), ...fields.map(encodeFieldName), ascii(")"));
  return {
    section: { path, kind, fields: lower },
    label: concatBytes([...parts, ascii("]")]),
  };
}

function encodeFieldName(field: string, index: number): Uint8Array {
  const before = index === 0 ? "" : " ";
  if (/^[A-Za-z0-9_-]+$/.test(field)) return ascii(before + field.toUpperCase());
  return ascii(before + quoteOrLiteral(field));
}
