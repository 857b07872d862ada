/**
 * One message as an entry of an mbox: From_ line, the file's own fields, the message with LF line
 * ends and quoted as the dialect has it, a blank line. What reading it again cannot give back: a CR
 * before a CRLF, fields of the names that are the file's own, a missing last line end (but for the
 * dialects with a length), and with mboxo and mboxcl which `>From ` was there before.
 */

import { concatBytes, encodeLatin1 } from "../../base/bytes.ts";
import { hasContentLength, type MboxDialect } from "./dialect.ts";
import { formatFromLine } from "./from-line.ts";
import { quoteFromLines } from "./from-quoting.ts";
import { unixLines } from "./line-ends.ts";
import { splitHeader, statusFields } from "./status-fields.ts";

export type EntryToWrite = {
  /** The message; called twice where its length must be known beforehand. */
  readonly content: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  readonly sender: string;
  readonly atMs: number;
  /** Undefined: no fields about flags. */
  readonly flags: readonly string[] | undefined;
  readonly dialect: MboxDialect;
};

const HEADER_OCTETS = 1024 * 1024;
const LF = 10;
const LF_OCTET = Uint8Array.of(LF);

export async function* writeEntry(entry: EntryToWrite): AsyncGenerator<Uint8Array> {
  const lines = (): AsyncGenerator<Uint8Array> =>
    quoteFromLines(withoutOwnFields(unixLines(entry.content()), entry.flags), entry.dialect);
  const length = hasContentLength(entry.dialect) ? await bodyLength(lines()) : undefined;
  yield encodeLatin1(`${formatFromLine(entry.sender, entry.atMs)}\n`);
  let isFirst = true;
  let last = LF;
  for await (const piece of lines()) {
    if (piece.length === 0) continue;
    if (isFirst) {
      // White space first would make the message's beginning a continuation of our last field.
      const isContinuation = piece[0] === 32 || piece[0] === 9;
      if (!isContinuation) yield encodeLatin1(ownFields(entry.flags, length));
    }
    isFirst = false;
    last = piece[piece.length - 1];
    yield piece;
  }
  if (isFirst) yield encodeLatin1(ownFields(entry.flags, undefined));
  if (last !== LF) yield LF_OCTET;
  yield LF_OCTET;
}

function ownFields(flags: readonly string[] | undefined, length: number | undefined): string {
  const status = flags === undefined ? "" : statusFields(flags);
  return length === undefined ? status : `${status}Content-Length: ${length}\n`;
}

/** Fields that a reader would take for the file's own must not come from the message: they may be a stranger's. */
async function* withoutOwnFields(
  chunks: AsyncIterable<Uint8Array>,
  flags: readonly string[] | undefined,
): AsyncGenerator<Uint8Array> {
  if (flags === undefined) return yield* chunks;
  const held: Uint8Array[] = [];
  let size = 0;
  let isHead = true;
  for await (const chunk of chunks) {
    if (!isHead) {
      yield chunk;
      continue;
    }
    held.push(chunk);
    size += chunk.length;
    const head = concatBytes(held);
    const { kept, bodyStart } = splitHeader(head);
    if (bodyStart === undefined && size < HEADER_OCTETS) continue;
    isHead = false;
    yield* kept;
  }
  if (isHead) yield* splitHeader(concatBytes(held)).kept;
}

/** Octets behind the header section; undefined when that never ends. */
async function bodyLength(chunks: AsyncIterable<Uint8Array>): Promise<number | undefined> {
  const held: Uint8Array[] = [];
  let size = 0;
  let bodyStart: number | undefined;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (bodyStart !== undefined || size - chunk.length >= HEADER_OCTETS) continue;
    held.push(chunk);
    bodyStart = splitHeader(concatBytes(held)).bodyStart;
  }
  // The last line may lack its end, and still be one that is no field.
  bodyStart ??= splitHeader(concatBytes([...held, LF_OCTET])).bodyStart;
  return bodyStart === undefined ? undefined : size - bodyStart;
}
