import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { clientMechanism } from "../../sasl/client-mechanism.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

const NOW_MS = Date.UTC(2026, 1, 10, 12);
const MESSAGE =
  "From: Ann <ann@example.net>\r\nTo: bob@example.org\r\nSubject: Hi\r\n" +
  "Date: Tue, 3 Feb 2026 23:00:00 -0500\r\n\r\nHello, world\r\n";
const PREFIX = "Return-Path: <ann@example.net>\r\n";

let world: ImapWorld;
before(async () => {
  const clock = { ...systemClock, nowMs: () => NOW_MS };
  world = await openImapWorld({ clock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

test("greeting, CAPABILITY, NOOP, ID, LOGOUT before login", async () => {
  const session = await world.connect();
  assert.match(session.greeting, /^\* OK \[CAPABILITY IMAP4rev1 [^\]]*LITERAL\+[^\]]*AUTH=PLAIN/);
  await play(
    session,
    `
    C: CAPABILITY
    S: * CAPABILITY IMAP4rev1 …STARTTLS…AUTH=SCRAM-SHA-256…
    S: T OK …
    C: NOOP
    S: T OK …
    C: ID ("name" "Thunderbird" "version" "1")
    S: * ID ("name" "Posthorn" "version" "test")
    S: T OK …
    C: ID NIL
    S: * ID (…
    S: T OK …
    C: SELECT INBOX
    S: T BAD Log in first
    C: FETCH 1 FLAGS
    S: T BAD Log in first
    C: LOGOUT
    S: * BYE …
    S: T OK …
  `,
  );
  assert.equal(await session.readToEnd(), "");
});

test("LOGIN: right, wrong, twice", async () => {
  const user = await world.account();
  const session = await world.connect();
  await play(
    session,
    `
    C: LOGIN ${user} wrong
    S: T NO [AUTHENTICATIONFAILED] …
    C: LOGIN nobody@example.org wrong
    S: T NO [AUTHENTICATIONFAILED] …
    C: LOGIN ${user} "${PASSWORD}"
    S: T OK [CAPABILITY IMAP4rev1 …] Logged in
    C: LOGIN ${user} "${PASSWORD}"
    S: T BAD Already logged in
  `,
  );
});

test("AUTHENTICATE: with and without initial response, cancelled, malformed", async () => {
  const user = await world.account();
  const plain = Buffer.from(`\0${user}\0${PASSWORD}`).toString("base64");
  const session = await world.connect();
  await play(
    session,
    `
    C: AUTHENTICATE PLAIN\\r\\n*
    S: + …
    S: T BAD Cancelled
    C: AUTHENTICATE PLAIN\\r\\n!!!
    S: + …
    S: T BAD …
    C: AUTHENTICATE FOO
    S: T NO …
    C: AUTHENTICATE PLAIN ${Buffer.from(`\0${user}\0x`).toString("base64")}
    S: T NO [AUTHENTICATIONFAILED] …
    C: AUTHENTICATE PLAIN\\r\\n${plain}
    S: + …
    S: T OK [CAPABILITY …
  `,
  );
  const other = await world.connect();
  await play(other, `C: AUTHENTICATE plain ${plain}\nS: T OK [CAPABILITY …`);
});

test("AUTHENTICATE SCRAM-SHA-256: both sides prove themselves", async () => {
  const user = await world.account();
  for (const password of [PASSWORD, "wrong"]) {
    const session = await world.connect();
    const deps = { crypto: nodeCrypto, random: systemRandom };
    const mechanism = clientMechanism("SCRAM-SHA-256", { name: user, password }, deps);
    assert.ok(mechanism);
    const initial = Buffer.from(mechanism.initial() ?? []).toString("base64");
    await session.send(`s AUTHENTICATE SCRAM-SHA-256 ${initial}\r\n`);
    let response = await session.readResponse();
    for (; response.startsWith("+ "); response = await session.readResponse()) {
      const answer = await mechanism.step(Buffer.from(response.slice(2), "base64"));
      await session.send(`${Buffer.from(answer).toString("base64")}\r\n`);
    }
    assert.match(
      response,
      password === PASSWORD ? /^s OK \[CAPABILITY / : /^s NO \[AUTHENTICATIONFAILED\]/,
    );
  }
});

test("passwords are refused in the clear unless allowed; STARTTLS changes that", async () => {
  const user = await world.account();
  const session = await world.connect({ allowPlaintextAuth: false });
  assert.match(session.greeting, / LOGINDISABLED/);
  assert.doesNotMatch(session.greeting, /AUTH=/);
  await play(
    session,
    `
    C: LOGIN ${user} "${PASSWORD}"
    S: T NO [PRIVACYREQUIRED] …
    C: AUTHENTICATE PLAIN
    S: T NO [PRIVACYREQUIRED] …
    C: STARTTLS
    S: T OK …
  `,
  );
  await session.channel.startTls();
  await play(
    session,
    `
    C: CAPABILITY
    S: * CAPABILITY IMAP4rev1 …AUTH=PLAIN…
    S: T OK …
    C: STARTTLS
    S: T BAD …
    C: LOGIN ${user} "${PASSWORD}"
    S: T OK …
  `,
  );
});

test("what was sent before the TLS handshake ends the session (CVE-2011-0411)", async () => {
  const session = await world.connect({ allowPlaintextAuth: false });
  await session.send("a STARTTLS\r\nb LOGIN x y\r\n");
  assert.match(await session.readToEnd(), /^a BAD .*\r\n\* BYE .*\r\n$/);
});

test("SELECT, EXAMINE, CLOSE, UNSELECT", async () => {
  const user = await world.account();
  await world.deliver(user, MESSAGE, { flags: ["\\Seen"] });
  await world.deliver(user, MESSAGE);
  const session = await world.login(user);
  await play(
    session,
    `
    C: EXAMINE inbox
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * OK [PERMANENTFLAGS ()] …
    S: * 2 EXISTS
    S: * 2 RECENT
    S: * OK [UNSEEN 2] …
    S: * OK [UIDVALIDITY …] …
    S: * OK [UIDNEXT 3] …
    S: * OK [HIGHESTMODSEQ …] …
    S: * OK [MAILBOXID (…)] …
    S: T OK [READ-ONLY] …
    C: STORE 1 +FLAGS (\\Deleted)
    S: T NO [NOPERM] …
    C: EXPUNGE
    S: T NO [NOPERM] …
    C: SELECT INBOX
    S: …
    S: * 2 RECENT
    S: …
    S: T OK [READ-WRITE] …
    C: STORE 2 +FLAGS.SILENT (\\Deleted)
    S: T OK …
    C: STATUS INBOX (DELETED DELETED-STORAGE RECENT)
    S: * STATUS "INBOX" (DELETED 1 DELETED-STORAGE ${MESSAGE.length} RECENT 0)
    S: T OK …
    C: UNSELECT
    S: T OK …
    C: FETCH 1 FLAGS
    S: T BAD Select a mailbox first
    C: SELECT INBOX
    S: …
    S: * 2 EXISTS
    S: * 0 RECENT
    S: …
    S: T OK [READ-WRITE] …
    C: CLOSE
    S: T OK …
    C: SELECT INBOX
    S: …
    S: * 1 EXISTS
    S: …
    S: T OK …
    C: SELECT nowhere
    S: T NO [NONEXISTENT] …
    C: FETCH 1 FLAGS
    S: T BAD Select a mailbox first
  `,
  );
});

test("CREATE, DELETE, RENAME, SUBSCRIBE, LIST, LSUB, NAMESPACE, STATUS", async () => {
  const session = await world.login(await world.account());
  await play(
    session,
    `
    C: NAMESPACE
    S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
    S: T OK …
    C: CREATE a/b/
    S: T OK [MAILBOXID (…)] …
    C: CREATE a/b
    S: T NO [ALREADYEXISTS] …
    C: CREATE INBOX
    S: T NO [ALREADYEXISTS] …
    C: LIST "" a*
    S: * LIST (\\HasChildren) "/" "a"
    S: * LIST (\\HasNoChildren) "/" "a/b"
    S: T OK …
    C: LIST "" ""
    S: * LIST (\\Noselect) "/" ""
    S: T OK …
    C: LIST "a/" %
    S: * LIST (\\HasNoChildren) "/" "a/b"
    S: T OK …
    C: DELETE a
    S: T NO [HASCHILDREN] …
    C: DELETE nowhere
    S: T NO [NONEXISTENT] …
    C: DELETE INBOX
    S: T NO [CANNOT] …
    C: SUBSCRIBE a/b
    S: T OK …
    C: SUBSCRIBE not/there
    S: T OK …
    C: LSUB "" a*
    S: * LSUB () "/" "a/b"
    S: T OK …
    C: LSUB "" %
    S: …
    S: * LSUB (\\Noselect) "/" "a"
    S: …
    S: T OK …
    C: UNSUBSCRIBE not/there
    S: T OK …
    C: STATUS a/b (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE DELETED DELETED-STORAGE)
    S: * STATUS "a/b" (MESSAGES 0 RECENT 0 UIDNEXT 1 UIDVALIDITY … UNSEEN 0 SIZE 0 DELETED 0 DELETED-STORAGE 0)
    S: T OK …
    C: STATUS nowhere (MESSAGES)
    S: T NO [NONEXISTENT] …
    C: RENAME a c
    S: T OK …
    C: LIST "" (a* c*)
    S: * LIST (\\HasChildren) "/" "c"
    S: * LIST (\\HasNoChildren) "/" "c/b"
    S: T OK …
    C: RENAME c c/x
    S: T NO [CANNOT] …
    C: RENAME c Sent
    S: T NO [ALREADYEXISTS] …
    C: RENAME nowhere x
    S: T NO [NONEXISTENT] …
    C: CREATE Mine (USE (\\Important))
    S: T OK …
    C: LIST (SPECIAL-USE) "" Mi*
    S: * LIST (\\HasNoChildren \\Important) "/" "Mine"
    S: T OK …
    C: CREATE Mine2 (USE (\\Sent))
    S: T NO [USEATTR] …
    C: GETQUOTAROOT INBOX
    S: * QUOTAROOT "INBOX" ""
    S: * QUOTA "" ()
    S: T OK …
    C: CHECK
    S: T BAD …
  `,
  );
});

test("RFC 5258: LIST with RECURSIVEMATCH tells where subscribed names are hidden", async () => {
  const session = await world.login(await world.account());
  await session.ok("CREATE p/q/r");
  await session.ok("CREATE s");
  for (const name of ["p/q/r", "not/here"]) await session.ok(`SUBSCRIBE ${name}`);
  await play(
    session,
    `
    C: LIST (SUBSCRIBED RECURSIVEMATCH) "" (p s n*)
    S: * LIST (\\HasChildren) "/" "p" ("CHILDINFO" ("SUBSCRIBED"))
    S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" "not/here"
    S: T OK …
    C: LIST (SUBSCRIBED) "" p*
    S: * LIST (\\HasNoChildren \\Subscribed) "/" "p/q/r"
    S: T OK …
    C: LIST "" p/% RETURN (CHILDREN SUBSCRIBED)
    S: * LIST (\\HasChildren) "/" "p/q"
    S: T OK …
    C: LIST (REMOTE) "" s
    S: * LIST (\\HasNoChildren…) "/" "s"
    S: T OK …
    C: LIST "" "${"%a".repeat(2001)}"
    S: T BAD …
  `,
  );
});

test("FETCH: every item, sections with the delivery prefix, partials", async () => {
  const user = await world.account();
  const multipart =
    'Content-Type: multipart/mixed; boundary="b"\r\nSubject: parts\r\n\r\n' +
    "--b\r\nContent-Type: text/plain\r\n\r\nfirst\r\n" +
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninside\r\n" +
    "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--b--\r\n";
  await world.deliver(user, MESSAGE, { prefix: PREFIX });
  await world.deliver(user, multipart, { prefix: PREFIX });
  const session = await world.login(user);
  const whole = PREFIX + MESSAGE;
  const script = (text: string): string => text.replaceAll("\r\n", "\\r\\n");
  await play(
    session,
    `
    C: SELECT INBOX
    S: …
    S: T OK …
    C: FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE MODSEQ EMAILID THREADID SAVEDATE)
    S: * 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (…) INTERNALDATE "03-Feb-2026 04:05:06 +0000" RFC822.SIZE ${whole.length} EMAILID (M…) THREADID (T…) SAVEDATE "10-Feb-2026 12:00:00 +0000")
    S: T OK …
    C: FETCH 1 ENVELOPE
    S: * 1 FETCH (ENVELOPE ("Tue, 3 Feb 2026 23:00:00 -0500" "Hi" (("Ann" NIL "ann" "example.net")) …))
    S: T OK …
    C: FETCH 1 BODY.PEEK[]
    S: * 1 FETCH (BODY[] {${whole.length}}\\r\\n${script(whole)})
    S: T OK …
    C: FETCH 1 BODY.PEEK[]<5.10>
    S: * 1 FETCH (BODY[]<5> {10}\\r\\n${whole.slice(5, 15)})
    S: T OK …
    C: FETCH 1 BODY.PEEK[]<30.8>
    S: * 1 FETCH (BODY[]<30> {8}\\r\\n${script(whole.slice(30, 38))})
    S: T OK …
    C: FETCH 1 BODY.PEEK[]<100000.8>
    S: * 1 FETCH (BODY[]<100000> {0}\\r\\n)
    S: T OK …
    C: FETCH 1 BODY.PEEK[HEADER]
    S: * 1 FETCH (BODY[HEADER] {${whole.indexOf("Hello")}}\\r\\n${script(whole.slice(0, whole.indexOf("Hello")))})
    S: T OK …
    C: FETCH 1 BODY.PEEK[HEADER.FIELDS (return-path SUBJECT)]
    S: * 1 FETCH (BODY[HEADER.FIELDS (RETURN-PATH SUBJECT)] {47}\\r\\n${script(PREFIX)}Subject: Hi\\r\\n\\r\\n)
    S: T OK …
    C: FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (Return-Path From To Date)]
    S: * 1 FETCH (BODY[HEADER.FIELDS.NOT (RETURN-PATH FROM TO DATE)] {15}\\r\\nSubject: Hi\\r\\n\\r\\n)
    S: T OK …
    C: FETCH 1 BODY.PEEK[TEXT]
    S: * 1 FETCH (BODY[TEXT] {14}\\r\\nHello, world\\r\\n)
    S: T OK …
    C: FETCH 1 BODY.PEEK[1]
    S: * 1 FETCH (BODY[1] {14}\\r\\nHello, world\\r\\n)
    S: T OK …
    C: FETCH 1 BODY.PEEK[2]
    S: * 1 FETCH (BODY[2] NIL)
    S: T OK …
    C: FETCH 1 RFC822.HEADER
    S: * 1 FETCH (RFC822.HEADER {…
    S: T OK …
    C: FETCH 1 FLAGS
    S: * 1 FETCH (FLAGS (\\Recent))
    S: T OK …
    C: FETCH 1 BODY[TEXT]
    S: * 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (…) BODY[TEXT] {14}\\r\\nHello, world\\r\\n)
    S: T OK …
    C: FETCH 2 (BODY BODYSTRUCTURE)
    S: * 2 FETCH (BODYSTRUCTURE (("text" "plain"…)("message" "rfc822" …)("image" "png" …) "mixed" ("boundary" "b") NIL NIL NIL) BODY (("text" "plain"… 5 …)("message" "rfc822" NIL NIL NIL "7bit" 24 (NIL "inner" …) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 …) …)("image" "png" NIL NIL NIL "base64" 4) "mixed"))
    S: T OK …
    C: FETCH 2 (BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT] BODY.PEEK[2.1] BODY.PEEK[3])
    S: * 2 FETCH (BODY[1] {5}\\r\\nfirst BODY[1.MIME] {28}\\r\\nContent-Type: text/plain\\r\\n\\r\\n BODY[2.HEADER] {18}\\r\\nSubject: inner\\r\\n\\r\\n BODY[2.TEXT] {6}\\r\\ninside BODY[2.1] {6}\\r\\ninside BODY[3] {4}\\r\\nAAEC)
    S: T OK …
    C: FETCH 2 (BINARY.PEEK[3] BINARY.SIZE[3] BINARY.PEEK[1]<1.2>)
    S: * 2 FETCH (BINARY[3] ~{3}\\r\\n\0\x01\x02 BINARY.SIZE[3] 3 BINARY[1]<1> {2}\\r\\nir)
    S: T OK …
    C: FETCH 1:2 (FLAGS) (CHANGEDSINCE 99999)
    S: T OK …
    C: UID FETCH 2 FLAGS
    S: * 2 FETCH (UID 2 FLAGS (\\Recent))
    S: T OK …
    C: UID FETCH 99 FLAGS
    S: T OK …
    C: FETCH 3 FLAGS
    S: T BAD …
  `,
  );
});

test("STORE, COPY, MOVE, EXPUNGE and their UID forms", async () => {
  const user = await world.account();
  for (let n = 0; n < 5; n++) await world.deliver(user, MESSAGE);
  const session = await world.login(user);
  await play(
    session,
    `
    C: SELECT INBOX
    S: …
    S: T OK …
    C: STORE 1,3 +FLAGS (\\Seen $Label)
    S: * FLAGS (… $Label)
    S: * 1 FETCH (FLAGS (\\Seen \\Recent $Label))
    S: * 3 FETCH (FLAGS (\\Seen \\Recent $Label))
    S: T OK …
    C: STORE 1 -FLAGS.SILENT \\Seen
    S: T OK …
    C: UID STORE 3 FLAGS (\\Flagged)
    S: * 3 FETCH (UID 3 FLAGS (\\Flagged \\Recent))
    S: T OK …
    C: SEARCH KEYWORD $label
    S: * SEARCH 1
    S: T OK …
    C: COPY 1:2 nowhere
    S: T NO [TRYCREATE] …
    C: COPY 1:2 Archive
    S: T OK [COPYUID … 1:2 1:2] …
    C: UID COPY 4 Archive
    S: T OK [COPYUID … 4 3] …
    C: STORE 2,4,5 +FLAGS.SILENT (\\Deleted)
    S: T OK …
    C: UID EXPUNGE 1:4
    S: * 4 EXPUNGE
    S: * 2 EXPUNGE
    S: T OK …
    C: EXPUNGE
    S: * 3 EXPUNGE
    S: T OK …
    C: MOVE 1 Trash
    S: * OK [COPYUID … 1 1] …
    S: * 1 EXPUNGE
    S: T OK …
    C: UID MOVE 3 Trash
    S: * OK [COPYUID … 3 2] …
    S: * 1 EXPUNGE
    S: T OK …
    C: SEARCH ALL
    S: * SEARCH
    S: T OK …
    C: SELECT Trash
    S: …
    S: T OK …
    C: FETCH 1:* FLAGS
    S: * 1 FETCH (FLAGS (\\Recent $Label))
    S: * 2 FETCH (FLAGS (\\Flagged \\Recent))
    S: T OK …
  `,
  );
});

test("APPEND: flags, date, many messages, literal8, refusals", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const size = MESSAGE.length;
  assert.match(await session.append("INBOX", MESSAGE), /^T OK \[APPENDUID \d+ 1\] /);
  assert.match(
    await session.append('inbox (\\Seen $x) "01-Feb-1994 12:30:00 +0100"', MESSAGE),
    /^T OK \[APPENDUID \d+ 2\] /,
  );
  assert.match(await session.append("nowhere", MESSAGE), /^T NO \[TRYCREATE\] /);
  assert.match(await session.append("INBOX (\\Foo)", MESSAGE), /^T BAD /);
  const script = MESSAGE.replaceAll("\r\n", "\\r\\n");
  await play(
    session,
    `
    C: APPEND INBOX
    S: T BAD …
    C: APPEND INBOX {0+}\\r\\n
    S: T NO …
    C: APPEND INBOX {${size}+}\\r\\n${script} (\\Flagged) {${size}+}\\r\\n${script}
    S: T OK [APPENDUID … 3:4] …
    C: APPEND INBOX ~{${size}+}\\r\\n${script}
    S: T OK [APPENDUID … 5] …
    C: APPEND INBOX UTF8 (~{${size}+}\\r\\n${script})
    S: T OK [APPENDUID … 6] …
    C: APPEND INBOX {${size}+}\\r\\n${script} (\\Foo) {${size}+}\\r\\n${script}
    S: T BAD …
    C: APPEND {5+}\\r\\nINBOX {${size}+}\\r\\n${script} garbage
    S: T BAD …
    C: SELECT INBOX
    S: …
    S: * 6 EXISTS
    S: …
    S: T OK …
    C: FETCH 2 (FLAGS INTERNALDATE BODY.PEEK[])
    S: * 2 FETCH (FLAGS (\\Seen \\Recent $x) INTERNALDATE "01-Feb-1994 11:30:00 +0000" BODY[] {${size}}\\r\\n${script})
    S: T OK …
    C: APPEND INBOX {${size}+}\\r\\n${script}
    S: * 7 EXISTS
    S: * 7 RECENT
    S: T OK [APPENDUID … 7] …
  `,
  );
});

test("over quota is refused before the message is sent", async () => {
  const session = await world.login(await world.account({ quotaOctets: 200 }));
  assert.match(await session.append("INBOX", MESSAGE), /^T OK /);
  assert.match(await session.append("INBOX", MESSAGE), /^T NO \[OVERQUOTA\]/);
});

test("a quota of messages is told, and kept", async () => {
  const session = await world.login(
    await world.account({ quotaOctets: 1024 * 100, quotaMessages: 1 }),
  );
  assert.match(await session.append("INBOX", MESSAGE), /^T OK /);
  assert.match(await session.append("INBOX", MESSAGE), /^T NO \[OVERQUOTA\]/);
  await play(
    session,
    `
    C: GETQUOTA ""
    S: * QUOTA "" (STORAGE 1 100 MESSAGE 1 1)
    S: T OK …
  `,
  );
});

test("ENABLE: what it switches on", async () => {
  const user = await world.account();
  await world.deliver(user, MESSAGE);
  const session = await world.login(user);
  await play(
    session,
    `
    C: CREATE &ANw-
    S: T OK …
    C: ENABLE FOO QRESYNC UTF8=ACCEPT IMAP4rev2
    S: * ENABLED QRESYNC UTF8=ACCEPT IMAP4rev2
    S: T OK …
    C: ENABLE
    S: T BAD …
    C: SELECT INBOX
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS …
    S: * 1 EXISTS
    S: * OK [UIDVALIDITY …
    S: * OK [UIDNEXT …
    S: * OK [HIGHESTMODSEQ …
    S: * OK [MAILBOXID …
    S: * LIST () "/" "INBOX"
    S: T OK …
    C: SEARCH ALL
    S: * ESEARCH (TAG "A6") ALL 1
    S: T OK …
    C: STORE 1 +FLAGS (\\Deleted)
    S: * 1 FETCH (UID 1 FLAGS (\\Deleted) MODSEQ (…))
    S: T OK …
    C: EXPUNGE
    S: * VANISHED 1
    S: T OK [HIGHESTMODSEQ …] …
    C: SELECT Sent
    S: * OK [CLOSED] …
    S: …
    S: T OK …
  `,
  );
});
