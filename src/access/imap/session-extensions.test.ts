import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { dialogueTest } from "./testing/dialogue-test.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

const MESSAGE = "Subject: one\r\n\r\nx\r\n";

dialogueTest(
  "RFC 7888 §5: with LITERAL- small literals come unasked, larger ones are refused and drained",
  () => world,
  async (login) => {
    const session = await login(await world.account(), { unaskedLiterals: "small" });
    const [capability] = await session.ok("CAPABILITY");
    assert.match(capability, / LITERAL- ?/);
    assert.doesNotMatch(capability, /LITERAL\+/);
    const small = "x".repeat(4_096 - MESSAGE.length);
    assert.match(await session.answer(`APPEND INBOX {4096+}\r\n${MESSAGE}${small}`), /^T OK/);
    const large = "A9 LOGOUT\r\n".repeat(500);
    assert.match(
      await session.answer(`APPEND INBOX {${large.length}+}\r\n${large}`),
      /^T BAD \[TOOBIG\]/,
    );
    assert.match(await session.append("INBOX", `${MESSAGE}${large}`), /^T OK/);
  },
);

dialogueTest(
  "RFC 8437: UNAUTHENTICATE forgets account, mailbox and what was enabled",
  () => world,
  async (login) => {
    const [one, two] = [await world.account(), await world.account()];
    await world.deliver(one, MESSAGE);
    const session = await login(one);
    assert.match((await session.ok("CAPABILITY"))[0], / UNAUTHENTICATE/);
    await session.ok("ENABLE IMAP4rev2 QRESYNC");
    await session.ok("SELECT INBOX");
    await session.ok("UNAUTHENTICATE");
    assert.match(await session.answer("SELECT INBOX"), /^T BAD/);
    assert.match(await session.answer("UNAUTHENTICATE"), /^T BAD/);
    await session.ok(`LOGIN ${two} "${PASSWORD}"`);
    assert.match(await session.answer("FETCH 1 FLAGS"), /^T BAD/);
    const selected = await session.ok("SELECT INBOX");
    assert.ok(selected.includes("* 0 EXISTS"));
    assert.ok(selected.includes("* 0 RECENT"), "IMAP4rev2 is off again");
  },
);

test("RFC 8437: UNAUTHENTICATE gives the place in the count of sessions back", async () => {
  const narrow = await openImapWorld(
    { clock: systemClock, crypto: nodeCrypto, random: systemRandom },
    { sessionLimit: 1 },
  );
  try {
    const address = await narrow.account();
    const session = await narrow.login(address);
    await session.ok("UNAUTHENTICATE");
    const other = await narrow.login(address);
    assert.match(await session.answer(`LOGIN ${address} "${PASSWORD}"`), /^T NO \[LIMIT\]/);
    await other.ok("LOGOUT");
  } finally {
    await narrow.close();
  }
});

test("capabilities are hidden by account and by the name that ID gives, from the next CAPABILITY", async () => {
  const [one, two] = [await world.account(), await world.account()];
  world.capabilityMasks = [
    { capabilities: ["QRESYNC", "IMAP4rev2"], account: one, client: "*" },
    { capabilities: ["CONDSTORE"], account: "*", client: "Brittle*" },
  ];
  try {
    const session = await world.connect();
    assert.match(session.greeting, /CONDSTORE QRESYNC/);
    const loggedIn = await session.answer(`LOGIN ${one} "${PASSWORD}"`);
    assert.match(loggedIn, /CONDSTORE/);
    assert.doesNotMatch(loggedIn, /QRESYNC|IMAP4rev2/);
    await session.ok('ID ("name" "brittle mail" "version" "1")');
    assert.doesNotMatch((await session.ok("CAPABILITY"))[0], /CONDSTORE|QRESYNC/);
    assert.deepEqual(await session.ok("ENABLE QRESYNC IMAP4rev2"), ["* ENABLED"]);
    await session.ok("UNAUTHENTICATE");
    assert.match(await session.answer(`LOGIN ${two} "${PASSWORD}"`), /QRESYNC/);
  } finally {
    world.capabilityMasks = [];
  }
});

test("RFC 9585: a SEARCH that takes long says how far it is", async () => {
  const address = await world.account();
  for (let at = 0; at < 80; at++) await world.deliver(address, `${MESSAGE}${"words ".repeat(50)}`);
  const session = await world.login(address, { progressMs: 0 });
  await session.ok("SELECT INBOX");
  const responses = await session.ok("SEARCH BODY words");
  assert.match(responses[0], /^\* OK \[INPROGRESS \("A3" \d+ 80\)\]/);
  assert.match(responses.at(-1) ?? "", /^\* SEARCH 1 2 /);
});

dialogueTest(
  "RFC 5255 §4.2: I18NLEVEL=1 compares without case in every script",
  () => world,
  async (login) => {
    const address = await world.account();
    const subjects = ["=?utf-8?q?=CE=A3=CE=AF=CF=83=CF=85=CF=86=CE=BF=CF=82?=", "plain", "_under"];
    for (const subject of subjects)
      await world.deliver(address, `Subject: ${subject}\r\n\r\nx\r\n`);
    const session = await login(address);
    assert.match((await session.ok("CAPABILITY"))[0], /I18NLEVEL=1/);
    await session.ok("SELECT INBOX");
    await session.sendUtf8('U1 SEARCH CHARSET UTF-8 SUBJECT "ΊΣΥΦΟΣ"\r\n');
    assert.deepEqual(await session.readTo("U1"), ["* SEARCH 1", "T OK Searched"]);
    // In title case, capitals come before "_", as they do in ASCII.
    assert.deepEqual(await session.ok("SORT (SUBJECT) UTF-8 ALL"), ["* SORT 2 3 1"]);
  },
);

dialogueTest(
  "RFC 9586: with UIDONLY there are no message numbers, either way",
  () => world,
  async (login) => {
    const address = await world.account();
    for (let at = 0; at < 3; at++) await world.deliver(address, MESSAGE);
    const session = await login(address, { offersUidOnly: true });
    const other = await login(address);
    await other.ok("SELECT INBOX");
    await other.ok("STORE 1 +FLAGS (\\Deleted)");
    await other.ok("EXPUNGE");
    assert.match((await session.ok("CAPABILITY"))[0], / UIDONLY/);
    assert.deepEqual(await session.ok("ENABLE UIDONLY"), ["* ENABLED UIDONLY"]);
    assert.doesNotMatch((await session.ok("SELECT INBOX")).join(), /UNSEEN/);
    for (const command of [
      "FETCH 1 FLAGS",
      "STORE 1 +FLAGS (x)",
      "COPY 1 INBOX",
      "MOVE 1 INBOX",
      "SEARCH ALL",
      "UID SEARCH 1",
      "UID SEARCH NOT (OR 1 UNSEEN)",
      "SORT (DATE) UTF-8 ALL",
      "UID SORT (DATE) UTF-8 1",
      "THREAD REFS UTF-8 ALL",
      "ESEARCH 1",
      `REPLACE 1 INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`,
      "REPLACE 1 INBOX CATENATE (URL x)",
    ]) {
      assert.match(await session.answer(command), /^T BAD \[UIDREQUIRED\]/, command);
    }
    assert.deepEqual(await session.ok("UID FETCH 1:* FLAGS"), [
      "* 2 UIDFETCH (FLAGS ())",
      "* 3 UIDFETCH (FLAGS ())",
    ]);
    assert.deepEqual(await session.ok("UID FETCH 2 UID"), ["* 2 UIDFETCH (UID 2)"]);
    assert.match(
      (await session.ok("UID FETCH 2 (BODY.PEEK[])"))[0],
      /^\* 2 UIDFETCH \(BODY\[\] \{/,
    );
    assert.deepEqual(await session.ok("UID STORE 3 +FLAGS (\\Seen)"), [
      "* 3 UIDFETCH (FLAGS (\\Seen))",
    ]);
    await other.ok("UID STORE 2 +FLAGS (\\Flagged \\Deleted)");
    await other.ok("UID EXPUNGE 2");
    assert.deepEqual(await session.ok("NOOP"), ["* VANISHED 2"]);
    assert.deepEqual(await session.ok("UID SEARCH RETURN (SAVE) ALL"), []);
    assert.deepEqual(await session.ok("UID FETCH $ UID"), ["* 3 UIDFETCH (UID 3)"]);
    assert.match(
      (await session.ok(`UID REPLACE 3 INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`)).join(),
      /APPENDUID.*,\* VANISHED 3,\* 1 EXISTS/,
    );
  },
);

test("RFC 9586: what is not offered is not switched on", async () => {
  const session = await world.login(await world.account());
  assert.doesNotMatch((await session.ok("CAPABILITY"))[0], /UIDONLY/);
  assert.deepEqual(await session.ok("ENABLE UIDONLY"), ["* ENABLED"]);
});
