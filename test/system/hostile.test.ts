/**
 * A running server under clients that mean no good: random octets, half commands, resets in the
 * middle, TLS where none is, requests of other protocols, thousands of names in handshakes. It must
 * stay up, log no failure of its own, and serve the next good client.
 */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import { makePosthornFolder } from "./posthorn-process.ts";

const CONNECTIONS_PER_PORT = 60;

const OPENINGS = [
  "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  "EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<postmaster@posthorn.test>\r\nDATA\r\nhalf a line",
  "EHLO x\r\nSTARTTLS\r\nnot a handshake at all",
  "EHLO x\r\nAUTH PLAIN ====\r\n*\r\nAUTH LOGIN\r\n\xff\xfe\r\n",
  "BDAT 999999999999 LAST\r\n",
  "a LOGIN {99999999999}\r\n",
  "a AUTHENTICATE SCRAM-SHA-256\r\nAAAA\r\n",
  "((((((((((((((((((((((((((((((((\r\n",
  "a STARTTLS\r\n\x16\x03\x01\xff\xff",
  "USER __proto__\r\nPASS constructor\r\n",
  "STLS\r\n\0\0\0\0",
  "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
  "\r\n\r\n\r\n\r\n",
  "A".repeat(70_000),
];

test("random octets, half sessions and resets on every port: no failure of ours, and the next client is served", async (context) => {
  const folder = await makePosthornFolder(context);
  await folder.must("domain", "add", "posthorn.test");
  await folder.addAccount("anna@posthorn.test", "hostile-password");
  const server = await folder.start();
  const random = new SeededRandom(4711);
  const pick = (below: number): number => Math.floor(random.float() * below);

  const attack = (port: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      const opening = Buffer.from(OPENINGS[pick(OPENINGS.length)], "latin1");
      const noise = Buffer.from(random.bytes(pick(600)));
      const isReset = random.float() < 0.5;
      socket.on("error", () => {});
      socket.on("close", () => resolve());
      socket.on("connect", () => {
        if (random.float() < 0.7) socket.write(opening.subarray(0, pick(opening.length) + 1));
        if (random.float() < 0.7) socket.write(noise);
        setTimeout(() => (isReset ? socket.resetAndDestroy() : socket.destroy()), pick(60));
      });
      socket.resume();
    });
  for (const port of Object.values(server.ports)) {
    await Promise.all(Array.from({ length: CONNECTIONS_PER_PORT }, () => attack(port)));
  }

  const greeting = await new Promise<string>((resolve, reject) => {
    const socket = connect(server.ports.smtp, "127.0.0.1");
    socket.on("error", reject);
    socket.once("data", (octets: Buffer) => {
      resolve(octets.toString("latin1"));
      socket.destroy();
    });
  });
  assert.match(greeting, /^220 /);
  await server.stop();
  const failures = server
    .output()
    .split("\n")
    .filter((line) => line.includes('"level":"error"'));
  assert.deepEqual(failures, []);
});
