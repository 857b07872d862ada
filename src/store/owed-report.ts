/**
 * Reports that senders are owed (RFC 3461): what came of a recipient, kept from the transaction that
 * settles it to the one that accepts the report, so that failures of one message share a report and
 * a crash between the two loses none (Invariant 5).
 */

import type { AddressText } from "./acceptance.ts";
import type { MessageId } from "./octets.ts";

/** `internal`: a failure that concerns the postmaster, not the sender. */
export type OwedKind = "failed" | "delayed" | "success" | "internal";

/** Of the message that is reported on. */
export type OwedMessage = {
  readonly queueId: string;
  readonly messageId: MessageId;
  readonly reversePath: AddressText;
  readonly envid: string | undefined;
  readonly ret: "full" | "headers" | undefined;
  readonly arrivedAtMs: number;
  readonly submittedBy: string | undefined;
  readonly sizeOctets: number;
  readonly tls: "required" | "waived" | undefined;
  readonly priority: number;
};

export type OwedRecipient = {
  readonly recipient: AddressText;
  /** `rfc822;user@example.org` */
  readonly originalRecipient: string | undefined;
  readonly action: "failed" | "delayed" | "delivered" | "relayed" | "expanded";
  readonly status: string;
  readonly problem: string;
  readonly remoteHost: string | undefined;
  readonly diagnostic: string | undefined;
  readonly lastAttemptMs: number | undefined;
  readonly willRetryUntilMs: number | undefined;
};

export type OwedReport = {
  readonly kind: OwedKind;
  readonly message: OwedMessage;
  readonly recipients: readonly OwedRecipient[];
  /** When it goes out at the latest; before, as soon as the message has no other recipient in hand. */
  readonly dueMs: number;
};

/** Everything owed of one kind about one message, up to a bound. */
export type DueReport = OwedReport & { readonly ids: readonly number[] };
