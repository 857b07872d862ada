import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

const NOW_MS = Date.UTC(2026, 1, 10, 12);

let world: ImapWorld;
let session: ImapDialogue;
before(async () => {
  const clock = { ...systemClock, nowMs: () => NOW_MS };
  world = await openImapWorld({ clock, crypto: nodeCrypto, random: systemRandom });
  const user = await world.account();
  session = await world.login(user);
  const append = async (head: string, message: string): Promise<void> => {
    assert.match(await session.append(`INBOX ${head}`, message), /^T OK/);
  };
  await append(
    '(\\Seen) "01-Feb-2026 10:00:00 +0000"',
    "From: Ann Lee <ann@example.net>\r\nTo: bob@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from\r\n Rome\r\n" +
      "Date: Sat, 31 Jan 2026 23:30:00 -0500\r\nX-Tag:\r\n\r\nplain words\r\n",
  );
  await append(
    '(\\Flagged $Label) "05-Feb-2026 10:00:00 +0000"',
    "From: carol@sub.example.com\r\nCc: Dave <dave@example.org>\r\nBcc: eve@example.org\r\nSubject: second\r\n" +
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nRWluIGvDvGhsZXIgVGFn\r\n",
  );
  await append(
    '(\\Draft \\Answered) "10-Feb-2026 11:59:30 +0000"',
    'Content-Type: multipart/mixed; boundary="b"\r\nSubject: third\r\n\r\n--b\r\nContent-Type: text/html\r\n' +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n<b>hid=64en</b>\r\n--b\r\nContent-Type: image/png\r\n\r\nsecretpixels\r\n" +
      "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: enclosed letter\r\n\r\ninnermost\r\n--b--\r\n",
  );
  await append("(\\Deleted)", `Subject: big\r\n\r\n${"x".repeat(3000)}\r\n`);
  await session.ok("SELECT INBOX");
});
after(() => world.close());

async function found(keys: string): Promise<string> {
  const responses = await session.ok(`SEARCH ${keys}`);
  return (responses[0] ?? "").replace("* SEARCH", "").trim();
}

test("RFC 9051 §6.4.4: flags, sets, sizes, dates and their combinations", async () => {
  const rows: [string, string][] = [
    ["ALL", "1 2 3 4"],
    ["SEEN", "1"],
    ["UNSEEN", "2 3 4"],
    ["FLAGGED", "2"],
    ["UNFLAGGED DRAFT", "3"],
    ["ANSWERED", "3"],
    ["DELETED", "4"],
    ["UNDELETED UNANSWERED UNDRAFT", "1 2"],
    ["KEYWORD $label", "2"],
    ["UNKEYWORD $Label", "1 3 4"],
    ["KEYWORD $Other", ""],
    ["RECENT", "1 2 3 4"],
    ["OLD", ""],
    ["NEW", "2 3 4"],
    ["2:3", "2 3"],
    ["UID 4:*", "4"],
    ["*", "4"],
    ["NOT 1", "2 3 4"],
    ["OR 1 FLAGGED", "1 2"],
    ["OR (1 SEEN) (2 SEEN)", "1"],
    ["NOT (SEEN)", "2 3 4"],
    ["LARGER 3000", "4"],
    ["SMALLER 3000", "1 2 3"],
    ["BEFORE 5-Feb-2026", "1"],
    ["ON 5-Feb-2026", "2"],
    ["SINCE 5-Feb-2026", "2 3 4"],
    ["SAVEDON 10-Feb-2026 SAVEDATESUPPORTED", "1 2 3 4"],
    ["SAVEDBEFORE 10-Feb-2026", ""],
    ["YOUNGER 60", "3 4"],
    ["OLDER 86400", "1 2"],
    ["THREADID x", ""],
  ];
  for (const [keys, numbers] of rows) assert.equal(await found(keys), numbers, keys);
});

test("RFC 9051 §6.4.4: the date of the message is taken in its own zone", async () => {
  assert.equal(await found("SENTON 31-Jan-2026"), "1");
  assert.equal(await found("SENTBEFORE 31-Jan-2026"), "");
  assert.equal(await found("SENTSINCE 31-Jan-2026"), "1");
});

test("pitfall 23: headers are searched for substrings, inside addresses and encoded words too", async () => {
  const rows: [string, string][] = [
    ["FROM ann", "1"],
    ["FROM xample", "1 2"],
    ["FROM .example.com", "2"],
    ["FROM LEE", "1"],
    ["TO bob@exam", "1"],
    ["CC dave", "2"],
    ["BCC eve", "2"],
    ["SUBJECT econ", "2"],
    ['SUBJECT "from Rome"', "1"],
    ["SUBJECT {6+}\r\nGr\xc3\xbc\xc3\x9f", "1"],
    ["CHARSET UTF-8 SUBJECT {4+}\r\nGR\xc3\x9c", "1"],
    ['HEADER X-Tag ""', "1"],
    ["HEADER subject ird", "3"],
    ['HEADER X-None ""', ""],
    ["FROM nobody", ""],
  ];
  for (const [keys, numbers] of rows) {
    assert.equal(await found(keys), numbers, keys);
  }
});

test("text is searched under its transfer encoding and charset, in text parts and enclosed messages", async () => {
  const rows: [string, string][] = [
    ["BODY words", "1"],
    ["BODY {7+}\r\nk\xc3\x9chler", "2"],
    ["BODY hidden", "3"],
    ["BODY secretpixels", ""],
    ["BODY innermost", "3"],
    ["BODY enclosed", "3"],
    ["BODY third", ""],
    ["TEXT third", "3"],
    ["TEXT carol", "2"],
    ["NOT TEXT second", "1 3 4"],
    ["OR BODY words FLAGGED", "1 2"],
    ["SEEN BODY hidden", ""],
    ["NOT BODY hidden UNDELETED", "1 2"],
  ];
  for (const [keys, numbers] of rows) assert.equal(await found(keys), numbers, keys);
});

test("RFC 4731, RFC 5182: RETURN and $", async () => {
  await play(
    session,
    `
    C: SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN
    S: * ESEARCH (TAG …) MIN 2 MAX 4 ALL 2:4 COUNT 3
    S: T OK …
    C: UID SEARCH RETURN () 1:2
    S: * ESEARCH (TAG …) UID ALL 1:2
    S: T OK …
    C: SEARCH RETURN (MIN COUNT) KEYWORD nothing
    S: * ESEARCH (TAG …) COUNT 0
    S: T OK …
    C: SEARCH RETURN (SAVE) FLAGGED
    S: T OK …
    C: FETCH $ UID
    S: * 2 FETCH (UID 2)
    S: T OK …
    C: SEARCH RETURN (SAVE MIN) ALL
    S: * ESEARCH (TAG …) MIN 1
    S: T OK …
    C: UID FETCH $ FLAGS
    S: * 1 FETCH (UID 1 …
    S: T OK …
    C: SEARCH $ SEEN
    S: * SEARCH 1
    S: T OK …
    C: SEARCH RETURN (SAVE) KEYWORD nothing
    S: T OK …
    C: FETCH $ UID
    S: T OK …
    C: SEARCH CHARSET KOI8-R ALL
    S: T NO [BADCHARSET (US-ASCII UTF-8)] …
    C: SEARCH 5
    S: T BAD …
  `,
  );
});

test("RFC 8474: a copy has its original's EMAILID and can be found by it", async () => {
  const [line] = await session.ok("FETCH 2 EMAILID");
  const id = /EMAILID \((\w+)\)/.exec(line)?.[1];
  assert.equal(await found(`EMAILID ${id}`), "2");
  assert.equal(await found("EMAILID nonsense"), "");
  await session.ok("COPY 2 Archive");
  await session.ok("EXAMINE Archive");
  assert.match((await session.ok("FETCH 1 EMAILID"))[0], new RegExp(`EMAILID \\(${id}\\)`));
  await session.ok("SELECT INBOX");
});

test("security row 91: a thousand keys about one message give others their turns, and agree with few", async () => {
  let nowMs = 0;
  // Every look at the clock finds that much time has passed.
  const clock = { ...systemClock, monotonicMs: () => (nowMs += 20) };
  const slow = await openImapWorld({ clock, crypto: nodeCrypto, random: systemRandom });
  try {
    const other = await slow.login(await slow.account());
    assert.match(await other.append("INBOX", "Subject: one\r\n\r\nwords\r\n"), /^T OK/);
    await other.ok("SELECT INBOX");
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    count();
    const many = `${"NOT SUBJECT nowhere ".repeat(900)}${"NOT HEADER X y ".repeat(99)}`;
    assert.deepEqual(await other.ok(`SEARCH ${many}BODY words`), ["* SEARCH 1"]);
    isOver = true;
    assert.ok(turns > 200, `${turns} turns`);
    assert.deepEqual(await other.ok(`SEARCH ${many}BODY nowhere`), ["* SEARCH"]);
  } finally {
    await slow.close();
  }
});

test("security row 91: a text to search for in whole messages is short", async () => {
  assert.match(await session.answer(`SEARCH BODY ${"x".repeat(256)}`), /^T NO \[LIMIT\]/);
  assert.match(await session.answer(`SEARCH TEXT ${"x".repeat(256)}`), /^T NO \[LIMIT\]/);
  assert.equal(await found(`BODY ${"x".repeat(255)}`), "4");
});
