/** What real mail programs trip over: the list in the project's notes, as far as IMAP and what is built. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

const MESSAGE = "Subject: x\r\n\r\nbody\r\n";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

async function inbox(count: number): Promise<{ user: string; session: ImapDialogue }> {
  const user = await world.account();
  for (let n = 0; n < count; n++) await world.deliver(user, MESSAGE);
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  return { user, session };
}

test("pitfall 1: DONE and the next command in one packet; a command in place of DONE", async () => {
  const { session } = await inbox(1);
  await session.send("i1 IDLE\r\n");
  assert.equal(await session.readResponse(), "+ idling");
  await session.send("DONE\r\nn1 NOOP\r\nn2 UID FETCH 1:* FLAGS\r\n");
  assert.match(await session.readResponse(), /^i1 OK/);
  assert.match(await session.readResponse(), /^n1 OK/);
  assert.match(await session.readResponse(), /^\* 1 FETCH/);
  assert.match(await session.readResponse(), /^n2 OK/);
  // All in one, also the IDLE itself.
  await session.send("i2 IDLE\r\nDONE\r\ni3 IDLE\r\nDONE\r\nn3 NOOP\r\n");
  for (const pattern of [/^\+ /, /^i2 OK/, /^\+ /, /^i3 OK/, /^n3 OK/]) {
    assert.match(await session.readResponse(), pattern);
  }
  await session.send("i4 IDLE\r\n");
  assert.equal(await session.readResponse(), "+ idling");
  await session.send("i5 IDLE\r\n");
  assert.match(await session.readResponse(), /^i4 BAD/);
  assert.equal(await session.readResponse(), "+ idling");
  await session.send("DONE\r\n");
  assert.match(await session.readResponse(), /^i5 OK/);
});

test("pitfall 2: no EXISTS after EXPUNGE unless the count grew", async () => {
  const { session } = await inbox(2);
  await session.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)");
  await play(
    session,
    `
    C: EXPUNGE
    S: * 2 EXPUNGE
    S: * 1 EXPUNGE
    S: T OK …
    C: NOOP
    S: T OK …
  `,
  );
});

test("pitfall 3: UIDONLY is not advertised, and a capability can be hidden", async () => {
  const session = await world.connect({ hiddenCapabilities: ["QRESYNC", "CONDSTORE"] });
  assert.doesNotMatch(session.greeting, /UIDONLY|QRESYNC|CONDSTORE/);
});

test("pitfall 4: ID is always answered, well-formed", async () => {
  const session = await world.connect();
  for (const command of ["ID NIL", "ID ()", 'ID ("name" NIL)', 'ID ("name" "WIR00001")']) {
    assert.match((await session.ok(command))[0], /^\* ID \("name" "Posthorn"/);
  }
});

test("pitfall 5: IDLE before SELECT is accepted", async () => {
  const session = await world.login(await world.account());
  await session.send("i IDLE\r\n");
  assert.equal(await session.readResponse(), "+ idling");
  await session.send("DONE\r\n");
  assert.match(await session.readResponse(), /^i OK/);
});

test("pitfall 6: parents are real mailboxes, never \\Noselect", async () => {
  const session = await world.login(await world.account());
  await session.ok("CREATE a/b/c");
  for (const line of await session.ok('LIST "" a*'))
    assert.doesNotMatch(line, /Noselect|NonExistent/i);
  for (const name of ["a", "a/b", "a/b/c"])
    assert.match(await session.answer(`SELECT ${name}`), /^T OK/);
});

test("pitfall 7: one mailbox for each special use", async () => {
  const session = await world.login(await world.account());
  const lines = (await session.ok('LIST "" *')).join("\n");
  for (const use of ["Archive", "Drafts", "Junk", "Sent", "Trash"]) {
    assert.equal(lines.split(`\\${use}`).length - 1, 1, use);
  }
  assert.match(await session.answer("CREATE Sent2 (USE (\\Sent))"), /^T NO \[USEATTR\]/);
});

test("pitfall 7: a program that insists on Sent Items gets it, and there is still one \\Sent", async () => {
  const session = await world.login(await world.account());
  await session.ok("ENABLE IMAP4rev2");
  const uses = async (use: string): Promise<string[]> =>
    (await session.ok('LIST (SPECIAL-USE) "" *')).filter((line) => line.includes(use));
  assert.deepEqual(await session.ok('CREATE "Sent Items"'), [
    '* LIST () "/" "Sent Items" ("OLDNAME" ("Sent"))',
  ]);
  assert.deepEqual(await uses("\\Sent"), ['* LIST (\\HasNoChildren \\Sent) "/" "Sent Items"']);
  // Once something has been in it, it keeps its name.
  await session.append('"Sent Items"', MESSAGE);
  await session.ok('CREATE "Sent Messages"');
  assert.deepEqual(await uses("\\Sent"), ['* LIST (\\HasNoChildren \\Sent) "/" "Sent Items"']);
  // A use that nobody has goes to the name that stands for it.
  await session.ok("DELETE Trash");
  await session.ok('CREATE "Deleted Messages"');
  assert.equal((await uses("\\Trash")).length, 1);
});

test("RFC 6154 §2: RECURSIVEMATCH tells of special uses below", async () => {
  const session = await world.login(await world.account());
  await session.ok("CREATE Work/Important (USE (\\Important))");
  assert.deepEqual(await session.ok('LIST (SPECIAL-USE RECURSIVEMATCH) "" Work'), [
    '* LIST (\\HasChildren) "/" "Work" ("CHILDINFO" ("SPECIAL-USE"))',
  ]);
});

test("the pitfalls of the list are all here, each by its number", async () => {
  const names: string[] = [];
  const src = join(import.meta.dirname, "../..");
  for (const file of await readdir(src, { recursive: true })) {
    if (!/(imap|pop3)[^]*\.test\.ts$/.test(file)) continue;
    const text = await readFile(join(src, file), "utf8");
    for (const [, numbers] of text.matchAll(/est\(\s*["`]pitfalls? ([\d and,]+):/g)) {
      names.push(...(numbers.match(/\d+/g) ?? []));
    }
  }
  const missing = Array.from({ length: 25 }, (_, index) => String(index + 1)).filter(
    (number) => !names.includes(number),
  );
  assert.deepEqual(missing, []);
});

test("pitfall 8: LIST with SPECIAL-USE and STATUS: each STATUS follows its LIST", async () => {
  const session = await world.login(await world.account());
  const lines = await session.ok('LIST "" "*" RETURN (SPECIAL-USE STATUS (UNSEEN))');
  assert.equal(lines.length, 12);
  for (let at = 0; at < lines.length; at += 2) {
    const name = /"\/" (.*)$/.exec(lines[at])?.[1];
    assert.equal(lines[at + 1], `* STATUS ${name} (UNSEEN 0)`);
  }
});

test("pitfall 9: NOOP tells nothing but the selected mailbox", async () => {
  const { user, session } = await inbox(1);
  await world.deliver(user, MESSAGE, { mailbox: "Archive" });
  assert.deepEqual(await session.ok("NOOP"), []);
});

test("pitfall 10: nothing but ASCII outside literals without UTF8=ACCEPT; APPEND UTF8 parses", async () => {
  const { session } = await inbox(0);
  const raw =
    "From: J\xc3\xbcrgen <j@example.org>\r\nSubject: Gr\xc3\xbc\xc3\x9fe \xff\r\nContent-Description: \xc3\xbc\r\n\r\nx\r\n";
  await session.send(`u APPEND INBOX UTF8 (~{${raw.length}}\r\n`);
  assert.match(await session.readResponse(), /^\+ /);
  await session.send(`${raw})\r\n`);
  await session.readTo("u");
  await session.ok("CREATE &ANw-");
  const answers = [
    ...(await session.ok("FETCH 1 (ENVELOPE BODYSTRUCTURE)")),
    ...(await session.ok('LIST "" *')),
  ];
  for (const answer of answers) {
    assert.doesNotMatch(answer.replace(/\{\d+\}\r\n[^]*?(?=[ )])/g, ""), /[^\x00-\x7f]/);
  }
});

test("pitfall 11: FETCH answers ascend and are unique, whatever the set's order", async () => {
  const { session } = await inbox(4);
  const uids = async (command: string): Promise<number[]> =>
    (await session.ok(command)).map((line) => Number(/UID (\d+)/.exec(line)?.[1]));
  assert.deepEqual(await uids("UID FETCH 4,2,2:3,1,*:3 FLAGS"), [1, 2, 3, 4]);
  assert.deepEqual(await uids("FETCH 3,1,1,3 UID"), [1, 3]);
});

test("pitfalls 12 and 13: broken messages give well-formed ENVELOPE and BODYSTRUCTURE", async () => {
  const user = await world.account();
  const broken = [
    "",
    "\r\n",
    "no header at all\r\n",
    "From:\r\nTo: ,,,\r\nSubject\r\n\r\n",
    'Message-Id: <a"b"@c>\r\nFrom: "unclosed <a@b>\r\n\r\nx',
    "Content-Type: multipart/mixed\r\n\r\nno boundary",
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\nno parts\r\n',
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b--\r\n',
    "Content-Type: text\r\n\r\nx",
    'Content-Type: ; name="\r\n\r\nx',
    "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Subject: \0\x01\x7f\r\nFrom: \0 <\0@\0>\r\n\r\n\0",
    `Content-Type: multipart/mixed; boundary=x\r\n\r\n${"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n".repeat(50)}`,
    "From: group: a@b, c@d;\r\nDate: never\r\n\r\n",
    `References: ${"<a@b> ".repeat(500)}\r\nSubject: ${"x".repeat(3000)}\r\n\r\n`,
  ];
  for (const message of broken) if (message !== "") await world.deliver(user, message);
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  // The dialogue itself checks the syntax of every response.
  const answers = await session.ok(
    "FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2.HEADER])",
  );
  assert.equal(answers.length, broken.length - 1);
  assert.match(answers[3], /"<a\\"b\\"@c>"/);
});

test("pitfall 14: UIDVALIDITY is a second count of 32 bits, never 0", async () => {
  const { session } = await inbox(0);
  const values: number[] = [];
  for (let n = 0; n < 3; n++) {
    await session.ok("CREATE again");
    const status = (await session.ok("STATUS again (UIDVALIDITY)"))[0];
    values.push(Number(/UIDVALIDITY (\d+)/.exec(status)?.[1]));
    await session.ok("DELETE again");
  }
  for (const value of values) assert.ok(value > 1_600_000_000 && value < 4294967296);
  assert.ok(values[0] < values[1] && values[1] < values[2], "a name used again has a new one");
});

test("pitfall 15: APPENDUID and COPYUID always, source first", async () => {
  const { session } = await inbox(3);
  assert.match(await session.append("Sent", MESSAGE), /^T OK \[APPENDUID \d+ 1\]/);
  assert.match(await session.answer("UID COPY 2:3 Sent"), /^T OK \[COPYUID \d+ 2:3 2:3\]/);
  assert.match(await session.answer("UID COPY 2:3 Sent"), /^T OK \[COPYUID \d+ 2:3 4:5\]/);
  assert.match((await session.command("UID MOVE 3 Sent"))[0], /^\* OK \[COPYUID \d+ 3 6\]/);
});

test("pitfall 16: UIDs that are gone are OK, not NO", async () => {
  const { session } = await inbox(1);
  for (const command of [
    "UID MOVE 7 Trash",
    "UID COPY 7:9 Trash",
    "UID STORE 7 +FLAGS (\\Seen)",
    "UID FETCH 7 FLAGS",
    "UID EXPUNGE 7",
  ]) {
    assert.match(await session.answer(command), /^T OK/, command);
  }
});

test("pitfall 17: UID FETCH n:* beyond the end gives the last; mail moved in is seen", async () => {
  const { user, session } = await inbox(2);
  assert.match((await session.ok("UID FETCH 100:* FLAGS"))[0], /^\* 2 FETCH \(UID 2 /);
  const other = await world.login(user);
  await other.ok("SELECT Archive");
  await other.append("Archive", MESSAGE);
  await other.ok("NOOP");
  await other.ok("MOVE 1 INBOX");
  await play(
    session,
    `
    C: UID FETCH 3:* FLAGS
    S: * 3 EXISTS
    S: * 3 RECENT
    S: * 3 FETCH (UID 3 …
    S: T OK …
  `,
  );
});

test("pitfall 19: pipelined STORE and EXPUNGE are carried out in order", async () => {
  const { session } = await inbox(3);
  await session.send(
    "a STORE 2 +FLAGS (\\Deleted)\r\nb EXPUNGE\r\nc UID SEARCH ALL\r\nd STORE 1 +FLAGS.SILENT (\\Deleted)\r\ne EXPUNGE\r\nf UID SEARCH ALL\r\n",
  );
  assert.match((await session.readTo("a"))[0], /^\* 2 FETCH/);
  assert.deepEqual((await session.readTo("b"))[0], "* 2 EXPUNGE");
  assert.deepEqual((await session.readTo("c"))[0], "* SEARCH 1 3");
  await session.readTo("e");
  assert.deepEqual((await session.readTo("f"))[0], "* SEARCH 3");
});

test("pitfall 21: what another session expunged can still be named until it is told", async () => {
  const { user, session } = await inbox(3);
  const other = await world.login(user);
  await other.ok("SELECT INBOX");
  await other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)");
  await other.ok("EXPUNGE");
  assert.match(await session.answer("STORE 1:3 +FLAGS.SILENT (\\Flagged)"), /^T OK/);
  assert.deepEqual((await session.ok("SEARCH ALL"))[0], "* SEARCH 1 3");
  assert.match((await session.ok("NOOP"))[0], /EXPUNGE|FETCH/);
});

test("pitfall 22: RENAME moves inferiors and keeps subscriptions; INBOX is emptied into the new name", async () => {
  const { session } = await inbox(2);
  await session.ok("CREATE a/b");
  await session.ok("SUBSCRIBE a/b");
  await session.ok("CREATE &2D3eAA-");
  await play(
    session,
    `
    C: RENAME a z
    S: T OK …
    C: LIST "" z*
    S: * LIST (\\HasChildren) "/" "z"
    S: * LIST (\\HasNoChildren) "/" "z/b"
    S: T OK …
    # RFC 3501 §6.3.9: no name leaves the subscriptions unless the client says so.
    C: LSUB "" a*
    S: * LSUB (\\Noselect) "/" "a/b"
    S: T OK …
    C: RENAME inbox Old
    S: …
    S: T OK …
    C: STATUS Old (MESSAGES)
    S: * STATUS "Old" (MESSAGES 2)
    S: T OK …
    C: STATUS INBOX (MESSAGES)
    S: * STATUS "INBOX" (MESSAGES 0)
    S: T OK …
    C: LIST "" &2D3eAA-
    S: * LIST (\\HasNoChildren…) "/" "&2D3eAA-"
    S: T OK …
    C: SELECT iNbOx
    S: …
    S: T OK …
  `,
  );
});

test("pitfall 24: over the limit of sessions the answer is NO [LIMIT], not BYE", async () => {
  const small = await openImapWorld(
    { clock: systemClock, crypto: nodeCrypto, random: systemRandom },
    { sessionLimit: 2 },
  );
  try {
    const user = await small.account();
    const first = await small.login(user);
    await small.login(user);
    const third = await small.connect();
    assert.match(await third.answer(`LOGIN ${user} "${PASSWORD}"`), /^T NO \[LIMIT\]/);
    assert.match(await third.answer("NOOP"), /^T OK/);
    await first.ok("LOGOUT");
    await first.readToEnd();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(await third.answer(`LOGIN ${user} "${PASSWORD}"`), /^T OK/);
  } finally {
    await small.close();
  }
});

test("pitfall 24: a LITERAL+ message over the limit is consumed, then NO [TOOBIG]", async () => {
  const session = await world.login(await world.account(), { appendLimitOctets: 100 });
  const big = "x DELETE INBOX\r\n".repeat(50);
  await session.send(`a APPEND INBOX {${big.length}+}\r\n${big}\r\nb NOOP\r\n`);
  assert.match((await session.readTo("a")).join(), /^T NO \[TOOBIG\]/);
  assert.match((await session.readTo("b")).join(), /^T OK/);
  assert.match(await session.append("INBOX", big), /^T NO \[TOOBIG\]/);
});

test("pitfall 25: extensions are named before login, and the idle limit is over half an hour", async () => {
  const session = await world.connect();
  assert.match(session.greeting, /CAPABILITY [^\]]*IDLE[^\]]*UIDPLUS/);
  const { IDLE_TIMEOUT_MS, KEEP_ALIVE_MS } = await import("../../imap/serve-options.ts");
  assert.ok(IDLE_TIMEOUT_MS > 30 * 60_000);
  assert.ok(KEEP_ALIVE_MS >= 60_000 && KEEP_ALIVE_MS <= 180_000);
});
