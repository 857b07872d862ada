import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isMailError } from "../../base/errors.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { Packer } from "./packer.ts";
import { Staged } from "./staging.ts";

function spoolIn(t: TestContext): { folder: string; newName: () => string } {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-staging-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let serial = 0;
  return { folder, newName: () => `${++serial}.spool` };
}

test("staged: pieces of any size, waited for or not, are in the file in their order", async (t) => {
  const spool = spoolIn(t);
  const random = new SeededRandom(7);
  for (let round = 0; round < 30; round++) {
    const staged = new Staged(spool);
    const whole: Uint8Array[] = [];
    for (let octets = 0; octets < 1_200_000;) {
      const large = random.bytes(1 + Math.floor(random.float() * 200_000));
      // Now and then a small part of something larger, which is not to be kept alive.
      const piece = random.float() < 0.3 ? large.subarray(0, large.length >> 3) : large;
      const written = staged.write(piece);
      if (random.float() < 0.6) await written;
      whole.push(piece);
      octets += piece.length;
    }
    const expected = Buffer.concat(whole);
    assert.deepEqual(Buffer.from(await staged.head(1000)), expected.subarray(0, 1000));
    await staged.settle();
    const source = staged.source(new Packer());
    assert.ok(source.kind === "file");
    assert.equal(source.size, expected.length);
    assert.ok(readFileSync(source.file).equals(expected));
    await staged.discard();
  }
  assert.deepEqual(readdirSync(spool.folder), []);
});

test("Invariant 7: staged: a sender that is faster than the disk has to wait", async (t) => {
  const staged = new Staged(spoolIn(t));
  let waits = 0;
  for (let index = 0; index < 64; index++) {
    const written = staged.write(new Uint8Array(65_536));
    const isAtOnce = await Promise.race([written.then(() => true), Promise.resolve(false)]);
    if (!isAtOnce) waits++;
    await written;
  }
  assert.ok(waits > 0);
  await staged.discard();
});

test("staged: once the spool has failed, every write says so, and settling too", async (t) => {
  const spool = spoolIn(t);
  writeFileSync(join(spool.folder, "1.spool"), "in the way");
  const staged = new Staged(spool);
  const failed = (error: unknown): boolean => isMailError(error);
  await assert.rejects(async () => {
    for (let index = 0; index < 20; index++) await staged.write(new Uint8Array(65_536));
  }, failed);
  await assert.rejects(staged.write(new Uint8Array(1)), failed);
  await assert.rejects(staged.settle(), failed);
  await staged.discard();
});
