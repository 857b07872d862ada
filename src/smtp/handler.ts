/**
 * What an SMTP server engine asks of whoever runs mail behind it. The engine knows the protocol:
 * order, syntax, limits, extensions. The handler knows who may do what and where mail goes.
 * `mta/reception` implements it for Posthorn; a test can in twenty lines.
 *
 * Every method may answer with a Reply that refuses; undefined accepts with the usual words.
 * `mail` may also accept in words of its own (RFC 6710: another priority than was asked for).
 */

import type { Endpoint, TlsSession } from "../base/channel.ts";
import type { Address } from "../message/addr-spec.ts";
import type { ServerMechanism } from "../sasl/mechanism.ts";
import type { Reply } from "./reply.ts";

/** How this session came to be; the engine keeps it true as the session goes on. */
export type SmtpSession = {
  readonly id: string;
  readonly protocol: "smtp" | "submission" | "lmtp";
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly tls: TlsSession | undefined;
  /** The argument of the last HELO, EHLO or LHLO. */
  readonly helo: string | undefined;
  /** The client greeted with EHLO or LHLO. */
  readonly isExtended: boolean;
  /** Who authenticated, as the mechanism said. */
  readonly identity: string | undefined;
  /** The peer's host name where a trusted proxy told it (XCLIENT NAME). */
  readonly clientName?: string;
  /** The client a trusted relay speaks for, for the log only (XFORWARD); never a reason to trust. */
  readonly forwarded?: ForwardedClient;
};

/** What XFORWARD told, each part absent where it was `[UNAVAILABLE]`. */
export type ForwardedClient = {
  readonly name?: string;
  readonly address?: string;
  readonly port?: string;
  readonly protocol?: string;
  readonly helo?: string;
  readonly ident?: string;
  readonly source?: string;
};

/** "null" is the null reverse-path `<>` (RFC 5321 §4.5.5). */
export type ReversePath = Address | "null";

export type MailParams = {
  /** SIZE=, octets; 0 or absent means unknown (RFC 1870). */
  readonly sizeOctets?: number;
  readonly body?: "7bit" | "8bitmime" | "binarymime";
  readonly smtpUtf8?: boolean;
  /** RFC 3461 */
  readonly ret?: "full" | "headers";
  readonly envid?: string;
  /** RFC 4954 §5: decoded; "<>" for nobody. */
  readonly auth?: string;
  readonly requireTls?: boolean;
  /** RFC 6710, -9 to 9 */
  readonly priority?: number;
  /** RFC 2852: seconds, may be negative; mode and trace */
  readonly deliverBy?: {
    readonly seconds: number;
    readonly mode: "notify" | "return";
    readonly trace: boolean;
  };
  /** RFC 4865: send no earlier than this, milliseconds since 1970 */
  readonly holdUntilMs?: number;
};

export type RcptParams = {
  /** RFC 3461 §4.1; empty is NEVER */
  readonly notify?: readonly ("success" | "failure" | "delay")[];
  /** `rfc822;user@example.org`, decoded from xtext */
  readonly orcpt?: string;
};

export interface SmtpHandler {
  /** Before the banner. A refusal is the banner (554 or 421). */
  connect(): Promise<Reply | undefined>;
  helo(name: string): Promise<Reply | undefined>;
  /** Mechanism names to advertise in this state (none in the clear, none once authenticated). */
  mechanisms(): readonly string[];
  /** A fresh exchange, or undefined for an unknown mechanism. */
  startMechanism(name: string): ServerMechanism | undefined;
  /** Authentication ended well; `identity` is what the mechanism proved. A refusal turns it down after all. */
  authenticated(identity: string): Promise<Reply | undefined>;
  /** Begins a transaction. */
  mail(reversePath: ReversePath, params: MailParams): Promise<Reply | undefined>;
  /** `recipient.domain` is "" for `<Postmaster>` without a domain (RFC 5321 §4.5.1). */
  rcpt(recipient: Address, params: RcptParams): Promise<Reply | undefined>;
  /** At least one recipient stands. */
  data(): Promise<MessageSink | Reply>;
  /**
   * The transaction is over, for whatever reason: forget its sender, recipients and decisions. May be
   * called when none is open. After STARTTLS the session itself begins anew: who it is, ask `SmtpSession`.
   */
  reset(): void;
  /** Without it VRFY is not offered and answers 252 for whatever is asked, so that nobody can harvest addresses. */
  vrfy?(argument: string): Promise<Reply>;
  /** Without it EXPN is neither offered nor implemented (502). */
  expn?(argument: string): Promise<Reply>;
  /** RFC 1985: start the queue for a host or domain. Without it ETRN is neither offered nor implemented. */
  etrn?(argument: string): Promise<Reply>;
  /** The session is over. */
  close(): void;
}

/** Takes one message's octets, dots already removed, lines ended by CRLF only. */
export interface MessageSink {
  write(octets: Uint8Array): Promise<void>;
  /**
   * All octets have come. Resolves once the message is safe (Invariant 1): one reply, or with LMTP
   * one for each accepted recipient in order (RFC 2033 §4.2).
   */
  end(): Promise<readonly Reply[]>;
  /** The message will not be finished: connection lost, size exceeded, stray CR or LF. */
  abort(): void;
}
