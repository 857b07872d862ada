/** The operator's settings in the terms of the transfer agent. */

import type { MtaSettings } from "../mta/config.ts";
import { isLoopback } from "./config/cidr.ts";
import { hopTo, readRoutes } from "./config/read-routes.ts";
import type { Settings } from "./config/settings-shape.ts";

export function mtaSettings(settings: Settings): MtaSettings {
  const { addresses, smarthost, queue, remote, relay, limits } = settings;
  const { transports, routes } = readRoutes(settings);
  const anonymous = { tls: remote.tls, implicitTls: false, user: undefined, password: undefined };
  return {
    hostname: settings.hostname,
    relayNetworks: relay.networks,
    relayDomains: relay.domains,
    callout: {
      recipients: relay.verify === "callout",
      senders: relay.verifySenders === "callout",
    },
    recipientDelimiter: addresses.recipientDelimiter,
    ...(addresses.postmaster !== undefined && { postmaster: addresses.postmaster }),
    aliasFiles: settings.aliasFiles.map(({ path, domains, includeFolders, ...more }) => ({
      path,
      ...(domains.length > 0 && { domains }),
      ...(includeFolders.length > 0 && { includeFolders }),
      ...more,
    })),
    maps: settings.maps,
    returnedOctets: settings.reports.returned,
    reportTexts: { folder: settings.reports.templates, language: settings.reports.language },
    rewritesForwardedSenders: settings.forwarding.srs,
    ...(smarthost.host !== undefined && {
      smarthost: hopTo({ host: smarthost.host, port: smarthost.port }, smarthost.port, smarthost),
    }),
    transports,
    routes,
    clearAuthNetworks: clearAuthNetworks(settings),
    queries: {
      vrfy: settings.smtp.vrfy === "confirm" ? "confirm" : "cautious",
      expn: settings.smtp.expn,
      verifyFrom: settings.smtp.verifyFrom,
      etrnFrom: settings.smtp.etrnFrom,
    },
    reception: {
      messageOctets: limits.messageSize,
      recipientsPerMessage: limits.recipientsPerMessage,
      uploadsGivenUp: settings.smtp.uploadsGivenUp,
    },
    retry: {
      firstMs: queue.firstRetry,
      growth: queue.retryGrowth,
      maxMs: queue.longestRetry,
      expireAfterMs: queue.expireAfter,
      expireReportsAfterMs: queue.expireAfter,
      delayNoticeAfterMs: queue.delayNoticeAfter,
      gatherReportsMs: settings.reports.gather,
    },
    queue: {
      concurrency: queue.concurrency,
      concurrencyPerDestination: queue.concurrencyPerDestination,
      limits: settings.destinations.map(({ domain, concurrency, messagesPerMinute }) => ({
        domain,
        ...(concurrency !== undefined && { concurrency }),
        ...(messagesPerMinute !== undefined && { messagesPerMinute }),
      })),
    },
    remote: {
      port: remote.port,
      connectTimeoutMs: remote.connectTimeout,
      tls: remote.tls,
      families: remote.families,
      ownHosts: remote.ownHosts,
      fallbackRelay: remote.fallbackRelay.map((place) => hopTo(place, remote.port, anonymous)),
    },
  };
}

/**
 * Where a password may be given in the clear. A service that listens on loopback alone can't be
 * reached or overheard from elsewhere; as soon as one listens to the world, loopback peers may be a
 * port forwarder's, and get no exception.
 */
function clearAuthNetworks(settings: Settings): string[] {
  const { allowPlaintextAuth } = settings.login;
  if (allowPlaintextAuth === "never") return [];
  if (allowPlaintextAuth === "always") return ["0.0.0.0/0", "::/0"];
  const isPrivate = settings.listen.submission.every(({ host }) => isLoopback(host));
  return isPrivate ? ["127.0.0.0/8", "::1/128"] : [];
}

/** The same question for a service that is asked by its listener. */
export function mayShowPassword(settings: Settings, listenHost: string): boolean {
  const { allowPlaintextAuth } = settings.login;
  return allowPlaintextAuth === "loopback"
    ? isLoopback(listenHost)
    : allowPlaintextAuth === "always";
}
