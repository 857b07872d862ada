/** How an IMAP server behaves towards its clients. */

import type { Channel } from "../base/channel.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";

export type ImapOptions = {
  readonly clock: Clock;
  readonly log: Log;
  /** Name in the greeting. */
  readonly hostName: string;
  /** LOGIN and password mechanisms are taken without TLS. Only for loopback. */
  readonly allowPlaintextAuth?: boolean;
  /** The listener has a certificate, so STARTTLS can be offered. */
  readonly canStartTls?: boolean;
  /** Silence after which a session that has logged in ends (RFC 9051 §5.4: at least 30 minutes). */
  readonly idleTimeoutMs?: number;
  /** Silence after which one that has not ends. */
  readonly loginTimeoutMs?: number;
  /** However busy it is, a session that has not logged in by then ends (security row 90). */
  readonly loginDeadlineMs?: number;
  /** How often IDLE says that it is still there, for the sake of NATs that forget connections. */
  readonly keepAliveMs?: number;
  readonly appendLimitOctets?: number;
  /**
   * Puts DEFLATE around a channel (RFC 4978); without it COMPRESS is not offered. `early` are octets
   * that came behind the command: they are compressed already.
   */
  readonly compress?: (channel: Channel, early: Uint8Array) => Channel;
  /** Capabilities not to be named to anybody. */
  readonly hiddenCapabilities?: readonly string[];
  /** Literals that the client need not ask for: of any size (LITERAL+), or small ones (LITERAL-). */
  readonly unaskedLiterals?: "any" | "small";
  /** UIDONLY (RFC 9586) is offered: some programs switch it on and then cannot do without numbers. */
  readonly offersUidOnly?: boolean;
  /** X-GM-EXT-1 is named: some programs take whoever names it for Gmail. It is understood in any case. */
  readonly offersGmail?: boolean;
  /** How often a command that takes long says how far it is (RFC 9585). */
  readonly progressMs?: number;
  /** Answered instead of a greeting, when the server takes no more sessions (security row 90). */
  readonly refusal?: string;
  /** Aborts when the server shuts down: sessions say BYE. */
  readonly shutdown?: AbortSignal;
};

/** A minute over 30, so that a client which renews its IDLE every half hour is never too late. */
export const IDLE_TIMEOUT_MS = 1_860_000;
export const LOGIN_TIMEOUT_MS = 60_000;
export const LOGIN_DEADLINE_MS = 300_000;
/** RFC 9585 §4 recommends not more often than every ten seconds. */
export const PROGRESS_MS = 10_000;
export const KEEP_ALIVE_MS = 115_000;
export const APPEND_LIMIT_OCTETS = 104_857_600;
