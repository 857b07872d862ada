/**
 * The power goes in the middle of a mixed load: whatever was not synced is gone. What was
 * acknowledged is there all the same, and nothing else is out of order. The last round lies to the
 * store about its syncs, to show that this test would see a store that does not sync.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import { CrashLedger } from "./crash-ledger.ts";
import { CuttableDisk } from "./cuttable-disk.ts";
import { openAgain, prepare, runUntilKilled } from "./doomed-process.ts";

const ROUNDS = Number(process.env.POWER_CUT_ROUNDS ?? 3);
const IDS_PER_ROUND = 1_000_000;
const LYING_DISK = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"].concat(
  ["-e", "inject=fsync,fdatasync:retval=0"],
);

test(`${ROUNDS} power cuts lose nothing that was acknowledged`, async (context) => {
  const home = mkdtempSync(join(tmpdir(), "posthorn-power-"));
  const disk = CuttableDisk.make(home, 512);
  if (disk === undefined) {
    rmSync(home, { recursive: true, force: true });
    return context.skip("this needs root, a loop device, mkfs.ext4 and python3");
  }
  const folder = join(disk.mountPoint, "data");
  const compileCache = join(home, "compile-cache");
  const random = new SeededRandom(20261124);
  const ledger = new CrashLedger();
  const round = async (number: number, heard: (line: string) => void, under?: string[]) => {
    let left = 1 + Math.floor(random.float() * 250);
    await runUntilKilled({
      folder,
      firstId: number * IDS_PER_ROUND,
      compileCache,
      ...(under && { under }),
      heard(line, { stop, kill }) {
        heard(line);
        if (--left !== 0) return;
        // A machine without power promises nothing. This one would: a sync that is under way while the
        // disk goes may end without an error, and be told before the process is killed.
        stop();
        disk.cut();
        kill();
      },
    });
    disk.restart();
  };
  try {
    await prepare(folder, compileCache);
    for (let number = 0; number < ROUNDS; number++) {
      await round(number, (line) => ledger.hear(line));
      await verifyAgain(folder, ledger);
    }
    assert.ok(ledger.acknowledged.size > ROUNDS * 10, `${ledger.acknowledged.size} acknowledged`);
    context.diagnostic(`${ledger.acknowledged.size} acknowledged in ${ROUNDS} power cuts`);

    const lied = new CrashLedger();
    await round(ROUNDS, (line) => lied.hear(line), LYING_DISK);
    assert.ok(lied.acknowledged.size > 0);
    await assert.rejects(verifyAgain(folder, lied), "a store that does not sync is found out");
  } finally {
    disk.remove();
    rmSync(home, { recursive: true, force: true });
  }
});

async function verifyAgain(folder: string, ledger: CrashLedger): Promise<void> {
  const store = await openAgain(folder);
  try {
    await ledger.verify(store);
  } finally {
    await store.close();
  }
}
