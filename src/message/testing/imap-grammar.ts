/**
 * For tests: reads ENVELOPE and BODYSTRUCTURE octets by their grammar (RFC 9051 §9) and says where they
 * break it. Independent of the writer: it shares no code with `imap-view/`.
 */

import { decodeLatin1 } from "../../base/bytes.ts";

/** `null` is NIL. */
export type ImapValue = string | number | null | ImapValue[];

export class ImapGrammarError extends Error {}

function fail(problem: string, value?: unknown): never {
  throw new ImapGrammarError(
    `${problem}${value === undefined ? "" : `: ${JSON.stringify(value)?.slice(0, 200)}`}`,
  );
}

/** One parenthesized value, with nothing after it. Strings come as one character per octet. */
export function readImapValue(data: Uint8Array): ImapValue {
  const source = decodeLatin1(data);
  let at = 0;
  const quoted = (): string => {
    let result = "";
    at++;
    for (;;) {
      const char = source[at++];
      if (char === undefined) fail("quoted string without end");
      if (char === '"') return result;
      if (char === "\\") {
        const escaped = source[at++];
        if (escaped !== '"' && escaped !== "\\") fail("bad escape in quoted string", escaped);
        result += escaped;
      } else if (/[\r\n\0\u0080-\u00ff]/.test(char))
        fail("octet not allowed in a quoted string", char);
      else result += char;
    }
  };
  const literal = (): string => {
    const match = /^\{(\d+)\}\r\n/.exec(source.slice(at, at + 20));
    if (match === null) fail("bad literal");
    const start = at + match[0].length;
    at = start + Number(match[1]);
    const result = source.slice(start, at);
    if (result.length !== Number(match[1]) || result.includes("\0"))
      fail("literal cut short, or with NUL");
    return result;
  };
  const value = (): ImapValue => {
    const char = source[at];
    if (char === '"') return quoted();
    if (char === "{") return literal();
    if (source.startsWith("NIL", at)) {
      at += 3;
      return null;
    }
    const digits = /^\d+/.exec(source.slice(at, at + 16));
    if (digits !== null) {
      at += digits[0].length;
      return Number(digits[0]);
    }
    if (char !== "(") fail("no value", source.slice(at, at + 20));
    const items: ImapValue[] = [];
    at++;
    while (source[at] !== ")") {
      if (at >= source.length) fail("list without end");
      // Only lists of lists may touch: addresses, and the parts of a multipart.
      if (items.length > 0 && !(source[at] === "(" && Array.isArray(items.at(-1)))) {
        if (source[at++] !== " ") fail("no space between members", source.slice(at - 20, at + 5));
      }
      items.push(value());
    }
    at++;
    return items;
  };
  const result = value();
  if (at !== source.length) fail("something after the value", source.slice(at, at + 20));
  return result;
}

function isString(value: ImapValue | undefined): value is string {
  return typeof value === "string";
}

function nstring(value: ImapValue | undefined, what: string): void {
  if (value !== null && !isString(value)) fail(`${what} is neither string nor NIL`, value);
}

export function checkEnvelope(value: ImapValue): void {
  if (!Array.isArray(value) || value.length !== 10) fail("ENVELOPE has ten members", value);
  for (const index of [0, 1, 8, 9]) nstring(value[index], `member ${index} of ENVELOPE`);
  for (const list of value.slice(2, 8)) {
    if (list === null) continue;
    if (!Array.isArray(list) || list.length === 0)
      fail("an address list is NIL or not empty", list);
    let isInGroup = false;
    for (const address of list) {
      if (!Array.isArray(address) || address.length !== 4)
        fail("an address has four members", address);
      for (const member of address) nstring(member, "member of an address");
      if (address[3] === null) {
        const opens = address[2] !== null;
        if (opens === isInGroup) fail("a group opens and closes in turn", address);
        isInGroup = opens;
      } else if (address[2] === null) fail("an address with a host has a mailbox", address);
    }
    if (isInGroup) fail("a group is never closed");
  }
}

function checkParams(value: ImapValue | undefined): void {
  if (value === null) return;
  if (
    !Array.isArray(value) ||
    value.length === 0 ||
    value.length % 2 !== 0 ||
    !value.every(isString)
  ) {
    fail("parameters are NIL or pairs of strings", value);
  }
}

function checkExtension(rest: readonly ImapValue[]): void {
  const [dsp, language, location] = rest;
  if (rest.length !== 3) fail("disposition, language and location", rest);
  if (dsp !== null) {
    if (!Array.isArray(dsp) || dsp.length !== 2 || !isString(dsp[0])) fail("disposition", dsp);
    checkParams(dsp[1]);
  }
  if (language !== null && !isString(language)) {
    if (!Array.isArray(language) || language.length === 0 || !language.every(isString))
      fail("language", language);
  }
  nstring(location, "location");
}

/** Checks BODYSTRUCTURE, or with `extensible` false BODY. */
export function checkBodyStructure(value: ImapValue, extensible: boolean): void {
  if (!Array.isArray(value)) fail("a body is a list", value);
  if (Array.isArray(value[0])) {
    const parts = value.findIndex((item) => !Array.isArray(item));
    for (const part of value.slice(0, parts)) checkBodyStructure(part, extensible);
    if (!isString(value[parts])) fail("a multipart has a subtype", value[parts]);
    const rest = value.slice(parts + 1);
    if (!extensible) {
      if (rest.length > 0) fail("BODY has no extension data", rest);
      return;
    }
    checkParams(rest[0]);
    checkExtension(rest.slice(1));
    return;
  }
  const [type, subtype, params, id, description, encoding, size] = value;
  if (!isString(type) || !isString(subtype)) fail("type and subtype are strings", value);
  checkParams(params);
  nstring(id, "id");
  nstring(description, "description");
  if (!isString(encoding)) fail("the encoding is a string", encoding);
  if (typeof size !== "number") fail("the size is a number", size);
  let rest = value.slice(7);
  const media = `${type}/${subtype}`.toLowerCase();
  if (media.startsWith("multipart/")) fail("a multipart without parts", value);
  if (media === "message/rfc822" || media === "message/global") {
    checkEnvelope(rest[0]);
    checkBodyStructure(rest[1], extensible);
    if (typeof rest[2] !== "number") fail("a message has lines", rest[2]);
    rest = rest.slice(3);
  } else if (type.toLowerCase() === "text") {
    if (typeof rest[0] !== "number") fail("text has lines", rest[0]);
    rest = rest.slice(1);
  }
  if (!extensible) {
    if (rest.length > 0) fail("BODY has no extension data", rest);
    return;
  }
  nstring(rest[0], "md5");
  checkExtension(rest.slice(1));
}
