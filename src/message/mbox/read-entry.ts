/** One message of an mbox as it was before it was put there: CRLF line ends, quoting undone, the file's own fields out. */

import type { MboxDialect } from "./dialect.ts";
import { unquoteFromLines } from "./from-quoting.ts";
import { networkLines } from "./line-ends.ts";
import { piecesOf, type MboxFile } from "./mbox-file.ts";
import type { MboxEntry } from "./scan-entries.ts";
import { flagsOfFields, splitHeader } from "./status-fields.ts";

export type MboxMessage = {
  readonly flags: readonly string[];
  /** Each call reads anew. */
  readonly content: () => AsyncGenerator<Uint8Array>;
};

/** A header section beyond this size keeps what fields of the file's own come later. */
const HEADER_OCTETS = 1024 * 1024;

export async function readEntry(
  file: MboxFile,
  entry: Pick<MboxEntry, "start" | "end">,
  dialect: MboxDialect,
): Promise<MboxMessage> {
  const headEnd = Math.min(entry.end, entry.start + HEADER_OCTETS);
  const head = splitHeader(await file.read(entry.start, headEnd));
  const raw = async function* (): AsyncGenerator<Uint8Array> {
    yield* head.kept;
    yield* piecesOf(file, headEnd, entry.end);
  };
  return {
    flags: flagsOfFields(head.fields),
    content: () => networkLines(unquoteFromLines(raw(), dialect)),
  };
}
