/**
 * Hostile clients against the SMTP server over real sockets, each kind by the dozen, while a good
 * client sends a message again and again: its 99th percentile, and what memory the server takes.
 * Server, attackers and good client are three processes. POSTHORN_HOSTILE_SECONDS sets how long
 * (default 20; the long run is 600).
 */

import { type ChildProcess, fork } from "node:child_process";
import { connect, type Socket } from "node:net";
import { silentLog } from "../src/base/log.ts";
import { connect as connectChannel } from "../src/net/connect.ts";
import { listen } from "../src/net/listen.ts";
import { systemClock } from "../src/net/system-clock.ts";
import { systemRandom } from "../src/net/system-random.ts";
import { SmtpClient } from "../src/smtp/client.ts";
import type { SmtpHandler } from "../src/smtp/handler.ts";
import { reply } from "../src/smtp/reply.ts";
import { serveSmtp } from "../src/smtp/serve.ts";

const SECONDS = Number(process.env.POSTHORN_HOSTILE_SECONDS ?? 20);
const IDLE_CONNECTIONS = 5000;

const ACCEPTED = [reply(250, "2.0.0", "Ok")];

const makeHandler = (): SmtpHandler => ({
  connect: async () => undefined,
  helo: async () => undefined,
  mechanisms: () => ["PLAIN"],
  startMechanism: (name) => ({ name, step: async () => ({ type: "failure", reason: "refused" }) }),
  authenticated: async () => undefined,
  mail: async () => undefined,
  rcpt: async () => undefined,
  data: async () => ({ write: async () => {}, end: async () => ACCEPTED, abort: () => {} }),
  reset: () => {},
  close: () => {},
});

/** Each opens a connection, does its worst, and comes back when it is thrown out. */
const ATTACKS: Readonly<Record<string, { count: number; attack: (socket: Socket) => void }>> = {
  "silent connections": { count: IDLE_CONNECTIONS, attack: () => {} },
  "an octet a second": {
    count: 200,
    attack: (socket) => every(socket, 1000, () => socket.write("x")),
  },
  "an octet of DATA a second": {
    count: 100,
    attack: (socket) => {
      socket.write("HELO x\r\n");
      setTimeout(() => socket.write("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n"), 500);
      setTimeout(() => socket.write("DATA\r\n"), 1000);
      setTimeout(() => every(socket, 1000, () => socket.write("y")), 1500);
    },
  },
  "a line without end": { count: 4, attack: (socket) => flood(socket, Buffer.alloc(16384, "x")) },
  "NOOP without end": {
    count: 4,
    attack: (socket) => flood(socket, Buffer.from("NOOP\r\n".repeat(500))),
  },
  "random octets": {
    count: 4,
    attack: (socket) => flood(socket, Buffer.from(systemRandom.bytes(4096))),
  },
  "AUTH storms": {
    count: 10,
    attack: (socket) => {
      socket.write("EHLO x\r\n");
      every(socket, 20, () => socket.write("AUTH PLAIN AGEAYg==\r\n"));
    },
  },
  "connect and reset": {
    count: 20,
    attack: (socket) => {
      socket.write("EHLO x\r\n");
      setTimeout(() => socket.resetAndDestroy(), 50);
    },
  },
  "never reads": {
    count: 20,
    attack: (socket) => {
      socket.pause();
      flood(socket, Buffer.from("HELP\r\n".repeat(1000)));
    },
  },
};

function every(socket: Socket, ms: number, act: () => void): void {
  const timer = setInterval(act, ms);
  socket.once("close", () => clearInterval(timer));
}

function flood(socket: Socket, octets: Buffer): void {
  const more = (): void => {
    if (socket.destroyed) return;
    if (socket.write(octets)) setTimeout(more, 5);
    else socket.once("drain", more);
  };
  socket.once("data", more);
  setTimeout(more, 200);
}

function attackForEver(port: number): void {
  for (const { count, attack } of Object.values(ATTACKS)) {
    for (let i = 0; i < count; i++) {
      const again = (): void => {
        const socket = connect(port, "127.0.0.1");
        socket.on("error", () => {});
        socket.on("data", () => {});
        socket.once("connect", () => attack(socket));
        socket.once("close", () => setTimeout(again, 100 + Math.random() * 400));
      };
      setTimeout(again, Math.random() * 3000);
    }
  }
}

/** Sends messages one after the other, each on its own connection; tells how long each took. */
async function sendWell(port: number, seconds: number): Promise<void> {
  const content = Buffer.from(`Subject: x\r\n\r\n${"hello\r\n".repeat(600)}`);
  const times: number[] = [];
  const untilMs = performance.now() + seconds * 1000;
  while (performance.now() < untilMs) {
    const startedMs = performance.now();
    const channel = await connectChannel({ host: "127.0.0.1", port, timeoutMs: 10_000 });
    const client = new SmtpClient(channel, { clientName: "good.example", clock: systemClock });
    await client.open();
    const { outcomes } = await client.deliver({
      reversePath: { localPart: "a", domain: "good.example" },
      recipients: [{ address: { localPart: "b", domain: "example.org" } }],
      content: {
        sizeOctets: content.length,
        body: "7bit",
        needsSmtpUtf8: false,
        chunks: () => [content],
      },
    });
    if (outcomes[0].status !== "accepted") throw new Error("a good message was not accepted");
    await client.quit();
    times.push(performance.now() - startedMs);
    await systemClock.sleep(10);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string =>
    `${times[Math.floor((times.length - 1) * share)].toFixed(1)} ms`;
  process.send?.(`${times.length} messages, median ${at(0.5)}, p99 ${at(0.99)}, worst ${at(1)}`);
}

function child(role: string, port: number, seconds: number): ChildProcess {
  return fork(import.meta.filename, [role, `${port}`, `${seconds}`]);
}

async function goodClient(port: number, seconds: number): Promise<string> {
  const good = child("good", port, seconds);
  return new Promise((resolve, reject) => {
    good.once("message", (said) => resolve(said as string));
    good.once("exit", (code) => reject(new Error(`the good client ended with ${code}`)));
  });
}

export async function run(): Promise<void> {
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "none",
    log: silentLog,
    writeTimeoutMs: 10_000,
    maxConnections: 20_000,
    onChannel: (channel) =>
      serveSmtp(channel, makeHandler, {
        hostName: "mx.example.org",
        clock: systemClock,
        random: systemRandom,
        limits: { commandTimeoutMs: 30_000, dataGraceMs: 10_000 },
      }),
  });
  const { port } = listener.endpoint;
  const memory = (): string => `${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`;
  console.log(`alone:   ${await goodClient(port, 5)}; memory ${memory()}`);
  const attackers = child("attack", port, SECONDS);
  await systemClock.sleep(5000);
  const before = memory();
  console.log(`hostile: ${listener.connections} connections after 5 s, memory ${before}`);
  console.log(`         ${await goodClient(port, SECONDS)}`);
  console.log(`         ${listener.connections} connections at the end, memory ${memory()}`);
  attackers.kill();
  await listener.drain(0);
}

const [, , role, port, seconds] = process.argv;
if (role === "attack") attackForEver(Number(port));
if (role === "good") await sendWell(Number(port), Number(seconds));
