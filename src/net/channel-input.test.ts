import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ChannelInput } from "./channel-input.ts";

const piece = (octet: number, length = 1000): Uint8Array => new Uint8Array(length).fill(octet);

test("channel input: pieces come in order, however far the reader lags behind", async () => {
  const input = new ChannelInput();
  let pushed = 0;
  let read = 0;
  for (let round = 0; round < 2000; round++) {
    // Two in, one out, until there is a backlog; then one in, one out.
    for (let n = 0; n < (round < 300 ? 2 : 1); n++) input.push(piece(pushed++ & 0xff, 10));
    assert.equal((await input.read(1000))?.[0], read++ & 0xff);
  }
  assert.equal(input.pendingOctets, (pushed - read) * 10);
});

test("Invariant 7: what a slow reader has read is not kept, although the queue is never empty", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const input = new ChannelInput();
  const seen: WeakRef<Uint8Array>[] = [];
  const push = (): void => {
    const octets = piece(1);
    seen.push(new WeakRef(octets));
    input.push(octets);
  };
  push();
  for (let n = 0; n < 100; n++) {
    push();
    await input.read(1000);
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const kept = seen.filter((reference) => reference.deref() !== undefined).length;
  assert.ok(kept < 10, `${kept} of 101 pieces are still there`);
});

test("a few octets do not keep the read buffer they came in", async () => {
  const input = new ChannelInput();
  const waiting = input.read(1000);
  input.push(piece(7, 65_536).subarray(100, 103));
  const octets = await waiting;
  assert.deepEqual(octets, new Uint8Array([7, 7, 7]));
  assert.ok((octets?.buffer.byteLength ?? 0) < 100);
});
