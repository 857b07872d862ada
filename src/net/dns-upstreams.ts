/**
 * The servers a stub resolver may ask, and which of them is worth asking first. One that failed is
 * left alone for a while, longer each time; when all have failed all are tried.
 */

import type { RecordType } from "dns-packet";
import type { Clock } from "../base/clock.ts";
import type { Result } from "../base/result.ts";
import { fault } from "../base/result.ts";
import type { Log } from "../base/log.ts";
import type { Exchange } from "./dns-exchange.ts";
import type { DnsMessage } from "./dns-message.ts";
import type { ResolverSettings } from "./resolv-conf.ts";

type Upstream = {
  readonly server: ResolverSettings["servers"][number];
  failures: number;
  restUntilMs: number;
};

const FIRST_REST_MS = 2_000;
const LONGEST_REST_MS = 60_000;
/** Questions on their way at a time: each holds a socket. */
const MAX_IN_FLIGHT = 256;
/** Questions that wait for one of those places; further ones fail at once (Invariant 7). */
const MAX_WAITING = 10_000;

export class DnsUpstreams {
  readonly #settings: ResolverSettings;
  readonly #upstreams: Upstream[];
  readonly #exchange: Exchange;
  readonly #clock: Clock;
  readonly #log: Log;
  #inFlight = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(settings: ResolverSettings, exchange: Exchange, clock: Clock, log: Log) {
    this.#settings = settings;
    this.#upstreams = settings.servers.map((server) => ({ server, failures: 0, restUntilMs: 0 }));
    this.#exchange = exchange;
    this.#clock = clock;
    this.#log = log;
  }

  /** Asks until one server gives an answer that settles the matter. */
  async ask(name: string, type: RecordType): Promise<Result<DnsMessage>> {
    let problem = "no server configured";
    for (let round = 0; round < this.#settings.attempts; round++) {
      for (const upstream of this.#inOrder()) {
        const answer = await this.#askOne(upstream, name, type);
        if (answer.ok && answer.value.rcode !== "other") return answer;
        problem = `${upstream.server.address}: ${answer.ok ? answer.value.rcodeName : answer.problem}`;
      }
    }
    return fault(problem);
  }

  /** Those not at rest first, as configured; then those whose rest ends soonest. */
  #inOrder(): Upstream[] {
    const nowMs = this.#clock.monotonicMs();
    const restMs = (upstream: Upstream): number => Math.max(0, upstream.restUntilMs - nowMs);
    return [...this.#upstreams].sort((a, b) => restMs(a) - restMs(b));
  }

  async #askOne(upstream: Upstream, name: string, type: RecordType): Promise<Result<DnsMessage>> {
    if (this.#waiting.length >= MAX_WAITING) return fault("too many questions at a time");
    await this.#enter();
    try {
      const answer = await this.#exchange(upstream.server, name, type, this.#settings.timeoutMs);
      this.#judge(upstream, answer);
      return answer;
    } finally {
      this.#leave();
    }
  }

  /** SERVFAIL says something of the name, not of the server; silence and nonsense say it of the server. */
  #judge(upstream: Upstream, answer: Result<DnsMessage>): void {
    const isDown = !answer.ok || answer.value.rcodeName === "REFUSED";
    if (!isDown) {
      if (upstream.failures >= 3)
        this.#log.info("dns.server-back", { server: upstream.server.address });
      upstream.failures = 0;
      upstream.restUntilMs = 0;
      return;
    }
    upstream.failures++;
    const restMs = Math.min(
      LONGEST_REST_MS,
      FIRST_REST_MS * 2 ** Math.min(upstream.failures - 1, 8),
    );
    upstream.restUntilMs = this.#clock.monotonicMs() + restMs;
    if (upstream.failures === 3) {
      this.#log.warn("dns.server-failing", {
        server: upstream.server.address,
        reason: answer.ok ? answer.value.rcodeName : answer.problem,
      });
    }
  }

  async #enter(): Promise<void> {
    if (this.#inFlight >= MAX_IN_FLIGHT) {
      // The place is handed over by `#leave`, not given back and raced for.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return;
    }
    this.#inFlight++;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#inFlight--;
    else next();
  }
}
