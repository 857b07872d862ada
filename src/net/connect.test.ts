import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeUtf8 } from "../base/bytes.ts";
import { connect } from "./connect.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "posthorn-connect-"));
});
after(() => rm(folder, { recursive: true, force: true }));

test("a Unix socket by its path", async () => {
  const path = join(folder, "socket");
  const server = createServer((socket) => socket.end("220 here\r\n"));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const channel = await connect({ host: path, port: 0, timeoutMs: 5000 });
  const octets = await channel.read(5000);
  assert.equal(octets && decodeUtf8(octets), "220 here\r\n");
  await channel.close();
  await new Promise((resolve) => server.close(resolve));
});

test("what cannot be connected to is named: a path, an address", async () => {
  const path = join(folder, "nothing");
  await assert.rejects(connect({ host: path, port: 0, timeoutMs: 5000 }), {
    code: "connect-failed",
    message: new RegExp(`^connect to ${path}: `),
  });
  await assert.rejects(connect({ host: "127.0.0.1", port: 1, timeoutMs: 5000 }), {
    code: "connect-failed",
    message: "connect to 127.0.0.1:1: connection refused",
  });
});
