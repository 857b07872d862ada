/**
 * What a client hands over and what it hears: one transaction out, one outcome for each recipient
 * back. The values carry the server's own words, so that a DSN can quote them (RFC 3464 §2.3.6).
 * Nothing here decides whether to try again; see `mta/`.
 */

import type { MailError } from "../base/errors.ts";
import type { Address } from "../message/addr-spec.ts";
import type { MailParams, RcptParams, ReversePath } from "./handler.ts";
import type { Reply } from "./reply.ts";

/** A message as octets. `chunks` is called once for each try and may read from disk. */
export type MessageContent = {
  /** Octets as stored, before dot-stuffing. */
  readonly sizeOctets: number;
  /** What the octets need of each hop (RFC 6152, RFC 3030). `7bit` promises that no octet is over 127. */
  readonly body: "7bit" | "8bitmime" | "binarymime";
  /** The header section has UTF-8, so the message can only travel under SMTPUTF8 (RFC 6531). */
  readonly needsSmtpUtf8: boolean;
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
};

export type OutgoingRecipient = RcptParams & { readonly address: Address };

export type OutgoingTransaction = {
  readonly reversePath: ReversePath;
  readonly recipients: readonly OutgoingRecipient[];
  /**
   * Parameters for MAIL. SIZE, BODY and SMTPUTF8 come from `content` and the addresses. Those the
   * server does not offer are left out, but for REQUIRETLS and BY in mode R, whose absence is an outcome.
   */
  readonly params?: Omit<MailParams, "sizeOctets" | "body" | "smtpUtf8">;
  readonly content: MessageContent;
};

/** Where in the dialogue something was said or lost. */
export type SmtpStage =
  | "connect"
  | "banner"
  | "helo"
  | "starttls"
  | "auth"
  | "mail"
  | "rcpt"
  | "data"
  | "content"
  | "reset"
  | "quit";

/** Why a message was not even offered to a server that could not have carried it. */
export type UnsentReason =
  /** 8-bit content, no 8BITMIME: convert, or bounce 5.6.3. */
  | "cannot-8bit"
  /** Binary content, no CHUNKING and BINARYMIME: convert, or bounce 5.6.3. */
  | "cannot-binary"
  /** UTF-8 header section or address, no SMTPUTF8: try another exchanger, or bounce 5.6.7. */
  | "cannot-utf8"
  /** Larger than the SIZE the server announced: bounce 5.3.4. */
  | "too-large"
  /** REQUIRETLS asked, and the connection is in the clear or the server does not offer it: bounce 5.7.30. */
  | "cannot-requiretls"
  /** BY in mode R, and the server does not know DELIVERBY, or not for so little time (RFC 2852 §4.1.4). */
  | "cannot-deliver-by";

export type RecipientOutcome =
  /** The server has taken responsibility for this recipient. */
  | { readonly status: "accepted"; readonly reply: Reply }
  /** The server said no. `temporary` follows the first digit, but for 552 to RCPT (RFC 5321 §4.5.3.1.10). */
  | {
      readonly status: "refused";
      readonly stage: SmtpStage;
      readonly reply: Reply;
      readonly temporary: boolean;
    }
  /** Never offered. */
  | { readonly status: "unsent"; readonly reason: UnsentReason }
  /** The connection broke before an answer: try again. At stage `content` the server may have taken it after all. */
  | { readonly status: "lost"; readonly stage: SmtpStage; readonly error: MailError };

export type DeliveryReport = {
  /** One for each recipient, in the order of the transaction. */
  readonly outcomes: readonly RecipientOutcome[];
  /** The connection is good for another transaction. */
  readonly isReusable: boolean;
  /** The server offered DSN, so that RET, ENVID, NOTIFY and ORCPT went along (RFC 3461 §5.2.2). */
  readonly passedDsn: boolean;
  /** The server offered DELIVERBY: from here on the time is its business. */
  readonly passedDeliverBy: boolean;
};

/** The answer to one step that is not a delivery. */
export type StepOutcome =
  | { readonly ok: true; readonly reply: Reply }
  /** The server refused, with these words. */
  | { readonly ok: false; readonly stage: SmtpStage; readonly reply: Reply }
  /** The server does not offer what the step needs; nothing was sent. */
  | { readonly ok: false; readonly stage: SmtpStage; readonly reply: undefined };
