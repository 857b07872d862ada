/**
 * The composition root: every part of a running server is made and joined here, and nowhere else.
 * To see what Posthorn consists of, read this file.
 */

import { unwatchFile, watchFile } from "node:fs";
import type { Log } from "../base/log.ts";
import { DirectoryLists } from "../lists/directory-lists.ts";
import { RuleEngine } from "../mta/policy/rule-engine.ts";
import { makeMta } from "../mta/make-mta.ts";
import type { Mta } from "../mta/make-mta.ts";
import { connect } from "../net/connect.ts";
import { ConnectionBudget, connectionsWithin, descriptorLimit } from "../net/connection-budget.ts";
import { DnsResolver } from "../net/dns-resolver.ts";
import { nodeCrypto } from "../net/node-crypto.ts";
import { SystemCommands } from "../net/system-commands.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { makeLoginGuard } from "../sasl/login-guard.ts";
import type { Store } from "../store/contract.ts";
import type { Settings } from "./config/settings-shape.ts";
import { Listeners } from "./listeners.ts";
import { countingLog } from "./metrics/event-metrics.ts";
import { MetricsServer } from "./metrics/metrics-server.ts";
import { MetricsRegistry } from "./metrics/registry.ts";
import { addServerMetrics } from "./metrics/server-metrics.ts";
import { SessionGauge } from "./metrics/session-gauge.ts";
import { mtaSettings } from "./mta-settings.ts";
import { readRules } from "./config/read-rules.ts";
import { resolverSettings } from "./resolver-settings.ts";
import { sessionRunners } from "./session-runners.ts";
import { tokenVerifier } from "./token-verifier.ts";
import { StressGauge } from "./stress-gauge.ts";
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
  /** New certificates, rules and alias files. */
  reload(settings: Settings, certificates: readonly CertificatePem[]): Promise<void>;
  /** Lets sessions and deliveries end, at most `graceMs`. The store stays open. */
  stop(graceMs: number): Promise<void>;
};

const ALIAS_WATCH_MS = 2_000;

/** Resolves when every service listens. Rejects with a sentence naming the port that can't be had. */
export async function compose(parts: ServerParts): Promise<Server> {
  const { settings, store } = parts;
  const registry = new MetricsRegistry();
  // Where nobody asks for numbers nothing is counted, and nothing wakes an idle process.
  const isMeasured = settings.listen.metrics.length > 0;
  const log = isMeasured ? countingLog(parts.log, registry) : parts.log;
  const guard = makeLoginGuard(systemClock);
  const verifyToken = tokenVerifier(settings.login.oauth, systemClock);
  const policy = new RuleEngine(readRules(settings.rules).rules);
  const mta = makeMta({
    store,
    policy,
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
    commands: new SystemCommands(systemClock),
    lists: new DirectoryLists(store.directory),
    sasl: { guard, verifyToken },
  });
  await mta.loadAliases();
  const shutdown = new AbortController();
  const most = connectionsWithin(settings.limits.connections, descriptorLimit());
  const budget = new ConnectionBudget(most, log);
  const stress = new StressGauge(budget, log);
  const sessions = new SessionGauge();
  if (isMeasured) addServerMetrics(registry, { store, budget, sessions, version: parts.version });
  const metrics = new MetricsServer(registry, log);
  const listeners = new Listeners({
    settings,
    budget,
    certificates: parts.certificates,
    log,
    sessions,
    runnerFor: sessionRunners({
      ...parts,
      log,
      mta,
      guard,
      verifyToken,
      stress,
      shutdown: shutdown.signal,
    }),
  });
  await metrics.open(settings.listen.metrics);
  await listeners.open().catch(async (error: unknown) => {
    await metrics.close();
    throw error;
  });
  mta.runner.start();
  const unwatch = watchAddressFiles(mta);
  return {
    listeners,
    mta,
    async reload(changed, certificates) {
      listeners.reload(certificates);
      policy.replace(readRules(changed.rules).rules);
      await mta.loadAliases();
    },
    async stop(graceMs) {
      unwatch();
      shutdown.abort();
      await Promise.all([listeners.drain(graceMs), mta.runner.stop(graceMs)]);
      await metrics.close();
    },
  };
}

function watchAddressFiles(mta: Mta): () => void {
  const onChange = (): void => void mta.loadAliases();
  const paths = mta.addressFiles;
  for (const path of paths)
    watchFile(path, { interval: ALIAS_WATCH_MS, persistent: false }, onChange);
  return () => {
    for (const path of paths) unwatchFile(path, onChange);
  };
}
