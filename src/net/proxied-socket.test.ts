import assert from "node:assert/strict";
import { connect as connectSocket } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { test } from "node:test";
import type { Channel } from "../base/channel.ts";
import { silentLog } from "../base/log.ts";
import { parseProxyHeader } from "../smtp/proxy-header.ts";
import { listen } from "./listen.ts";
import type { Listener, ListenOptions } from "./listen.ts";
import { ServerTls } from "./server-tls.ts";
import { testCertificate } from "./testing/socket-pair.ts";

const V1 = "PROXY TCP4 203.0.113.9 192.0.2.25 40000 993\r\n";
const V2 = Buffer.from(
  "0d0a0d0a000d0a515549540a2111000c" + "cb007109" + "c0000219" + "9c40" + "03e1",
  "hex",
);

/** Says who is there, then what it hears. */
async function tell(channel: Channel): Promise<void> {
  const { peer, local, tls } = channel;
  const ends = `${peer.address}:${peer.port} ${local.address}:${local.port}`;
  await channel.write(Buffer.from(`${ends} ${tls === undefined ? "clear" : "tls"}\n`));
  for (let piece = await channel.read(5_000); piece; piece = await channel.read(5_000)) {
    await channel.write(piece);
  }
}

async function open(
  tls: ListenOptions["tls"],
  more: Partial<ListenOptions> = {},
): Promise<Listener> {
  const certificates = [await testCertificate()];
  return listen({
    host: "127.0.0.1",
    port: 0,
    tls,
    ...(tls !== "none" && { serverTls: new ServerTls({ certificates }) }),
    log: silentLog,
    onChannel: tell,
    proxies: { has: (address) => address === "127.0.0.1", parse: parseProxyHeader },
    ...more,
  });
}

function dial(listener: Listener): Socket {
  return connectSocket(listener.endpoint.port, "127.0.0.1").on("error", () => {});
}

/** All that comes until the other end closes, or until `enough` of it has come. */
function heard(socket: Socket, enough: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (data: Buffer) => {
      text += data.toString("latin1");
      if (enough.test(text)) resolve(text);
    });
    socket.on("close", () => resolve(`closed after "${text}"`));
  });
}

test("PROXY: in the clear, cut anywhere, and what stands behind it is kept", async () => {
  const listener = await open("none");
  for (const header of [Buffer.from(V1), V2]) {
    for (const cut of [1, 5, 12, header.length]) {
      const socket = dial(listener);
      const answer = heard(socket, /early$/);
      socket.write(header.subarray(0, cut));
      await new Promise((resolve) => setTimeout(resolve, 5));
      socket.write(Buffer.concat([header.subarray(cut), Buffer.from("early")]));
      const [, port] = header === V2 ? ["v2", 993] : ["v1", 993];
      assert.equal(await answer, `203.0.113.9:40000 192.0.2.25:${port} clear\nearly`);
      socket.destroy();
    }
  }
  await listener.drain(0);
});

test("PROXY: before the TLS hello on a service that begins with TLS", async () => {
  const listener = await open("implicit");
  for (const header of [Buffer.from(V1), V2]) {
    const socket = dial(listener);
    socket.write(header);
    const secured = connectTls({ socket, rejectUnauthorized: false });
    assert.equal(await heard(secured, /\n/), "203.0.113.9:40000 192.0.2.25:993 tls\n");
    secured.destroy();
  }
  // Without a header there is no handshake.
  const bare = connectTls({
    port: listener.endpoint.port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
  }).on("error", () => {});
  assert.equal(await heard(bare, /\n/), 'closed after ""');
  await listener.drain(0);
});

test("PROXY: a proxy that speaks for itself is itself; no header, no service", async () => {
  const listener = await open("none");
  const own = dial(listener);
  own.write("PROXY UNKNOWN\r\n");
  assert.match(await heard(own, /\n/), /^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+ clear\n$/);
  own.destroy();
  const none = dial(listener);
  none.write("EHLO x\r\n");
  assert.equal(await heard(none, /\n/), 'closed after ""');
  const gone = dial(listener);
  gone.end("PROXY TCP4 ");
  assert.equal(await heard(gone, /\n/), 'closed after ""');
  await listener.drain(0);
});

test("PROXY: who is not named a proxy is not believed", async () => {
  const listener = await open("none", {
    proxies: { has: () => false, parse: parseProxyHeader },
  });
  const socket = dial(listener);
  socket.write(V1);
  assert.match(await heard(socket, /PROXY/), /^127\.0\.0\.1:/);
  socket.destroy();
  await listener.drain(0);
});

test("security row 90: behind a proxy each client is counted, not the proxy", async () => {
  const listener = await open("none", {
    maxPerClient: 1,
    refusal: (reason) => Buffer.from(`${reason}\n`),
  });
  const first = dial(listener);
  first.write(V1);
  assert.match(await heard(first, /\n/), /^203\.0\.113\.9/);
  const second = dial(listener);
  second.write(V1);
  assert.match(await heard(second, /\n/), /^too-many-from-client/);
  const other = dial(listener);
  other.write("PROXY TCP4 203.0.113.10 192.0.2.25 40000 993\r\n");
  assert.match(await heard(other, /\n/), /^203\.0\.113\.10/);
  for (const socket of [first, second, other]) socket.destroy();
  await listener.drain(1000);
});
