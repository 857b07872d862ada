/**
 * What came of one attempt for one recipient: as the queue, the log and a report need it
 * (RFC 3463, RFC 3464). A value, so that it reaches the report unchanged.
 */

import type { Reply } from "../../smtp/reply.ts";
import type { Acceptance } from "../../store/acceptance.ts";
import type { AttemptRecord, QueueJob, QueueRecipient } from "../../store/queue.ts";

export type OutcomeKind = "delivered" | "failed" | "deferred";

export type RecipientOutcome = {
  readonly recipient: QueueRecipient;
  readonly kind: OutcomeKind;
  /** RFC 3463: `2.1.5`, `5.1.1`. */
  readonly status: string;
  /** A sentence for a person: `mx.example.net[192.0.2.1] said: 550 5.1.1 No such user`. */
  readonly problem: string;
  /** The host that said so, for Remote-MTA. */
  readonly remoteHost: string | undefined;
  /** What it said, for Diagnostic-Code: `550 5.1.1 No such user`. */
  readonly diagnostic: string | undefined;
  /** The next host does not know DSN: what was promised to the sender is ours to report (RFC 3461 §5.2.2). */
  readonly mustReportSuccess: boolean;
  /** Delivered means in the recipient's hands, not at one more hop (RFC 3464 §2.3.3). */
  readonly isFinal?: boolean;
  /** Undefined when no attempt was made. */
  readonly attempt: AttemptRecord | undefined;
  readonly connectMs: number;
  readonly transferMs: number;
  /** Mail that must be accepted together with this outcome: a local delivery. */
  readonly acceptance?: Acceptance;
  /** Nothing for this destination can succeed now: wait with its other mail, too. */
  readonly isUnreachable?: boolean;
  /** Which exchangers its destination leads to: others with the same share their limits with it. */
  readonly site?: string;
};

export interface DeliveryAgent {
  /** One outcome for each recipient of the job. Rejects only when the store or our code fails. */
  deliver(job: QueueJob): Promise<readonly RecipientOutcome[]>;
}

/** `550 5.1.1 No such user`, lines joined. */
export function replyText(reply: Reply): string {
  const enhanced = reply.enhanced === undefined ? "" : `${reply.enhanced} `;
  return `${reply.code} ${enhanced}${reply.lines.join(" / ")}`;
}

/** The status a reply carries, or the plain one of its class (RFC 3463 §2). */
export function replyStatus(reply: Reply): string {
  return reply.enhanced ?? `${Math.floor(reply.code / 100)}.0.0`;
}
