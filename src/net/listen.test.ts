import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect as connectSocket } from "node:net";
import type { Socket } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import type { TLSSocket } from "node:tls";
import { test } from "node:test";
import type { Channel } from "../base/channel.ts";
import { isMailError } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import { RecordingLog } from "../base/testing/recording-log.ts";
import { listen } from "./listen.ts";
import { makeSelfSigned } from "./self-signed.ts";
import { ServerTls } from "./server-tls.ts";
import { testCertificate } from "./testing/socket-pair.ts";

const octets = (words: string): Uint8Array => new Uint8Array(Buffer.from(words, "latin1"));

async function echo(channel: Channel): Promise<void> {
  for (let piece = await channel.read(5_000); piece; piece = await channel.read(5_000)) {
    await channel.write(piece);
  }
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", reject);
  });
}

function firstOctets(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once("data", (data: Buffer) => resolve(data.toString())));
}

test("listen: a busy port is a sentence that names it and says what to do", async () => {
  const base = { host: "127.0.0.1", tls: "none", log: silentLog, onChannel: echo } as const;
  const first = await listen({ ...base, port: 0 });
  await assert.rejects(listen({ ...base, port: first.endpoint.port }), (error) => {
    assert.ok(isMailError(error, "refused"));
    assert.match(
      error.message,
      new RegExp(`127\\.0\\.0\\.1 port ${first.endpoint.port} is already in use`),
    );
    return true;
  });
  await first.drain(0);
});

test("listen: :: is every address, IPv4 too, and a client's address is its plain form", async () => {
  const peers: string[] = [];
  const listener = await listen({
    host: "::",
    port: 0,
    tls: "none",
    log: silentLog,
    onChannel: (channel) => {
      peers.push(channel.peer.address);
      return echo(channel);
    },
  });
  const socket = await opened(listener.endpoint.port);
  socket.write("x");
  assert.equal(await firstOctets(socket), "x");
  assert.deepEqual(peers, ["127.0.0.1"]);
  socket.destroy();
  await listener.drain(1_000);
});

test("listen: TLS without a certificate is refused before anything listens", async () => {
  const options = { host: "127.0.0.1", port: 0, log: silentLog, onChannel: echo } as const;
  await assert.rejects(listen({ ...options, tls: "implicit" }), (error) =>
    isMailError(error, "config-invalid"),
  );
});

test("security row 90: connections are bounded, in all and for one client, and the one too many is told so", async () => {
  const log = new RecordingLog();
  for (const bound of [{ maxConnections: 2 }, { maxPerClient: 2 }]) {
    const listener = await listen({
      host: "127.0.0.1",
      port: 0,
      tls: "none",
      log,
      onChannel: echo,
      refusal: (reason) => octets(`421 4.7.0 ${reason}\r\n`),
      ...bound,
    });
    const { port } = listener.endpoint;
    const held = [await opened(port), await opened(port)];
    for (const socket of held) {
      socket.write("hello");
      assert.equal(await firstOctets(socket), "hello");
    }
    assert.match(await text(await opened(port)), /^421 4\.7\.0 too-many/);
    assert.equal(listener.connections, 2);
    held[0].destroy();
    while (listener.connections > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const again = await opened(port);
    again.write("room");
    assert.equal(await firstOctets(again), "room");
    again.destroy();
    held[1].destroy();
    await listener.drain(1_000);
  }
  assert.equal(log.events.filter((event) => event.event === "net.refused").length, 2);
});

test("listen: a session that throws ends alone, its error is logged, the others go on (Invariant 9)", async () => {
  const log = new RecordingLog();
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "none",
    log,
    onChannel: async (channel) => {
      const piece = await channel.read(5_000);
      if (piece?.[0] === 33) throw new TypeError("our bug");
      await channel.write(octets("fine"));
      await echo(channel);
    },
  });
  const good = await opened(listener.endpoint.port);
  good.write("a");
  assert.equal(await firstOctets(good), "fine");
  const bad = await opened(listener.endpoint.port);
  bad.on("error", () => {});
  bad.write("!");
  await new Promise((resolve) => bad.once("close", resolve));
  good.write("still here");
  assert.equal(await firstOctets(good), "still here");
  assert.ok(log.events.some((event) => event.event === "net.session-crashed"));
  good.destroy();
  await listener.drain(1_000);
});

test("listen: drain waits for sessions, then drops those that stay", async () => {
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "none",
    log: silentLog,
    onChannel: echo,
  });
  const leaving = await opened(listener.endpoint.port);
  const staying = await opened(listener.endpoint.port);
  staying.on("error", () => {});
  leaving.write("x");
  await firstOctets(leaving);
  while (listener.connections < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const draining = listener.drain(100);
  leaving.end();
  leaving.resume();
  assert.equal(await draining, 1);
  await assert.rejects(opened(listener.endpoint.port));
});

test("TLS: certificates by name, a wildcard for one label, an unknown name gets the first", async () => {
  const certificates = await Promise.all(
    [["first.test"], ["second.test", "*.second.test"]].map((names) =>
      makeSelfSigned(names, Date.now()),
    ),
  );
  const serverTls = new ServerTls({ certificates });
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "implicit",
    serverTls,
    log: silentLog,
    onChannel: echo,
  });
  const shownFor = (servername: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls(
        { port: listener.endpoint.port, host: "127.0.0.1", servername, rejectUnauthorized: false },
        () => {
          const { CN } = socket.getPeerCertificate().subject;
          socket.destroy();
          resolve(String(CN));
        },
      );
      socket.on("error", reject);
    });
  assert.equal(await shownFor("first.test"), "first.test");
  assert.equal(await shownFor("SECOND.test"), "second.test");
  assert.equal(await shownFor("mx.second.test"), "second.test");
  assert.equal(await shownFor("a.mx.second.test"), "first.test");
  assert.equal(await shownFor("unknown.example"), "first.test");
  serverTls.reload([await makeSelfSigned(["new.test"], Date.now())]);
  assert.equal(await shownFor("first.test"), "new.test");
  assert.throws(
    () => serverTls.reload([{ certificate: "nonsense", key: "nonsense" }]),
    (error) => isMailError(error, "config-invalid"),
  );
  assert.throws(
    () =>
      serverTls.reload([{ certificate: certificates[0].certificate, key: certificates[1].key }]),
    /belongs to another certificate/,
  );
  assert.equal(await shownFor("first.test"), "new.test");
  await listener.drain(0);
});

test("security row 32: random server names, garbage and resets in the handshake never end the process or grow it", async () => {
  const log = new RecordingLog();
  const certificates = [await testCertificate(), await makeSelfSigned(["b.test"], Date.now())];
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "implicit",
    serverTls: new ServerTls({ certificates, alpn: ["smtp"] }),
    log,
    onChannel: echo,
  });
  const { port } = listener.endpoint;
  for (let i = 0; i < 30; i++) {
    const socket = connectTls({
      port,
      host: "127.0.0.1",
      servername: `${"a".repeat(i)}.__proto__.${i}.test`,
      rejectUnauthorized: false,
    });
    socket.on("error", () => {});
    await new Promise<void>((resolve) => {
      socket.once("secureConnect", () => resolve());
      socket.once("close", () => resolve());
    });
    socket.destroy();
    const raw = await opened(port);
    raw.on("error", () => {});
    raw.write(i % 2 === 0 ? "GET / HTTP/1.1\r\n\r\n" : Buffer.from([22, 3, 1, 255, 255, 1, 0, i]));
    raw.resetAndDestroy();
  }
  while (listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(!log.events.some((event) => event.level === "error"));
  await listener.drain(0);
});

test("security row 24: a client that wants another protocol (ALPN) is refused", async () => {
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "implicit",
    serverTls: new ServerTls({ certificates: [await testCertificate()], alpn: ["imap"] }),
    log: silentLog,
    onChannel: echo,
  });
  const attempt = (ALPNProtocols: string[]): Promise<string> =>
    new Promise((resolve) => {
      const { port } = listener.endpoint;
      const socket = connectTls({
        port,
        host: "127.0.0.1",
        ALPNProtocols,
        rejectUnauthorized: false,
      });
      socket.on("error", () => resolve("refused"));
      socket.once("secureConnect", () => {
        resolve("accepted");
        socket.destroy();
      });
    });
  assert.equal(await attempt(["http/1.1"]), "refused");
  assert.equal(await attempt(["imap"]), "accepted");
  await listener.drain(0);
});

test("security row 14: a session ticket of one listener is not honoured by another", async () => {
  const certificates = [await testCertificate()];
  const base = {
    host: "127.0.0.1",
    port: 0,
    tls: "implicit",
    log: silentLog,
    onChannel: echo,
  } as const;
  const one = await listen({ ...base, serverTls: new ServerTls({ certificates }) });
  const two = await listen({ ...base, serverTls: new ServerTls({ certificates }) });
  const visit = (port: number, session?: Buffer): TLSSocket =>
    connectTls({
      port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ...(session !== undefined && { session }),
    });
  const ticket = await new Promise<Buffer>((resolve, reject) => {
    const socket = visit(one.endpoint.port);
    socket.on("error", reject);
    socket.once("session", (given: Buffer) => {
      resolve(given);
      socket.destroy();
    });
  });
  const isReused = (port: number): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const socket = visit(port, ticket);
      socket.on("error", reject);
      socket.once("secureConnect", () => {
        resolve(socket.isSessionReused());
        socket.destroy();
      });
    });
  assert.equal(await isReused(one.endpoint.port), true);
  assert.equal(await isReused(two.endpoint.port), false);
  await one.drain(0);
  await two.drain(0);
});

test("security row 27: near the limit of descriptors new clients are told so; sessions go on; it recovers by itself", async () => {
  const script = new URL("./testing/descriptor-limit.ts", import.meta.url).pathname;
  const child = spawn("sh", ["-c", `ulimit -n 80; exec "${process.execPath}" "${script}"`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => String((await lines.next()).value);
  const port = Number(await nextLine());
  const first = await opened(port);
  first.write("one");
  assert.equal(await firstOctets(first), "one");
  const flood = await Promise.all(
    Array.from({ length: 60 }, async () => {
      const socket = await opened(port);
      socket.on("error", () => {});
      socket.write("x");
      return { socket, answer: await firstOctets(socket) };
    }),
  );
  assert.equal(await nextLine(), "net.connections-full");
  assert.equal(flood.filter(({ answer }) => answer === "x").length, 15);
  assert.equal(flood.filter(({ answer }) => answer === "421 full\r\n").length, 45);
  first.write("two");
  assert.equal(await firstOctets(first), "two", "the session that stood goes on");
  for (const { socket } of flood) socket.destroy();
  let answer = "";
  while (answer !== "three") {
    const again = await opened(port);
    again.write("three");
    answer = await firstOctets(again);
    again.destroy();
  }
  first.destroy();
  child.stdin.end();
  const cpuMs = Number(await nextLine());
  assert.ok(cpuMs < 1_500, `logged once, and accepting did not spin: ${cpuMs} ms of CPU`);
});
