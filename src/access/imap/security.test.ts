/** The rows of the project's security list that IMAP answers for. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { encodeLatin1, decodeLatin1 } from "../../base/bytes.ts";
import { makeMemoryPipe } from "../../base/testing/memory-channel.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";

const MESSAGE = "From: ann@example.net\r\nSubject: x\r\n\r\nbody\r\n";

let world: ImapWorld;
before(async () => {
  const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 1, 10) };
  world = await openImapWorld({ clock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

test("security row 81: 1,000 literals and a megabyte before login are refused, the session goes on", async () => {
  const session = await world.connect();
  await session.send(`a LOGIN {5000}\r\n`);
  assert.match((await session.readTo("a")).join(), /^T NO \[TOOBIG\]/);
  await session.send(`b LOGIN ${"{1+}\r\nx ".repeat(1000)}\r\n`);
  assert.match((await session.readTo("b")).join(), /^T NO \[TOOBIG\]/);
  await session.send("c APPEND INBOX {100}\r\n");
  assert.match((await session.readTo("c")).join(), /^T BAD/);
  assert.match(await session.answer("NOOP"), /^T OK/);
});

test("security row 82: deep nesting before login", async () => {
  const session = await world.connect();
  await session.send(`a ID ${"(".repeat(5000)}\r\n`);
  assert.match((await session.readTo("a")).join(), /^T BAD/);
  assert.match(await session.answer("NOOP"), /^T OK/);
});

test("security row 83: a refused literal's octets are never commands", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const evil = "x CREATE pwned\r\n".repeat(100);
  await session.send(`a APPEND nowhere {${evil.length}+}\r\n${evil}\r\nb LIST "" pwned\r\n`);
  assert.match((await session.readTo("a")).join(), /^T NO \[TRYCREATE\]/);
  assert.deepEqual((await session.readTo("b")).length, 1);
  await session.send("c APPEND INBOX {99999999999+}\r\nd CREATE pwned\r\n");
  assert.match(await session.readToEnd(), /^\* BYE [^\r]*\r\n$/);
});

/** Everything a client may say in one life, written at once. */
function life(user: string): string {
  const size = MESSAGE.length;
  return [
    `a1 CAPABILITY`,
    `a2 LOGIN {${user.length}+}`,
    `${user} "${PASSWORD}"`,
    `a3 LIST "" *`,
    `a4 APPEND INBOX (\\Seen) "01-Feb-1994 12:30:00 +0100" {${size}+}`,
    `${MESSAGE} {${size}+}`,
    `${MESSAGE}`,
    `a5 SELECT INBOX`,
    `a6 FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE BODY[HEADER.FIELDS ({7+}`,
    `Subject)]<0.9> BODY[])`,
    `a7 UID SEARCH OR SUBJECT {1+}`,
    `x BODY bod`,
    `a8 STORE 1 +FLAGS (\\Deleted $k)`,
    `a9 IDLE`,
    `DONE`,
    `b0 COPY 1:2 Sent`,
    `b1 UID EXPUNGE 1`,
    `b2 STATUS Sent (MESSAGES)`,
    `b3 FROB`,
    `b4 APPEND nowhere {5+}`,
    `abcde`,
    `b5 CREATE &ANw-`,
    `b6 LIST "" %`,
    `b7 LOGOUT`,
    ``,
  ].join("\r\n");
}

async function speak(chunkOctets: number | undefined): Promise<string> {
  const user = await world.account();
  const { client, server } = makeMemoryPipe(chunkOctets === undefined ? {} : { chunkOctets });
  void world.serve(server);
  await client.write(encodeLatin1(life(user)));
  let output = "";
  for (;;) {
    const octets = await client.read(10_000);
    if (octets === undefined) break;
    output += decodeLatin1(octets);
  }
  // What must differ from account to account.
  return output.replaceAll(
    /\(F\d+\)|\bM\d+\b|(?<=UIDVALIDITY |APPENDUID |COPYUID )\d+|(?<=MODSEQ )\d+/g,
    "N",
  );
}

test("security row 84: a whole session in pieces of 1, 2, 3 and 7 octets says the same", async () => {
  const whole = await speak(undefined);
  assert.match(whole, /a6 OK[^]*\* SEARCH 1 2[^]*b1 OK[^]*b7 OK Logged out\r\n$/);
  for (const chunk of [1, 2, 3, 7]) assert.equal(await speak(chunk), whole, `chunks of ${chunk}`);
});

test("security row 85: sets cost what the mailbox has, not what they name", async () => {
  const user = await world.account();
  await world.deliver(user, MESSAGE);
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  const began = performance.now();
  assert.equal(
    (await session.ok("UID FETCH 1:4294967295,1:4294967295,5:4294967295 UID")).length,
    1,
  );
  assert.equal((await session.ok("UID STORE 1:4294967295 +FLAGS (\\Seen)")).length, 1);
  await session.ok("UID COPY 1:4294967295 Sent");
  assert.match(await session.answer(`UID FETCH ${"1,".repeat(10_001)}1 UID`), /^T BAD/);
  // Spelled out, four thousand million numbers would take minutes, on any machine.
  assert.ok(performance.now() - began < 20_000);
});

test("security row 86: mailbox names are rows, never paths", async () => {
  const session = await world.login(await world.account());
  for (const name of ["..", "../../etc/passwd", "a/../../b", "~root"]) {
    assert.match(await session.answer(`CREATE "${name}"`), /^T (OK|NO)/, name);
    assert.match(await session.answer(`CREATE "${name}"`), /^T NO/, name);
  }
  for (const name of ["/etc", "a//b", `${"x".repeat(5000)}`, "x/".repeat(100) + "x"]) {
    assert.match(await session.answer(`CREATE "${name}"`), /^T NO \[CANNOT\]/, name.slice(0, 20));
  }
  await session.send(`n CREATE {1000000}\r\n`);
  assert.match((await session.readTo("n")).join(), /^T NO \[TOOBIG\]/);
});

test("security row 87: CR, LF, controls, bad UTF-7 and UTF-8 in names", async () => {
  const session = await world.login(await world.account());
  const names = [
    "a\r\nb",
    "a\nb",
    "a\tb",
    "\x01",
    "&AAo-",
    "&",
    "&2D0-",
    "\xff\xff",
    "a\x7f",
    "\0",
  ];
  for (const [at, name] of names.entries()) {
    for (const verb of ["CREATE", "SUBSCRIBE", "RENAME Sent"]) {
      await session.send(`n${at} ${verb} {${name.length}+}\r\n${name}\r\n`);
      assert.match(
        (await session.readTo(`n${at}`)).join(),
        /^T NO \[CANNOT\]/,
        JSON.stringify(name),
      );
    }
  }
  await session.ok('CREATE "quote\\"back\\\\slash (paren) {5}"');
  await session.ok("CREATE &ANw-&-");
  // The dialogue checks that each line is well-formed.
  assert.match(
    (await session.ok('LIST "" *')).join("\n"),
    /"quote\\"back\\\\slash \(paren\) \{5\}"/,
  );
});

test("security rows 88 and 89: no command can name another account's mail; nothing of it leaks", async () => {
  const alice = await world.account();
  const mallory = await world.account();
  const secret = "Subject: topsecret\r\n\r\nxyzzy\r\n";
  const one = await world.login(alice);
  await one.ok("CREATE Private");
  await one.append("Private", secret);
  await one.append("INBOX", secret);
  const two = await world.login(mallory);
  const localPart = alice.split("@")[0];
  const names = [
    "Private",
    `${alice}/Private`,
    `user/${localPart}/Private`,
    `#user/${localPart}`,
    `~${localPart}/Private`,
    `Other Users/${localPart}`,
  ];
  for (const name of names) {
    const rows: [string, RegExp][] = [
      [`SELECT "${name}"`, /^T NO \[NONEXISTENT\] No such mailbox$/],
      [`EXAMINE "${name}"`, /^T NO \[NONEXISTENT\] No such mailbox$/],
      [`STATUS "${name}" (MESSAGES)`, /^T NO \[NONEXISTENT\] No such mailbox$/],
      [`DELETE "${name}"`, /^T NO \[NONEXISTENT\] No such mailbox$/],
      [`RENAME "${name}" x`, /^T NO \[NONEXISTENT\] No such mailbox$/],
      [`GETQUOTAROOT "${name}"`, /^T NO \[NONEXISTENT\] No such mailbox$/],
    ];
    for (const [command, answer] of rows) assert.match(await two.answer(command), answer, command);
    assert.match(await two.append(`"${name}"`, MESSAGE), /^T NO \[TRYCREATE\]/);
  }
  assert.match(await two.answer(`GETQUOTA "${alice}"`), /^T NO/);
  // Interleaved: neither hears of the other.
  for (let round = 0; round < 20; round++) {
    const [hers, his] = await Promise.all([
      one.command(round % 2 === 0 ? "SELECT INBOX" : "UID FETCH 1:* BODY.PEEK[]"),
      two.command(round % 2 === 0 ? "SELECT INBOX" : "UID SEARCH TEXT topsecret"),
    ]);
    assert.match(hers.at(-1) ?? "", /^T OK/);
    assert.doesNotMatch(his.join("\n"), /xyzzy|SEARCH 1/);
  }
});

test("security row 90: a stranger's silence and nonsense end the connection", async () => {
  const session = await world.connect();
  for (let n = 0; n < 19; n++) assert.match(await session.answer("FROB"), /^T BAD/);
  await session.send("x FROB\r\n");
  assert.match(await session.readToEnd(), /\* BYE Too many/);
  const guessing = await world.connect();
  for (let n = 0; n < 5; n++) assert.match(await guessing.answer("LOGIN x y"), /^T NO/);
  await guessing.send("x LOGIN x y\r\n");
  assert.match(await guessing.readToEnd(), /x NO [^]*\* BYE Too many failed logins/);
  const busy = await world.connect({ loginDeadlineMs: 30 });
  let isOpen = true;
  const end = busy.readToEnd().then((text) => ((isOpen = false), text));
  while (isOpen) {
    await busy.send("x NOOP\r\n").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.match(await end, /\* BYE Not logged in\r\n/);
  const full = await world.connect({ refusal: "[UNAVAILABLE] Too many connections" });
  assert.match(full.greeting, /^\* BYE \[UNAVAILABLE\]/);
});

test("security row 90: sessions of one account from one address are bounded, others are not hindered", async () => {
  const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 1, 10) };
  const deps = { clock, crypto: nodeCrypto, random: systemRandom };
  const small = await openImapWorld(deps, { sessionLimit: 3 });
  const greedy = await small.account();
  const other = await small.account();
  const first = await small.login(greedy);
  for (let n = 0; n < 2; n++) await small.login(greedy);
  const late = await small.connect();
  assert.match(await late.answer(`LOGIN ${greedy} "${PASSWORD}"`), /^T NO \[LIMIT\]/);
  assert.match(await (await small.login(other)).answer("SELECT INBOX"), /^T OK/);
  await first.ok("LOGOUT");
  await first.readToEnd();
  assert.match(await late.answer(`LOGIN ${greedy} "${PASSWORD}"`), /^T OK/);
  await small.close();
});

test("security row 91: one FETCH cannot ask for a message many times over", async () => {
  const user = await world.account();
  await world.deliver(user, MESSAGE);
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  assert.match(await session.answer(`FETCH 1 (${"BODY.PEEK[] ".repeat(1000).trim()})`), /^T BAD/);
  assert.match(await session.answer(`FETCH 1 BODY.PEEK[${"1.".repeat(90)}1]`), /^T OK/);
});

test("security row 91: parts that say too much of themselves: BODYSTRUCTURE stays well-formed", async () => {
  const user = await world.account();
  const part = [
    "--b",
    `Content-Type: text/plain; name="${"n".repeat(30_000)}"`,
    `Content-Description: ${"d".repeat(30_000)}`,
    `Content-Language: ${"en,".repeat(1000)}`,
    "",
    "--b",
    "Content-Type: message/rfc822",
    "",
    `Subject: ${"s".repeat(30_000)}`,
    "Content-Type: multipart/alternative; boundary=c",
    "",
    "--c",
    `Content-Disposition: attachment; filename*=utf-8''${"%C3%BC".repeat(5000)}`,
    "",
    "--c--",
  ];
  const parts = Array.from({ length: 30 }, () => part).flat();
  await world.deliver(
    user,
    ["Content-Type: multipart/mixed; boundary=b", "", ...parts, "--b--", ""].join("\r\n"),
  );
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  // The dialogue holds each response against the grammar.
  const [extended] = await session.ok("FETCH 1 BODYSTRUCTURE");
  assert.ok(extended.length < 1_100_000, `${extended.length} octets`);
  assert.match(extended, /"text" "plain" NIL NIL NIL "7bit" 0 0 NIL NIL NIL NIL\)/);
  const [plain] = await session.ok("FETCH 1 BODY");
  assert.equal(plain.split('"rfc822"').length - 1, 30);
});

test("security row 91: a reader that does not read costs little, and SEARCH stops when the client goes", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const big = `Subject: big\r\n\r\n${`${"y".repeat(998)}\r\n`.repeat(2000)}`;
  assert.match(await session.append("INBOX", big), /^T OK/);
  for (let n = 0; n < 4; n++) await session.ok(n === 0 ? "SELECT INBOX" : "COPY 1:* INBOX");
  // A channel whose buffer is full until somebody reads: writing waits, so nothing may gather here.
  const { client, server } = makeMemoryPipe();
  let unread = 0;
  let most = 0;
  const wakers: (() => void)[] = [];
  const slow = new Proxy(server, {
    get(target, name) {
      if (name === "write") {
        return async (octets: Uint8Array) => {
          unread += octets.length;
          most = Math.max(most, unread);
          await target.write(octets);
          if (unread > 65_536) await new Promise<void>((resolve) => wakers.push(resolve));
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  void world.serve(slow);
  const send = (text: string): Promise<void> => client.write(encodeLatin1(text));
  await send(`a LOGIN ${user} "${PASSWORD}"\r\nb SELECT INBOX\r\nc FETCH 1:* BODY.PEEK[]\r\n`);
  let received = 0;
  let tail = "";
  while (!tail.includes("\r\nc OK")) {
    const octets = await client.read(10_000);
    if (octets === undefined) break;
    received += octets.length;
    unread -= octets.length;
    tail = tail.slice(-100) + decodeLatin1(octets);
    for (const wake of wakers.splice(0)) wake();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(received > 8 * 2_000_000);
  assert.ok(most < 1_048_576, `at most ${most} octets were waiting`);
  await send("d SEARCH TEXT zzz\r\n");
  client.abort();
});
