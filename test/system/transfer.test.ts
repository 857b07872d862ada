/** Copies between an account and another server over a line that breaks, and over mailboxes that are made anew. */

import assert from "node:assert/strict";
import { createServer, connect as connectSocket, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ImapClient } from "../../src/imap/client/imap-client.ts";
import { connect } from "../../src/net/connect.ts";
import { nodeCrypto } from "../../src/net/node-crypto.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { pullMail } from "../../src/transfer/imap/pull-mail.ts";
import { pushMail } from "../../src/transfer/imap/push-mail.ts";
import { RemoteServer } from "../../src/transfer/imap/remote-server.ts";
import {
  makeTransferWorld,
  type TransferWorld,
} from "../../src/transfer/testing/transfer-world.ts";
import type { TransferReport } from "../../src/transfer/transfer-report.ts";
import { makePosthornFolder } from "./posthorn-process.ts";

const PASSWORD = "secret word here";

function remoteAt(port: number, user: string): RemoteServer {
  return new RemoteServer({
    server: { protocol: "imap", tls: "opportunistic", user, host: "127.0.0.1", port },
    password: async () => PASSWORD,
    trust: undefined,
    serverName: undefined,
    deps: {
      connect,
      crypto: nodeCrypto,
      random: systemRandom,
      // Nobody waits for pauses here.
      clock: { ...bound(), sleep: async () => {} },
    },
  });
}

function bound(): typeof systemClock {
  return {
    nowMs: () => systemClock.nowMs(),
    monotonicMs: () => systemClock.monotonicMs(),
    setTimer: (delayMs, fire) => systemClock.setTimer(delayMs, fire),
    sleep: (delayMs, signal) => systemClock.sleep(delayMs, signal),
  };
}

/** A way to `port` on which each connection breaks after so many octets, in either direction. */
async function breakingWay(
  context: TestContext,
  port: number,
  octets: number,
): Promise<{ port: number; broken: () => number }> {
  let broken = 0;
  const server = createServer((near) => {
    const far = connectSocket(port, "127.0.0.1");
    let left = octets;
    const carry = (from: typeof near, to: typeof near): void => {
      from.on("data", (data) => {
        left -= data.length;
        if (left >= 0) return void to.write(data);
        if (!near.destroyed) broken++;
        near.destroy();
        far.destroy();
      });
      from.on("error", () => {});
      from.on("close", () => to.destroy());
    };
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => void server.close());
  return { port: (server.address() as AddressInfo).port, broken: () => broken };
}

async function pull(world: TransferWorld, port: number): Promise<TransferReport> {
  return pullMail(world.store, remoteAt(port, "anna@example.org"), {
    accountId: world.anna,
    map: new Map(),
    into: undefined,
    duplicates: "skip",
    maxMessageOctets: 1_000_000,
    isDryRun: false,
    mailboxes: [],
    dataFolder: join(world.folder, "data"),
  });
}

async function push(world: TransferWorld, port: number): Promise<TransferReport> {
  return pushMail(world.store, remoteAt(port, "bob@example.org"), {
    accountId: world.anna,
    mailboxes: [],
    isDryRun: false,
    map: new Map(),
    dataFolder: join(world.folder, "data"),
  });
}

function letter(n: number): Buffer {
  return Buffer.from(`From: a@b.test\r\nSubject: ${n}\r\n\r\n${"x".repeat(1000)}\r\n`, "latin1");
}

test("copies both ways get through a line that breaks, each message once; a mailbox made anew is not doubled", async (context) => {
  const folder = await makePosthornFolder(context);
  await folder.must("domain", "add", "example.org");
  await folder.addAccount("anna@example.org", PASSWORD);
  await folder.addAccount("bob@example.org", PASSWORD);
  const { ports } = await folder.start();
  const world = await makeTransferWorld();
  context.after(() => world.end());
  const channel = await connect({ host: "127.0.0.1", port: ports.imap, timeoutMs: 5000 });
  const client = new ImapClient(channel);
  await client.open();
  await client.login("anna@example.org", PASSWORD);
  const fill = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n++) {
      await client.append("Club", letter(n), { dateMs: 1e12 + n * 1000, create: true });
    }
  };
  await fill(0, 90);

  const way = await breakingWay(context, ports.imap, 30_000);
  const first = await pull(world, way.port);
  assert.ok(way.broken() > 0, "the line did break");
  assert.deepEqual(first.problems, []);
  const club = (await world.contents(world.anna))["Club"];
  assert.equal(club.length, 90);
  assert.equal(new Set(club).size, 90);
  assert.equal((await pull(world, ports.imap)).total("added"), 0);

  await client.remove("Club");
  await fill(0, 91);
  const anew = await pull(world, ports.imap);
  assert.deepEqual([anew.total("added"), anew.total("duplicates")], [1, 90]);

  const out = await breakingWay(context, ports.imap, 30_000);
  const pushed = await push(world, out.port);
  assert.ok(out.broken() > 0, "the line did break");
  assert.deepEqual(pushed.problems, []);
  assert.equal((await push(world, ports.imap)).total("added"), 0);
  await client.logout();
  const again = await connect({ host: "127.0.0.1", port: ports.imap, timeoutMs: 5000 });
  const bob = new ImapClient(again);
  await bob.open();
  await bob.login("bob@example.org", PASSWORD);
  assert.equal((await bob.status("Club"))?.messages, 91);

  // Flags follow where they changed at the source, both ways.
  await bob.logout();
  const info = world.store.mail.mailbox(world.anna, "Club");
  assert.ok(info !== undefined);
  await world.store.mail.changeFlags(info.grant, [1, 2], { action: "add", flags: ["\\Flagged"] });
  const flagged = await push(world, ports.imap);
  assert.deepEqual([flagged.total("added"), flagged.total("flagsChanged")], [0, 2]);
});
