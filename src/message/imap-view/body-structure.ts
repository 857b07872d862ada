/**
 * IMAP BODY and BODYSTRUCTURE (RFC 9051 §7.5.2) from a parsed message. Every form has the right
 * number of members whatever the message was: a multipart has parts, a type has a subtype, text has
 * lines. Parameters come joined (RFC 2231 §8); values that are not ASCII as `name*` in UTF-8.
 */

import { encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { findField, fieldText } from "../header.ts";
import { isMultipart, type ParsedMessage, type Part } from "../part.ts";
import { type AddressBudget, envelopeText, MAX_ENVELOPE_ADDRESSES } from "./envelope.ts";
import { imapString, imapText, MAX_STRING_LENGTH } from "./imap-string.ts";

/**
 * What the parts of one message may say of themselves, types and sizes apart: the whole is kept with
 * the message and in memory for many messages at a time. A part that does not fit says NIL.
 */
export const MAX_STRUCTURE_OCTETS = 1_048_576;
export const MAX_LANGUAGES = 64;
export const MAX_SHOWN_PARAMETERS = 64;

/** RFC 6838 §4.2 */
const MAX_NAME_LENGTH = 127;
/** Names up to this length are shown however full it is. */
const SHORT_NAME_LENGTH = 20;

/** BODYSTRUCTURE, or with `extensible` false BODY. */
export function bodyStructure(parsed: ParsedMessage, extensible: boolean): Uint8Array {
  const writer = new StructureWriter(parsed.octets, extensible);
  return encodeLatin1(writer.part(parsed.root));
}

class StructureWriter {
  readonly #octets: Uint8Array;
  readonly #extensible: boolean;
  readonly #budget: AddressBudget = { left: MAX_ENVELOPE_ADDRESSES };
  #leftOctets = MAX_STRUCTURE_OCTETS;

  constructor(octets: Uint8Array, extensible: boolean) {
    this.#octets = octets;
    this.#extensible = extensible;
  }

  /** Recursion goes no deeper than the parser let parts nest. */
  part(part: Part): string {
    return isMultipart(part) ? this.#multipart(part) : this.#single(part);
  }

  #multipart(part: Part): string {
    let result = "(";
    for (const child of part.children) result += this.part(child);
    result += ` ${this.#name(part.subtype, "mixed")}`;
    if (this.#extensible) {
      const [params, ...tail] = this.#fitting([paramsText(part.params), ...this.#tail(part)]);
      result += ` ${params} ${tail.join(" ")}`;
    }
    return `${result})`;
  }

  #single(part: Part): string {
    const type = this.#type(part);
    const [params, id, description, ...extension] = this.#fitting([
      !part.hasContentType && part.type === "text" ? DEFAULT_PARAMS : paramsText(part.params),
      this.#field(part, "content-id"),
      this.#description(part),
      ...(this.#extensible ? [this.#field(part, "content-md5"), ...this.#tail(part)] : []),
    ]);
    const encoding = this.#name(part.encoding, "binary");
    let result = `(${type} ${params} ${id} ${description} ${encoding} ${part.end - part.bodyStart}`;
    if (part.message !== undefined) {
      const { message } = part;
      const envelope = envelopeText(this.#octets, message.header, this.#budget);
      result += ` ${this.#takes(envelope.length) ? envelope : EMPTY_ENVELOPE}`;
      result += ` ${this.part(message)} ${part.lines}`;
    } else if (part.type === "text" && !part.isOpaque) result += ` ${part.lines}`;
    if (this.#extensible) result += ` ${extension.join(" ")}`;
    return `${result})`;
  }

  /** A multipart or message type that has no parts to show must not be called one. */
  #type(part: Part): string {
    const isHollow = part.type === "multipart" || (isMessage(part) && part.message === undefined);
    if (part.isOpaque || isHollow) return OCTET_STREAM;
    if (part.type === "text") return `"text" ${this.#name(part.subtype, "plain")}`;
    if (isMessage(part)) return `"message" "${part.subtype}"`;
    const text = `${imapName(part.type)} ${imapName(part.subtype)}`;
    const isShort = text.length <= 2 * SHORT_NAME_LENGTH;
    return isShort || this.#takes(text.length) ? text : OCTET_STREAM;
  }

  #name(name: string, instead: string): string {
    const text = imapName(name);
    const isShort = text.length <= SHORT_NAME_LENGTH;
    return isShort || this.#takes(text.length) ? text : `"${instead}"`;
  }

  /** The members as they are if there is room for them all, or NIL for each. */
  #fitting(members: readonly string[]): readonly string[] {
    let length = 0;
    for (const member of members) length += member.length;
    return this.#takes(length) ? members : members.map(() => "NIL");
  }

  #takes(octets: number): boolean {
    if (octets > this.#leftOctets) return false;
    this.#leftOctets -= octets;
    return true;
  }

  /** The extension data that all parts share: disposition, language, location. */
  #tail(part: Part): readonly string[] {
    const { disposition } = part;
    const dsp =
      disposition === undefined
        ? "NIL"
        : `(${imapString(disposition.type)} ${paramsText(disposition.params)})`;
    return [dsp, this.#language(part), this.#field(part, "content-location")];
  }

  #language(part: Part): string {
    const field = findField(part.header, "content-language");
    if (field === undefined) return "NIL";
    const tags = fieldText(this.#octets, field)
      .split(",", MAX_LANGUAGES)
      .map((tag) => tag.trim())
      .filter((tag) => tag !== "");
    if (tags.length === 0) return "NIL";
    return tags.length === 1 ? imapString(tags[0]) : `(${tags.map(imapString).join(" ")})`;
  }

  #field(part: Part, key: string): string {
    const field = findField(part.header, key);
    return field === undefined ? "NIL" : imapString(fieldText(this.#octets, field));
  }

  #description(part: Part): string {
    const field = findField(part.header, "content-description");
    return field === undefined ? "NIL" : imapText(fieldText(this.#octets, field));
  }
}

const DEFAULT_PARAMS = '("charset" "us-ascii")';
const OCTET_STREAM = '"application" "octet-stream"';
const EMPTY_ENVELOPE = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";

function imapName(name: string): string {
  return imapString(name.slice(0, MAX_NAME_LENGTH));
}

function isMessage(part: Part): boolean {
  return part.type === "message" && (part.subtype === "rfc822" || part.subtype === "global");
}

function paramsText(params: ReadonlyMap<string, string>): string {
  if (params.size === 0) return "NIL";
  let result = "";
  let count = 0;
  for (const [name, value] of params) {
    if (count++ === MAX_SHOWN_PARAMETERS) break;
    if (result !== "") result += " ";
    result += /[^\u0000-\u007f]/.test(value)
      ? `${imapString(`${name}*`)} ${imapString(extendedValue(value))}`
      : `${imapString(name)} ${imapString(value)}`;
  }
  return `(${result})`;
}

/** RFC 2231 §4. What would be cut from the string is not written in the first place. */
function extendedValue(value: string): string {
  let result = "utf-8''";
  for (const octet of encodeUtf8(value.slice(0, MAX_STRING_LENGTH))) {
    const char = String.fromCharCode(octet);
    const next = /[A-Za-z0-9!#$&+\-.^_`|~]/.test(char)
      ? char
      : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
    if (result.length + next.length > MAX_STRING_LENGTH) break;
    result += next;
  }
  return result;
}
