import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { silentLog } from "../../base/log.ts";
import { RecordingLog } from "../../base/testing/recording-log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Store } from "../contract.ts";
import type { MailboxInfo } from "../mail.ts";
import type { MessageId } from "../octets.ts";
import { inboxOf, makeAccount } from "../testing/store-fixture.ts";
import { makeTempFolder } from "../testing/temp-folder.ts";
import { openStore, type StoreOptions } from "./open-store.ts";

const MESSAGE_OCTETS = 4000;

type World = {
  readonly store: Store;
  readonly clock: TestClock;
  readonly folder: string;
  readonly inbox: MailboxInfo;
  octetsOnDisk(): number;
  /** Lets compaction go on until the disk no longer changes. */
  settle(): Promise<void>;
};

async function inWorld(
  options: Partial<StoreOptions>,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const folder = makeTempFolder("compaction");
  const clock = new TestClock();
  const store = await openStore({
    folder,
    clock,
    random: new SeededRandom(),
    log: silentLog,
    segmentOctets: 200_000,
    compaction: { minDeadOctets: 10_000 },
    ...options,
  });
  const segments = join(folder, "segments");
  const octetsOnDisk = (): number =>
    readdirSync(segments).reduce((sum, file) => {
      // One may go between the list and the look.
      const found = statSync(join(segments, file), { throwIfNoEntry: false });
      return sum + (found?.size ?? 0);
    }, 0);
  try {
    const account = await makeAccount(store);
    await body({
      store,
      clock,
      folder,
      inbox: inboxOf(store, account),
      octetsOnDisk,
      async settle() {
        for (let quiet = 0, last = -1; quiet < 6;) {
          await clock.advance(61_000);
          // The bite is the writer thread's: give it time, then ask for something behind it.
          await sleep(5);
          await store.mail.subscribe(account.id, "nowhere", true);
          quiet = octetsOnDisk() === last ? quiet + 1 : 0;
          last = octetsOnDisk();
        }
      },
    });
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function messageOf(serial: number): Uint8Array {
  const text = `Subject: message ${serial}\r\n\r\n`;
  return Buffer.from(text + `${serial} `.repeat(MESSAGE_OCTETS).slice(0, MESSAGE_OCTETS));
}

/** Appends messages 1 to `count`, one by one; their UIDs are their numbers. */
async function fill({ store, inbox }: World, count: number): Promise<Map<number, MessageId>> {
  for (let serial = 1; serial <= count; serial += 10) {
    await store.mail.append(
      inbox.grant,
      Array.from({ length: 10 }, (_, index) => ({
        message: store.octets.stageOctets(messageOf(serial + index)),
        flags: [],
        internalDateMs: 0,
      })),
    );
  }
  const mailbox = await store.mail.open(inbox.grant);
  assert.ok(mailbox);
  const ids = new Map<number, MessageId>();
  for (let index = 0; index < mailbox.count; index++) {
    ids.set(mailbox.uids[index], mailbox.messageIds[index] as MessageId);
  }
  mailbox.release();
  return ids;
}

async function allIsThere({ store }: World, ids: ReadonlyMap<number, MessageId>): Promise<void> {
  for (const [uid, id] of ids) {
    assert.deepEqual(Buffer.from(await store.octets.read(id)), Buffer.from(messageOf(uid)));
  }
  assert.deepEqual(await store.check(), []);
}

const keepTenths = (uid: number): boolean => uid % 10 === 0;

async function expungeMost(world: World, ids: Map<number, MessageId>): Promise<void> {
  const dead = [...ids.keys()].filter((uid) => !keepTenths(uid));
  await world.store.mail.expunge(world.inbox.grant, dead, false);
  for (const uid of dead) ids.delete(uid);
}

test("expunged octets are given back, living ones stay what they are", () =>
  inWorld({}, async (world) => {
    const ids = await fill(world, 400);
    const before = world.octetsOnDisk();
    await expungeMost(world, ids);
    await world.settle();
    await allIsThere(world, ids);
    // 400 messages of 4 KB; 40 live. The open segment and the zeros written ahead in it are left out.
    assert.ok(before - world.octetsOnDisk() > 1_000_000, `${before} to ${world.octetsOnDisk()}`);
  }));

test("what a large expunge lets go of is given back unless another mailbox holds it", () =>
  inWorld({}, async (world) => {
    const { store, inbox } = world;
    const ids = await fill(world, 400);
    const before = world.octetsOnDisk();
    const kept = await store.mail.createMailbox(inbox.accountId, "Kept");
    const held = [...ids.keys()].filter(keepTenths);
    const copied = await store.mail.copy(inbox.grant, held, kept.grant);
    await store.mail.expunge(inbox.grant, "all", false);
    // Not yet looked at is no fault.
    assert.deepEqual(await store.check(), []);
    await world.settle();
    assert.ok(before - world.octetsOnDisk() > 1_000_000, `${before} to ${world.octetsOnDisk()}`);
    await allIsThere(world, new Map([...ids].filter(([uid]) => keepTenths(uid))));
    await store.mail.expunge(kept.grant, copied.to, false);
    for (const [uid, id] of ids) {
      if (keepTenths(uid)) await assert.rejects(store.octets.read(id), { code: "not-found" });
    }
    assert.deepEqual(await store.check(), []);
  }));

test("whoever reads while segments are emptied reads the right octets", () =>
  inWorld({}, async (world) => {
    const ids = await fill(world, 400);
    await expungeMost(world, ids);
    let isDone = false;
    const reading = (async () => {
      while (!isDone) {
        for (const [uid, id] of ids) {
          const octets = await world.store.octets.read(id, 0, 30);
          assert.deepEqual(Buffer.from(octets), Buffer.from(messageOf(uid).subarray(0, 30)));
        }
      }
    })();
    await world.settle();
    isDone = true;
    await reading;
  }));

test("what has lain for a day is packed, reads as before, and is moved on as it is", () =>
  inWorld({}, async (world) => {
    const ids = await fill(world, 400);
    const before = world.octetsOnDisk();
    await world.settle();
    assert.equal(world.octetsOnDisk(), before);
    await world.clock.advance(25 * 60 * 60_000);
    await world.settle();
    assert.ok(before - world.octetsOnDisk() > 1_000_000, `${before} to ${world.octetsOnDisk()}`);
    await allIsThere(world, ids);
    for (const id of ids.values()) {
      const whole = await world.store.octets.read(id);
      assert.deepEqual(await world.store.octets.read(id, 1000, 1500), whole.slice(1000, 1500));
    }
    const many = [...ids].map(([uid, id]) => ({ uid, read: { id, start: uid % 50, end: 900 } }));
    const answers = await world.store.octets.readMany(many.map(({ read }) => read));
    for (const [index, { uid, read }] of many.entries()) {
      const wanted = messageOf(uid).subarray(read.start, read.end);
      assert.deepEqual(Buffer.from(answers[index] as Uint8Array), Buffer.from(wanted));
    }
    await expungeMost(world, ids);
    await world.clock.advance(70_000);
    await world.settle();
    await allIsThere(world, ids);
  }));

test("a segment with more living octets than dead ones is left alone", () =>
  inWorld({}, async (world) => {
    const ids = await fill(world, 200);
    const before = world.octetsOnDisk();
    const dead = [...ids.keys()].filter((uid) => uid % 3 === 0);
    await world.store.mail.expunge(world.inbox.grant, dead, false);
    await world.settle();
    assert.equal(world.octetsOnDisk(), before);
  }));

/** Too large to be packed. */
function largeMessage(letter: string): Uint8Array {
  return Buffer.alloc(8_500_000, `${letter.repeat(70)}\r\n`);
}

async function appendAll({ store, inbox }: World, messages: readonly Uint8Array[]): Promise<void> {
  const requests = messages.map((octets) => ({
    message: store.octets.stageOctets(octets),
    flags: [],
    internalDateMs: 0,
  }));
  await store.mail.append(inbox.grant, requests);
}

test("a large message keeps no dead octets beside it on the disk", () =>
  inWorld({}, async (world) => {
    const { store, inbox, clock } = world;
    const large = largeMessage("b");
    await appendAll(world, [largeMessage("a"), large]);
    await appendAll(world, [messageOf(0)]);
    const before = world.octetsOnDisk();
    // It is too large to be packed, and all of its segment lives.
    await world.settle();
    await clock.advance(25 * 60 * 60_000);
    await world.settle();
    assert.equal(world.octetsOnDisk(), before);
    await store.mail.expunge(inbox.grant, [1], false);
    await world.settle();
    assert.ok(before - world.octetsOnDisk() > 8_000_000, `${before} to ${world.octetsOnDisk()}`);
    await isThere(world, 2, large);
  }));

/** A bite at a time; how much each has written. */
async function bites(world: World, most: number): Promise<number[]> {
  const written: number[] = [];
  for (let last = world.octetsOnDisk(); written.length < most;) {
    await world.clock.advance(60_000);
    await sleep(5);
    // Behind the bite, for the writer does one thing after the other.
    await world.store.mail.expunge(world.inbox.grant, [4711], false);
    written.push(world.octetsOnDisk() - last);
    last = world.octetsOnDisk();
  }
  return written;
}

test("a large message is moved in pieces, between which mail is committed", () =>
  inWorld({}, async (world) => {
    const large = largeMessage("b");
    await appendAll(world, [largeMessage("a"), large]);
    await appendAll(world, [messageOf(0)]);
    await world.settle();
    await world.store.mail.expunge(world.inbox.grant, [1], false);
    const written = await bites(world, 20);
    assert.ok(written.filter((octets) => octets > 0).length >= 4, `${written}`);
    assert.ok(Math.max(...written) <= 3 << 20, `${written}`);
    await world.settle();
    await isThere(world, 2, large);
  }));

test("a large message that is expunged while it is moved leaves nothing behind", () =>
  inWorld({}, async (world) => {
    await appendAll(world, [largeMessage("a"), largeMessage("b")]);
    await appendAll(world, [messageOf(0)]);
    await world.settle();
    const before = world.octetsOnDisk();
    await world.store.mail.expunge(world.inbox.grant, [1], false);
    const written = await bites(world, 3);
    assert.ok(
      written.some((octets) => octets > 0),
      `${written}`,
    );
    await world.store.mail.expunge(world.inbox.grant, [2], false);
    await world.settle();
    assert.ok(before - world.octetsOnDisk() > 16_000_000, `${before} to ${world.octetsOnDisk()}`);
    assert.deepEqual(await world.store.check(), []);
  }));

test("a large message among small ones does not keep these from being packed", () =>
  inWorld({ segmentOctets: 20_000_000 }, async (world) => {
    const large = largeMessage("a");
    const small = Array.from({ length: 300 }, (_, at) =>
      Buffer.from(`${at} `.repeat(40_000).slice(0, 40_000)),
    );
    await appendAll(world, [large, ...small]);
    await appendAll(world, [messageOf(0)]);
    await world.settle();
    await world.clock.advance(25 * 60 * 60_000);
    await world.settle();
    assert.ok(world.octetsOnDisk() < 14_000_000, String(world.octetsOnDisk()));
    await isThere(world, 1, large);
    await isThere(world, 301, small[299]);
  }));

async function isThere({ store, inbox }: World, uid: number, octets: Uint8Array): Promise<void> {
  const mailbox = await store.mail.open(inbox.grant);
  assert.ok(mailbox);
  const id = mailbox.messageIds[mailbox.indexOfUid(uid)] as MessageId;
  mailbox.release();
  assert.ok(Buffer.from(octets).equals(await store.octets.read(id)));
  assert.deepEqual(await store.check(), []);
}

test("without the setting nothing is moved", () =>
  inWorld({ compaction: undefined }, async (world) => {
    const ids = await fill(world, 200);
    const before = world.octetsOnDisk();
    await expungeMost(world, ids);
    await world.settle();
    assert.equal(world.octetsOnDisk(), before);
  }));

test("spoilt octets are not carried on as if they were good; the operator hears of it", async () => {
  const log = new RecordingLog();
  await inWorld({ log }, async (world) => {
    const ids = await fill(world, 200);
    const first = readdirSync(join(world.folder, "segments")).sort()[0];
    const descriptor = openSync(join(world.folder, "segments", first), "r+");
    // Message 10 lives on.
    writeSync(descriptor, Buffer.from("XXXX"), 0, 4, 9 * messageOf(1).length + 500);
    closeSync(descriptor);
    await expungeMost(world, ids);
    await world.settle();
    assert.ok(log.events.some(({ event }) => event === "store.segment-spoilt"));
    assert.ok(readdirSync(join(world.folder, "segments")).includes(first));
    const problems = await world.store.check();
    assert.deepEqual(
      problems.map(({ kind }) => kind),
      ["hash-differs"],
    );
  });
});

for (const point of ["compaction-copied", "compaction-committed"]) {
  test(`a disk that fails at ${point} costs nothing`, () =>
    inWorld(
      {
        writerHooks: new URL(
          `../testing/fail-at.ts?point=${point}&times=3&skip=2`,
          import.meta.url,
        ),
      },
      async (world) => {
        const ids = await fill(world, 400);
        await expungeMost(world, ids);
        await world.clock.advance(70_000);
        await world.settle();
        await world.clock.advance(70_000);
        await world.settle();
        await allIsThere(world, ids);
      },
    ));
}
