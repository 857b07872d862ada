/**
 * The one place where header fields are written (RFC 5322 §2.2). A name that is no field name and a
 * value that could end a line are refused, so no caller can be made to write a field it did not
 * mean to (security: header injection). Lines are folded at 78 and never longer than 998.
 */

import { utf8Length } from "../base/bytes.ts";
import { invariant } from "../base/errors.ts";
import { fault, ok, type Result } from "../base/result.ts";
import { type AddressEntry, cleanText, formatAddressList } from "./address-format.ts";
import { encodeWords } from "./encoded-word.ts";

/** RFC 5322 §2.1.1 */
const FOLD_AT = 78;
const MAX_LINE_OCTETS = 998;
const MAX_NAME_LENGTH = 77;

export function isFieldName(name: string): boolean {
  return name.length <= MAX_NAME_LENGTH && /^[\u0021-\u0039\u003b-\u007e]+$/.test(name);
}

/**
 * `Name: value` with its CRLF, folded at the spaces of `value`, which must be in its final form.
 * The fault says what is wrong with name or value.
 */
export function formatField(name: string, value: string): Result<string> {
  if (!isFieldName(name)) return fault("a field name is printable ASCII without a colon");
  const control = /[\u0000-\u0008\u000a-\u001f\u007f]/.exec(value);
  if (control) return fault("a field's value may hold no line end or control", control.index);
  const folded = fold(name, value.trim());
  for (const line of folded.split("\r\n")) {
    if (utf8Length(line) > MAX_LINE_OCTETS) {
      return fault("a line of the field would be longer than 998 octets");
    }
  }
  return ok(folded);
}

/** For values that are made of parts already checked: a fault here is a bug of ours. */
export function fieldLine(name: string, value: string): string {
  const field = formatField(name, value);
  invariant(field.ok, `header field can be written: ${field.ok ? "" : field.problem}`);
  return field.value;
}

/** A field of free text (RFC 5322 §2.2.1): anything goes in, and comes back but for controls. */
export function textField(name: string, text: string): string {
  return fieldLine(name, encodeWords(cleanText(text), { indent: name.length + 2 }));
}

export function addressField(name: string, entries: readonly AddressEntry[]): string {
  return fieldLine(name, formatAddressList(entries));
}

/** Folds before a space that is followed by text, so that no line is white space alone. */
function fold(name: string, value: string): string {
  if (value === "") return `${name}: \r\n`;
  if (name.length + 2 + value.length <= FOLD_AT) return `${name}: ${value}\r\n`;
  const lines: string[] = [];
  let line = `${name}:`;
  for (const word of value.split(/ (?=[^ \t])/)) {
    const isFirst = lines.length === 0 && line.endsWith(":") && line.length === name.length + 1;
    if (!isFirst && line.length + 1 + word.length > FOLD_AT) {
      lines.push(line);
      line = ` ${word}`;
    } else line += ` ${word}`;
  }
  lines.push(line);
  return `${lines.join("\r\n")}\r\n`;
}
