/**
 * Delivers a job to another host: finds the hosts, tries them in order within the limits, sends
 * transactions over a new or kept connection, and sorts the answers (mta.md 25, 27):
 * a 5xx settles its recipients, a 4xx lets the next host try, and what no host took is deferred.
 */

import type { Clock } from "../../../base/clock.ts";
import type { MtaConfig } from "../../config.ts";
import type { NextHop } from "../../next-hop.ts";
import type { QueueJob } from "../../../store/queue.ts";
import type { Store } from "../../../store/contract.ts";
import type { RouteByDns, RouteByHops } from "../../routing/choose-route.ts";
import { findHosts, findNextHop, type RoutingDeps } from "../../routing/find-hosts.ts";
import { routeProblem, type Host, type HostsFound, type RouteProblem } from "../../routing/host.ts";
import type { RecipientOutcome } from "../outcome.ts";
import { LMTP_TRANSPORT, SMTP_TRANSPORT } from "../transports.ts";
import type { ConnectionPool, PooledConnection } from "./connection-pool.ts";
import { HostHints } from "./host-hints.ts";
import {
  openConnection,
  type ConnectionDeps,
  type ConnectionProblem,
  type Opened,
} from "./open-connection.ts";
import { queuedContent } from "./queued-content.ts";
import { Sorting } from "./sorting.ts";
import { connectionKey, hopPolicy, type HopPolicy } from "./tls-policy.ts";
import { sendBatch } from "./send-batch.ts";

export type RemoteAgentDeps = ConnectionDeps &
  Pick<RoutingDeps, "resolver" | "ownHosts"> & {
    readonly clock: Clock;
    readonly store: Pick<Store, "octets">;
    readonly pool: ConnectionPool;
  };

export type RemoteAgentConfig = Pick<MtaConfig, "hostname" | "remote" | "queue">;

export class RemoteAgent {
  readonly #deps: RemoteAgentDeps;
  readonly #config: RemoteAgentConfig;
  readonly #hints: HostHints;

  constructor(deps: RemoteAgentDeps, config: RemoteAgentConfig) {
    this.#deps = deps;
    this.#config = config;
    this.#hints = new HostHints(deps.clock);
  }

  /** One outcome for each recipient of the job, all of which go this way. */
  async deliverBy(
    route: RouteByDns | RouteByHops,
    job: QueueJob,
  ): Promise<readonly RecipientOutcome[]> {
    const sorting = new Sorting(job, this.#deps.clock, {
      isFinal: route.transport === LMTP_TRANSPORT,
    });
    if (route.transport !== SMTP_TRANSPORT) {
      await this.#byHops(route.nextHops, protocolOf(route), job, sorting);
      return sorting.finish();
    }
    const site = await this.#byDns(route, job, sorting);
    return sorting.finish().map((outcome) => ({ ...outcome, site }));
  }

  /** Returns the site that its exchangers are, if they could be found. */
  async #byDns(route: RouteByDns, job: QueueJob, sorting: Sorting): Promise<string | undefined> {
    const { remote } = this.#config;
    const found = await findHosts(route.destination, this.#deps, remote);
    const policy = hopPolicy(undefined, this.#config, job.message.tls);
    await this.#tryFound(found, route.destination, policy, job, sorting);
    const site = found.ok ? found.site : undefined;
    if (sorting.isDone || sorting.wasReached || remote.fallbackRelay.length === 0) return site;
    await this.#byHops(remote.fallbackRelay, "smtp", job, sorting);
    return site;
  }

  async #byHops(
    nextHops: readonly NextHop[],
    protocol: HopPolicy["protocol"],
    job: QueueJob,
    sorting: Sorting,
  ): Promise<void> {
    for (const nextHop of nextHops) {
      if (sorting.isDone) return;
      const found = await findNextHop(nextHop, this.#deps, this.#config.remote);
      const policy = { ...hopPolicy(nextHop, this.#config, job.message.tls), protocol };
      await this.#tryFound(found, nextHop.host, policy, job, sorting);
    }
  }

  async #tryFound(
    found: HostsFound,
    name: string,
    policy: HopPolicy,
    job: QueueJob,
    sorting: Sorting,
  ): Promise<void> {
    if (!found.ok) return sorting.noRoute(found);
    if (job.message.tls === "required" && !found.isAuthentic) {
      return sorting.noRoute(untrustedNames(name));
    }
    let sessions = 0;
    for (const host of this.#hints.inOrder(found.hosts)) {
      if (sorting.isDone || sessions >= this.#config.remote.maxSessions) return;
      if (await this.#tryHost(host, policy, job, sorting)) sessions++;
    }
  }

  /** true: the host was reached. */
  async #tryHost(host: Host, policy: HopPolicy, job: QueueJob, sorting: Sorting): Promise<boolean> {
    const key = connectionKey(host, policy);
    for (let kept = this.#deps.pool.take(key); kept; kept = this.#deps.pool.take(key)) {
      sorting.beginHost(host, kept.client.channel.tls);
      // A kept connection that turns out to be dead says nothing about the host.
      if (await this.#send(kept, job, sorting)) return true;
    }
    sorting.beginHost(host, undefined);
    const opened = await this.#open(host, policy);
    if (!opened.ok) {
      this.#hints.failed(host, opened);
      sorting.noConnection(job.message.tls === "required" ? forRequireTls(opened) : opened);
      return opened.isReached;
    }
    this.#hints.reached(host);
    sorting.connected(opened.client.channel.tls);
    await this.#send({ client: opened.client, key, transactions: 0 }, job, sorting);
    return true;
  }

  #open(host: Host, policy: HopPolicy): Promise<Opened> {
    const { hostname, remote } = this.#config;
    return openConnection(host, policy, this.#deps, {
      hostname,
      connectTimeoutMs: remote.connectTimeoutMs,
    });
  }

  /** Sends all that is open, in as many transactions as it takes. false: the connection was dead before it began. */
  async #send(connection: PooledConnection, job: QueueJob, sorting: Sorting): Promise<boolean> {
    const { pool, store } = this.#deps;
    const content = queuedContent(job.message, store.octets);
    let isAlive = true;
    for (;;) {
      const limit = connection.client.extensions.limit("RCPTMAX") ?? Number.POSITIVE_INFINITY;
      const domains = connection.client.extensions.limit("RCPTDOMAINMAX");
      const most = Math.min(limit, this.#config.queue.recipientsPerTransaction);
      const batch = sorting.nextBatch(most, domains);
      if (batch.length === 0 || !isAlive) break;
      const isFresh = connection.transactions === 0;
      const nowMs = this.#deps.clock.nowMs();
      const sent = await sendBatch(connection.client, job.message, batch, content, nowMs).catch(
        (error) => {
          pool.drop(connection);
          throw error;
        },
      );
      connection.transactions++;
      if (!isFresh && sent.isStale) {
        pool.drop(connection);
        sorting.unseen(batch);
        return false;
      }
      sorting.sent(sent);
      isAlive = sent.report.isReusable;
    }
    if (isAlive) pool.give(connection);
    else pool.drop(connection);
    return true;
  }
}

/** RFC 8689 §4.2.1: a name that anybody could have put there proves nothing. */
function untrustedNames(domain: string): RouteProblem {
  return routeProblem(
    "permanent",
    "5.7.30",
    `the name service does not vouch for the exchangers of ${domain} (no DNSSEC), and TLS is required for this message`,
  );
}

/** A host without TLS will not have it tomorrow; a certificate or handshake that fails may be mended. */
function forRequireTls(problem: ConnectionProblem): ConnectionProblem {
  if (problem.status !== "4.7.4") return problem;
  return { ...problem, isPermanent: true, status: "5.7.10" };
}

function protocolOf({ transport }: RouteByHops): HopPolicy["protocol"] {
  return transport === LMTP_TRANSPORT ? "lmtp" : "smtp";
}
