/** Short-hands of the suites about the queue. */

import type { QueuedRecipient } from "../acceptance.ts";
import type { Store } from "../contract.ts";
import type { QueueJob } from "../queue.ts";

export const AT: number = Date.UTC(2026, 0, 1);

export function to(recipient: string, more: Partial<QueuedRecipient> = {}): QueuedRecipient {
  const destination = recipient.slice(recipient.indexOf("@") + 1);
  return { recipient, transport: "smtp", destination, ...more };
}

export function claim(
  store: Store,
  more: { nowMs?: number; limit?: number; busy?: string[]; leaseMs?: number } = {},
): Promise<readonly QueueJob[]> {
  return store.queue.claim({
    worker: "w",
    nowMs: more.nowMs ?? AT,
    leaseMs: more.leaseMs ?? 60_000,
    limit: more.limit ?? 100,
    busy: new Set(more.busy ?? []),
  });
}

export const recipientsOf = (jobs: readonly QueueJob[]): string[] =>
  jobs.flatMap(({ recipients }) => recipients.map(({ recipient }) => recipient));
