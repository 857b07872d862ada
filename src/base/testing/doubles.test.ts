// The doubles are product files that other tests stand on, so they answer for themselves.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUtf8 } from "../bytes.ts";
import { shuffled } from "../random.ts";
import { makeMemoryPipe } from "./memory-channel.ts";
import { SeededRandom } from "./seeded-random.ts";
import { TestClock } from "./test-clock.ts";
import { ZoneResolver } from "./zone-resolver.ts";

test("a memory pipe carries octets in order, in pieces of the asked size, and ends", async () => {
  const { client, server } = makeMemoryPipe({ chunkOctets: 2 });
  await client.write(encodeUtf8("EHLO\r\n"));
  const pieces: number[] = [];
  for (let read = 0; read < 3; read++) pieces.push((await server.read(1000))?.length ?? 0);
  assert.deepEqual(pieces, [2, 2, 2]);
  await client.close();
  assert.equal(await server.read(1000), undefined);
  await assert.rejects(server.write(encodeUtf8("late")), { code: "channel-closed" });
});

test("STARTTLS drops what came before it", async () => {
  const { client, server } = makeMemoryPipe();
  await client.write(encodeUtf8("STARTTLS\r\nMAIL FROM:<>\r\n"));
  assert.equal(server.pendingOctets, 24);
  await server.startTls();
  assert.equal(server.pendingOctets, 0);
  assert.equal(server.tls?.protocol, "TLSv1.3");
});

test("the test clock fires timers in the order they fall due, and sleeps end", async () => {
  const clock = new TestClock();
  const fired: string[] = [];
  clock.setTimer(3000, () => fired.push("late"));
  clock.setTimer(1000, () => fired.push("early"));
  const cancel = clock.setTimer(2000, () => fired.push("cancelled"));
  void clock.sleep(2500).then(() => fired.push("slept"));
  cancel();
  await clock.advance(5000);
  assert.deepEqual(fired, ["early", "slept", "late"]);
});

test("a sleeper wakes when its signal aborts", async () => {
  const clock = new TestClock();
  const stop = new AbortController();
  const slept = clock.sleep(1_000_000, stop.signal);
  stop.abort();
  await slept;
  assert.equal(clock.nextDueMs, undefined);
});

test("a zone tells found, nodata, nxdomain, failure and a CNAME loop apart", async () => {
  const resolver = new ZoneResolver({
    "a.example": { a: ["192.0.2.1"] },
    "www.example": { cname: "a.example" },
    "down.example": { fails: true },
    "loop.example": { cname: "loop.example" },
  });
  assert.equal((await resolver.a("a.example")).status, "found");
  assert.equal((await resolver.mx("a.example")).status, "nodata");
  assert.equal((await resolver.a("none.example")).status, "nxdomain");
  assert.equal((await resolver.a("down.example")).status, "failed");
  assert.equal((await resolver.a("loop.example")).status, "failed");
  const alias = await resolver.a("www.example");
  assert.equal(alias.status === "found" && alias.canonicalName, "a.example");
});

test("a shuffle keeps the members and repeats with the seed", () => {
  const once = shuffled([1, 2, 3, 4, 5], new SeededRandom(7));
  assert.deepEqual(
    [...once].sort((a, b) => a - b),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(once, shuffled([1, 2, 3, 4, 5], new SeededRandom(7)));
});
