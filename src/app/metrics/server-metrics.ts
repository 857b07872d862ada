/** What is asked for at each scrape: the queue, open sessions, the store, the disk, the process. */

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ConnectionBudget } from "../../net/connection-budget.ts";
import type { Store } from "../../store/contract.ts";
import type { SessionGauge } from "./session-gauge.ts";
import type { MetricsRegistry, Sample } from "./registry.ts";

export type Measured = {
  readonly store: Store;
  readonly budget: ConnectionBudget;
  readonly sessions: SessionGauge;
  readonly version: string;
};

const SHOWN_DESTINATIONS = 50;
/** Adding up a longer queue at every scrape would keep mail waiting; `posthorn queue shape` still does. */
const MAX_SUMMED = 50_000;
const NANOSECONDS = 1e9;

export function addServerMetrics(registry: MetricsRegistry, measured: Measured): void {
  const { store, budget, sessions, version } = measured;
  registry.gauge("posthorn_info", "The version that runs.", () => [[{ version }, 1]]);
  registry.gauge("posthorn_connections", "Connections open, and how many may be.", () => [
    [{ kind: "open" }, budget.open],
    [{ kind: "most" }, budget.most],
  ]);
  registry.gauge("posthorn_sessions", "Open sessions, by service.", () => sessions.samples());
  addQueue(registry, store);
  addStore(registry, store);
  addProcess(registry);
}

function addQueue(registry: MetricsRegistry, { queue }: Store): void {
  registry.gauge("posthorn_queue_recipients", "Recipients waiting, by state.", () =>
    Object.entries(queue.counts()).map(([state, count]): Sample => [{ state }, count]),
  );
  registry.gauge(
    "posthorn_queue_destination_recipients",
    `Recipients waiting for the ${SHOWN_DESTINATIONS} fullest destinations.`,
    () => {
      const waiting = Object.values(queue.counts()).reduce((sum, count) => sum + count, 0);
      if (waiting > MAX_SUMMED) return [];
      const { rows } = queue.shape("destination", Date.now(), SHOWN_DESTINATIONS);
      return rows.map(({ name, recipients }): Sample => [{ destination: name }, recipients]);
    },
  );
}

function addStore(registry: MetricsRegistry, store: Store): void {
  registry.total("posthorn_store_commits_total", "Commits, each with its sync.", () => {
    return store.activity().commits;
  });
  registry.total("posthorn_store_requests_total", "Writes those commits carried out.", () => {
    return store.activity().requests;
  });
  registry.total("posthorn_store_failures_total", "Writes that were refused or failed.", () => {
    return store.activity().failures;
  });
  registry.total(
    "posthorn_store_wait_seconds_total",
    "How long writes waited for their commit, added up.",
    () => store.activity().waitMs / 1000,
  );
  registry.gauge("posthorn_disk_free_bytes", "Free space on the store's disk.", async () => [
    [{}, (await store.space()).freeOctets],
  ]);
}

function addProcess(registry: MetricsRegistry): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  registry.gauge(
    "posthorn_event_loop_delay_seconds",
    "How late the event loop was since the last scrape.",
    () => {
      const samples: Sample[] = [
        [{ quantile: "0.5" }, delay.percentile(50) / NANOSECONDS],
        [{ quantile: "0.99" }, delay.percentile(99) / NANOSECONDS],
        [{ quantile: "1" }, delay.max / NANOSECONDS],
      ];
      delay.reset();
      return samples;
    },
  );
  registry.total("process_cpu_seconds_total", "Processor time used.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.gauge("process_resident_memory_bytes", "Memory in use.", () => [
    [{}, process.memoryUsage.rss()],
  ]);
  registry.gauge("process_start_time_seconds", "When the process began.", () => [
    [{}, Math.round(Date.now() / 1000 - process.uptime())],
  ]);
}
