/** All listening sockets of a server: opened together or not at all, reloaded and drained together. */

import type { Endpoint } from "../base/channel.ts";
import type { Log } from "../base/log.ts";
import type { ConnectionBudget } from "../net/connection-budget.ts";
import { listen } from "../net/listen.ts";
import type { Listener } from "../net/listen.ts";
import { ServerTls } from "../net/server-tls.ts";
import type { CertificatePem } from "../net/server-tls.ts";
import { parseProxyHeader } from "../smtp/proxy-header.ts";
import { loadClientAnchors } from "./certificates.ts";
import { NetworkSet } from "../mta/reception/network-set.ts";
import { isLoopback } from "./config/cidr.ts";
import type { HostPort } from "./config/kinds.ts";
import type { Settings } from "./config/settings-shape.ts";
import type { SessionGauge } from "./metrics/session-gauge.ts";
import type { SessionRunner } from "./session-runner.ts";
import { refusalWords, SERVICES } from "./services.ts";
import type { Protocol, ServiceFacts, ServiceName } from "./services.ts";

export type ListenersOptions = {
  readonly settings: Settings;
  readonly certificates: readonly CertificatePem[];
  readonly log: Log;
  readonly budget: ConnectionBudget;
  readonly sessions: SessionGauge;
  readonly runnerFor: (protocol: Protocol, host: string) => SessionRunner;
};

type Open = { readonly service: ServiceName; readonly listener: Listener; readonly tls: ServerTls };

export class Listeners {
  readonly #options: ListenersOptions;
  #open: Open[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get endpoints(): readonly { readonly service: ServiceName; readonly endpoint: Endpoint }[] {
    return this.#open.map(({ service, listener }) => ({ service, endpoint: listener.endpoint }));
  }

  async open(): Promise<void> {
    try {
      for (const service of SERVICES) {
        for (const where of this.#options.settings.listen[service.name]) {
          this.#open.push(await this.#openOne(service, where));
        }
      }
    } catch (error) {
      await this.drain(0);
      throw error;
    }
    for (const { service, endpoint } of this.endpoints) {
      this.#options.log.info("app.listening", { service, ...endpoint });
    }
  }

  /** Throws MailError `config-invalid` before anything has changed. */
  reload(certificates: readonly CertificatePem[]): void {
    for (const { tls } of this.#open) tls.reload(certificates);
  }

  async drain(graceMs: number): Promise<void> {
    const dropped = await Promise.all(this.#open.map(({ listener }) => listener.drain(graceMs)));
    this.#open = [];
    const total = dropped.reduce((sum, count) => sum + count, 0);
    if (total > 0) this.#options.log.warn("app.sessions-dropped", { sessions: total });
  }

  async #openOne(service: ServiceFacts, where: HostPort): Promise<Open> {
    const { settings, certificates, log, budget, sessions, runnerFor } = this.#options;
    // One for each listener: a session ticket of one service opens no other (security row 14).
    const clientAnchors = loadClientAnchors(settings.tls);
    const tls = new ServerTls({
      certificates,
      minVersion: settings.tls.minVersion,
      alpn: [service.alpn],
      // Where nobody can log in, other servers are not asked who they are.
      ...(clientAnchors !== undefined && service.hasLogin && { clientAnchors }),
    });
    const proxies = new NetworkSet(settings.proxy.from);
    const listener = await listen({
      host: where.host,
      port: where.port,
      tls: where.host.startsWith("/") ? "none" : service.tls,
      serverTls: tls,
      log: log.child({ service: service.name }),
      budget,
      maxConnections: settings.limits.connections,
      maxPerClient: settings.limits.connectionsPerClient,
      isUncounted: (address) => isLoopback(address),
      proxies: {
        has: (address) => proxies.has(address),
        parse: parseProxyHeader,
      },
      refusal: (reason) => refusalWords(service.protocol, reason),
      onChannel: sessions.counted(service.name, runnerFor(service.protocol, where.host)),
    });
    return { service: service.name, listener, tls };
  }
}
