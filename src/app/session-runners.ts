/** What runs one session of each protocol over a channel that a listener has accepted. */

import { tlsLabel } from "../base/tls-label.ts";
import { whenAborted } from "../base/when-aborted.ts";
import { APPEND_LIMIT_OCTETS, type ImapOptions } from "../imap/serve-options.ts";
import { serveImapSession } from "../access/imap/serve-imap-session.ts";
import { SessionCounter } from "../access/imap/session-counter.ts";
import type { KeepPolicy } from "../access/pop3/kept-copies.ts";
import { makePop3Handler } from "../access/pop3/store-handler.ts";
import type { Channel } from "../base/channel.ts";
import type { Log } from "../base/log.ts";
import { fitsPattern } from "../base/star-pattern.ts";
import type { Service } from "../mta/service.ts";
import type { Mta } from "../mta/make-mta.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { servePop3 } from "../pop3/serve.ts";
import { certificateIdentity } from "../sasl/certificate-identity.ts";
import type { LoginGuard } from "../sasl/login-guard.ts";
import type { SaslServerDeps } from "../sasl/server-deps.ts";
import { serveSmtp } from "../smtp/serve.ts";
import type { Store } from "../store/contract.ts";
import type { Settings } from "./config/settings-shape.ts";
import type { SessionRunner } from "./session-runner.ts";
import { mayShowPassword } from "./mta-settings.ts";
import type { Protocol } from "./services.ts";
import { smtpOptions, stressedOptions } from "./smtp-options.ts";
import type { StressGauge } from "./stress-gauge.ts";

export type SessionParts = {
  readonly settings: Settings;
  readonly store: Store;
  readonly mta: Mta;
  /** One for all protocols, so that guesses add up (security row 37). */
  readonly guard: LoginGuard;
  readonly log: Log;
  readonly version: string;
  readonly verifyToken: SaslServerDeps["verifyToken"];
  readonly stress: StressGauge;
  /** Aborts when the server is to stop. */
  readonly shutdown: AbortSignal;
};

/** POP3 has no word for "we are closing"; a session gets this long to end by itself. */
const POP3_GRACE_MS = 3_000;

export function sessionRunners(
  parts: SessionParts,
): (protocol: Protocol, host: string) => SessionRunner {
  const imapSessions = new SessionCounter();
  return (protocol, host) => {
    const allowPlaintextAuth = mayShowPassword(parts.settings, host);
    switch (protocol) {
      case "smtp":
      case "submission":
      case "lmtp":
        return smtpRunner(parts, protocol, host);
      case "imap":
        return imapRunner(parts, imapSessions, allowPlaintextAuth);
      case "pop3":
        return pop3Runner(parts, allowPlaintextAuth);
    }
  };
}

function smtpRunner(parts: SessionParts, protocol: Service, host: string): SessionRunner {
  const { settings, mta, log, shutdown, stress } = parts;
  const makeHandler = mta.receptionFor(protocol);
  const options = {
    ...smtpOptions(settings, protocol),
    clock: systemClock,
    random: systemRandom,
    log,
    // A Unix socket leaves the machine for nobody to listen to.
    startTls: host.startsWith("/") ? "off" : "offered",
    signal: shutdown,
  } as const;
  const stressed = stressedOptions(options);
  return (channel) => serveSmtp(channel, makeHandler, stress.isStressed() ? stressed : options);
}

function imapRunner(
  parts: SessionParts,
  sessions: SessionCounter,
  allowPlaintextAuth: boolean,
): SessionRunner {
  const { store, guard, verifyToken, version, log, settings, shutdown } = parts;
  const deps = {
    store,
    crypto: nodeCrypto,
    random: systemRandom,
    guard,
    verifyToken,
    sessions,
    version,
    capabilityMasks: settings.imap.hideCapabilities,
  };
  const options: ImapOptions = {
    clock: systemClock,
    log,
    hostName: settings.hostname,
    allowPlaintextAuth,
    canStartTls: true,
    unaskedLiterals: settings.imap.literals === "minus" ? "small" : "any",
    offersUidOnly: settings.imap.uidOnly,
    offersGmail: settings.imap.gmail,
    // What came in by SMTP must also go from mailbox to mailbox through a mail program.
    appendLimitOctets: Math.max(APPEND_LIMIT_OCTETS, settings.limits.messageSize),
    shutdown,
  };
  return (channel) => serveImapSession(channel, deps, options);
}

function pop3Runner(parts: SessionParts, allowPlaintextAuth: boolean): SessionRunner {
  const { store, guard, verifyToken, log, settings, shutdown } = parts;
  const options = { clock: systemClock, log, offersStartTls: true, allowPlaintextAuth };
  const deps = {
    ...options,
    store,
    crypto: nodeCrypto,
    random: systemRandom,
    guard,
    verifyToken,
    certificateAccount: certificateIdentity,
    keepPolicy: (address: string) => keepPolicyFor(settings.pop3, address),
    hostName: settings.hostname,
  };
  return async (channel) => {
    const end = endAtShutdown(channel, shutdown);
    const handler = makePop3Handler(deps, channel);
    const summary = await servePop3(channel, handler, options).finally(end);
    log.info("pop3.closed", {
      peer: channel.peer.address,
      account: summary.identity,
      reason: summary.end,
      tls: tlsLabel(channel.tls),
      messages: summary.sentMessages,
      octets: summary.sentOctets,
      deleted: summary.deletedMessages,
    });
  };
}

function keepPolicyFor(
  { keepDays, keepIn, keepFor }: Settings["pop3"],
  address: string,
): KeepPolicy | undefined {
  const days = keepFor.find(({ account }) => fitsPattern(account, address))?.days ?? keepDays;
  return days === 0 ? undefined : { days, mailbox: keepIn };
}

/** Returns the function that forgets about it, once the session is over. */
function endAtShutdown(channel: Channel, shutdown: AbortSignal): () => void {
  const onShutdown = (): void => void setTimeout(() => channel.abort(), POP3_GRACE_MS).unref();
  if (shutdown.aborted) onShutdown();
  return whenAborted(shutdown, onShutdown);
}
