/**
 * Values with parameters: Content-Type, Content-Disposition and their like (RFC 2045 §5.1), with
 * continuations, charsets and languages of RFC 2231. Reads the wrong forms that are common
 * (unquoted spaces, missing quotes, doubled semicolons); the first of two equal names counts.
 * Encoded words in a value, which RFC 2047 §5 forbids, are left for `fileName` to decode.
 */

import { encodeLatin1, encodeUtf8 } from "../base/bytes.ts";
import { decodeCharset } from "./charset.ts";
import { endOfComment, endOfQuoted, isSpace, quotedText, skipSpaceAndComments } from "./comment.ts";
import type { DefectKind } from "./defect.ts";

export type ParameterizedValue = {
  /** What stands before the first semicolon, lower case, comments removed. */
  readonly value: string;
  /** Names in lower case; a Map, since a stranger chooses them. */
  readonly params: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly kind: DefectKind; readonly at: number }[];
};

export const MAX_PARAMETERS = 100;
/** RFC 2231 §3 sets no limit; nobody needs more (CVE-2026-27859). */
export const MAX_CONTINUATIONS = 64;

const SEMICOLON = 0x3b;
const NO_PARAMS: ReadonlyMap<string, string> = new Map();
const NO_FAULTS: ParameterizedValue["faults"] = [];

type Section = { readonly text: string; readonly isExtended: boolean };

export function parseParameters(text: string): ParameterizedValue {
  const head = readHead(text);
  if (head.end >= text.length) return { value: head.value, params: NO_PARAMS, faults: NO_FAULTS };
  const reader = new ParameterReader(text, head.end);
  reader.read();
  return { value: head.value, params: reader.assemble(), faults: reader.faults };
}

function readHead(text: string): { value: string; end: number } {
  let value = "";
  let index = 0;
  while (index < text.length) {
    const char = text.charCodeAt(index);
    if (char === SEMICOLON) break;
    if (char === 0x28) index = endOfComment(text, index);
    else {
      if (!isSpace(char)) value += text[index];
      else if (value !== "" && !value.endsWith(" ")) value += " ";
      index++;
    }
  }
  return { value: value.trim().toLowerCase(), end: index };
}

class ParameterReader {
  readonly faults: { kind: DefectKind; at: number }[] = [];
  readonly #text: string;
  readonly #plain = new Map<string, string>();
  #sections: Map<string, Map<number, Section>> | undefined;
  #at: number;
  #count = 0;

  constructor(text: string, from: number) {
    this.#text = text;
    this.#at = from;
  }

  read(): void {
    while (this.#at < this.#text.length) {
      this.#at = skipSpaceAndComments(this.#text, this.#at + 1);
      if (this.#at >= this.#text.length) return;
      if (this.#text.charCodeAt(this.#at) === SEMICOLON) continue;
      if (this.#count >= MAX_PARAMETERS + MAX_CONTINUATIONS) {
        this.#fault("too-many-parameters", this.#at);
        return;
      }
      this.#count++;
      this.#parameter();
    }
  }

  /** `name = value`; leaves the reader at the next semicolon or the end. */
  #parameter(): void {
    const text = this.#text;
    const start = this.#at;
    let end = start;
    while (end < text.length && !/[=;]/.test(text[end])) end++;
    const name = text.slice(start, end).trim().toLowerCase();
    if (text[end] !== "=") {
      this.#fault("bad-parameter", start);
      this.#at = end;
      return;
    }
    const valueStart = skipSpaceAndComments(text, end + 1);
    const value = text[valueStart] === '"' ? this.#quoted(valueStart) : this.#bare(valueStart);
    if (name === "") this.#fault("bad-parameter", start);
    else this.#store(name, value, start);
  }

  #quoted(start: number): string {
    const text = this.#text;
    const end = endOfQuoted(text, start);
    const isClosed = end - start > 1 && text[end - 1] === '"';
    if (!isClosed) this.#fault("bad-parameter", start);
    let index = skipSpaceAndComments(text, end);
    if (index < text.length && text.charCodeAt(index) !== SEMICOLON) {
      this.#fault("bad-parameter", index);
      // A quote too many, or a missing semicolon: go to the next semicolon.
      while (index < text.length && text.charCodeAt(index) !== SEMICOLON) index++;
    }
    this.#at = index;
    return quotedText(text.slice(start, end));
  }

  /** A token, or what was meant as one: up to the semicolon, or a comment after white space. */
  #bare(start: number): string {
    const text = this.#text;
    let end = start;
    while (end < text.length && text.charCodeAt(end) !== SEMICOLON) {
      if (text.charCodeAt(end) === 0x28 && end > start && isSpace(text.charCodeAt(end - 1))) break;
      end++;
    }
    let next = end;
    while (next < text.length && text.charCodeAt(next) !== SEMICOLON) {
      next = text.charCodeAt(next) === 0x28 ? endOfComment(text, next) : next + 1;
    }
    this.#at = next;
    const value = text.slice(start, end).trim();
    if (value === "" || !/^[!#$%&'*+\-.^_`{|}~A-Za-z0-9]+$/.test(value)) {
      this.#fault("bad-parameter", start);
    }
    return value;
  }

  #store(name: string, value: string, at: number): void {
    const star = name.indexOf("*");
    if (star === -1) {
      if (this.#plain.has(name)) this.#fault("duplicate-parameter", at);
      else if (this.#plain.size < MAX_PARAMETERS) this.#plain.set(name, value);
      else this.#fault("too-many-parameters", at);
      return;
    }
    const match = /^\*(\d{1,4})?(\*)?$/.exec(name.slice(star));
    const base = name.slice(0, star).trim();
    if (match === null || base === "" || (match[1] === undefined && match[2] !== undefined)) {
      this.#fault("bad-parameter", at);
      return;
    }
    this.#storeSection(base, match, value, at);
  }

  #storeSection(base: string, match: RegExpExecArray, value: string, at: number): void {
    this.#sections ??= new Map();
    const sections = this.#sections.get(base) ?? new Map<number, Section>();
    // `name*` alone is extended; `name*0` is the first of several, `name*0*` the same, extended.
    const number = match[1] === undefined ? 0 : Number(match[1]);
    const isExtended = match[1] === undefined || match[2] !== undefined;
    if (number >= MAX_CONTINUATIONS) this.#fault("too-many-parameters", at);
    else if (sections.has(number)) this.#fault("duplicate-parameter", at);
    else if (this.#sections.size < MAX_PARAMETERS || this.#sections.has(base)) {
      sections.set(number, { text: value, isExtended });
      this.#sections.set(base, sections);
    }
  }

  /** The extended form wins over a plain one of the same name: it is there for those who can read it (RFC 6266 §4.3). */
  assemble(): ReadonlyMap<string, string> {
    if (this.#sections === undefined) return this.#plain;
    for (const [name, sections] of this.#sections) {
      const value = joinSections(sections);
      if (value === undefined) this.#fault("bad-parameter", 0);
      else this.#plain.set(name, value);
    }
    return this.#plain;
  }

  #fault(kind: DefectKind, at: number): void {
    if (this.faults.length < 20) this.faults.push({ kind, at });
  }
}

/** Sections 0, 1, 2… up to the first that is missing; undefined without section 0. */
function joinSections(sections: ReadonlyMap<number, Section>): string | undefined {
  const first = sections.get(0);
  if (first === undefined) return undefined;
  let charset: string | undefined;
  let pending: number[] = [];
  let result = "";
  const flush = (): void => {
    if (pending.length > 0) result += decodeCharset(Uint8Array.from(pending), charset);
    pending = [];
  };
  for (let number = 0; number < sections.size; number++) {
    const section = sections.get(number);
    if (section === undefined) break;
    if (!section.isExtended) {
      flush();
      result += section.text;
      continue;
    }
    let text = section.text;
    if (number === 0) {
      const quotes = /^([^']*)'([^']*)'/.exec(text);
      if (quotes !== null) {
        charset = quotes[1] === "" ? undefined : quotes[1];
        text = text.slice(quotes[0].length);
      }
    }
    pushPercentDecoded(pending, text);
  }
  flush();
  return result;
}

function pushPercentDecoded(octets: number[], text: string): void {
  const isLatin1 = !/[^\u0000-\u00ff]/.test(text);
  const source = isLatin1 && !/[^\u0000-\u007f]/.test(text) ? encodeLatin1(text) : encodeUtf8(text);
  for (let index = 0; index < source.length; index++) {
    if (source[index] === 0x25) {
      const hex = String.fromCharCode(source[index + 1] ?? 0, source[index + 2] ?? 0);
      if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
        octets.push(Number.parseInt(hex, 16));
        index += 2;
        continue;
      }
    }
    octets.push(source[index]);
  }
}
