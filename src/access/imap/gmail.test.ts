import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { dialogueTest } from "./testing/dialogue-test.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

const WITH_ATTACHMENT = [
  "From: Ann <ann@example.net>",
  "Subject: picture",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "",
  "see it",
  "--b",
  "Content-Type: image/png",
  "Content-Disposition: attachment; filename=a.png",
  "",
  "x",
  "--b--",
  "",
].join("\r\n");

const letter = (id: string, more = ""): string =>
  `From: bob@example.net\r\nSubject: letter ${id}\r\nMessage-ID: <${id}@x>\r\n${more}\r\nwords of ${id}\r\n`;

dialogueTest(
  "X-GM-EXT-1: X-GM-MSGID and X-GM-THRID are numbers that copies and threads share",
  () => world,
  async (login) => {
    const address = await world.account();
    await world.deliver(address, letter("a"));
    await world.deliver(address, letter("b", "References: <a@x>\r\n"));
    await world.deliver(address, letter("c"));
    const session = await login(address);
    // Some programs take whoever names it for Gmail: it is named where that is wanted.
    assert.doesNotMatch((await session.ok("CAPABILITY"))[0], /X-GM-EXT-1/);
    const asked = await login(address, { offersGmail: true });
    assert.match((await asked.ok("CAPABILITY"))[0], / X-GM-EXT-1/);
    await session.ok("SELECT INBOX");
    await session.ok("COPY 1 Archive");
    const ids = async (): Promise<string[][]> =>
      (await session.ok("FETCH 1:* (X-GM-MSGID X-GM-THRID)")).map(
        (line) => /X-GM-THRID (\d+) X-GM-MSGID (\d+)/.exec(line)?.slice(1).reverse() ?? [],
      );
    const [a, b, c] = await ids();
    assert.equal(a[1], b[1]);
    assert.notEqual(a[1], c[1]);
    assert.equal(new Set([a[0], b[0], c[0]]).size, 3);
    assert.deepEqual(await session.ok(`SEARCH X-GM-THRID ${a[1]}`), ["* SEARCH 1 2"]);
    assert.deepEqual(await session.ok(`UID SEARCH X-GM-MSGID ${c[0]}`), ["* SEARCH 3"]);
    await session.ok("EXAMINE Archive");
    assert.deepEqual(await ids(), [a]);
  },
);

dialogueTest(
  "X-GM-EXT-1: labels are the other mailboxes; STORE puts in and takes out",
  () => world,
  async (login) => {
    const address = await world.account();
    for (const id of ["one", "two"]) await world.deliver(address, letter(id));
    const session = await login(address);
    await session.ok("SELECT INBOX");
    await play(
      session,
      `
      C: FETCH 1:* X-GM-LABELS
      S: * 1 FETCH (X-GM-LABELS ())
      S: * 2 FETCH (X-GM-LABELS ())
      S: T OK …
      C: STORE 1 +X-GM-LABELS (Work \\Important Archive "R&AOQ-t")
      S: T NO [CANNOT] …
      C: CREATE Important (USE (\\Important))
      S: T OK …
      C: STORE 1 +X-GM-LABELS (Work \\Important \\Starred "R&AOQ-t")
      S: * 1 FETCH (X-GM-LABELS (\\Starred \\Important "R&AOQ-t" "Work"))
      S: T OK …
      C: UID STORE 1:2 +X-GM-LABELS Work
      S: * 1 FETCH (UID 1 X-GM-LABELS (\\Starred \\Important "R&AOQ-t" "Work"))
      S: * 2 FETCH (UID 2 X-GM-LABELS ("Work"))
      S: T OK …
      C: STATUS Work (MESSAGES)
      S: * STATUS "Work" (MESSAGES 2)
      S: T OK …
      C: FETCH 1 FLAGS
      S: * 1 FETCH (FLAGS (\\Flagged \\Recent))
      S: T OK …
      C: SEARCH X-GM-LABELS Work NOT X-GM-LABELS \\Important
      S: * SEARCH 2
      S: T OK …
      C: SEARCH X-GM-LABELS \\Starred
      S: * SEARCH 1
      S: T OK …
      C: SEARCH X-GM-LABELS \\Inbox
      S: * SEARCH 1 2
      S: T OK …
      C: SEARCH X-GM-LABELS nothing
      S: * SEARCH
      S: T OK …
      C: STORE 1 X-GM-LABELS.SILENT (Work \\Draft)
      S: T OK …
      C: FETCH 1 X-GM-LABELS
      S: * 1 FETCH (X-GM-LABELS (\\Draft "Work"))
      S: T OK …
      C: STORE 1 -X-GM-LABELS (Work \\Starred absent)
      S: * 1 FETCH (X-GM-LABELS (\\Draft))
      S: T OK …
      C: STORE 1 -X-GM-LABELS (\\Inbox)
      S: T NO [CANNOT] …
      C: STORE 1 +X-GM-LABELS (\\Muted)
      S: T BAD …
      C: SELECT Work
      S: …
      S: T OK …
      C: FETCH 1:* X-GM-LABELS
      S: * 1 FETCH (X-GM-LABELS (\\Inbox))
      S: T OK …
    `,
    );
    await session.ok("EXAMINE INBOX");
    assert.match(await session.answer("STORE 1 +X-GM-LABELS Work"), /^T NO \[NOPERM\]/);
  },
);

dialogueTest(
  "X-GM-EXT-1: X-GM-RAW searches as Gmail's search field does",
  () => world,
  async (login) => {
    const address = await world.account();
    await world.deliver(address, WITH_ATTACHMENT);
    await world.deliver(address, letter("two"), { flags: ["\\Seen"] });
    await world.deliver(address, letter("three"), { flags: ["\\Flagged"] });
    const session = await login(address);
    await session.ok("SELECT INBOX");
    const rows: [string, string][] = [
      ["has:attachment", "1"],
      ["-has:attachment from:bob", "2 3"],
      ["has:attachment OR is:read", "1 2"],
      ["is:unread letter", "3"],
      ["is:starred", "3"],
      ["in:inbox subject:(letter two)", "2"],
      ["{picture three}", "1 3"],
      ["rfc822msgid:two@x", "2"],
      ["after:2026/2/2 before:2026/2/5", "1 2 3"],
      ["in:sent", ""],
    ];
    for (const [query, numbers] of rows) {
      const found = `* SEARCH ${numbers}`.trim();
      assert.deepEqual(await session.ok(`SEARCH X-GM-RAW "${query}"`), [found], query);
    }
    await session.sendUtf8('u SEARCH CHARSET UTF-8 X-GM-RAW "grün OR TWO"\r\n');
    assert.equal((await session.readTo("u"))[0], "* SEARCH 2");
    assert.match(await session.answer(`SEARCH X-GM-RAW "${"x".repeat(1001)}"`), /^T NO \[LIMIT\]/);
  },
);

test("X-GM-EXT-1: nobody labels in another's mailbox", async () => {
  const [owner, guest] = [await world.account(), await world.account()];
  await world.deliver(owner, letter("one"), { mailbox: "Team" });
  const session = await world.login(owner);
  await session.ok(`SETACL Team ${guest} lrswite`);
  const other = await world.login(guest);
  await other.ok(`SELECT "Other Users/${owner}/Team"`);
  assert.deepEqual(await other.ok("FETCH 1 X-GM-LABELS"), ["* 1 FETCH (X-GM-LABELS ())"]);
  assert.match(await other.answer("STORE 1 +X-GM-LABELS Work"), /^T NO \[CANNOT\]/);
});
