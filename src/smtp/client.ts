/** The SMTP and LMTP client engine over a Channel. */

import type { Channel, TlsWish } from "../base/channel.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ClientMechanism } from "../sasl/mechanism.ts";
import type { DeliveryReport, OutgoingTransaction, StepOutcome } from "./delivery.ts";
import type { ServerExtensions } from "./server-extensions.ts";

/** RFC 5321 §4.5.3.2; the defaults are its minimums. */
export type ClientTimeouts = {
  readonly bannerMs: number;
  readonly heloMs: number;
  readonly mailMs: number;
  readonly rcptMs: number;
  readonly dataMs: number;
  readonly contentMs: number;
  readonly finalMs: number;
  readonly quitMs: number;
};

export type SmtpClientOptions = {
  /** The argument of EHLO: our host name, or an address literal. */
  readonly clientName: string;
  /** LHLO, and one reply for each recipient (RFC 2033). */
  readonly protocol?: "smtp" | "lmtp";
  readonly clock: Clock;
  readonly log?: Log;
  readonly timeouts?: Partial<ClientTimeouts>;
  /** false: one command at a time, even if the server offers PIPELINING. */
  readonly usePipelining?: boolean;
  /** `prefer`: BDAT wherever offered; `when-needed` (default): only for binary content. */
  readonly chunking?: "when-needed" | "prefer";
};

export declare class SmtpClient {
  constructor(channel: Channel, options: SmtpClientOptions);
  /** What the server offered in its last answer to EHLO or LHLO; empty before. */
  readonly extensions: ServerExtensions;
  /** Banner, then EHLO, or HELO where EHLO is unknown. Rejects with MailError when the connection fails. */
  open(): Promise<StepOutcome>;
  /** STARTTLS, the handshake, and EHLO again. Rejects with `tls-failed`; the channel is then closed. */
  startTls(wish: TlsWish): Promise<StepOutcome>;
  authenticate(mechanism: ClientMechanism): Promise<StepOutcome>;
  /** One transaction. Never rejects for what the server or the network does: see the outcomes. */
  deliver(transaction: OutgoingTransaction): Promise<DeliveryReport>;
  /** RSET: also shows that a connection kept for reuse is still alive. */
  reset(): Promise<StepOutcome>;
  /** Says QUIT if the server still listens, and closes the channel. Never rejects. */
  quit(): Promise<void>;
}
