/**
 * kill -9 in the middle of twenty callers' accepts, at random and at every named point of a commit:
 * whatever was acknowledged is there exactly once, as it was sent; whatever was not is there once
 * or not at all; UIDs ascend; `check` finds nothing; torn tails are cut.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";

import { equalBytes } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import type { Store } from "../../src/store/contract.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";
import type { CommitPoint } from "../../src/store/sqlite/commit-point.ts";
import { idOf, madeMessage } from "./made-message.ts";

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 12);
const POINTS: readonly CommitPoint[] = [
  "octets-appended",
  "rows-written",
  "octets-synced",
  "committed",
];
const IDS_PER_ROUND = 1_000_000;

test(`${ROUNDS} rounds of kill -9 lose nothing that was acknowledged`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-crash-"));
  const random = new SeededRandom(20261124);
  const ledger = new Ledger();
  try {
    await prepare(folder);
    for (let round = 0; round < ROUNDS; round++) {
      const firstId = round * IDS_PER_ROUND;
      const point = round % 2 === 0 ? POINTS[(round / 2) % POINTS.length] : undefined;
      const commit = 1 + Math.floor(random.float() * 12);
      const acknowledged = await runUntilKilled(folder, firstId, random, point, commit);
      for (const id of acknowledged) ledger.acknowledged.add(id);
      // Every other time the next process finds what two have left.
      if (round % 2 === 0 && round !== ROUNDS - 1) continue;
      const store = await open(folder);
      await ledger.verify(store);
      checkFiles(folder, store);
      await store.close();
    }
    assert.ok(ledger.acknowledged.size > ROUNDS * 5, `${ledger.acknowledged.size} acknowledged`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function open(folder: string): Promise<Store> {
  return openStore({ folder, clock: systemClock, random: systemRandom, log: silentLog });
}

async function prepare(folder: string): Promise<void> {
  const store = await open(folder);
  await store.directory.addDomain({ name: "crash.test" });
  for (const name of ["a", "b", "c"]) {
    await store.directory.addAccount({ address: `${name}@crash.test`, password: "x" });
  }
  await store.close();
  // A process that is killed never saves what it compiled, and each round would pay again for that.
  const warm = ["writer", "open-store"].map(
    (name) => new URL(`../../src/store/sqlite/${name}.ts`, import.meta.url).href,
  );
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", warm.map((url) => `await import("${url}")`).join(";")],
    { stdio: "inherit", env: environment(folder) },
  );
  await once(child, "exit");
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: join(folder, "compile-cache") };
}

/** Returns the ids whose acknowledgement came out of the process before it died. */
async function runUntilKilled(
  folder: string,
  firstId: number,
  random: SeededRandom,
  point: CommitPoint | undefined,
  commit: number,
): Promise<number[]> {
  const hooks = new URL(`./kill-at.ts?point=${point ?? ""}&commit=${commit}`, import.meta.url);
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "accepting-child.ts"),
      folder,
      String(firstId),
      ...(point === undefined ? [] : [hooks.href]),
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: environment(folder) },
  );
  const exited = once(child, "exit");
  const acknowledged: number[] = [];
  const killAfter = 1 + Math.floor(random.float() * 250);
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("ack ")) continue;
    acknowledged.push(Number(line.slice(4)));
    // At random: after so many acknowledgements, wherever the writer is at that moment.
    if (point === undefined && acknowledged.length === killAfter) child.kill("SIGKILL");
  }
  const [, signal] = (await exited) as [number | null, string | null];
  assert.equal(signal, "SIGKILL");
  return acknowledged;
}

class Ledger {
  readonly acknowledged = new Set<number>();
  /** Which made message a stored one is, once read and compared. */
  readonly #known = new Map<number, number>();
  /** What a UID of a mailbox was first given to (Invariant 3). */
  readonly #given = new Map<string, number>();

  async verify(store: Store): Promise<void> {
    assert.deepEqual(await store.check(), []);
    const present = new Set<number>();
    for (const { id: accountId } of store.directory.accounts()) {
      for (const name of ["INBOX", "Archive"]) {
        const info = store.mail.mailbox(accountId, name);
        assert.ok(info);
        const box = await store.mail.open(info.grant);
        assert.ok(box);
        for (let index = 0; index < box.count; index++) {
          assert.ok(index === 0 || box.uids[index] > box.uids[index - 1], "UIDs ascend");
          const id = await this.#identify(store, box.messageIds[index]);
          assert.ok(!present.has(id), `message ${id} is there once`);
          present.add(id);
          const key: string = `${box.info.id}/${box.uids[index]}`;
          assert.equal(this.#given.get(key) ?? id, id, `UID ${key} is not given out again`);
          this.#given.set(key, id);
        }
        box.release();
      }
    }
    for (const id of this.acknowledged) {
      assert.ok(present.has(id), `acknowledged message ${id} is there`);
    }
  }

  async #identify(store: Store, messageId: number): Promise<number> {
    const known = this.#known.get(messageId);
    if (known !== undefined) return known;
    const octets = await store.octets.read(messageId);
    const id = idOf(octets);
    assert.ok(equalBytes(octets, madeMessage(id)), `message ${id} is as it was sent`);
    assert.equal(store.queue.message(`Q${id}`) !== undefined, id % 4 === 0, `${id} is queued`);
    this.#known.set(messageId, id);
    return id;
  }
}

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
