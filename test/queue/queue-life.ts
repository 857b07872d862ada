/**
 * A test of life for the queue: a backlog of many messages for many destinations, of which some are
 * slow and some dead, in one process over memory channels; and now and then one fresh mail, which
 * must not wait for the rest.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MailError } from "../../src/base/errors.ts";
import { silentLog } from "../../src/base/log.ts";
import { makeMemoryPipe } from "../../src/base/testing/memory-channel.ts";
import { ZoneResolver, type ZoneEntry } from "../../src/base/testing/zone-resolver.ts";
import type { Connect } from "../../src/mta/agents/remote/open-connection.ts";
import { makeMta, type Mta } from "../../src/mta/make-mta.ts";
import { CountingPeer } from "../../src/mta/testing/counting-peer.ts";
import { testCrypto } from "../../src/mta/testing/world.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { serveSmtp } from "../../src/smtp/serve.ts";
import type { Store } from "../../src/store/contract.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";

export type LifeOptions = {
  readonly messages: number;
  readonly destinations: number;
  readonly slow: number;
  readonly dead: number;
  /** What a slow one takes for each message, and a dead one to say that nobody is there. */
  readonly slowMs: number;
  readonly fresh: number;
};

export type Life = {
  readonly seconds: number;
  readonly delivered: number;
  /** For each fresh mail: how long it took, and how many others were delivered meanwhile. */
  readonly fresh: readonly { readonly ms: number; readonly others: number }[];
  readonly waiting: number;
  /** Recipients that got theirs more than once. */
  readonly doubled: number;
};

const FIRST_SLOW = 1;

export async function liveThrough(options: LifeOptions): Promise<Life> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-queue-life-"));
  const store = await openStore({
    folder,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  const sinks = new Sinks(options);
  const mta = makeRunner(store, sinks);
  try {
    await queueBacklog(store, options);
    const startedMs = performance.now();
    mta.runner.start();
    const fresh: { ms: number; others: number }[] = [];
    for (let n = 0; n < options.fresh; n++) {
      const wanted = ((n + 0.5) / options.fresh) * sinks.deliverable * 0.8;
      await until(() => sinks.delivered >= wanted);
      fresh.push(await sendFresh(store, sinks, n, options));
    }
    await until(() => sinks.delivered >= sinks.deliverable + options.fresh);
    const seconds = (performance.now() - startedMs) / 1000;
    await mta.runner.stop(1000);
    const doubled = sinks.counts().filter((count) => count > 1).length;
    const waiting = store.queue.counts().due;
    return { seconds, delivered: sinks.delivered, fresh, waiting, doubled };
  } finally {
    await mta.runner.stop(0);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whoever answers at the destinations' addresses. */
class Sinks {
  readonly deliverable: number;
  readonly zone: Record<string, ZoneEntry> = {};
  readonly #peers: Map<string, CountingPeer | undefined> = new Map();
  readonly #slowMs: number;
  delivered = 0;

  constructor({ messages, destinations, slow, dead, slowMs }: LifeOptions) {
    this.#slowMs = slowMs;
    let deliverable = 0;
    for (let n = 0; n < destinations; n++) {
      const address = `10.0.${n >> 8}.${n & 255}`;
      this.zone[domainOf(n)] = { a: [address] };
      const isSlow = n >= FIRST_SLOW && n < FIRST_SLOW + slow;
      const isDead = n >= FIRST_SLOW + slow && n < FIRST_SLOW + slow + dead;
      const before = async (): Promise<void> => {
        if (isSlow) await systemClock.sleep(slowMs);
        this.delivered++;
      };
      const peer = new CountingPeer(undefined, domainOf(n), address, { before });
      this.#peers.set(address, isDead ? undefined : peer);
      if (!isDead) deliverable += Math.floor((messages + destinations - 1 - n) / destinations);
    }
    this.deliverable = deliverable;
  }

  readonly connect: Connect = async ({ host, address, port }) => {
    const peer = this.#peers.get(address);
    if (peer === undefined) {
      await systemClock.sleep(this.#slowMs);
      throw new MailError("connect-failed", `connect to ${address}: no answer`);
    }
    const { client, server } = makeMemoryPipe({
      client: { address: "10.9.9.9", port: 40_000 },
      server: { address, port },
    });
    const random = systemRandom;
    void serveSmtp(server, peer.makeHandler, { hostName: host, clock: systemClock, random });
    return client;
  };

  has(recipient: string): boolean {
    return [...this.#peers.values()].some((peer) => peer?.taken.has(recipient));
  }

  counts(): number[] {
    return [...this.#peers.values()].flatMap((peer) => [...(peer?.taken.values() ?? [])]);
  }
}

function makeRunner(store: Store, sinks: Sinks): Mta {
  return makeMta({
    store,
    clock: systemClock,
    random: systemRandom,
    crypto: testCrypto,
    log: silentLog,
    resolver: new ZoneResolver(sinks.zone),
    connect: sinks.connect,
    config: { hostname: "mx.us.test", remote: { tls: "never" } },
  });
}

function domainOf(destination: number): string {
  return `d${destination}.test`;
}

async function queueBacklog(store: Store, options: LifeOptions): Promise<void> {
  const { messages, destinations } = options;
  for (let index = 0; index < messages; index += 200) {
    const count = Math.min(200, messages - index);
    await Promise.all(
      Array.from({ length: count }, (_, more) => {
        const number = index + more;
        const from = `news${number % 20}@us.test`;
        return queueOne(store, `Q${number}`, from, `u${number}`, domainOf(number % destinations));
      }),
    );
  }
}

async function sendFresh(
  store: Store,
  sinks: Sinks,
  n: number,
  { slow, dead, destinations }: LifeOptions,
): Promise<{ ms: number; others: number }> {
  const before = sinks.delivered;
  const startedMs = performance.now();
  // To one that is fast, and has a backlog as the others do.
  const destination = domainOf(FIRST_SLOW + slow + dead + (n % (destinations - slow - dead - 1)));
  const recipient = `fresh${n}@${destination}`;
  await queueOne(store, `F${n}`, `anna${n}@us.test`, `fresh${n}`, destination);
  await until(() => sinks.has(recipient));
  return { ms: performance.now() - startedMs, others: sinks.delivered - before };
}

async function queueOne(
  store: Store,
  queueId: string,
  reversePath: string,
  localPart: string,
  destination: string,
): Promise<void> {
  const octets = Buffer.from(`Subject: ${queueId}\r\n\r\n${"Text of some length.\r\n".repeat(40)}`);
  await store.accept({
    message: store.octets.stageOctets(octets),
    receivedAtMs: systemClock.nowMs(),
    envelopes: [
      {
        queueId,
        reversePath,
        smtpUtf8: false,
        body: "7bit",
        prefix: new Uint8Array(0),
        deliveries: [],
        recipients: [{ recipient: `${localPart}@${destination}`, transport: "smtp", destination }],
      },
    ],
  });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await systemClock.sleep(5);
}
