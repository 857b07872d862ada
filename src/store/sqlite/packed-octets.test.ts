import assert from "node:assert/strict";
import { test } from "node:test";

import fc from "fast-check";

import { framesOf, pack, tableOctets, unpack, unpackPart } from "./packed-octets.ts";

function text(octets: number): Uint8Array {
  return Buffer.from(
    "The quick brown fox, number 12345, jumps over it. \r\n".repeat(octets / 50 + 1),
  ).subarray(0, octets);
}

const SIZES = [1000, 262_143, 262_144, 262_145, 1_000_000];

test("what is packed comes out as it went in, whole and in parts", () => {
  for (const size of SIZES) {
    const octets = text(size);
    const packed = pack(octets);
    assert.ok(
      packed !== undefined && packed.length < size / 2,
      `${size} octets became ${packed?.length}`,
    );
    assert.deepEqual(Buffer.from(unpack(packed, size)), Buffer.from(octets));
    fc.assert(
      fc.property(fc.nat(size), fc.nat(size), (one, other) => {
        const [start, end] = one <= other ? [one, other] : [other, one];
        if (start === end) return;
        const table = packed.subarray(0, tableOctets(size));
        const frames = framesOf(table, size, start, end);
        const part = unpackPart(
          table,
          packed.subarray(frames.from, frames.to),
          frames,
          size,
          start,
          end,
        );
        assert.deepEqual(Buffer.from(part), Buffer.from(octets.subarray(start, end)));
      }),
      { numRuns: 20, seed: 7 },
    );
  }
});

test("what would hardly become shorter stays as it is", () => {
  const noise = new Uint8Array(5000);
  let state = 1;
  for (let index = 0; index < noise.length; index++) {
    state = (state * 1103515245 + 12345) % 2147483648;
    noise[index] = state >> 16;
  }
  assert.equal(pack(noise), undefined);
  assert.equal(pack(Buffer.from("short")), undefined);
});

test("spoilt octets are an error of the store, never a hang or other octets", () => {
  const octets = text(300_000);
  const packed = pack(octets);
  assert.ok(packed);
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const broken = Uint8Array.from(packed);
      broken[at] ^= flip;
      try {
        assert.equal(unpack(broken, octets.length).length, octets.length);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "store-corrupt");
      }
    }),
    { numRuns: 200, seed: 7 },
  );
  assert.throws(() => unpack(packed.subarray(0, 3), octets.length), { code: "store-corrupt" });
});
