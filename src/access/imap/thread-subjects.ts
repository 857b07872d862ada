/** The ORDEREDSUBJECT algorithm (RFC 5256 §3): one flat thread a base subject, oldest first. */

import type { Slicer } from "./slicer.ts";
import { sortSliced } from "./sliced-sort.ts";
import type { ThreadMessage } from "./thread-references.ts";
import type { ThreadNode } from "./thread-tree.ts";

type Thread = { readonly number: number; readonly children: ThreadNode[] };

export async function threadSubjects(
  messages: readonly ThreadMessage[],
  slicer: Slicer,
): Promise<readonly ThreadNode[]> {
  const order = Uint32Array.from(messages, (_, index) => index);
  const byDate = (a: number, b: number): number =>
    messages[a].dateMs - messages[b].dateMs || messages[a].number - messages[b].number;
  await sortSliced(order, byDate, slicer);
  const threads = new Map<string, Thread>();
  for (const index of order) {
    const { baseSubject, number } = messages[index];
    const thread = threads.get(baseSubject);
    if (thread === undefined) threads.set(baseSubject, { number, children: [] });
    else thread.children.push({ number, children: [] });
    if (slicer.isDue()) await slicer.rest();
  }
  return [...threads.values()];
}
