/** Connections to other hosts over real TLS: sessions are taken up again, and never by another policy. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { Channel, TlsWish } from "../../src/base/channel.ts";
import { MailError } from "../../src/base/errors.ts";
import { RecordingLog } from "../../src/base/testing/recording-log.ts";
import { openConnection, type Opened } from "../../src/mta/agents/remote/open-connection.ts";
import type { HopPolicy } from "../../src/mta/agents/remote/tls-policy.ts";
import { TlsTickets } from "../../src/mta/agents/remote/tls-tickets.ts";
import { connect } from "../../src/net/connect.ts";
import { listen } from "../../src/net/listen.ts";
import { nodeCrypto } from "../../src/net/node-crypto.ts";
import { makeSelfSigned } from "../../src/net/self-signed.ts";
import { ServerTls } from "../../src/net/server-tls.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { serveSmtp } from "../../src/smtp/serve.ts";
import { Recording, RecordingHandler } from "../../src/smtp/testing/recording-handler.ts";

const certificate = makeSelfSigned(["mx.far.test"], Date.now());

type World = {
  /** Opens a connection and ends it; what TLS it had. */
  readonly visit: (tls: HopPolicy["tls"], name?: string) => Promise<string>;
  readonly log: RecordingLog;
  /** What each handshake offered. */
  readonly offered: boolean[];
  /** Breaks handshakes that offer a session. */
  breaksResumption: boolean;
};

async function makeWorld(t: TestContext): Promise<World> {
  const log = new RecordingLog();
  const serverTls = new ServerTls({ certificates: [await certificate] });
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "starttls",
    serverTls,
    log,
    onChannel: (channel: Channel) =>
      serveSmtp(channel, (session) => new RecordingHandler(session, new Recording()), {
        hostName: "mx.far.test",
        clock: systemClock,
        random: systemRandom,
        startTls: "offered",
      }),
  });
  t.after(() => listener.drain(0));
  const tickets = new TlsTickets(systemClock);
  const trust = [(await certificate).certificate];
  const deps = {
    connect: async () => {
      const { port } = listener.endpoint;
      const channel = await connect({ host: "127.0.0.1", port, timeoutMs: 5000, trust });
      const startTls = channel.startTls.bind(channel);
      channel.startTls = async (wish?: TlsWish) => {
        world.offered.push(wish?.resume !== undefined);
        if (!world.breaksResumption || wish?.resume === undefined) return startTls(wish);
        channel.abort();
        throw new MailError("tls-failed", "no, not that session");
      };
      return channel;
    },
    clock: systemClock,
    random: systemRandom,
    crypto: nodeCrypto,
    log,
    tickets,
  };
  const visit = async (tls: HopPolicy["tls"], name = "mx.far.test"): Promise<string> => {
    const host = { name, address: "127.0.0.1", port: 25 };
    const policy = { tls, implicitTls: false, credentials: undefined };
    const config = { hostname: "us.test", connectTimeoutMs: 5000 };
    const opened: Opened = await openConnection(host, policy, deps, config);
    if (!opened.ok) return opened.status;
    const session = opened.client.channel.tls;
    await opened.client.quit();
    if (session === undefined) return "clear";
    return `${session.isResumed ? "resumed" : "full"} ${session.peerVerified ? "verified" : "unverified"}`;
  };
  const world: World = { visit, log, offered: [], breaksResumption: false };
  return world;
}

test("a second connection to a host resumes the first one's TLS", async (t) => {
  const { visit } = await makeWorld(t);
  assert.equal(await visit("verify"), "full verified");
  assert.equal(await visit("verify"), "resumed verified");
  assert.equal(await visit("verify"), "resumed verified");
});

test("no session goes from one policy or name to another, nor comes of a refused certificate", async (t) => {
  const { visit, offered } = await makeWorld(t);
  assert.equal(await visit("may", "other.far.test"), "full unverified");
  assert.equal(await visit("require", "other.far.test"), "full unverified");
  assert.equal(await visit("verify", "other.far.test"), "4.7.5");
  assert.equal(await visit("verify", "other.far.test"), "4.7.5");
  assert.equal(await visit("verify"), "full verified");
  assert.deepEqual(offered, [false, false, false, false, false]);
  assert.equal(await visit("may", "other.far.test"), "resumed unverified");
});

test("a host that stumbles over a session gets a full handshake, not the message in the clear", async (t) => {
  const world = await makeWorld(t);
  assert.equal(await world.visit("may"), "full verified");
  world.breaksResumption = true;
  assert.equal(await world.visit("may"), "full verified");
  assert.deepEqual(world.offered, [false, true, false]);
  assert.ok(!JSON.stringify(world.log.events).includes("in the clear"));
});
