/**
 * The MIME tree in a few octets a part, to be stored beside the message: ranges, type, encoding and
 * charset of each part, enough to answer BODY[section] and BINARY[section], to search and to
 * preview without parsing again.
 *
 * Layout: a version octet, then the parts in order, parents first. Numbers are base-128, low group
 * first; ranges count from the start of the part around.
 */

import { concatBytes, decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { invariant } from "../../base/errors.ts";
import type { ParsedMessage, Part } from "../part.ts";

export type StoredPart = {
  /** `message`: its one child is the message within. */
  readonly kind: "leaf" | "multipart" | "message";
  readonly type: string;
  readonly subtype: string;
  readonly encoding: string;
  /** The charset parameter of a text part. */
  readonly charset: string | undefined;
  readonly isAttachment: boolean;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly lines: number;
  readonly children: readonly StoredPart[];
};

/** The root part. */
export type StoredStructure = StoredPart;

const VERSION = 1;
const KINDS = ["leaf", "multipart", "message"] as const;
const ENCODINGS = ["7bit", "8bit", "binary", "base64", "quoted-printable"];
const MAX_STRING = 127;

export function encodeStructure(parsed: ParsedMessage): Uint8Array {
  const writer = new StructureOctets();
  writer.number(VERSION);
  writePart(writer, parsed.root, 0);
  return writer.octets();
}

function writePart(writer: StructureOctets, part: Part, base: number): void {
  const kind = part.message !== undefined ? 2 : part.children.length > 0 ? 1 : 0;
  const encoding = ENCODINGS.indexOf(part.encoding) + 1;
  const isAttachment = part.disposition !== undefined && part.disposition.type !== "inline";
  writer.number(kind | (encoding << 2) | (isAttachment ? 32 : 0));
  if (encoding === 0) writer.string(part.encoding);
  writer.string(part.isOpaque ? "application" : part.type);
  writer.string(part.isOpaque ? "octet-stream" : part.subtype);
  writer.string(part.type === "text" ? (part.params.get("charset") ?? "") : "");
  writer.number(part.start - base);
  writer.number(part.bodyStart - part.start);
  writer.number(part.end - part.bodyStart);
  writer.number(part.lines);
  const children = part.message === undefined ? part.children : [part.message];
  if (kind === 1) writer.number(children.length);
  for (const child of children) writePart(writer, child, part.start);
}

/** Reads what `encodeStructure` wrote. Stored octets that are not that are a broken store. */
export function decodeStructure(octets: Uint8Array): StoredStructure {
  const reader = new StructureReader(octets);
  invariant(reader.number() === VERSION, "stored structure has a known version");
  return readPart(reader, 0);
}

function readPart(reader: StructureReader, base: number): StoredPart {
  const flags = reader.number();
  const kind = KINDS[flags & 3];
  invariant(kind !== undefined, "stored structure has a known kind of part");
  const encodingIndex = (flags >> 2) & 7;
  const encoding = encodingIndex === 0 ? reader.string() : ENCODINGS[encodingIndex - 1];
  const type = reader.string();
  const subtype = reader.string();
  const charset = reader.string();
  const start = base + reader.number();
  const bodyStart = start + reader.number();
  const end = bodyStart + reader.number();
  const lines = reader.number();
  const count = kind === "multipart" ? reader.number() : kind === "message" ? 1 : 0;
  const children: StoredPart[] = [];
  for (let index = 0; index < count; index++) children.push(readPart(reader, start));
  return {
    kind,
    type,
    subtype,
    encoding,
    charset: charset === "" ? undefined : charset,
    isAttachment: (flags & 32) !== 0,
    start,
    bodyStart,
    end,
    lines,
    children,
  };
}

class StructureOctets {
  readonly #chunks: Uint8Array[] = [];
  #chunk: Uint8Array = new Uint8Array(128);
  #length = 0;

  number(value: number): void {
    if (this.#length + 8 > this.#chunk.length) this.#grow();
    let rest = value;
    while (rest > 127) {
      this.#chunk[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#chunk[this.#length++] = rest;
  }

  string(text: string): void {
    const octets = encodeUtf8(text.length > MAX_STRING ? text.slice(0, MAX_STRING) : text);
    this.number(octets.length);
    if (this.#length + octets.length > this.#chunk.length) this.#grow(octets.length);
    this.#chunk.set(octets, this.#length);
    this.#length += octets.length;
  }

  #grow(needed = 0): void {
    this.#chunks.push(this.#chunk.subarray(0, this.#length));
    this.#chunk = new Uint8Array(Math.max(1024, needed));
    this.#length = 0;
  }

  octets(): Uint8Array {
    this.#chunks.push(this.#chunk.subarray(0, this.#length));
    return concatBytes(this.#chunks);
  }
}

class StructureReader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      invariant(this.#at < this.#octets.length, "stored structure is whole");
      const octet = this.#octets[this.#at++];
      value += (octet & 127) * scale;
      if (octet < 128) return value;
      scale *= 128;
    }
  }

  string(): string {
    const length = this.number();
    const end = this.#at + length;
    invariant(end <= this.#octets.length, "stored structure is whole");
    const text = decodeUtf8(this.#octets, this.#at, end);
    this.#at = end;
    return text;
  }
}
