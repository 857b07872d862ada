/**
 * The SMTP engines over a memory Channel: no sockets, no store, one core. What is measured is the
 * protocol's own cost: the server with a client that costs nothing, and both engines together.
 */

import { makeMemoryPipe, type MemoryChannel } from "../src/base/testing/memory-channel.ts";
import { SeededRandom } from "../src/base/testing/seeded-random.ts";
import type { Channel } from "../src/base/channel.ts";
import type { Clock } from "../src/base/clock.ts";
import { SmtpClient } from "../src/smtp/client.ts";
import type { SmtpHandler, SmtpSession } from "../src/smtp/handler.ts";
import { reply } from "../src/smtp/reply.ts";
import { serveSmtp } from "../src/smtp/serve.ts";
import type { ServeOptions } from "../src/smtp/serve-options.ts";

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};

/** Takes everything and keeps nothing: only octets are counted. */
class DiscardHandler implements SmtpHandler {
  octets = 0;
  #accepted = reply(250, "2.0.0", "Ok: queued as 4bKxYz9w");
  connect = async () => undefined;
  helo = async () => undefined;
  mechanisms = () => [];
  startMechanism = () => undefined;
  authenticated = async () => undefined;
  mail = async () => undefined;
  rcpt = async () => undefined;
  data = async () => ({
    write: async (octets: Uint8Array) => {
      this.octets += octets.length;
    },
    end: async () => [this.#accepted],
    abort: () => undefined,
  });
  reset = () => undefined;
  close = () => undefined;
}

const OPTIONS: ServeOptions = {
  hostName: "mx.example.org",
  clock,
  random: new SeededRandom(1),
  limits: { maxCommands: Number.POSITIVE_INFINITY, maxTransactions: Number.POSITIVE_INFINITY },
};

function serve(channel: Channel): Promise<void> {
  return serveSmtp(channel, (_session: SmtpSession) => new DiscardHandler(), OPTIONS);
}

function message(octets: number): Uint8Array {
  const head =
    "From: a@example.org\r\nTo: b@example.net\r\nSubject: bench\r\nMessage-ID: <1@x>\r\n\r\n";
  const line = `${"The quick brown fox jumps over the lazy dog. ".repeat(2).slice(0, 72)}\r\n`;
  return Buffer.from(
    (head + line.repeat(Math.ceil(octets / line.length))).slice(0, octets - 2) + "\r\n",
  );
}

async function readUntil(channel: MemoryChannel, mark: string): Promise<void> {
  let heard = "";
  while (!heard.endsWith(mark) && !heard.includes(`\n${mark}`)) {
    const octets = await channel.read(0);
    if (octets === undefined) throw new Error(`closed: ${heard}`);
    heard += Buffer.from(octets).toString("latin1");
  }
}

/** A client that writes prepared octets: one round trip for the envelope, one for the message. */
async function serverAlone(count: number, content: Uint8Array): Promise<number> {
  const { client, server } = makeMemoryPipe();
  const ended = serve(server);
  await readUntil(client, "Posthorn\r\n");
  await client.write(Buffer.from("EHLO client.example\r\n"));
  await readUntil(client, "LIMITS RCPTMAX=1000\r\n");
  const envelope = Buffer.from("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
  const body = Buffer.concat([content, Buffer.from(".\r\n")]);
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    await client.write(envelope);
    await readUntil(client, "354 Send the message; end it with <CRLF>.<CRLF>\r\n");
    await client.write(body);
    await readUntil(client, "queued as 4bKxYz9w\r\n");
  }
  const seconds = (performance.now() - startedMs) / 1000;
  client.abort();
  await ended;
  return count / seconds;
}

/** Messages a second of processor time: what one core does when nobody else wants it. */
async function perCpuSecond(count: number, send: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  await send();
  const { user, system } = process.cpuUsage(before);
  return (count * 1e6) / (user + system);
}

async function bothEngines(
  count: number,
  content: Uint8Array,
  chunking: "prefer" | "when-needed",
): Promise<number> {
  const { client, server } = makeMemoryPipe();
  const ended = serve(server);
  const smtp = new SmtpClient(client, { clientName: "client.example", clock, chunking });
  await smtp.open();
  const address = { localPart: "b", domain: "example.net" };
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    const report = await smtp.deliver({
      reversePath: { localPart: "a", domain: "example.org" },
      recipients: [{ address }],
      content: {
        sizeOctets: content.length,
        body: "7bit",
        needsSmtpUtf8: false,
        chunks: () => [content],
      },
    });
    if (report.outcomes[0].status !== "accepted") throw new Error("not accepted");
  }
  const seconds = (performance.now() - startedMs) / 1000;
  await smtp.quit();
  await ended;
  return count / seconds;
}

export async function run(): Promise<void> {
  const sizes = [
    { name: "4 KB", octets: 4096, count: 60_000 },
    { name: "100 KB", octets: 100 * 1024, count: 4_000 },
    { name: "10 MB", octets: 10 * 1024 * 1024, count: 40 },
  ];
  console.log("messages per second of processor time, both ends in one process, memory Channel");
  for (const { name, octets, count } of sizes) {
    const content = message(octets);
    await serverAlone(Math.ceil(count / 5), content);
    await bothEngines(Math.ceil(count / 5), content, "when-needed");
    const half = count / 2;
    const alone = await perCpuSecond(count, () => serverAlone(count, content));
    const data = await perCpuSecond(half, () => bothEngines(half, content, "when-needed"));
    const bdat = await perCpuSecond(half, () => bothEngines(half, content, "prefer"));
    const rate = (perSecond: number): string =>
      `${perSecond.toFixed(0).padStart(6)}/s ${((perSecond * octets) / 1e6).toFixed(0).padStart(5)} MB/s`;
    console.log(
      `${name.padEnd(7)} server ${rate(alone)}   client and server, DATA ${rate(data)}   BDAT ${rate(bdat)}`,
    );
  }
}
