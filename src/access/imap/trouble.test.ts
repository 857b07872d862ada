/** Things that go wrong or change in the middle: disks, other sessions, large messages, clients that leave. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { MailError } from "../../base/errors.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { Store } from "../../store/contract.ts";
import type { StagedMessage } from "../../store/octets.ts";
import { octetsReadBy } from "../../store/testing/octets-read-by.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { Slicer } from "./slicer.ts";
import type { MessageId } from "../../store/octets.ts";

const MESSAGE = "Subject: x\r\n\r\nbody\r\n";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

/** The store with some members replaced. */
function around<T extends object>(target: T, replaced: Partial<T>): T {
  return new Proxy(target, {
    get(inner, name) {
      const value: unknown = Reflect.get(name in replaced ? replaced : inner, name);
      return typeof value === "function" && !(name in replaced) ? value.bind(inner) : value;
    },
  });
}

async function withStore(store: Store, body: () => Promise<void>): Promise<void> {
  world.served = store;
  try {
    await body();
  } finally {
    world.served = world.store;
  }
}

test("a disk that fills up under an APPEND: NO, and the message is not taken for commands", async () => {
  const user = await world.account();
  const octets = around(world.store.octets, {
    stage: (): StagedMessage =>
      around(world.store.octets.stage(), {
        write: () => Promise.reject(new MailError("disk-full", "no room")),
      }),
  });
  await withStore(around(world.store, { octets }), async () => {
    const session = await world.login(user);
    const evil = "x CREATE pwned\r\n".repeat(1000);
    await session.send(
      `a APPEND INBOX {${evil.length}+}\r\n${evil} {5+}\r\nabcde\r\nb LIST "" pwned\r\n`,
    );
    assert.match((await session.readTo("a")).join(), /^T NO \[UNAVAILABLE\]/);
    assert.equal((await session.readTo("b")).length, 1);
    assert.match(await session.answer("STATUS INBOX (MESSAGES)"), /^T OK/);
  });
});

test("a full disk: SELECT opens the mailbox all the same, and mail can be read", async () => {
  const user = await world.account();
  await world.deliver(user, MESSAGE);
  const told = (): number =>
    world.log.events.filter(({ event }) => event === "imap.flag-not-kept").length;
  const toldBefore = told();
  const mail = around(world.store.mail, {
    takeRecent: () => Promise.reject(new MailError("disk-full", "no room")),
    changeFlags: () => Promise.reject(new MailError("disk-full", "no room")),
  });
  await withStore(around(world.store, { mail }), async () => {
    const session = await world.login(user);
    for (let n = 0; n < 2; n++) {
      const responses = await session.command("SELECT INBOX");
      assert.ok(responses.includes("* 1 EXISTS"));
      assert.ok(responses.includes("* 1 RECENT"));
      assert.match(responses.at(-1) ?? "", /^T OK \[READ-WRITE\]/);
    }
    assert.match((await session.ok("FETCH 1 BODY[TEXT]")).join(), /body/);
    assert.match(await session.answer("STORE 1 +FLAGS (\\Seen)"), /^T NO \[UNAVAILABLE\]/);
    assert.equal(told() - toldBefore, 1, "once a session");
  });
  // The message is still new to the next session.
  const next = await world.login(user);
  assert.ok((await next.ok("SELECT INBOX")).includes("* 1 RECENT"));
});

test("one unreadable message does not hide the others, nor end the session", async () => {
  const user = await world.account();
  for (let n = 0; n < 3; n++) await world.deliver(user, MESSAGE);
  const account = world.store.directory.account(user);
  const inbox = world.store.mail.mailbox(account?.id ?? 0, "INBOX");
  assert.ok(inbox);
  const open = await world.store.mail.open(inbox.grant);
  const broken = open?.messageIds[1];
  open?.release();
  const octets = octetsReadBy(world.store.octets, (id, start, end) =>
    id === broken
      ? Promise.reject(new MailError("store-corrupt", "octets are gone"))
      : world.store.octets.read(id, start, end),
  );
  await withStore(around(world.store, { octets }), async () => {
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    const responses = await session.command("FETCH 1:3 BODY.PEEK[]");
    assert.equal(responses.filter((response) => response.includes("FETCH")).length, 2);
    assert.match(responses.at(-1) ?? "", /^T NO \[SERVERBUG\]/);
    assert.deepEqual(await session.ok("SEARCH TEXT body"), ["* SEARCH 1 3"]);
    assert.equal((await session.ok("FETCH 1:3 (FLAGS ENVELOPE)")).length, 3);
  });
});

test("what a user may not do is no error of ours in the log; a disk that fails is", async () => {
  const user = await world.account({ quotaOctets: 200 });
  const session = await world.login(user);
  const from = world.log.events.length;
  const failures = (): string[] =>
    world.log.events
      .slice(from)
      .filter(({ event }) => /failed|refused/.test(event))
      .map(({ level, event, fields }) => `${level} ${event} ${fields.verb} ${fields.code}`);
  assert.match(await session.answer("CREATE Sent"), /^T NO \[ALREADYEXISTS\]/);
  assert.match(await session.answer("DELETE INBOX"), /^T NO /);
  assert.match(await session.answer("CREATE a//b"), /^T NO \[CANNOT\]/);
  assert.match(await session.append("INBOX", MESSAGE + "y".repeat(500)), /^T NO \[OVERQUOTA\]/);
  assert.match(await session.append("INBOX", MESSAGE + "y".repeat(150)), /^T OK/);
  await session.ok("SELECT INBOX");
  assert.match(await session.answer("COPY 1 Sent"), /^T NO \[OVERQUOTA\]/);
  assert.deepEqual(failures(), ["info imap.command-refused COPY over-quota"]);
  const mail = around(world.store.mail, {
    createMailbox: () => Promise.reject(new MailError("disk-full", "no room")),
  });
  await withStore(around(world.store, { mail }), async () => {
    const other = await world.login(user);
    assert.match(await other.answer("CREATE new"), /^T NO \[UNAVAILABLE\]/);
  });
  assert.deepEqual(failures().slice(1), ["error imap.command-failed CREATE undefined"]);
});

test("octets that go between the look and the reading: gone, not broken", async () => {
  const user = await world.account();
  for (let n = 0; n < 3; n++) await world.deliver(user, MESSAGE);
  const errors = (): number => world.log.events.filter(({ level }) => level === "error").length;
  const errorsBefore = errors();
  const inbox = world.store.mail.mailbox(world.store.directory.account(user)?.id ?? 0, "INBOX");
  assert.ok(inbox);
  const open = await world.store.mail.open(inbox.grant);
  const gone = open?.messageIds[1];
  open?.release();
  const octets = octetsReadBy(world.store.octets, (id, start, end) =>
    id === gone
      ? Promise.reject(new MailError("not-found", "gone"))
      : world.store.octets.read(id, start, end),
  );
  await withStore(around(world.store, { octets }), async () => {
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    const bySeq = await session.command("FETCH 1:3 BODY.PEEK[]");
    assert.deepEqual(
      bySeq.slice(0, -1).map((response) => response.slice(0, 9)),
      ["* 1 FETCH", "* 3 FETCH"],
    );
    assert.match(bySeq.at(-1) ?? "", /^T NO \[EXPUNGEISSUED\]/);
    assert.equal((await session.ok("UID FETCH 1:3 BODY.PEEK[]")).length, 2);
    assert.deepEqual(await session.ok("SEARCH HEADER Subject x"), ["* SEARCH 1 3"]);
  });
  assert.equal(errors(), errorsBefore);
});

test("security row 91: fifty choices of header fields read and parse the header section once", async () => {
  const user = await world.account();
  const names = Array.from({ length: 25 }, (_, n) => `X-${n}`);
  const message = (pad: number): string =>
    `${names.map((name) => `${name}: ${name.toLowerCase()}\r\n`).join("")}P: ${"p".repeat(pad)}\r\n\r\nbody\r\n`;
  await world.deliver(user, message(10));
  await world.deliver(user, message(100_000));
  await world.deliver(user, `Content-Type: message/rfc822\r\n\r\n${message(100_000)}`);
  let reads = 0;
  const octets = octetsReadBy(
    world.store.octets,
    (id, start, end) => (reads++, world.store.octets.read(id, start, end)),
  );
  await withStore(around(world.store, { octets }), async () => {
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    const choose = (name: string, path = ""): string => `BODY.PEEK[${path}HEADER.FIELDS (${name})]`;
    const chosen = (name: string, path = ""): string => {
      const text = `${name}: ${name.toLowerCase()}\r\n\r\n`;
      return `BODY[${path}HEADER.FIELDS (${name})] {${text.length}}\r\n${text}`;
    };
    for (const uid of [1, 2]) {
      reads = 0;
      const [answer] = await session.ok(
        `FETCH ${uid} (${names.map((name) => choose(name)).join(" ")})`,
      );
      for (const name of names) assert.ok(answer.includes(chosen(name)), name);
      assert.equal(reads, 1, `message ${uid}`);
    }
    // Whatever the order they come in, each of two header sections is read once.
    reads = 0;
    const items = names.flatMap((name) => [choose(name), choose(name, "1.")]);
    const [answer] = await session.ok(`FETCH 3 (${items.join(" ")})`);
    for (const name of names) assert.ok(answer.includes(chosen(name, "1.")), name);
    assert.equal(reads, 2);
  });
});

test("a large message comes whole and in parts, the prefix counted in", async () => {
  const user = await world.account();
  const prefix = "Return-Path: <a@b>\r\nDelivered-To: c@d\r\n";
  const message = `Subject: big\r\n\r\n${Array.from({ length: 12_000 }, (_, n) => `line ${n} ${"z".repeat(n % 70)}\r\n`).join("")}`;
  await world.deliver(user, message, { prefix });
  const whole = prefix + message;
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  const bodyOf = (response: string): string =>
    response.replace(/^[^]*?\{\d+\}\r\n/, "").slice(0, -1);
  const octetsOf = async (items: string): Promise<string> =>
    bodyOf((await session.ok(`FETCH 1 ${items}`))[0]);
  assert.equal(await octetsOf("BODY.PEEK[]"), whole);
  assert.equal(await octetsOf("RFC822"), whole);
  assert.equal(await octetsOf("BODY.PEEK[TEXT]"), whole.slice(whole.indexOf("\r\n\r\n") + 4));
  for (const [start, length] of [
    [0, 10],
    [10, 400_000],
    [prefix.length - 3, 7],
    [prefix.length, 300_000],
    [300_000, 300_000],
  ]) {
    assert.equal(
      await octetsOf(`BODY.PEEK[]<${start}.${length}>`),
      whole.slice(start, start + length),
      `${start}.${length}`,
    );
  }
  // As phones do it: piece by piece.
  let pieces = "";
  for (let at = 0; at < whole.length; at += 100_000)
    pieces += await octetsOf(`BODY.PEEK[]<${at}.100000>`);
  assert.equal(pieces, whole);
});

test("messages that go while a FETCH runs are left out, numbers stay what they were", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const other = await world.login(user);
  const text = MESSAGE + "y".repeat(20_000);
  for (let n = 0; n < 150; n++) await session.append("INBOX", text);
  await session.ok("SELECT INBOX");
  await other.ok("SELECT INBOX");
  await session.send("f FETCH 1:* (UID BODY.PEEK[])\r\n");
  const first = await session.readResponse();
  assert.match(first, /^\* 1 FETCH \(UID 1 /);
  await other.ok("STORE 100:120 +FLAGS.SILENT (\\Deleted)");
  await other.ok("EXPUNGE");
  const responses = await session.readTo("f");
  for (const response of responses.slice(0, -1)) {
    const match = /^\* (\d+) FETCH \((?:UID (\d+))?/.exec(response);
    if (match !== null) assert.equal(match[1], match[2] ?? match[1]);
    assert.doesNotMatch(response, /EXPUNGE/);
  }
  assert.match(responses.at(-1) ?? "", /^T (OK|NO \[EXPUNGEISSUED\])/);
  assert.equal((await session.ok("NOOP")).filter((line) => line.endsWith("EXPUNGE")).length, 21);
});

test("a client that leaves in the middle of anything leaves nothing behind", async () => {
  const user = await world.account();
  for (let n = 0; n < 50; n++) await world.deliver(user, MESSAGE);
  const before = world.sessions.count;
  for (const farewell of [
    "i IDLE\r\n",
    "a APPEND INBOX {1000}\r\nhalf",
    "f FETCH 1:* (BODY[])\r\n",
    "s SEARCH TEXT nothing\r\n",
    "x LOGIN {5}\r\nab",
    "SEL",
  ]) {
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    await session.send(farewell);
    await new Promise((resolve) => setTimeout(resolve, 5));
    session.close();
  }
  // Everyone gives back their place.
  for (let tries = 0; tries < 500 && world.sessions.count > before; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal(world.sessions.count, before);
  const session = await world.login(user);
  assert.match((await session.ok("STATUS INBOX (MESSAGES)"))[0], /MESSAGES 50/);
});

test("shutting down says BYE to those who wait, and lets commands end", async () => {
  const user = await world.account();
  const ending = new AbortController();
  const idle = await world.login(user, { shutdown: ending.signal });
  const quiet = await world.login(user, { shutdown: ending.signal });
  await idle.send("i IDLE\r\n");
  assert.equal(await idle.readResponse(), "+ idling");
  ending.abort();
  assert.match(await idle.readToEnd(), /^\* BYE /);
  assert.match(await quiet.readToEnd(), /^\* BYE /);
  const late = await world.connect({ shutdown: ending.signal });
  assert.match(late.greeting, /^\* BYE /);
});

test("security row 91: long work is cut into slices of milliseconds", async () => {
  const clock = new TestClock();
  const slicer = new Slicer(clock);
  let rests = 0;
  for (let step = 0; step < 128 * 10; step++) {
    if (step % 128 === 0) await clock.advance(20);
    if (slicer.isDue()) {
      rests++;
      await slicer.rest();
    }
  }
  assert.equal(rests, 10);
});

test("security row 91: SEARCH and FETCH BINARY of many large messages hold the text of one at a time", async () => {
  const user = await world.account();
  const large = `Subject: large\r\n\r\n${`${"y".repeat(998)}\r\n`.repeat(1000)}`;
  let underWay = 0;
  let most = 0;
  const octets = around(world.store.octets, {
    async read(id: MessageId, start = 0, end = 0) {
      underWay += end - start;
      most = Math.max(most, underWay);
      const read = await world.store.octets.read(id, start, end);
      // As from a slow disk: whoever asks for all at once has all on its way.
      await new Promise((resolve) => setTimeout(resolve, 1));
      underWay -= end - start;
      return read;
    },
  });
  await withStore(around(world.store, { octets }), async () => {
    const session = await world.login(user);
    for (let n = 0; n < 8; n++) assert.match(await session.append("INBOX", large), /^T OK/);
    await session.ok("SELECT INBOX");
    assert.deepEqual(await session.ok("SEARCH BODY yyyy"), ["* SEARCH 1 2 3 4 5 6 7 8"]);
    assert.ok(most < 2 * large.length, `SEARCH read ${most} octets at once`);
    most = 0;
    const answers = await session.ok("FETCH 1:8 (BINARY.SIZE[1] BINARY.PEEK[1]<5.3>)");
    assert.deepEqual(answers[7], "* 8 FETCH (BINARY.SIZE[1] 1000000 BINARY[1]<5> {3}\r\nyyy)");
    assert.ok(most < 2 * large.length, `FETCH read ${most} octets at once`);
    const header = `Subject: ${"z".repeat(998)}\r\n${`X: ${"z".repeat(990)}\r\n`.repeat(1000)}\r\n`;
    for (let n = 0; n < 8; n++) assert.match(await session.append("INBOX", header), /^T OK/);
    most = 0;
    await session.ok("THREAD REFERENCES UTF-8 9:16");
    assert.ok(most < 3 * header.length, `THREAD read ${most} octets at once`);
  });
});
