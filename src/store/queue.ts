/**
 * Mail that needs a further hop: one stored message, an envelope, recipients as rows. What the
 * scheduler knows it learns from here, so a restart or another worker goes on where one stopped.
 */

import type { Acceptance, AddressText, DeliverBy, NotifyOn } from "./acceptance.ts";
import type { MessageId } from "./octets.ts";
import type { DueReport, OwedReport } from "./owed-report.ts";

export type RecipientState = "due" | "leased" | "held";

/**
 * What an operator asked of a recipient; it goes with the next attempt. `retry`: try it now, a
 * destination that rests by a probe. `flush`: try it now, whatever is known of its destination.
 * `expire`: try it no more, and report it as if its time were over. `requeue`: find out anew where
 * its address leads.
 */
export type OperatorWish = "retry" | "flush" | "expire" | "requeue";

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
  /** When an operator asked for the next attempt, and for what; undefined once it was made. */
  readonly askedForMs: number | undefined;
  readonly wish: OperatorWish | undefined;
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
  /** RFC 6710: from -9 to 9, higher goes first. */
  readonly priority: number;
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
  /** With `domain`: those below it, too. */
  readonly subdomainsToo?: boolean;
  readonly destination?: string;
  readonly transport?: string;
  readonly state?: RecipientState;
  /** At least so many attempts made. */
  readonly attempts?: number;
  readonly arrivedBeforeMs?: number;
  readonly arrivedAfterMs?: number;
  readonly limit?: number;
};

/** The upper bounds of the ages in a shape; what is older than the last has a place of its own. */
export const SHAPE_BOUNDS_MINUTES: readonly number[] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

export type ShapeRow = {
  /** A destination, or the domain of a sender; "" for mail without a sender. */
  readonly name: string;
  readonly recipients: number;
  /** How many of them by age, one number for each bound and one for the rest. */
  readonly byAge: readonly number[];
};

export type QueueShape = {
  readonly total: Omit<ShapeRow, "name">;
  /** Those with the most recipients first. */
  readonly rows: readonly ShapeRow[];
};

/** Destinations that share their connections, and how many more jobs these can take. */
export type SiteRoom = { readonly destinations: readonly string[]; readonly room: number };

export type ClaimRequest = {
  readonly worker: string;
  readonly nowMs: number;
  readonly leaseMs: number;
  readonly limit: number;
  /** Destinations that can take nothing now. */
  readonly busy: ReadonlySet<string>;
  readonly sites?: readonly SiteRoom[];
  /** Jobs for each destination that is in neither. Default: as many as there are. */
  readonly roomElsewhere?: number;
  /** Takes from these destinations alone. */
  readonly only?: ReadonlySet<string>;
  /** Default 100. */
  readonly recipientsPerJob?: number;
};

export interface QueueStore {
  /**
   * Takes jobs that are due, at most `limit`, and leases their recipients to `worker` for `leaseMs`;
   * a lapsed lease makes them due again. What an operator asked for comes first, then by priority;
   * among equals in a fair order: each sender and each message gets its share, so that one mail never
   * waits for all of a large posting, nor fresh mail for a backlog of retries.
   */
  claim(request: ClaimRequest): Promise<readonly QueueJob[]>;
  /**
   * Records outcomes and, in the same transaction, accepts the reports they call for (DSNs): a
   * recipient never vanishes without its report (Invariant 5). What is `owed` is reported later.
   */
  settle(
    settlements: readonly Settlement[],
    reports: readonly Acceptance[],
    owed?: readonly OwedReport[],
  ): Promise<void>;
  /**
   * Reports to be made now: their time has come, or nobody else of the message is in hand. `queueId`
   * asks about one message alone.
   */
  dueReports(request: { nowMs: number; queueId?: string; limit: number }): readonly DueReport[];
  /** When the next report is due at the latest. */
  nextReportMs(): number | undefined;
  /**
   * Accepts a report and forgets what was owed, in one transaction. Rejects with `not-found` when
   * another process has reported it meanwhile; then nothing is accepted.
   */
  payReports(ids: readonly number[], reports: readonly Acceptance[]): Promise<void>;
  /** When the next recipient falls due; undefined when none waits, negative when an operator asked for it. */
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
  /** How much waits by destination or by the sender's domain, and for how long: the ageing table. */
  shape(by: "destination" | "sender-domain", nowMs: number, limit?: number): QueueShape;

  /**
   * Each returns how many recipients it touched, and works in portions between which other commits
   * take place. What has a wish is claimed before all else.
   */
  retry(filter: QueueFilter): Promise<number>;
  /** Due now, also where the destination rests. */
  flush(filter: QueueFilter): Promise<number>;
  /** Also what is held: fails at the next claim, with the report its sender is owed (Invariant 5). */
  expire(filter: QueueFilter): Promise<number>;
  /** Also what is held: attempts and routing forgotten, its address is resolved and routed anew. */
  requeue(filter: QueueFilter): Promise<number>;
  hold(filter: QueueFilter, reason: string): Promise<number>;
  release(filter: QueueFilter): Promise<number>;
  /** Removes without a report: the operator's explicit discard (Invariant 5). */
  delete(filter: QueueFilter): Promise<number>;
}
