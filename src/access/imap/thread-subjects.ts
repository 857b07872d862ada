/** The ORDEREDSUBJECT algorithm (RFC 5256 §3): one flat thread a base subject, oldest first. */

import type { ThreadMessage } from "./thread-references.ts";
import type { ThreadNode } from "./thread-tree.ts";

export function threadSubjects(messages: readonly ThreadMessage[]): ThreadNode[] {
  const byDate = [...messages].sort((a, b) => a.dateMs - b.dateMs || a.number - b.number);
  const threads = new Map<string, ThreadMessage[]>();
  for (const message of byDate) {
    const { baseSubject } = message;
    const thread = threads.get(baseSubject);
    if (thread === undefined) threads.set(baseSubject, [message]);
    else thread.push(message);
  }
  return [...threads.values()].map(([first, ...rest]) => ({
    number: first.number,
    children: rest.map((message) => ({ number: message.number, children: [] })),
  }));
}
