/** Which dialect an mbox is in, from its first messages: no file says so itself. */

import { encodeLatin1, indexOfBytes } from "../../base/bytes.ts";
import type { MboxDialect } from "./dialect.ts";
import { piecesOf, type MboxFile } from "./mbox-file.ts";
import { scanEntries } from "./scan-entries.ts";

const MAX_ENTRIES = 1000;
const MAX_OCTETS = 32 * 1024 * 1024;
const LINE_FROM = encodeLatin1("\nFrom ");

/**
 * Right lengths and a bare `From ` line within them are mboxcl2; right lengths alone mboxcl. Anything
 * else reads as mboxrd: of mboxo it differs only in lines that had several `>` before.
 */
export async function detectDialect(file: MboxFile): Promise<MboxDialect> {
  let entries = 0;
  let isCounted = false;
  for await (const entry of scanEntries(file, { useContentLength: true })) {
    if (++entries > MAX_ENTRIES || entry.at > MAX_OCTETS) break;
    if (!entry.isCounted) continue;
    isCounted = true;
    const end = Math.min(entry.end, entry.start + MAX_OCTETS);
    for await (const piece of piecesOf(file, entry.start, end)) {
      if (indexOfBytes(piece, LINE_FROM) !== -1) return "mboxcl2";
    }
  }
  return isCounted ? "mboxcl" : "mboxrd";
}
