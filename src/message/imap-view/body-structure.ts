/**
 * IMAP BODY and BODYSTRUCTURE (RFC 9051 §7.5.2) from a parsed message. Every form has the right
 * number of members whatever the message was: a multipart has parts, a type has a subtype, text has
 * lines. Parameters come joined (RFC 2231 §8); values that are not ASCII as `name*` in UTF-8.
 */

import { encodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { findField, fieldText } from "../header.ts";
import { isMultipart, type ParsedMessage, type Part } from "../part.ts";
import { type AddressBudget, envelopeText, MAX_ENVELOPE_ADDRESSES } from "./envelope.ts";
import { imapString, imapText } from "./imap-string.ts";

/** BODYSTRUCTURE, or with `extensible` false BODY. */
export function bodyStructure(parsed: ParsedMessage, extensible: boolean): Uint8Array {
  const writer = new StructureWriter(parsed.octets, extensible);
  return encodeLatin1(writer.part(parsed.root));
}

class StructureWriter {
  readonly #octets: Uint8Array;
  readonly #extensible: boolean;
  readonly #budget: AddressBudget = { left: MAX_ENVELOPE_ADDRESSES };

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
    result += ` ${imapString(part.subtype)}`;
    if (this.#extensible) result += ` ${paramsText(part.params)}${this.#tail(part)}`;
    return `${result})`;
  }

  #single(part: Part): string {
    const type = part.isOpaque ? '"application" "octet-stream"' : typeText(part);
    const params =
      !part.hasContentType && part.type === "text" ? DEFAULT_PARAMS : paramsText(part.params);
    let result =
      `(${type} ${params} ${this.#field(part, "content-id")} ` +
      `${this.#description(part)} ${imapString(part.encoding)} ${part.end - part.bodyStart}`;
    if (part.message !== undefined) {
      const { message } = part;
      result += ` ${envelopeText(this.#octets, message.header, this.#budget)}`;
      result += ` ${this.part(message)} ${part.lines}`;
    } else if (part.type === "text" && !part.isOpaque) result += ` ${part.lines}`;
    if (this.#extensible) result += ` ${this.#field(part, "content-md5")}${this.#tail(part)}`;
    return `${result})`;
  }

  /** The extension data that all parts share: disposition, language, location. */
  #tail(part: Part): string {
    const { disposition } = part;
    const dsp =
      disposition === undefined
        ? "NIL"
        : `(${imapString(disposition.type)} ${paramsText(disposition.params)})`;
    return ` ${dsp} ${this.#language(part)} ${this.#field(part, "content-location")}`;
  }

  #language(part: Part): string {
    const field = findField(part.header, "content-language");
    if (field === undefined) return "NIL";
    const tags = fieldText(this.#octets, field)
      .split(",")
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

/** A multipart or message type that has no parts to show must not be called one. */
function typeText(part: Part): string {
  const isHollow = part.type === "multipart" || (isMessage(part) && part.message === undefined);
  if (isHollow) return '"application" "octet-stream"';
  return `${imapString(part.type)} ${imapString(part.subtype)}`;
}

function isMessage(part: Part): boolean {
  return part.type === "message" && (part.subtype === "rfc822" || part.subtype === "global");
}

function paramsText(params: ReadonlyMap<string, string>): string {
  if (params.size === 0) return "NIL";
  let result = "";
  for (const [name, value] of params) {
    if (result !== "") result += " ";
    result += /[^\u0000-\u007f]/.test(value)
      ? `${imapString(`${name}*`)} ${imapString(extendedValue(value))}`
      : `${imapString(name)} ${imapString(value)}`;
  }
  return `(${result})`;
}

/** RFC 2231 §4 */
function extendedValue(value: string): string {
  let result = "utf-8''";
  for (const octet of encodeUtf8(value)) {
    const char = String.fromCharCode(octet);
    result += /[A-Za-z0-9!#$&+\-.^_`|~]/.test(char)
      ? char
      : `%${octet.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}
