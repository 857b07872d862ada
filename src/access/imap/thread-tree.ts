/** Threads as trees of messages, and how THREAD writes them (RFC 5256 §4). */

import type { ResponseWriter } from "../../imap/wire/response-writer.ts";

/** `number` is undefined for a message that is spoken of but not there. */
export type ThreadNode = {
  readonly number: number | undefined;
  readonly children: readonly ThreadNode[];
};

/** `(3 6 (4 23)(44 7 96))`. Trees are no deeper than `MAX_THREAD_DEPTH`. */
export function writeThread(out: ResponseWriter, root: ThreadNode): void {
  out.text("(");
  let node = root;
  let isFirst = true;
  for (;;) {
    if (node.number !== undefined) {
      if (!isFirst) out.text(" ");
      out.number(node.number);
      isFirst = false;
    }
    if (node.children.length !== 1) break;
    [node] = node.children;
  }
  if (node.children.length > 0 && !isFirst) out.text(" ");
  for (const child of node.children) writeThread(out, child);
  out.text(")");
}

export const MAX_THREAD_DEPTH = 500;
