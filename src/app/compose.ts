/**
 * The composition root: every part of a running server is made and joined here, and nowhere else.
 * To see what Posthorn consists of, read this file.
 */

import { unwatchFile, watchFile } from "node:fs";
import { serveImapSession } from "../access/imap/serve-imap-session.ts";
import { SessionCounter } from "../access/imap/session-counter.ts";
import { makePop3Handler } from "../access/pop3/store-handler.ts";
import type { Channel } from "../base/channel.ts";
import type { Log } from "../base/log.ts";
import { DirectoryLists } from "../lists/directory-lists.ts";
import { makeMta } from "../mta/make-mta.ts";
import type { Mta } from "../mta/make-mta.ts";
import { connect } from "../net/connect.ts";
import { DnsResolver } from "../net/dns-resolver.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { servePop3 } from "../pop3/serve.ts";
import { makeLoginGuard } from "../sasl/login-guard.ts";
import type { LoginGuard } from "../sasl/login-guard.ts";
import { serveSmtp } from "../smtp/serve.ts";
import type { Store } from "../store/contract.ts";
import type { Settings } from "./config/settings-shape.ts";
import { Listeners } from "./listeners.ts";
import type { SessionRunner } from "./listeners.ts";
import { mayShowPassword, mtaSettings } from "./mta-settings.ts";
import { resolverSettings } from "./resolver-settings.ts";
import type { Protocol } from "./services.ts";
import type { CertificatePem } from "../net/server-tls.ts";

export type ServerParts = {
  readonly settings: Settings;
  readonly store: Store;
  readonly certificates: readonly CertificatePem[];
  readonly log: Log;
  readonly version: string;
};

export type Server = {
  readonly listeners: Listeners;
  readonly mta: Mta;
  /** New certificates and alias files. */
  reload(certificates: readonly CertificatePem[]): Promise<void>;
  /** Lets sessions and deliveries end, at most `graceMs`. The store stays open. */
  stop(graceMs: number): Promise<void>;
};

const ALIAS_WATCH_MS = 2_000;

/** Resolves when every service listens. Rejects with a sentence naming the port that can't be had. */
export async function compose(parts: ServerParts): Promise<Server> {
  const { settings, store, log } = parts;
  const guard = makeLoginGuard(systemClock);
  const mta = makeMta({
    store,
    clock: systemClock,
    random: systemRandom,
    crypto: nodeCrypto,
    log,
    resolver: new DnsResolver({
      settings: resolverSettings(settings.dns),
      clock: systemClock,
      random: systemRandom,
      log,
    }),
    connect: ({ address, port, timeoutMs }) => connect({ host: address, port, timeoutMs }),
    config: mtaSettings(settings),
    lists: new DirectoryLists(store.directory),
    sasl: { guard },
  });
  await mta.loadAliases();
  const shutdown = new AbortController();
  const listeners = new Listeners({
    settings,
    certificates: parts.certificates,
    log,
    runnerFor: sessionRunners({ ...parts, mta, guard, shutdown: shutdown.signal }),
  });
  await listeners.open();
  mta.runner.start();
  const unwatch = watchAliasFiles(settings, mta);
  return {
    listeners,
    mta,
    async reload(certificates) {
      listeners.reload(certificates);
      await mta.loadAliases();
    },
    async stop(graceMs) {
      unwatch();
      shutdown.abort();
      await Promise.all([listeners.drain(graceMs), mta.runner.stop(graceMs)]);
    },
  };
}

type SessionParts = ServerParts & {
  readonly mta: Mta;
  readonly guard: LoginGuard;
  readonly shutdown: AbortSignal;
};

/** What runs a session of each protocol over a channel that a listener has accepted. */
function sessionRunners(parts: SessionParts): (protocol: Protocol, host: string) => SessionRunner {
  const { settings, store, log, mta, guard, shutdown, version } = parts;
  const { hostname, limits } = settings;
  const common = { clock: systemClock, random: systemRandom, log };
  const imapDeps = { store, crypto: nodeCrypto, random: systemRandom, guard, version };
  const sessions = new SessionCounter();

  const smtp = (protocol: "smtp" | "submission"): SessionRunner => {
    const makeHandler = mta.receptionFor(protocol);
    const options = {
      ...common,
      hostName: hostname,
      protocol,
      startTls: "offered",
      isAuthRequired: protocol === "submission",
      signal: shutdown,
      limits: {
        maxMessageOctets: limits.messageSize,
        maxRecipients: limits.recipientsPerMessage,
      },
    } as const;
    return (channel) => serveSmtp(channel, makeHandler, options);
  };

  const imap = (allowPlaintextAuth: boolean): SessionRunner => {
    const options = {
      clock: systemClock,
      log,
      hostName: hostname,
      allowPlaintextAuth,
      canStartTls: true,
      shutdown,
    };
    return (channel) => serveImapSession(channel, { ...imapDeps, sessions }, options);
  };

  const pop3 = (allowPlaintextAuth: boolean): SessionRunner => {
    const options = { clock: systemClock, log, offersStartTls: true, allowPlaintextAuth };
    const deps = { ...options, store, crypto: nodeCrypto, random: systemRandom, guard };
    return async (channel) => {
      const end = endAtShutdown(channel, shutdown);
      const handler = makePop3Handler({ ...deps, hostName: hostname }, channel);
      const summary = await servePop3(channel, handler, options).finally(end);
      log.info("pop3.closed", {
        peer: channel.peer.address,
        account: summary.identity,
        reason: summary.end,
        tls: channel.tls?.protocol,
        messages: summary.sentMessages,
        octets: summary.sentOctets,
        deleted: summary.deletedMessages,
      });
    };
  };

  return (protocol, host) => {
    const isClearAllowed = mayShowPassword(settings, host);
    switch (protocol) {
      case "smtp":
      case "submission":
        return smtp(protocol);
      case "imap":
        return imap(isClearAllowed);
      case "pop3":
        return pop3(isClearAllowed);
    }
  };
}

/** POP3 has no way to say goodbye first: a session in which nothing is under way is simply closed. */
function endAtShutdown(channel: Channel, shutdown: AbortSignal): () => void {
  const onShutdown = (): void => void setTimeout(() => channel.abort(), POP3_GRACE_MS).unref();
  if (shutdown.aborted) onShutdown();
  shutdown.addEventListener("abort", onShutdown, { once: true });
  return () => shutdown.removeEventListener("abort", onShutdown);
}

const POP3_GRACE_MS = 3_000;

function watchAliasFiles(settings: Settings, mta: Mta): () => void {
  const onChange = (): void => void mta.loadAliases();
  const paths = settings.aliasFiles.map(({ path }) => path);
  for (const path of paths)
    watchFile(path, { interval: ALIAS_WATCH_MS, persistent: false }, onChange);
  return () => {
    for (const path of paths) unwatchFile(path, onChange);
  };
}
