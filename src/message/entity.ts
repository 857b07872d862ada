/**
 * MIME entities to octets (RFC 2045, RFC 2046): a tree of what the parts are becomes header lines and
 * a body, with the best transfer encoding for each and boundaries that occur in none of them.
 * Text is made safe for mbox files and for SMTP; other octets come back exact.
 */

import {
  decodeUtf8Strict,
  encodeLatin1,
  encodeUtf8,
  indexOfBytes,
  isAscii,
} from "../base/bytes.ts";
import { encodeBase64Body } from "./base64.ts";
import { fieldLine, textField } from "./field-format.ts";
import { formatParameters } from "./parameter-format.ts";
import { encodeQuotedPrintable, estimateQuotedPrintable, hasLongLine } from "./quoted-printable.ts";

/** What any part may say of itself. */
export type EntityFields = {
  readonly disposition?: "inline" | "attachment" | undefined;
  readonly fileName?: string | undefined;
  /** With its angle brackets. */
  readonly contentId?: string | undefined;
  readonly description?: string | undefined;
  readonly language?: string | undefined;
  readonly location?: string | undefined;
  readonly params?: ReadonlyMap<string, string> | undefined;
};

export type EntityDraft =
  /** Text: line ends as they come, written as CRLF, charset UTF-8 where it is not ASCII. */
  | (EntityFields & { readonly kind: "text"; readonly subtype: string; readonly text: string })
  /** `mediaType` such as `image/png`. Octets stay exact. */
  | (EntityFields & {
      readonly kind: "octets";
      readonly mediaType: string;
      readonly octets: Uint8Array;
    })
  /** Octets in their final form, under the encoding given: what must not be changed, such as signed text. */
  | (EntityFields & {
      readonly kind: "encoded";
      readonly mediaType: string;
      readonly encoding: "7bit" | "8bit" | "base64" | "quoted-printable";
      readonly octets: Uint8Array;
    })
  /** A whole message, unchanged; message/global where its header is not ASCII (RFC 6532 §3.7). */
  | (EntityFields & { readonly kind: "message"; readonly octets: Uint8Array })
  | (EntityFields & {
      readonly kind: "multipart";
      readonly subtype: string;
      readonly parts: readonly EntityDraft[];
    });

export type Entity = {
  /** Content-* lines, each with its CRLF. */
  readonly header: string;
  readonly body: readonly Uint8Array[];
  readonly encoding: string;
};

export function composeEntity(draft: EntityDraft): Entity {
  return new EntityComposer().compose(draft);
}

class EntityComposer {
  #boundaries = 0;

  compose(draft: EntityDraft): Entity {
    switch (draft.kind) {
      case "text":
        return textEntity(draft);
      case "octets":
        return octetsEntity(draft);
      case "encoded":
        return makeEntity(draft, draft.mediaType, draft.encoding, [draft.octets]);
      case "message":
        return messageEntity(draft);
      case "multipart":
        return this.#multipart(draft);
    }
  }

  #multipart(draft: EntityDraft & { kind: "multipart" }): Entity {
    const entities = draft.parts.map((part) => this.compose(part));
    const bodies = entities.flatMap((entity) => entity.body);
    const boundary = this.#newBoundary(bodies);
    const chunks: Uint8Array[] = [];
    entities.forEach((entity, index) => {
      const lead = index === 0 ? "" : "\r\n";
      chunks.push(encodeUtf8(`${lead}--${boundary}\r\n${entity.header}\r\n`), ...entity.body);
    });
    chunks.push(encodeLatin1(`\r\n--${boundary}--\r\n`));
    const encoding = widestEncoding(entities);
    const params = new Map([...(draft.params ?? []), ["boundary", boundary]]);
    return makeEntity({ ...draft, params }, `multipart/${draft.subtype}`, encoding, chunks);
  }

  /** `=_` occurs neither in base64 nor in quoted-printable text (RFC 2045 §6.7). */
  #newBoundary(bodies: readonly Uint8Array[]): string {
    for (;;) {
      const boundary = `=_posthorn_${(this.#boundaries++).toString(36)}`;
      const needle = encodeLatin1(`--${boundary}`);
      if (!bodies.some((body) => indexOfBytes(body, needle) !== -1)) return boundary;
    }
  }
}

function widestEncoding(entities: readonly Entity[]): string {
  if (entities.some((entity) => entity.encoding === "binary")) return "binary";
  return entities.some((entity) => entity.encoding === "8bit") ? "8bit" : "7bit";
}

function textEntity(draft: EntityDraft & { kind: "text" }): Entity {
  const lines = draft.text.toWellFormed().replace(/\r\n|\r|\n/g, "\r\n");
  const octets = encodeUtf8(lines === "" || lines.endsWith("\r\n") ? lines : `${lines}\r\n`);
  const charset = isAscii(octets) ? "us-ascii" : "utf-8";
  const params = new Map([["charset", charset], ...(draft.params ?? [])]);
  const [encoding, body] = encodeText(octets);
  return makeEntity({ ...draft, params }, `text/${draft.subtype}`, encoding, [body]);
}

function octetsEntity(draft: EntityDraft & { kind: "octets" }): Entity {
  const { mediaType, octets } = draft;
  if (!mediaType.startsWith("text/")) {
    const [encoding, body] = encodeOpaque(octets);
    return makeEntity(draft, mediaType, encoding, [body]);
  }
  const [encoding, body] = encodeText(octets);
  if (draft.params?.has("charset") || isAscii(octets)) {
    return makeEntity(draft, mediaType, encoding, [body]);
  }
  // A text whose charset nobody said, and which is not UTF-8, says just that (RFC 1428 §3).
  const charset = decodeUtf8Strict(octets) === undefined ? "unknown-8bit" : "utf-8";
  const params = new Map([["charset", charset], ...(draft.params ?? [])]);
  return makeEntity({ ...draft, params }, mediaType, encoding, [body]);
}

function encodeText(octets: Uint8Array): [encoding: string, body: Uint8Array] {
  if (isSafeAsIs(octets)) return ["7bit", octets];
  const base64Size = Math.ceil(octets.length / 3) * 4 * (78 / 76);
  return estimateQuotedPrintable(octets) <= base64Size
    ? ["quoted-printable", encodeQuotedPrintable(octets)]
    : encodeOpaque(octets);
}

function encodeOpaque(octets: Uint8Array): [encoding: string, body: Uint8Array] {
  return ["base64", encodeBase64Body(octets)];
}

/** ASCII in short CRLF lines that neither SMTP nor an mbox file would touch. */
function isSafeAsIs(octets: Uint8Array): boolean {
  let lineStart = 0;
  for (let index = 0; index < octets.length; index++) {
    const octet = octets[index];
    if (octet > 126 || (octet < 32 && octet !== 9 && octet !== 13 && octet !== 10)) return false;
    if (octet === 13 && octets[index + 1] !== 10) return false;
    if (octet !== 10) continue;
    if (octets[index - 1] !== 13 || index - lineStart - 1 > 998) return false;
    lineStart = index + 1;
  }
  if (octets.length - lineStart > 998) return false;
  return !startsLine(octets, "From ") && !startsLine(octets, ".\r\n");
}

function startsLine(octets: Uint8Array, text: string): boolean {
  const pattern = encodeLatin1(text);
  for (
    let at = indexOfBytes(octets, pattern);
    at !== -1;
    at = indexOfBytes(octets, pattern, at + 1)
  ) {
    if (at === 0 || octets[at - 1] === 10) return true;
  }
  return false;
}

/** RFC 2046 §5.2.1: a message has no encoding but 7bit, 8bit and binary. */
function messageEntity(draft: EntityDraft & { kind: "message" }): Entity {
  const { octets } = draft;
  const isBinary = indexOfBytes(octets, 0) !== -1 || hasLongLine(octets);
  const encoding = isBinary ? "binary" : isAscii(octets) ? "7bit" : "8bit";
  const end = endOfHeader(octets);
  const type = isAscii(octets.subarray(0, end)) ? "message/rfc822" : "message/global";
  return makeEntity(draft, type, encoding, [octets]);
}

function endOfHeader(octets: Uint8Array): number {
  const blank = indexOfBytes(octets, encodeLatin1("\r\n\r\n"));
  return blank === -1 ? octets.length : blank;
}

function makeEntity(
  draft: EntityFields,
  mediaType: string,
  encoding: string,
  body: readonly Uint8Array[],
): Entity {
  let header = fieldLine("Content-Type", formatParameters(mediaType, draft.params ?? []));
  if (encoding !== "7bit") header += fieldLine("Content-Transfer-Encoding", encoding);
  if (draft.disposition !== undefined || draft.fileName !== undefined) {
    const params: [string, string][] =
      draft.fileName === undefined ? [] : [["filename", draft.fileName]];
    header += fieldLine(
      "Content-Disposition",
      formatParameters(draft.disposition ?? "attachment", params),
    );
  }
  if (draft.contentId !== undefined) header += fieldLine("Content-ID", draft.contentId);
  if (draft.description !== undefined)
    header += textField("Content-Description", draft.description);
  if (draft.language !== undefined) header += fieldLine("Content-Language", draft.language);
  if (draft.location !== undefined) header += fieldLine("Content-Location", draft.location);
  return { header, body, encoding };
}
