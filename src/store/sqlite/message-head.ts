/**
 * The head of a message (`MessageHead`): made of the parsed message, kept as a row of columns, made
 * again where an older Posthorn stored the message without one.
 */

import { hash53 } from "../../base/hash53.ts";
import { encodeCommonFields } from "../../message/imap-view/common-fields.ts";
import { parseMessage } from "../../message/parse.ts";
import type { ParsedMessage } from "../../message/part.ts";
import { preview } from "../../message/preview.ts";
import { sortKey, threadKey } from "../../message/thread-key.ts";
import type { HeadName, MessageHead } from "../mail.ts";
import type { MessageId } from "../octets.ts";
import type { Database, Value } from "./database.ts";

/** Nearer ancestors tell where a message belongs; further ones cost memory. */
const MAX_REFERENCES = 32;

/** Of messages that could not be taken apart (Invariant 9). */
export const EMPTY_HEAD: MessageHead = {
  sentMs: undefined,
  baseSubject: "",
  isReplyOrForward: false,
  from: "",
  to: "",
  cc: "",
  displayFrom: "",
  displayTo: "",
  threadHashes: Float64Array.of(0),
  preview: "",
  // "Too much to keep": whoever asks looks at the octets themselves.
  commonFields: Uint8Array.of(255),
};

export function headOf(parsed: ParsedMessage): MessageHead {
  const { octets, root } = parsed;
  const { header } = root;
  const thread = threadKey(octets, header);
  const { from, to, cc, displayFrom, displayTo } = sortKey(octets, header, thread.baseSubject);
  const references = thread.references.slice(-MAX_REFERENCES);
  const threadHashes = new Float64Array(references.length + 1);
  threadHashes[0] = thread.messageId === undefined ? 0 : hash53(thread.messageId);
  references.forEach((reference, index) => (threadHashes[index + 1] = hash53(reference)));
  return {
    sentMs: thread.sentMs,
    baseSubject: thread.baseSubject,
    isReplyOrForward: thread.isReplyOrForward,
    from,
    to,
    cc,
    displayFrom,
    displayTo,
    threadHashes,
    preview: preview(parsed),
    commonFields: encodeCommonFields(octets, header),
  };
}

/** Of octets that may be only the beginning of a message. */
export function headOfOctets(octets: Uint8Array): MessageHead {
  try {
    return headOf(parseMessage(octets));
  } catch {
    return EMPTY_HEAD;
  }
}

const INSERT = `INSERT OR REPLACE INTO message_head (message_id, sent_ms, base_subject, is_reply,
  from_mailbox, to_mailbox, cc_mailbox, display_from, display_to, thread_hashes, preview,
  common_fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export function insertHead(database: Database, id: MessageId, head: MessageHead): void {
  database.run(
    INSERT,
    id,
    head.sentMs ?? null,
    head.baseSubject,
    head.isReplyOrForward ? 1 : 0,
    head.from,
    head.to,
    head.cc,
    head.displayFrom,
    head.displayTo,
    head.threadHashes,
    head.preview,
    head.commonFields,
  );
}

export const HEAD_COLUMNS: Readonly<Record<HeadName, string>> = {
  sentMs: "sent_ms",
  baseSubject: "base_subject",
  isReplyOrForward: "is_reply",
  from: "from_mailbox",
  to: "to_mailbox",
  cc: "cc_mailbox",
  displayFrom: "display_from",
  displayTo: "display_to",
  threadHashes: "thread_hashes",
  preview: "preview",
  commonFields: "common_fields",
};

/** A column's value as the member of `MessageHead` that it is. */
export function headValue(name: HeadName, value: Value): unknown {
  if (name === "sentMs") return value ?? undefined;
  if (name === "isReplyOrForward") return value === 1;
  if (name !== "threadHashes") return value;
  const octets = value as Uint8Array;
  return octets.byteOffset % 8 === 0
    ? new Float64Array(octets.buffer, octets.byteOffset, octets.length / 8)
    : new Float64Array(octets.slice().buffer);
}
