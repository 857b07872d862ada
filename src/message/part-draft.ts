/**
 * A part while it is being read: its header is known, its end is not. Decides what the header says
 * about the body (RFC 2045 §5, §6; RFC 2183); where a field occurs twice the first counts, for
 * every reader of the message alike.
 */

import type { DefectLog } from "./defect.ts";
import { fieldText, type HeaderField, type HeaderSection } from "./header.ts";
import { parseParameters } from "./parameters.ts";
import type { Disposition, Part } from "./part.ts";

export type PartDraft = {
  -readonly [Key in keyof Part]: Key extends "children" ? PartDraft[] : Part[Key];
} & {
  /** Line feeds before `bodyStart`, to count the body's lines by subtraction. */
  lineFeedsBefore: number;
  boundary: string;
};

const NO_PARAMS: ReadonlyMap<string, string> = new Map();
const IDENTITY = new Set(["7bit", "8bit", "binary"]);
const KNOWN_ENCODINGS = new Set(["base64", "quoted-printable", "x-uuencode", "uuencode", "x-uue"]);

export type DefaultType = "text/plain" | "message/rfc822";

export function draftPart(
  octets: Uint8Array,
  header: HeaderSection,
  depth: number,
  defaultType: DefaultType,
  defects: DefectLog,
): PartDraft {
  const draft: PartDraft = {
    header,
    start: header.start,
    bodyStart: header.endOctets,
    end: header.endOctets,
    lines: 0,
    depth,
    type: defaultType === "text/plain" ? "text" : "message",
    subtype: defaultType === "text/plain" ? "plain" : "rfc822",
    params: NO_PARAMS,
    hasContentType: false,
    encoding: "7bit",
    disposition: undefined,
    children: [],
    message: undefined,
    isOpaque: false,
    epilogueStart: header.endOctets,
    lineFeedsBefore: 0,
    boundary: "",
  };
  readMimeFields(octets, draft, defects);
  return draft;
}

function readMimeFields(octets: Uint8Array, draft: PartDraft, defects: DefectLog): void {
  let hasEncoding = false;
  const { fields } = draft.header;
  for (let index = 0; index < fields.length; index++) {
    const field = fields[index];
    // Nearly all fields are out at this look: `content-` and no other begins like it.
    if (field.key.length < 12 || !field.key.startsWith("content-")) continue;
    if (field.key === "content-type") {
      if (draft.hasContentType) defects.add("duplicate-mime-field", field.start);
      else readContentType(octets, field, draft, defects);
    } else if (field.key === "content-transfer-encoding") {
      if (hasEncoding) defects.add("duplicate-mime-field", field.start);
      else readEncoding(octets, field, draft, defects);
      hasEncoding = true;
    } else if (field.key === "content-disposition") {
      if (draft.disposition !== undefined) defects.add("duplicate-mime-field", field.start);
      else draft.disposition = readDisposition(octets, field, defects);
    }
  }
}

function readContentType(
  octets: Uint8Array,
  field: HeaderField,
  draft: PartDraft,
  defects: DefectLog,
): void {
  draft.hasContentType = true;
  const { value, params, faults } = parseParameters(fieldText(octets, field));
  for (const fault of faults) defects.add(fault.kind, field.start);
  const slash = value.indexOf("/");
  const type = (slash === -1 ? value : value.slice(0, slash)).trim();
  const subtype = slash === -1 ? "" : value.slice(slash + 1).trim();
  if (isToken(type) && isToken(subtype)) {
    draft.type = type;
    draft.subtype = subtype;
    draft.params = params;
  } else {
    defects.add("bad-content-type", field.start);
    // `multipart` alone still says that there are parts; anything else is text (RFC 2045 §5.2).
    const isMultipart = type === "multipart" && params.has("boundary");
    draft.type = isMultipart ? "multipart" : "text";
    draft.subtype = isMultipart ? "mixed" : "plain";
    draft.params = params;
  }
}

/** RFC 6838 §4.2: no name is longer. */
const MAX_TOKEN_LENGTH = 127;

function isToken(text: string): boolean {
  return text.length <= MAX_TOKEN_LENGTH && /^[!#$%&'*+\-.^_`{|}~a-z0-9]+$/.test(text);
}

function readEncoding(
  octets: Uint8Array,
  field: HeaderField,
  draft: PartDraft,
  defects: DefectLog,
): void {
  const { value } = parseParameters(fieldText(octets, field));
  // `7-bit`, `8 bit`, `quoted_printable` and the like have been seen for decades.
  const squeezed = value.replace(/["'\s]/g, "");
  const encoding = squeezed.replace(/^([78])-bit$/, "$1bit").replace("quoted_", "quoted-");
  draft.encoding = isToken(encoding) ? encoding : "7bit";
  if (!IDENTITY.has(encoding) && !KNOWN_ENCODINGS.has(encoding)) {
    defects.add("bad-transfer-encoding", field.start);
  }
}

function readDisposition(
  octets: Uint8Array,
  field: HeaderField,
  defects: DefectLog,
): Disposition | undefined {
  const { value, params, faults } = parseParameters(fieldText(octets, field));
  for (const fault of faults) defects.add(fault.kind, field.start);
  // `Content-Disposition: filename=x` has no type: RFC 2183 §2.8 says to take an unknown one as attachment.
  if (isToken(value)) return { type: value, params };
  return value === "" && params.size === 0 ? undefined : { type: "attachment", params };
}

export function isIdentityEncoding(encoding: string): boolean {
  return IDENTITY.has(encoding) || !KNOWN_ENCODINGS.has(encoding);
}
