/**
 * kill -9 in the middle of a mixed load of twenty callers, at random and at every named point of a
 * commit: `crash-ledger.ts` says what must hold after it; torn tails are cut, nothing lies about.
 */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import type { Store } from "../../src/store/contract.ts";
import type { CommitPoint } from "../../src/store/sqlite/commit-point.ts";
import { CrashLedger } from "./crash-ledger.ts";
import { openAgain, prepare, runUntilKilled } from "./doomed-process.ts";

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 18);
const POINTS: readonly CommitPoint[] = [
  "octets-appended",
  "rows-written",
  "octets-synced",
  "committed",
  "segment-synced",
  "redo-dropped",
  "segment-sealing",
  "compaction-copied",
  "compaction-committed",
];
const IDS_PER_ROUND = 1_000_000;

test(`${ROUNDS} rounds of kill -9 lose nothing that was acknowledged`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-crash-"));
  const random = new SeededRandom(20261124);
  const ledger = new CrashLedger();
  const compileCache = join(folder, "compile-cache");
  try {
    await prepare(folder, compileCache);
    for (let round = 0; round < ROUNDS; round++) {
      const point = round % 2 === 0 ? POINTS[(round / 2) % POINTS.length] : undefined;
      const commit = 1 + Math.floor(random.float() * 12);
      const hooks = new URL(`./kill-at.ts?point=${point}&commit=${commit}`, import.meta.url);
      let left = 1 + Math.floor(random.float() * 250);
      const signal = await runUntilKilled({
        folder,
        firstId: round * IDS_PER_ROUND,
        compileCache,
        ...(point && { hooks }),
        heard(line, { kill }) {
          ledger.hear(line);
          // At random: after so many lines, wherever the writer is at that moment.
          if (point === undefined && --left === 0) kill();
        },
      });
      assert.equal(signal, "SIGKILL");
      // Every other time the next process finds what two have left.
      if (round % 2 === 0 && round !== ROUNDS - 1) continue;
      const store = await openAgain(folder);
      try {
        await ledger.verify(store);
        checkFiles(folder, store);
      } finally {
        await store.close();
      }
    }
    assert.ok(ledger.acknowledged.size > ROUNDS * 5, `${ledger.acknowledged.size} acknowledged`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** After recovery no file is longer than what was committed, and none lies about that nobody knows. */
function checkFiles(folder: string, store: Store): void {
  assert.deepEqual(readdirSync(join(folder, "spool")), []);
  let stored = 0;
  for (const account of store.directory.accounts()) {
    stored += store.directory.usage(account.id).octets;
  }
  let onDisk = 0;
  for (const file of readdirSync(join(folder, "segments"))) {
    onDisk += statSync(join(folder, "segments", file)).size;
  }
  // Prefixes are not in segments, so segments hold a little less than the accounts do.
  assert.ok(onDisk <= stored, `${onDisk} octets in segments, ${stored} in mailboxes`);
}
