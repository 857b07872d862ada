/**
 * Mail that needs a further hop: one stored message, an envelope, recipients as rows. What the
 * scheduler knows it learns from here, so a restart or another worker goes on where one stopped.
 */

import type { Acceptance, AddressText, DeliverBy, NotifyOn } from "./acceptance.ts";
import type { MessageId } from "./octets.ts";

export type RecipientState = "due" | "leased" | "held";

export type QueueRecipient = {
  readonly recipientId: number;
  readonly queueId: string;
  readonly recipient: AddressText;
  readonly originalRecipient: string | undefined;
  readonly notify: readonly NotifyOn[] | undefined;
  readonly transport: string;
  readonly destination: string;
  readonly state: RecipientState;
  readonly heldBecause: string | undefined;
  /** Attempts made so far. */
  readonly attempts: number;
  readonly nextAttemptMs: number;
  /** When an operator asked for the next attempt (`retry`); undefined once it was made. */
  readonly askedForMs: number | undefined;
  readonly lastAttemptMs: number | undefined;
  /** What the last attempt met: `mx.example.net[192.0.2.1] said: 450 4.2.0 …`. */
  readonly lastProblem: string | undefined;
  readonly lastStatus: string | undefined;
  /** A delay notice has gone out. */
  readonly isDelayReported: boolean;
};

export type QueuedMessage = {
  readonly queueId: string;
  readonly messageId: MessageId;
  readonly reversePath: AddressText;
  readonly envid: string | undefined;
  readonly ret: "full" | "headers" | undefined;
  readonly smtpUtf8: boolean;
  readonly body: "7bit" | "8bitmime" | "binarymime";
  readonly prefix: Uint8Array;
  readonly arrivedAtMs: number;
  readonly submittedBy: string | undefined;
  readonly tls: "required" | "waived" | undefined;
  readonly deliverBy: DeliverBy | undefined;
  readonly hasLongLines: boolean;
  /** Octets without the prefix. */
  readonly sizeOctets: number;
};

/** Recipients of one message for one destination, handed out together so that they share a transaction. */
export type QueueJob = {
  readonly message: QueuedMessage;
  readonly transport: string;
  readonly destination: string;
  readonly recipients: readonly QueueRecipient[];
};

export type Settlement = {
  readonly recipientId: number;
  /** delivered and failed remove the row; deferred sets its next attempt. */
  readonly outcome: "delivered" | "failed" | "deferred";
  readonly nextAttemptMs?: number;
  readonly status?: string;
  readonly problem?: string;
  readonly isDelayReported?: boolean;
  /** The attempt as it happened, kept for `queue show` while the row lives. Undefined if none was made. */
  readonly attempt?: AttemptRecord;
};

export type AttemptRecord = {
  readonly atMs: number;
  readonly durationMs: number;
  /** Host and address tried, `mx.example.net[192.0.2.1]:25`; empty if none was reached. */
  readonly host: string;
  readonly tls: string | undefined;
  readonly reply: string;
};

export type QueueFilter = {
  readonly queueId?: string;
  readonly sender?: string;
  readonly recipient?: string;
  /** Domain of the recipient. */
  readonly domain?: string;
  readonly state?: RecipientState;
  readonly arrivedBeforeMs?: number;
  readonly limit?: number;
};

export interface QueueStore {
  /**
   * Takes jobs that are due, oldest first, at most `limit`, none for a destination in `busy`, and
   * leases their recipients to `worker` for `leaseMs`; a lapsed lease makes them due again.
   */
  claim(request: {
    worker: string;
    nowMs: number;
    leaseMs: number;
    limit: number;
    busy: ReadonlySet<string>;
  }): Promise<readonly QueueJob[]>;
  /**
   * Records outcomes and, in the same transaction, accepts the reports they call for (DSNs): a
   * recipient never vanishes without its report (Invariant 5).
   */
  settle(settlements: readonly Settlement[], reports: readonly Acceptance[]): Promise<void>;
  /** When the next recipient falls due; undefined when none waits. */
  nextDueMs(): number | undefined;
  /** Called when something became due earlier than was known (accept, retry, release; also from another process). */
  onDue(listener: () => void): () => void;

  message(queueId: string): QueuedMessage | undefined;
  list(filter: QueueFilter): readonly (QueueRecipient & {
    readonly reversePath: AddressText;
    readonly arrivedAtMs: number;
    readonly sizeOctets: number;
  })[];
  attempts(recipientId: number): readonly AttemptRecord[];
  counts(): Readonly<Record<RecipientState, number>>;

  /** Each returns how many recipients it touched. What `retry` touches is claimed before all else. */
  retry(filter: QueueFilter): Promise<number>;
  hold(filter: QueueFilter, reason: string): Promise<number>;
  release(filter: QueueFilter): Promise<number>;
  /** Removes without a report: the operator's explicit discard (Invariant 5). */
  delete(filter: QueueFilter): Promise<number>;
}
