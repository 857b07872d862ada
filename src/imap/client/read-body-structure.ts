/**
 * BODY and BODYSTRUCTURE (RFC 9051 §7.5.2) from their values. Never fails: a part that makes no
 * sense reads as application/octet-stream, so that it can still be fetched and saved.
 */

import { isList, listOf, numberOf, textOf, type Value } from "./response.ts";
import { readEnvelope, type Envelope } from "./read-envelope.ts";

export type BodyPart = {
  /** `2.1`, to be fetched as `BODY[2.1]`; "" for a multipart at the top, which can only be fetched whole. */
  readonly section: string;
  /** Lower case. */
  readonly type: string;
  readonly subtype: string;
  /** Keys in lower case. */
  readonly params: ReadonlyMap<string, string>;
  readonly id: string | undefined;
  readonly description: string | undefined;
  /** Lower case; `7bit` when the server does not say. */
  readonly encoding: string;
  readonly sizeOctets: number | undefined;
  readonly lines: number | undefined;
  /** Lower case. */
  readonly disposition: string | undefined;
  readonly dispositionParams: ReadonlyMap<string, string>;
  readonly children: readonly BodyPart[];
  /** The message inside a message/rfc822 part. */
  readonly message: { readonly envelope: Envelope; readonly body: BodyPart } | undefined;
};

// The parser has bounded the nesting already; this keeps the recursion below well within any stack.
const MAX_DEPTH = 100;

export function readBodyStructure(value: Value | undefined, section = "", depth = 0): BodyPart {
  const fields = listOf(value);
  if (depth < MAX_DEPTH && isList(fields[0])) return readMultipart(fields, section, depth);
  return readSinglePart(fields, section === "" ? "1" : section, depth);
}

function readMultipart(fields: readonly Value[], section: string, depth: number): BodyPart {
  const count = fields.findIndex((field) => !isList(field));
  const parts = count === -1 ? fields : fields.slice(0, count);
  const rest = count === -1 ? [] : fields.slice(count);
  return {
    ...bare(section, "multipart", lower(rest[0]) ?? "mixed"),
    params: readParams(rest[1]),
    ...readDisposition(rest[2]),
    children: parts.map((part, index) =>
      readBodyStructure(
        part,
        section === "" ? `${index + 1}` : `${section}.${index + 1}`,
        depth + 1,
      ),
    ),
  };
}

function readSinglePart(fields: readonly Value[], section: string, depth: number): BodyPart {
  const type = lower(fields[0]) ?? "application";
  const subtype = lower(fields[1]) ?? "octet-stream";
  const isMessage = type === "message" && (subtype === "rfc822" || subtype === "global");
  const hasInner = isMessage && isList(fields[7]) && isList(fields[8]) && depth < MAX_DEPTH;
  // Extension data: MD5, disposition, language, location, after what the type itself adds.
  const extension = hasInner ? 10 : type === "text" ? 8 : 7;
  return {
    ...bare(section, type, subtype),
    params: readParams(fields[2]),
    id: textOf(fields[3]),
    description: textOf(fields[4]),
    encoding: lower(fields[5]) ?? "7bit",
    sizeOctets: numberOf(fields[6]),
    lines: numberOf(fields[hasInner ? 9 : 7]),
    ...readDisposition(fields[extension + 1]),
    message: hasInner
      ? {
          envelope: readEnvelope(fields[7]),
          body: readBodyStructure(
            fields[8],
            isList(listOf(fields[8])[0]) ? section : `${section}.1`,
            depth + 1,
          ),
        }
      : undefined,
  };
}

function bare(section: string, type: string, subtype: string): BodyPart {
  return {
    section,
    type,
    subtype,
    params: new Map(),
    id: undefined,
    description: undefined,
    encoding: "7bit",
    sizeOctets: undefined,
    lines: undefined,
    disposition: undefined,
    dispositionParams: new Map(),
    children: [],
    message: undefined,
  };
}

function lower(value: Value | undefined): string | undefined {
  return textOf(value)?.toLowerCase();
}

function readDisposition(
  value: Value | undefined,
): Pick<BodyPart, "disposition" | "dispositionParams"> {
  const [kind, params] = listOf(value);
  return { disposition: lower(kind), dispositionParams: readParams(params) };
}

function readParams(value: Value | undefined): ReadonlyMap<string, string> {
  const list = listOf(value);
  const params = new Map<string, string>();
  for (let index = 0; index + 1 < list.length; index += 2) {
    const key = lower(list[index]);
    const text = textOf(list[index + 1]);
    if (key !== undefined && text !== undefined && !params.has(key)) params.set(key, text);
  }
  return params;
}
