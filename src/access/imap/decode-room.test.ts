/** Room for parts in memory: taken, waited for, given back. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { encodeLatin1 } from "../../base/bytes.ts";
import { makeMemoryPipe } from "../../base/testing/memory-channel.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import type { Channel } from "../../base/channel.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { DecodeRoom, FREE_OCTETS, ROOM_WAIT_MS } from "./decode-room.ts";
import { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";

const MB = 1_048_576;

test("room: up to the limit at once; one past it waits, in line, and gives up in time", async () => {
  const clock = new TestClock();
  const room = new DecodeRoom(10 * MB);
  const first = await room.take(6 * MB, clock);
  const second = await room.take(4 * MB, clock);
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(room.takenOctets, 10 * MB);
  assert.ok(await room.take(FREE_OCTETS, clock), "a little is always there");
  const large = room.take(6 * MB, clock);
  const small = room.take(FREE_OCTETS + 1, clock);
  second.shrink(1 * MB);
  second.shrink(2 * MB);
  assert.equal(room.takenOctets, 7 * MB, "the small one does not overtake");
  first.release();
  first.release();
  const taken = await large;
  assert.equal(room.takenOctets, 7 * MB + FREE_OCTETS + 1);
  (await small)?.release();
  const late = room.take(4 * MB, clock);
  const behind = room.take(3 * MB, clock);
  await clock.advance(ROOM_WAIT_MS);
  assert.equal(await late, undefined);
  (await behind)?.release();
  taken?.release();
  second.release();
  assert.equal(room.takenOctets, 0);
  const giant = await room.take(50 * MB, clock);
  assert.equal(room.takenOctets, 10 * MB, "larger than all: alone, but served");
  giant?.release();
  assert.equal(room.takenOctets, 0);
});

/** A body in base64 and what it is. */
const DECODED_OCTETS = 57 * 26_000;
const LARGE = `Subject: large\r\nContent-Transfer-Encoding: base64\r\n\r\n${`${"eHl6".repeat(19)}\r\n`.repeat(DECODED_OCTETS / 57)}`;

let world: ImapWorld;
const clock = new TestClock();
/** Real time, but for the wait for room. */
const sessionClock = {
  ...systemClock,
  setTimer: (ms: number, fire: () => void) =>
    ms === ROOM_WAIT_MS ? clock.setTimer(ms, fire) : systemClock.setTimer(ms, fire),
};

async function untilSomebodyWaits(): Promise<void> {
  for (let tries = 0; tries < 1000 && clock.nextDueMs === undefined; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

before(async () => {
  world = await openImapWorld(
    { clock: sessionClock, crypto: nodeCrypto, random: systemRandom },
    { decodeRoomOctets: 5 * MB },
  );
});
after(() => world.close());

/** A server's channel that takes no more than a little until it is opened. */
function dammed(channel: Channel): { channel: Channel; open: () => void; isStuck: Promise<void> } {
  const dam = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<void>();
  const proxy = new Proxy(channel, {
    get(target, name) {
      if (name === "write") {
        return async (octets: Uint8Array) => {
          if (octets.length > 65_536) {
            stuck.resolve();
            await dam.promise;
          }
          await target.write(octets);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { channel: proxy, open: dam.resolve, isStuck: stuck.promise };
}

test("security row 91: what is decoded for a reader that does not read bounds what others may have decoded", async () => {
  const user = await world.account();
  await world.deliver(user, LARGE);
  await world.deliver(user, "Subject: small\r\n\r\nsmall\r\n");
  const { room } = world.sessions;
  const { client, server } = makeMemoryPipe();
  const slow = dammed(server);
  void world.serve(slow.channel);
  await client.write(
    encodeLatin1(`a LOGIN ${user} "${PASSWORD}"\r\nb SELECT INBOX\r\nc FETCH 1 BINARY.PEEK[1]\r\n`),
  );
  await slow.isStuck;
  assert.ok(room.takenOctets >= DECODED_OCTETS && room.takenOctets < 2 * DECODED_OCTETS);

  // Twice the encoded part does not fit beside it.
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  const answers = session.command("FETCH 1:2 (UID BINARY.PEEK[1])");
  await untilSomebodyWaits();
  await clock.advance(ROOM_WAIT_MS);
  const [none, small, end] = await answers;
  assert.equal(none, "* 1 FETCH (UID 1 BINARY[1] NIL)");
  assert.match(small, /BINARY\[1\] \{7\}\r\nsmall/);
  assert.match(end, /^T NO \[LIMIT\] /);

  // One that waits is served as soon as the other has read.
  const patient = session.command("FETCH 1 BINARY.PEEK[1]");
  await untilSomebodyWaits();
  slow.open();
  const reader = new ImapDialogue(client);
  const heard = await reader.readTo("c");
  assert.match(heard.at(-1) ?? "", /^T OK/);
  const [given, done] = await patient;
  assert.ok(given.endsWith("xyz)"));
  assert.match(done, /^T OK/);
  assert.equal(room.takenOctets, 0);
  reader.close();
});

test("security row 91: a reader that goes gives its room back", async () => {
  const user = await world.account();
  await world.deliver(user, LARGE);
  const { room } = world.sessions;
  const { client, server } = makeMemoryPipe();
  const slow = dammed(server);
  const serving = world.serve(slow.channel);
  await client.write(
    encodeLatin1(`a LOGIN ${user} "${PASSWORD}"\r\nb SELECT INBOX\r\nc FETCH 1 BINARY.PEEK[1]\r\n`),
  );
  await slow.isStuck;
  assert.ok(room.takenOctets > 0);
  client.abort();
  slow.open();
  await serving;
  assert.equal(room.takenOctets, 0);
});
