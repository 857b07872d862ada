/** What reception hands to `Store.accept`: one message, one or more envelopes around it. */

import type { MessageId, StagedMessage } from "./octets.ts";

/** RFC 3461 §4.1: when the sender wants to hear. Empty means NEVER; undefined means not said. */
export type NotifyOn = "success" | "failure" | "delay";

/** An address in routing form: `local-part@domain`, domain lower case, quoted local part where needed. "" is the null reverse-path. */
export type AddressText = string;

/** A recipient whose mail goes into a mailbox of ours within the same transaction. */
export type LocalDelivery = {
  readonly accountId: number;
  /** Mailbox name in UTF-8; made if it does not exist. Default INBOX. */
  readonly mailbox?: string;
  /** Flags and keywords set at delivery, as IMAP spells them. */
  readonly flags?: readonly string[];
  /** Header fields put before the octets for this recipient alone: Return-Path, Delivered-To, and the envelope's own. */
  readonly prefix: Uint8Array;
  /** Delivery to an account happens once for an envelope, however many addresses lead there. */
  readonly recipient: AddressText;
};

/** A recipient that needs a further hop. */
export type QueuedRecipient = {
  readonly recipient: AddressText;
  /** What the sender wrote, when aliases have changed it (RFC 3461 §4.2, as `rfc822;addr`). */
  readonly originalRecipient?: string;
  readonly notify?: readonly NotifyOn[];
  /** Transport name (`smtp`, `smarthost`, later `lmtp`, `pipe`…). */
  readonly transport: string;
  /** What shares connections and limits: a domain, or a fixed next hop such as `[mx.example.net]:25`. Lower case. */
  readonly destination: string;
};

/** RFC 2852: the moment until which the sender wants it delivered, and what then. */
export type DeliverBy = {
  readonly untilMs: number;
  /** `return`: it fails with 5.4.7. `notify`: the sender hears that it is late. */
  readonly mode: "notify" | "return";
  /** Each hop tells that it passed the message on. */
  readonly trace: boolean;
};

export type Envelope = {
  /** Short, unique, sayable: goes into `queued as …` and into every log line. */
  readonly queueId: string;
  /** "" is the null reverse-path. */
  readonly reversePath: AddressText;
  /** RFC 3461 ENVID, decoded. */
  readonly envid?: string;
  readonly ret?: "full" | "headers";
  /** The message or an address of it needs RFC 6531. */
  readonly smtpUtf8: boolean;
  /** What BODY= said, or what was seen. */
  readonly body: "7bit" | "8bitmime" | "binarymime";
  /** Header fields put before the octets for every queued recipient of this envelope (a list's List-* fields). */
  readonly prefix: Uint8Array;
  readonly deliveries: readonly LocalDelivery[];
  readonly recipients: readonly QueuedRecipient[];
  /** No attempt before this time. Default: at once. */
  readonly notBeforeMs?: number;
  /** Held for the operator instead of scheduled; the reason. */
  readonly heldBecause?: string;
  /** `required`: REQUIRETLS. `waived`: the header says `TLS-Required: No` (RFC 8689). */
  readonly tls?: "required" | "waived";
  readonly deliverBy?: DeliverBy;
  /** A line of more than 998 octets (RFC 5322 §2.1.1): not every next host takes it as it is. */
  readonly hasLongLines?: boolean;
  /** RFC 6710: from -9 to 9, higher goes first. Default 0. */
  readonly priority?: number;
  /** The account that submitted it, if any. */
  readonly submittedBy?: string;
};

export type Acceptance = {
  readonly message: StagedMessage | { readonly stored: MessageId };
  readonly receivedAtMs: number;
  readonly envelopes: readonly Envelope[];
};

export type AcceptedEnvelope = {
  readonly queueId: string;
  readonly deliveries: readonly {
    readonly accountId: number;
    readonly mailboxId: number;
    readonly uid: number;
    readonly modSeq: number;
  }[];
};
