import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";

import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import type { MailboxChange, OpenMailbox } from "../mail.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";
import { MailboxModel } from "../testing/mailbox-model.ts";
import { acceptFor, deliveryTo, makeAccount, MESSAGE } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore } from "./open-store.ts";

const STEPS = 400;
const FLAGS = [
  "\\Seen",
  "\\Deleted",
  "$One",
  "$Two",
  ...Array.from({ length: 30 }, (_, i) => `k${i}`),
];

/** Two processes' stores on one folder, three mailboxes, and what each must hold. */
class World {
  readonly random: SeededRandom;
  readonly stores: readonly Store[];
  readonly grants: readonly MailboxGrant[];
  readonly boxes: readonly (readonly OpenMailbox[])[];
  readonly models: readonly MailboxModel[] = [0, 1, 2].map(() => new MailboxModel());

  constructor(
    random: SeededRandom,
    stores: readonly Store[],
    grants: readonly MailboxGrant[],
    boxes: readonly (readonly OpenMailbox[])[],
  ) {
    this.random = random;
    this.stores = stores;
    this.grants = grants;
    this.boxes = boxes;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random.float() * items.length)];
  }

  somewhere(): number {
    return Math.floor(this.random.float() * this.grants.length);
  }

  someFlags(): string[] {
    return FLAGS.filter(() => this.random.float() < 0.1);
  }

  someUids(place: number): number[] {
    const uids = this.models[place].messages.map(({ uid }) => uid);
    return [...uids.filter(() => this.random.float() < 0.4), 4711];
  }
}

type Step = (world: World, store: Store) => Promise<void>;

const append: Step = async (world, store) => {
  const place = world.somewhere();
  const flags = world.someFlags();
  const { uids } = await store.mail.append(world.grants[place], [
    { message: store.octets.stageOctets(MESSAGE), flags, internalDateMs: 1 },
  ]);
  assert.deepEqual(uids, [world.models[place].add(MESSAGE.length, flags)]);
};

const changeFlags: Step = async (world, store) => {
  const place = world.somewhere();
  const model = world.models[place];
  const uids = world.someUids(place);
  const flags = world.someFlags();
  const action = world.pick(["add", "remove", "replace"] as const);
  const result = await store.mail.changeFlags(world.grants[place], uids, { action, flags });
  const changed: number[] = [];
  for (const message of model.messages) {
    if (!uids.includes(message.uid)) continue;
    const before = [...message.flags].sort().join(" ");
    if (action === "replace") message.flags = new Set(flags);
    for (const flag of flags) {
      if (action === "remove") message.flags.delete(flag);
      else message.flags.add(flag);
    }
    if ([...message.flags].sort().join(" ") !== before) changed.push(message.uid);
  }
  assert.deepEqual(result.changed, changed);
};

const copyOrMove: Step = async (world, store) => {
  const from = world.somewhere();
  const to = world.somewhere();
  const uids = world.someUids(from);
  const removes = world.random.float() < 0.5;
  const model = world.models[from];
  const taken = model.messages.filter(({ uid }) => uids.includes(uid));
  const result = await (removes
    ? store.mail.move(world.grants[from], uids, world.grants[to])
    : store.mail.copy(world.grants[from], uids, world.grants[to]));
  assert.deepEqual(
    result.to,
    taken.map(({ size, flags }) => world.models[to].add(size, [...flags])),
  );
  assert.deepEqual(
    result.from,
    taken.map(({ uid }) => uid),
  );
  if (removes) remove(world, store, from, result.from);
};

const expunge: Step = async (world, store) => {
  const place = world.somewhere();
  const uids = world.random.float() < 0.5 ? ("all" as const) : world.someUids(place);
  const removed = await store.mail.expunge(world.grants[place], uids, true);
  assert.deepEqual(
    removed,
    world.models[place].messages
      .filter(({ uid, flags }) => flags.has("\\Deleted") && (uids === "all" || uids.includes(uid)))
      .map(({ uid }) => uid),
  );
  remove(world, store, place, removed);
};

function remove(world: World, store: Store, place: number, uids: readonly number[]): void {
  const modSeq = store.mail.status(world.grants[place])?.highestModSeq ?? 0;
  world.models[place].remove(uids, modSeq);
}

function check(world: World, modSeqs: readonly number[]): void {
  world.grants.forEach((grant, place) => {
    const model = world.models[place];
    for (const [index, store] of world.stores.entries()) {
      model.checkAgainst(world.boxes[index][place]);
      const status = store.mail.status(grant);
      assert.equal(status?.messages, model.messages.length);
      assert.equal(status?.unseen, model.unseen);
      assert.equal(status?.deleted, model.deleted);
      const since = world.pick(modSeqs);
      const vanished = model.vanished.filter(({ modSeq }) => modSeq > since);
      assert.deepEqual(
        store.mail.expungedSince(grant, since),
        vanished.map(({ uid }) => uid).sort((a, b) => a - b),
      );
    }
  });
}

async function makeWorld(folder: string, seed: number): Promise<World> {
  const open = (): Promise<Store> =>
    openStore({
      folder,
      clock: new TestClock(),
      random: new SeededRandom(),
      log: silentLog,
      watchIntervalMs: 0,
      segmentOctets: 500,
    });
  const stores = [await open(), await open()];
  const account = await makeAccount(stores[0]);
  const grants = stores[0].mail
    .mailboxes(account.id)
    .slice(0, 3)
    .map(({ grant }) => grant);
  const boxes: OpenMailbox[][] = [];
  for (const store of stores) {
    const opened = await Promise.all(grants.map((grant) => store.mail.open(grant)));
    boxes.push(opened.filter((box) => box !== undefined));
  }
  return new World(new SeededRandom(seed), stores, grants, boxes);
}

for (const seed of [1, 2]) {
  void test(`${STEPS} random operations by two processes end where the model says (seed ${seed})`, async () => {
    const folder = makeTempFolder("random");
    const world = await makeWorld(folder, seed);
    const seen: number[] = [];
    const accountId = world.boxes[0][0].info.accountId;
    world.stores[1].mail.onAccountChange(accountId, (change: MailboxChange) =>
      seen.push(change.modSeq),
    );
    for (let step = 0; step < STEPS; step++) {
      await world.pick([append, append, changeFlags, copyOrMove, expunge])(
        world,
        world.pick(world.stores),
      );
      if (step % 10 !== 0) continue;
      // Opening looks for what the other process did.
      for (const store of world.stores) (await store.mail.open(world.grants[0]))?.release();
      if (seen.length > 0) check(world, seen);
    }
    // Each change was told once, in order, without a gap (Invariant 4).
    assert.deepEqual(
      seen,
      Array.from({ length: seen.length }, (_, index) => seen[0] + index),
    );
    assert.deepEqual(await world.stores[0].check(), []);
    for (const store of world.stores) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

test("two processes at once: UIDs are unique, both see the same in the end", async () => {
  const folder = makeTempFolder("both");
  const world = await makeWorld(folder, 3);
  const [first, second] = world.stores;
  const account = first.directory.account("alice@example.org");
  assert.ok(account);
  const accepted = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      acceptFor(index % 2 === 0 ? first : second, { deliveries: [deliveryTo(account)] }),
    ),
  );
  const uids = accepted.map(({ deliveries }) => deliveries[0].uid).sort((a, b) => a - b);
  assert.deepEqual(
    uids,
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
  for (const store of world.stores) (await store.mail.open(world.grants[0]))?.release();
  for (const [box] of world.boxes) {
    assert.deepEqual(Array.from(box.uids.subarray(0, box.count)), uids);
  }
  assert.deepEqual(await second.check(), []);
  for (const store of world.stores) await store.close();
  rmSync(folder, { recursive: true, force: true });
});
