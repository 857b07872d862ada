import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { dialogueTest } from "./testing/dialogue-test.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

const PARTS = [
  "From: a@example.org",
  "Subject: parts",
  'Content-Type: multipart/mixed; boundary="b"',
  "",
  "--b",
  "Content-Type: text/plain",
  "",
  "the text",
  "--b",
  "Content-Type: image/png",
  "Content-Transfer-Encoding: base64",
  "",
  "aW1hZ2U=",
  "--b--",
  "",
].join("\r\n");

const literal = (text: string): string => `{${text.length}+}\r\n${text}`;

/** The octets of a message, without what is around them. */
function bodyOf(response: string): string {
  return /\{\d+\}\r\n([^]*)\)$/.exec(response)?.[1] ?? "";
}

dialogueTest(
  "RFC 4469: CATENATE puts a message together of texts and of parts that are there",
  () => world,
  async (login) => {
    const address = await world.account();
    const uid = await world.deliver(address, PARTS, { prefix: "Return-Path: <x@y>\r\n" });
    const session = await login(address);
    const selected = await session.ok("SELECT INBOX");
    const validity = /UIDVALIDITY (\d+)/.exec(selected.join())?.[1] ?? "";
    const head = "Subject: forward\r\n\r\n";
    const image = `/INBOX;UIDVALIDITY=${validity}/;UID=${uid}/;SECTION=2`;
    assert.match(
      await session.answer(
        `APPEND Drafts (\\Draft) CATENATE (TEXT ${literal(head)} URL "${image}" TEXT ${literal("\r\nend")})`,
      ),
      /^T OK \[APPENDUID \d+ 1\]/,
    );
    // The message of the selected mailbox, whole; a piece of it; the MIME header; a field.
    assert.match(await session.answer(`APPEND Drafts CATENATE (URL ";UID=${uid}")`), /^T OK/);
    assert.match(
      await session.answer(
        `APPEND Drafts CATENATE (URL /INBOX/;UID=${uid}/;PARTIAL=0.11 URL ${literal(`${image}/;PARTIAL=2.3`)}` +
          ` URL "/INBOX/;UID=${uid}/;SECTION=2.MIME" URL "/INBOX/;UID=${uid}/;SECTION=HEADER.FIELDS%20(SUBJECT)")`,
      ),
      /^T OK \[APPENDUID \d+ 3\]/,
    );
    await session.ok("SELECT Drafts");
    const bodies = (await session.ok("FETCH 1:* BODY.PEEK[]")).map(bodyOf);
    assert.equal(bodies[0], `${head}aW1hZ2U=\r\nend`);
    assert.equal(bodies[1], `Return-Path: <x@y>\r\n${PARTS}`);
    assert.equal(
      bodies[2],
      "Return-Path1hZContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nSubject: parts\r\n\r\n",
    );
    assert.match((await session.ok("FETCH 1 FLAGS"))[0], /\\Draft/);
  },
);

dialogueTest(
  "RFC 4469: MULTIAPPEND mixes whole messages with catenated ones; UTF8 parts (RFC 6855)",
  () => world,
  async (login) => {
    const address = await world.account();
    const session = await login(address);
    const one = "Subject: one\r\n\r\n";
    assert.match(
      await session.answer(
        `APPEND INBOX (\\Seen) CATENATE (TEXT ${literal(one)} UTF8 (~${literal("u")})) ${literal(one)} ` +
          `(\\Flagged) CATENATE (TEXT ${literal(one)}) UTF8 (~${literal(one)})`,
      ),
      /^T OK \[APPENDUID \d+ 1:4\]/,
    );
    await session.ok("SELECT INBOX");
    const bodies = (await session.ok("FETCH 1:* BODY.PEEK[]")).map(bodyOf);
    assert.deepEqual(bodies, [`${one}u`, one, one, one]);
    assert.match((await session.ok("FETCH 3 FLAGS"))[0], /\\Flagged/);
  },
);

dialogueTest(
  "RFC 4469 §4: what cannot be had is BADURL, what is too large TOOBIG; nothing is stored, nothing taken for commands",
  () => world,
  async (login) => {
    const [address, other] = [await world.account(), await world.account()];
    const uid = await world.deliver(address, PARTS);
    const foreign = await world.deliver(other, PARTS);
    const session = await login(address, { appendLimitOctets: 600 });
    const text = "Subject: x\r\n\r\nA1 LOGOUT\r\n";
    for (const url of [
      "/INBOX/;UID=99",
      "/nowhere/;UID=1",
      "/INBOX;UIDVALIDITY=1/;UID=1",
      `/INBOX/;UID=${uid}/;SECTION=7`,
      `;UID=${uid}`,
      `imap://elsewhere.example/INBOX/;UID=${uid}`,
      `imap://${other}@imap.example.org/INBOX/;UID=${foreign}`,
      "http://example.org/",
      "nonsense",
    ]) {
      assert.match(
        await session.answer(`APPEND INBOX CATENATE (URL "${url}" TEXT ${literal(text)})`),
        /^T NO \[BADURL "/,
        url,
      );
    }
    assert.match(
      await session.answer(
        `APPEND INBOX CATENATE (URL "imap://imap.example.org/INBOX/;UID=${uid}" TEXT ${literal(text.repeat(20))})`,
      ),
      /^T NO \[TOOBIG\]/,
    );
    const url = `URL /INBOX/;UID=${uid}`;
    assert.match(
      await session.answer(`APPEND INBOX CATENATE (${url} ${url} ${url} ${url})`),
      /^T NO \[TOOBIG\]/,
    );
    for (const wrong of [
      `CATENATE (${url}`,
      "CATENATE ()",
      "CATENATE (TEXT)",
      `CATENATE (${url}) x`,
      `CATENATE (BLOB ${literal("x")})`,
      `CATENATE (TEXT ${literal("x")}${literal("x")})`,
      `(\\Seen) ${literal(text)} CATENATE`,
      "",
    ]) {
      assert.match(await session.answer(`APPEND INBOX ${wrong}`), /^T BAD/, wrong);
    }
    assert.match(await session.answer(`APPEND INBOX CATENATE (TEXT ${literal("")})`), /^T NO/);
    assert.ok((await session.ok("SELECT INBOX")).includes("* 1 EXISTS"));
  },
);

dialogueTest(
  "RFC 8508: REPLACE files the new message and removes the old one together",
  () => world,
  async (login) => {
    const address = await world.account();
    for (const subject of ["one", "two", "three"]) {
      await world.deliver(address, `Subject: ${subject}\r\n\r\n`, { mailbox: "Drafts" });
    }
    const session = await login(address);
    const other = await login(address);
    const text = "Subject: new\r\n\r\n";
    assert.match(await session.answer(`REPLACE 2 Drafts ${literal(text)}`), /^T BAD/);
    await session.ok("SELECT Drafts");
    await other.ok("SELECT Drafts");
    assert.deepEqual(
      (await session.command(`REPLACE 2 Drafts (\\Draft) ${literal(text)}`)).map((line) =>
        line.replace(/(?<=APPENDUID )\d+/, "N"),
      ),
      ["* OK [APPENDUID N 4] Replaced", "* 2 EXPUNGE", "* 3 EXISTS", "* 3 RECENT", "T OK Replaced"],
    );
    assert.match((await other.ok("NOOP")).join(), /^\* 2 EXPUNGE,\* 3 EXISTS/);
    // To another mailbox, named by a literal; the last message.
    assert.match(
      (await session.ok(`UID REPLACE 4 {7+}\r\nArchive CATENATE (TEXT ${literal(text)})`)).join(),
      /^\* OK \[APPENDUID \d+ 1\] Replaced,\* 3 EXPUNGE$/,
    );
    await session.ok(`REPLACE * INBOX ${literal(text)}`);
    assert.match(await session.answer(`UID REPLACE 77 INBOX ${literal(text)}`), /^T NO/);
    assert.match(await session.answer(`REPLACE 77 INBOX ${literal(text)}`), /^T BAD/);
    assert.match(await session.answer(`REPLACE 1 Nowhere ${literal(text)}`), /^T NO \[TRYCREATE\]/);
    assert.match(
      await session.answer(`REPLACE 1 INBOX ${literal(text)} ${literal(text)}`),
      /^T BAD/,
    );
    for (const wrong of [
      "",
      "1",
      "1 INBOX",
      "0 INBOX CATENATE (URL x)",
      "1:2 INBOX CATENATE (URL x)",
    ])
      assert.match(await session.answer(`REPLACE ${wrong}`), /^T BAD/, wrong);
    assert.match((await session.ok("UID FETCH 1:* UID")).join(), /^\* 1 FETCH \(UID 1\)$/);
    await session.ok("EXAMINE Drafts");
    assert.match(await session.answer(`REPLACE 1 INBOX ${literal(text)}`), /^T NO \[NOPERM\]/);
  },
);

test("RFC 8508: a message that another session has just removed is not replaced", async () => {
  const address = await world.account();
  await world.deliver(address, PARTS);
  const session = await world.login(address);
  const other = await world.login(address);
  await session.ok("SELECT INBOX");
  await other.ok("SELECT INBOX");
  await session.send("r UID REPLACE 1 INBOX {16}\r\n");
  assert.match(await session.readResponse(), /^\+ /);
  await other.ok("STORE 1 +FLAGS (\\Deleted)");
  await other.ok("EXPUNGE");
  await session.send("Subject: new\r\n\r\n\r\n");
  assert.match((await session.readTo("r")).at(-1) ?? "", /^T NO \[NONEXISTENT\]/);
  assert.ok((await session.ok("SELECT INBOX")).includes("* 0 EXISTS"));
});

test("RFC 8508: what is replaced makes room under a quota", async () => {
  const address = await world.account({ quotaOctets: 1_000 });
  const text = `Subject: x\r\n\r\n${"y".repeat(800)}`;
  await world.deliver(address, text);
  const session = await world.login(address);
  await session.ok("SELECT INBOX");
  assert.match(await session.answer(`APPEND INBOX ${literal(text)}`), /^T NO \[OVERQUOTA\]/);
  await session.ok(`REPLACE 1 INBOX ${literal(`${text}more`)}`);
  const over = await session.answer(`REPLACE 1 INBOX ${literal(text.repeat(2))}`);
  assert.match(over, /^T NO \[OVERQUOTA\]/);
  assert.deepEqual(await session.ok("FETCH 1:* UID"), ["* 1 FETCH (UID 2)"]);
});
