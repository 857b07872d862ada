/**
 * The machine-readable part of reports (RFC 3464 §2.1, RFC 8098 §3.1, RFC 5965 §3.1): groups of fields
 * in header form with blank lines between them, and the typed values within (`rfc822;user@host`).
 */

import { encodeUtf8, utf8Length } from "../../base/bytes.ts";
import { cleanText } from "../address-format.ts";
import { skipSpaceAndComments } from "../comment.ts";
import { fieldLine } from "../field-format.ts";
import { fieldText, parseHeader } from "../header.ts";

/** Values by field name in lower case, in order. */
export type FieldGroup = ReadonlyMap<string, readonly string[]>;

const MAX_GROUPS = 1000;

export function parseFieldGroups(octets: Uint8Array): FieldGroup[] {
  const groups: FieldGroup[] = [];
  let at = 0;
  while (at < octets.length && groups.length < MAX_GROUPS) {
    const section = parseHeader(octets, at);
    const group = new Map<string, string[]>();
    for (const field of section.fields) {
      if (field.key === "") continue;
      const values = group.get(field.key);
      if (values === undefined) group.set(field.key, [fieldText(octets, field)]);
      else values.push(fieldText(octets, field));
    }
    if (group.size > 0) groups.push(group);
    at = section.endOctets;
  }
  return groups;
}

export function firstValue(group: FieldGroup | undefined, key: string): string | undefined {
  return group?.get(key)?.[0];
}

/** `rfc822; user@example.org`: the type in lower case, comments around the value gone. */
export type TypedValue = { readonly type: string; readonly value: string };

export function parseTyped(text: string | undefined): TypedValue | undefined {
  if (text === undefined) return undefined;
  const semicolon = text.indexOf(";");
  // Seen without a type (Exchange, old qmail): taken as an address, a host or an SMTP reply by context.
  if (semicolon === -1) return { type: "", value: text.trim() };
  const type = text.slice(0, semicolon).trim().toLowerCase();
  const value = text.slice(skipSpaceAndComments(text, semicolon + 1)).trim();
  return { type, value: type === "utf-8" ? decodeUnitext(value) : value };
}

/** RFC 6533 §3: `\x{5927}` stands for a character in utf-8-addr-xtext and -unitext. */
function decodeUnitext(text: string): string {
  return text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code > 0x1f && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)
      ? String.fromCodePoint(code)
      : whole;
  });
}

/**
 * An address as report fields have it: `rfc822;` when it is ASCII; else `utf-8;`, in characters
 * where the report may hold them, in escapes where not (RFC 6533 §3).
 */
export function formatTypedAddress(address: string, isGlobal: boolean): string {
  const clean = cleanText(address);
  if (!/[^\u0000-\u007f]/.test(clean)) return `rfc822; ${clean}`;
  if (isGlobal) return `utf-8; ${clean}`;
  const escaped = Array.from(clean, (character) =>
    /^[\u0021-\u007e]$/.test(character) && !/[\\+=]/.test(character)
      ? character
      : `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
  return `utf-8; ${escaped.join("")}`;
}

/** ASCII for fields that allow nothing else; what is not becomes `?`. */
export function asciiOnly(text: string): string {
  return cleanText(text).replace(/[^\u0020-\u007e]/g, "?");
}

/** A report's fields; undefined values leave their field out. */
export function fieldGroup(fields: readonly (readonly [string, string | undefined])[]): string {
  let group = "";
  for (const [name, value] of fields)
    if (value !== undefined) group += fieldLine(name, foldable(cleanText(value)));
  return group;
}

/** What a remote server said may be one word of thousands of characters; a line may not (RFC 5322 §2.1.1). */
function foldable(text: string): string {
  return text.replace(/[^ ]{300,}/g, (word) =>
    utf8Length(word) <= 900 ? word : word.replace(/.{1,200}/gu, "$& ").trimEnd(),
  );
}

export function groupsOctets(groups: readonly string[]): Uint8Array {
  return encodeUtf8(groups.join("\r\n"));
}
