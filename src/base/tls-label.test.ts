import assert from "node:assert/strict";
import { test } from "node:test";
import { makeMemoryPipe } from "./testing/memory-channel.ts";
import { tlsLabel } from "./tls-label.ts";

test("tls=: none in the clear, version and cipher under TLS, and whether a session was taken up again", async () => {
  const clear = makeMemoryPipe();
  assert.equal(tlsLabel(clear.client.tls), "none");
  await clear.client.startTls();
  assert.equal(tlsLabel(clear.client.tls), "TLSv1.3 TLS_AES_256_GCM_SHA384");
  const again = makeMemoryPipe({ tls: { isResumed: true }, implicitTls: true });
  assert.equal(tlsLabel(again.server.tls), "TLSv1.3 TLS_AES_256_GCM_SHA384 resumed");
});
