/** How an SMTP or LMTP server behaves, and the defaults (the names of limits carry their units). */

import type { Clock } from "../base/clock.ts";
import { type Log, silentLog } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import { DEFAULT_EXTENSIONS, type Extension } from "./extension-names.ts";
import type { SmtpSession } from "./handler.ts";

export type ServeLimits = {
  readonly maxMessageOctets: number;
  /** Further ones hear 452 4.5.3; those accepted stand (RFC 5321 §4.5.3.1.8 asks for 100 or more). */
  readonly maxRecipients: number;
  /** After so many errors without a message accepted, each answer is delayed … */
  readonly softErrors: number;
  readonly errorDelayMs: number;
  /** … and after so many the session ends with 421. */
  readonly hardErrors: number;
  /** NOOP, RSET, VRFY, chunks of nothing and the like in a row that lead to no message; each further one counts as an error. */
  readonly maxJunkCommands: number;
  readonly maxCommands: number;
  /** Transactions in one session; one more ends it with 421. LIMITS tells (RFC 9422). */
  readonly maxTransactions: number;
  readonly maxAuthFailures: number;
  /** For one whole command line, however it trickles in. RFC 5321 §4.5.3.2.7: 5 minutes. */
  readonly commandTimeoutMs: number;
  /** Silence in the middle of a message. */
  readonly dataTimeoutMs: number;
  /** Below this rate a message is given up, once it has taken longer than the grace. */
  readonly minDataOctetsPerSecond: number;
  readonly dataGraceMs: number;
  /** RFC 4865: how far ahead a message may be held. */
  readonly maxHoldSeconds: number;
  /** RFC 2852: mail to be given back sooner than this is refused. 0: any time will do. */
  readonly minDeliverBySeconds: number;
};

export const DEFAULT_LIMITS: ServeLimits = {
  maxMessageOctets: 50 * 1024 * 1024,
  maxRecipients: 1000,
  softErrors: 10,
  errorDelayMs: 1000,
  hardErrors: 20,
  maxJunkCommands: 100,
  maxCommands: 100_000,
  maxTransactions: 10_000,
  maxAuthFailures: 3,
  commandTimeoutMs: 300_000,
  dataTimeoutMs: 300_000,
  minDataOctetsPerSecond: 500,
  dataGraceMs: 60_000,
  maxHoldSeconds: 30 * 86_400,
  minDeliverBySeconds: 0,
};

export type ServeOptions = {
  /** Our name in the banner and the EHLO answer. */
  readonly hostName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  readonly protocol?: SmtpSession["protocol"];
  /** The rest of the banner. */
  readonly greeting?: string;
  /** What to offer; STARTTLS, AUTH, ETRN, XCLIENT and XFORWARD come by the settings they need. */
  readonly extensions?: Iterable<Extension>;
  readonly startTls?: "off" | "offered" | "required";
  /** false: 454 4.7.0, the certificate cannot be used just now. */
  readonly isTlsAvailable?: () => boolean;
  /** MAIL needs an identity (RFC 6409 §4.3). */
  readonly isAuthRequired?: boolean;
  /** A bare CR or LF in a message. Default: refuse the message, at its true end. */
  readonly strayLineEnds?: "reject" | "normalize";
  /** Default: refuse. Binary bodies (BINARYMIME) may always hold NUL. */
  readonly nulOctets?: "reject" | "accept";
  /** VRFY that the handler does not answer: 252, or not implemented. RFC 5321 §7.3 likes 252 better. */
  readonly unansweredVrfy?: "cautious" | "refuse";
  /** Peers whose XCLIENT is believed, by address. Default: nobody. */
  readonly trustsXclient?: (address: string) => boolean;
  readonly trustsXforward?: (address: string) => boolean;
  /** false: octets sent before their turn are not held against a client. */
  readonly refusesEarlyTalkers?: boolean;
  /** How long the banner is held back, so that those who do not wait for it show themselves. */
  readonly greetDelayMs?: number;
  readonly limits?: Partial<ServeLimits>;
  /** Once aborted, the session ends with 421 4.3.2 at its next idle moment. */
  readonly signal?: AbortSignal;
  /** Default: made up. */
  readonly sessionId?: string;
};

export type ResolvedOptions = Required<
  Omit<ServeOptions, "limits" | "extensions" | "signal" | "sessionId">
> & {
  readonly limits: ServeLimits;
  readonly extensions: ReadonlySet<Extension>;
  readonly signal: AbortSignal | undefined;
};

const NOBODY = (): boolean => false;

const resolved: WeakMap<ServeOptions, ResolvedOptions> = new WeakMap();

/** Made once for all sessions that have the same options: ten thousand may be open. */
export function resolveOptions(options: ServeOptions): ResolvedOptions {
  let all = resolved.get(options);
  if (all === undefined) {
    all = withDefaults(options);
    resolved.set(options, all);
  }
  return all;
}

function withDefaults(options: ServeOptions): ResolvedOptions {
  return {
    hostName: options.hostName,
    clock: options.clock,
    random: options.random,
    log: options.log ?? silentLog,
    protocol: options.protocol ?? "smtp",
    greeting: options.greeting ?? "Posthorn",
    extensions: new Set(options.extensions ?? DEFAULT_EXTENSIONS),
    startTls: options.startTls ?? "off",
    isTlsAvailable: options.isTlsAvailable ?? (() => true),
    isAuthRequired: options.isAuthRequired ?? false,
    strayLineEnds: options.strayLineEnds ?? "reject",
    nulOctets: options.nulOctets ?? "reject",
    unansweredVrfy: options.unansweredVrfy ?? "cautious",
    trustsXclient: options.trustsXclient ?? NOBODY,
    trustsXforward: options.trustsXforward ?? NOBODY,
    refusesEarlyTalkers: options.refusesEarlyTalkers ?? true,
    greetDelayMs: options.greetDelayMs ?? 0,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    signal: options.signal,
  };
}

const ID_LETTERS = "bcdfghjklmnpqrstvwxz0123456789";

export function makeSessionId(random: Random): string {
  let id = "";
  for (const octet of random.bytes(10)) id += ID_LETTERS[octet % ID_LETTERS.length];
  return id;
}
