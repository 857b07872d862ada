import assert from "node:assert/strict";
import { connect as connectSocket } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { silentLog } from "../base/log.ts";
import { makeMemoryPipe } from "../base/testing/memory-channel.ts";
import { isMailError } from "../base/errors.ts";
import { listen } from "./listen.ts";
import { channelSuite, readExactly } from "./testing/channel.suite.ts";
import { makeSocketPair } from "./testing/socket-pair.ts";

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const turn = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

channelSuite("memory", async () => {
  const { client, server } = makeMemoryPipe();
  return { client, server, end: async () => {} };
});
channelSuite("socket in the clear", () => makeSocketPair("none"));
channelSuite("socket under TLS", () => makeSocketPair("implicit"));
channelSuite("socket after STARTTLS", async () => {
  const pair = await makeSocketPair("starttls");
  await startBoth(pair);
  return pair;
});

async function startBoth(pair: Awaited<ReturnType<typeof makeSocketPair>>): Promise<void> {
  await pair.client.write(octets("STARTTLS\r\n"));
  await readExactly(pair.server, 10);
  await pair.server.write(octets("220 go\r\n"));
  const served = pair.server.startTls();
  await readExactly(pair.client, 8);
  await Promise.all([
    served,
    pair.client.startTls({ serverName: "mail.example.test", verify: false }),
  ]);
}

test("socket: a silent peer ends a read with channel-timeout, and the next read still works", async () => {
  const pair = await makeSocketPair("none");
  await assert.rejects(pair.server.read(30), (error) => isMailError(error, "channel-timeout"));
  await pair.client.write(octets("late"));
  assert.equal(Buffer.from(await readExactly(pair.server, 4)).toString(), "late");
  await assert.rejects(pair.server.read(20), (error) => isMailError(error, "channel-timeout"));
  await pair.end();
});

test("socket: a short limit after a long one is kept", async () => {
  const pair = await makeSocketPair("none");
  const first = pair.server.read(60_000);
  await pair.client.write(octets("x"));
  await first;
  const begun = performance.now();
  await assert.rejects(pair.server.read(30), (error) => isMailError(error, "channel-timeout"));
  assert.ok(performance.now() - begun < 5_000);
  await pair.end();
});

test("socket: a peer that takes nothing ends a write with channel-timeout", async () => {
  const pair = await makeSocketPair("none", { writeTimeoutMs: 100 });
  const flood = async (): Promise<void> => {
    const piece = new Uint8Array(100_000);
    for (;;) await pair.server.write(piece);
  };
  await assert.rejects(flood(), (error) => isMailError(error, "channel-timeout"));
  await assert.rejects(pair.server.write(octets("x")), (error) => isMailError(error));
  await pair.end();
});

test("socket: input nobody reads is bounded (Invariant 7), and all of it comes when it is read", async () => {
  const pair = await makeSocketPair("none");
  const total = 20_000_000;
  const sent = (async () => {
    const piece = new Uint8Array(65_536).fill(7);
    let left = total;
    while (left > 0) {
      await pair.client.write(piece.subarray(0, Math.min(left, piece.length)));
      left -= piece.length;
    }
  })();
  await turn(200);
  assert.ok(pair.server.pendingOctets >= 60_000, `${pair.server.pendingOctets}`);
  assert.ok(pair.server.pendingOctets < 200_000, `${pair.server.pendingOctets}`);
  const got = await readExactly(pair.server, total);
  await sent;
  assert.equal(got.length, total);
  assert.equal(pair.server.pendingOctets, 0);
  await pair.end();
});

test("socket: the last words arrive although the client goes on sending", async () => {
  const pair = await makeSocketPair("none");
  const words = octets("421 4.7.0 too many errors\r\n");
  const noisy = (async () => {
    for (let i = 0; i < 50; i++) await pair.client.write(new Uint8Array(1_000));
  })();
  await pair.server.read(1_000);
  await pair.server.write(words);
  await pair.server.close();
  await noisy.catch(() => {});
  assert.equal(
    Buffer.from(await readExactly(pair.client, words.length)).toString("latin1"),
    "421 4.7.0 too many errors\r\n",
  );
  await pair.end();
});

test("socket: a client that has sent its FIN still gets its answer", async () => {
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "none",
    log: silentLog,
    onChannel: async (channel) => {
      while ((await channel.read(1_000)) !== undefined);
      await channel.write(octets("221 bye\r\n"));
    },
  });
  const socket = connectSocket(listener.endpoint.port, "127.0.0.1");
  socket.end("QUIT\r\n");
  assert.equal(await text(socket), "221 bye\r\n");
  await listener.drain(1_000);
});

test("security row 12: what was sent before the STARTTLS answer is dropped by the server", async () => {
  const pair = await makeSocketPair("starttls");
  await pair.client.write(octets("STARTTLS\r\n"));
  await readExactly(pair.server, 10);
  await pair.client.write(octets("MAIL FROM:<evil@example.test>\r\n"));
  while (pair.server.pendingOctets === 0) await turn();
  await pair.server.write(octets("220 go\r\n"));
  const served = pair.server.startTls();
  await readExactly(pair.client, 8);
  await Promise.all([
    served,
    pair.client.startTls({ serverName: "mail.example.test", verify: false }),
  ]);
  assert.equal(pair.server.pendingOctets, 0);
  await pair.client.write(octets("EHLO inside\r\n"));
  assert.equal(
    Buffer.from(await readExactly(pair.server, 13)).toString("latin1"),
    "EHLO inside\r\n",
  );
  await pair.end();
});

test("security row 12: plain octets after the answer end the connection, never the session's input", async () => {
  const pair = await makeSocketPair("starttls");
  await pair.client.write(octets("STARTTLS\r\n"));
  await readExactly(pair.server, 10);
  await pair.server.write(octets("220 go\r\n"));
  const served = pair.server.startTls();
  await readExactly(pair.client, 8);
  await pair.client.write(octets("MAIL FROM:<evil@example.test>\r\n"));
  await assert.rejects(served, (error) => isMailError(error, "tls-failed"));
  await assert.rejects(pair.server.read(100), (error) => isMailError(error, "channel-closed"));
  await pair.end();
});

test("security row 12: answers injected before TLS are dropped by the client", async () => {
  const pair = await makeSocketPair("starttls");
  await pair.client.write(octets("STARTTLS\r\n"));
  await readExactly(pair.server, 10);
  await pair.server.write(octets("220 go\r\n"));
  await readExactly(pair.client, 8);
  await pair.server.write(octets("250-AUTH PLAIN\r\n250 ok\r\n"));
  while (pair.client.pendingOctets === 0) await turn();
  const [session] = await Promise.all([
    pair.client.startTls({ serverName: "mail.example.test", verify: false }),
    pair.server.startTls(),
  ]);
  assert.equal(session.protocol, "TLSv1.3");
  assert.equal(pair.client.pendingOctets, 0);
  await pair.server.write(octets("250 inside\r\n"));
  assert.equal(Buffer.from(await readExactly(pair.client, 12)).toString(), "250 inside\r\n");
  await pair.end();
});

test("socket: a handshake begun while the server still prepares is not lost", async () => {
  const pair = await makeSocketPair("starttls");
  await pair.client.write(octets("STARTTLS\r\n"));
  await readExactly(pair.server, 10);
  await pair.server.write(octets("220 go\r\n"));
  await readExactly(pair.client, 8);
  const wished = pair.client.startTls({ serverName: "mail.example.test", verify: false });
  while (pair.server.pendingOctets === 0) await turn();
  const [session] = await Promise.all([pair.server.startTls(), wished]);
  assert.equal(session.serverName, "mail.example.test");
  await pair.end();
});

test("socket: startTls where TLS can't be is refused and ends the connection", async () => {
  const pair = await makeSocketPair("none");
  await assert.rejects(pair.server.startTls(), (error) => isMailError(error, "tls-failed"));
  await assert.rejects(pair.server.read(100), (error) => isMailError(error, "channel-closed"));
  await pair.end();
});

test("socket: both ends of TLS 1.3 hold the same channel binding", async () => {
  const pair = await makeSocketPair("implicit");
  const { client, server } = pair;
  assert.ok(client.tls?.channelBinding);
  assert.deepEqual(client.tls.channelBinding, server.tls?.channelBinding);
  assert.equal(client.tls.cipherBits, 256);
  await pair.end();
});

test("socket: a client that verifies refuses a certificate it can't trust, and says why", async () => {
  const wish = { serverName: "mail.example.test", verify: true };
  await assert.rejects(makeSocketPair("implicit", { wish }), (error) => {
    assert.ok(isMailError(error, "tls-failed"));
    assert.match(error.message, /self-signed/);
    return true;
  });
});

test("socket: an opportunistic client takes it and knows its problem", async () => {
  const pair = await makeSocketPair("implicit");
  assert.equal(pair.client.tls?.peerVerified, false);
  assert.match(pair.client.tls?.peerProblem ?? "", /self-signed/);
  assert.equal(pair.client.tls?.peerName, "mail.example.test");
  await pair.end();
});
