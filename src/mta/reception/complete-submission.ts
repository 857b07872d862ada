/**
 * What a submission server may do to a message, and nothing more (RFC 6409 §8): add Date and
 * Message-ID where they are missing, take out Bcc (RFC 5322 §3.6.3), and write addresses as the
 * operator's tables say. Every other octet stays.
 * Never for relayed mail.
 */

import { concatBytes, CRLF, encodeUtf8 } from "../../base/bytes.ts";
import { formatDate } from "../../message/date.ts";
import { findField, parseHeader } from "../../message/header.ts";
import { rewriteHeader, type HeaderRewriting } from "../maps/rewrite-header.ts";

export type Completion = {
  readonly nowMs: number;
  /** Called only if it is needed: `<…@…>`. */
  readonly makeMessageId: () => string;
  /** Where addresses have other forms for the world. */
  readonly rewriting?: HeaderRewriting | undefined;
};

/** The header section as it shall be stored. `submitted` ends after its blank line, if it has one. */
export function completeSubmission(submitted: Uint8Array, completion: Completion): Uint8Array {
  const { rewriting } = completion;
  const header = rewriting === undefined ? submitted : rewriteHeader(submitted, rewriting);
  const section = parseHeader(header);
  // Text without a header section: what is added must not swallow its first line.
  const isText = section.fields.length > 0 && section.fields[0].key === "";
  const lacks = (key: string): boolean => isText || findField(section, key) === undefined;
  const parts: Uint8Array[] = [];
  if (lacks("date")) parts.push(encodeUtf8(`Date: ${formatDate(completion.nowMs)}\r\n`));
  if (lacks("message-id")) parts.push(encodeUtf8(`Message-ID: ${completion.makeMessageId()}\r\n`));
  if (isText) return concatBytes([...parts, CRLF, header]);
  let at = 0;
  for (const field of section.fields) {
    if (field.key !== "bcc" && field.key !== "resent-bcc") continue;
    parts.push(header.subarray(at, field.start));
    at = field.end;
  }
  parts.push(header.subarray(at));
  return concatBytes(parts);
}
