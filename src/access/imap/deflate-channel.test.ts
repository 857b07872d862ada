import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import { makeMemoryPipe } from "../../base/testing/memory-channel.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { deflateChannel } from "./deflate-channel.ts";
import { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

const NOTHING = new Uint8Array(0);

test("pitfall 20: RFC 4978: a session goes on under DEFLATE, and its stream ends properly", async () => {
  const user = await world.account();
  const session = await world.login(user, {}, { chunkOctets: 3 });
  assert.match((await session.ok("CAPABILITY")).join(), /COMPRESS=DEFLATE/);
  assert.match(await session.answer("COMPRESS LZW"), /^T NO \[CANNOT\]/);
  assert.match(await session.answer("COMPRESS DEFLATE"), /^T OK/);
  const inside = new ImapDialogue(deflateChannel(session.channel, NOTHING));
  assert.match(await inside.answer("COMPRESS DEFLATE"), /^T NO \[COMPRESSIONACTIVE\]/);
  const message = `Subject: x\r\n\r\n${"body ".repeat(50_000)}\r\n`;
  assert.match(await inside.append("INBOX", message), /^T OK/);
  await inside.ok("SELECT INBOX");
  assert.ok((await inside.ok("FETCH 1 BODY.PEEK[]"))[0].includes(message));
  await inside.send("i IDLE\r\n");
  assert.equal(await inside.readResponse(), "+ idling");
  await world.deliver(user, "Subject: y\r\n\r\n");
  assert.equal(await inside.readResponse(), "* 2 EXISTS");
  await inside.send("DONE\r\nz LOGOUT\r\n");
  assert.match(await inside.readToEnd(), /z OK Logged out\r\n$/);
});

test("what comes behind COMPRESS in the same packet is compressed already", async () => {
  const session = await world.login(await world.account());
  const noop = deflateRawSync("n NOOP\r\n", { finishFlush: 2 });
  await session.send(`c COMPRESS DEFLATE\r\n${noop.toString("latin1")}`);
  assert.match(await session.readResponse(), /^c OK/);
  const inside = new ImapDialogue(deflateChannel(session.channel, NOTHING));
  assert.match(await inside.readResponse(), /^n OK/);
});

test("RFC 8437: UNAUTHENTICATE ends compression; what follows is plain", async () => {
  const user = await world.account();
  const session = await world.login(user);
  await session.ok("COMPRESS DEFLATE");
  const inside = new ImapDialogue(deflateChannel(session.channel, NOTHING));
  await inside.send("p UNAUTHENTICATE\r\nq NOOP\r\n");
  assert.match(await inside.readResponse(), /^p BAD/);
  assert.match(await inside.readResponse(), /^q OK/);
  await inside.ok("UNAUTHENTICATE");
  assert.match((await session.ok("CAPABILITY")).join(), /COMPRESS=DEFLATE.* AUTH=/);
  await session.ok(`LOGIN ${user} "${PASSWORD}"`);
  await session.ok("COMPRESS DEFLATE");
  await new ImapDialogue(deflateChannel(session.channel, NOTHING)).ok("SELECT INBOX");
});

test("octets that are no DEFLATE end the connection", async () => {
  const session = await world.login(await world.account());
  await session.ok("COMPRESS DEFLATE");
  await session.send("\xff\xff\xff\xff\xff\xff");
  await session.readToEnd();
});

test("security row 83: a little DEFLATE that claims to be a lot is read in pieces", async () => {
  const { client, server } = makeMemoryPipe();
  const channel = deflateChannel(server, NOTHING);
  await client.write(new Uint8Array(deflateRawSync(Buffer.alloc(200_000_000), { finishFlush: 2 })));
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let piece = 0; piece < 50; piece++) {
    const octets = await channel.read(1000);
    most = Math.max(most, octets?.length ?? 0);
  }
  assert.ok(most <= 262_144, `a piece of ${most} octets`);
  assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
  channel.abort();
});

test("pieces of any size come through in order", async () => {
  const { client, server } = makeMemoryPipe({ chunkOctets: 5 });
  const near = deflateChannel(client, NOTHING);
  const far = deflateChannel(server, NOTHING);
  const texts = ["a", "bb".repeat(10_000), "", "ccc", "d".repeat(200_000)];
  const sending = (async () => {
    for (const text of texts) await near.write(encodeLatin1(text));
    await near.close();
  })();
  let received = "";
  for (;;) {
    const octets = await far.read(1000);
    if (octets === undefined) break;
    received += decodeLatin1(octets);
  }
  await sending;
  assert.equal(received, texts.join(""));
});

test("closing twice ends twice, and a write that comes late is refused, not thrown at the process", async () => {
  const { client, server } = makeMemoryPipe();
  const channel = deflateChannel(server, NOTHING);
  await channel.write(encodeLatin1("* OK\r\n"));
  const closing = channel.close();
  await assert.rejects(channel.write(encodeLatin1("* 1 EXISTS\r\n")), { code: "channel-closed" });
  await closing;
  await channel.close();
  await assert.rejects(channel.write(encodeLatin1("* BYE\r\n")), { code: "channel-closed" });
  client.abort();
});
