/** METADATA (RFC 5464), LIST-METADATA (RFC 9590), /private/specialuse (RFC 6154 §5.4): dialogues. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

for (const chunkOctets of [undefined, 1]) {
  test(`annotations of mailboxes and of the server${chunkOctets ? ", octet by octet" : ""}`, async () => {
    const user = await world.account();
    const channel = chunkOctets === undefined ? {} : { chunkOctets };
    const session = await world.login(user, {}, channel);
    assert.match(session.greeting, / METADATA .*LIST-METADATA /);
    await play(
      session,
      `
      C: GETMETADATA INBOX /shared/comment
      S: * METADATA "INBOX" ("/shared/comment" NIL)
      S: T OK Annotations told
      C: SETMETADATA INBOX (/private/comment "My own" /SHARED/Comment {3}\\r\\nall)
      S: + Go on
      S: T OK Annotations set
      C: GETMETADATA INBOX (/private/comment /shared/comment)
      S: * METADATA "INBOX" ("/private/comment" "My own" "/shared/comment" "all")
      S: T OK Annotations told
      C: SETMETADATA INBOX (/private/a/b "1" /private/a/b/c "22" /private/a/b/c/d "333")
      S: T OK Annotations set
      C: GETMETADATA (DEPTH 1) INBOX /private/a/b
      S: * METADATA "INBOX" ("/private/a/b" "1" "/private/a/b/c" "22")
      S: T OK Annotations told
      C: GETMETADATA INBOX (DEPTH infinity MAXSIZE 2) (/private/a)
      S: * METADATA "INBOX" ("/private/a/b" "1" "/private/a/b/c" "22")
      S: T OK [METADATA LONGENTRIES 3] …
      C: GETMETADATA (DEPTH 1) INBOX /private
      S: * METADATA "INBOX" ("/private/comment" "My own")
      S: T OK Annotations told
      C: SETMETADATA INBOX (/private/comment NIL)
      S: T OK Annotations set
      C: GETMETADATA INBOX /private/comment
      S: * METADATA "INBOX" ("/private/comment" NIL)
      S: T OK Annotations told
      C: GETMETADATA "" (/shared/admin /shared/comment)
      S: * METADATA "" ("/shared/admin" "mailto:postmaster@example.org" "/shared/comment" NIL)
      S: T OK Annotations told
      C: SETMETADATA "" (/private/comment "here")
      S: T OK Annotations set
      C: GETMETADATA "" /private/comment
      S: * METADATA "" ("/private/comment" "here")
      S: T OK Annotations told
      C: SETMETADATA "" (/shared/comment "no")
      S: T NO [NOPERM] …
      C: SETMETADATA Nowhere (/shared/comment "no")
      S: T NO [NONEXISTENT] No such mailbox
      C: GETMETADATA Nowhere /shared/comment
      S: T NO [NONEXISTENT] No such mailbox
      C: GETMETADATA INBOX /comment
      S: T BAD …
      C: GETMETADATA INBOX "/shared/a*"
      S: T BAD …
      C: GETMETADATA INBOX /shared//a
      S: T BAD …
      C: SETMETADATA INBOX (/shared NIL)
      S: T BAD …
      C: GETMETADATA (DEPTH 2) INBOX /shared/a
      S: T BAD …
      C: LIST "" (INBOX Sent) RETURN (METADATA (/shared/comment /private/specialuse))
      S: * LIST (\\HasNoChildren) "/" "INBOX"
      S: * METADATA "INBOX" ("/shared/comment" "all" "/private/specialuse" NIL)
      S: * LIST (\\HasNoChildren \\Sent) "/" "Sent"
      S: * METADATA "Sent" ("/shared/comment" NIL "/private/specialuse" "\\\\Sent")
      S: T OK …
      `,
    );
    session.close();
  });
}

test("RFC 6154: a special use is given and taken by its annotation", async () => {
  const session = await world.login(await world.account());
  await play(
    session,
    `
    C: CREATE Old
    S: T OK …
    C: SETMETADATA Old (/private/specialuse "\\\\Archive")
    S: T NO [USEATTR] Another mailbox has that use
    C: SETMETADATA Old (/private/specialuse "\\\\Strange")
    S: T NO [USEATTR] …
    C: SETMETADATA Archive (/private/specialuse NIL)
    S: T OK …
    C: SETMETADATA Old (/private/specialuse "\\\\archive" /shared/comment "x")
    S: T OK …
    C: LIST (SPECIAL-USE) "" (Old Archive)
    S: * LIST (\\HasNoChildren \\Archive) "/" "Old"
    S: T OK …
    `,
  );
});

test("values: any octets, up to a size, up to a number", async () => {
  const session = await world.login(await world.account());
  await session.send(
    `a SETMETADATA INBOX (/shared/bin ~{3+}\r\n\x00\xffx /shared/utf {2+}\r\n\xc3\xa9)\r\n`,
  );
  assert.match((await session.readTo("a")).join(), /^T OK/);
  assert.deepEqual(await session.ok("GETMETADATA INBOX (/shared/bin /shared/utf)"), [
    '* METADATA "INBOX" ("/shared/bin" ~{3}\r\n\x00\xffx "/shared/utf" {2}\r\n\xc3\xa9)',
  ]);
  const long = "x".repeat(65_537);
  await session.send(`b SETMETADATA INBOX (/private/long {${long.length}+}\r\n${long})\r\n`);
  assert.match((await session.readTo("b")).join(), /^T NO \[METADATA MAXSIZE 65536\]/);
  const many = Array.from({ length: 100 }, (_, index) => `/private/n${index} "x"`);
  await session.ok(`SETMETADATA INBOX (${many.join(" ")})`);
  const more = await session.answer('SETMETADATA INBOX (/private/one "x" /private/more "x")');
  assert.match(more, /^T NO \[METADATA TOOMANY\]/);
  assert.deepEqual(await session.ok("GETMETADATA INBOX /private/one"), [
    '* METADATA "INBOX" ("/private/one" NIL)',
  ]);
  await session.ok('SETMETADATA INBOX (/private/n7 NIL /private/one "x")');
});

test("security row 88: private annotations are one account's, shared ones ask for w", async () => {
  const owner = await world.account();
  const guest = await world.account();
  const host = await world.login(owner);
  await host.ok("CREATE Club");
  await host.ok(`SETACL Club ${guest} lr`);
  await host.ok('SETMETADATA Club (/private/comment "mine" /shared/comment "ours")');
  const session = await world.login(guest);
  const name = `"Other Users/${owner}/Club"`;
  await play(
    session,
    `
    C: GETMETADATA ${name} (/private/comment /shared/comment)
    S: * METADATA ${name} ("/private/comment" NIL "/shared/comment" "ours")
    S: T OK …
    C: SETMETADATA ${name} (/private/comment "guest's" /shared/comment "changed")
    S: T NO [NOPERM] …
    C: SETMETADATA ${name} (/private/specialuse "\\\\Sent")
    S: T NO [USEATTR] …
    C: SETMETADATA ${name} (/private/comment "guest's")
    S: T OK …
    `,
  );
  await host.ok(`SETACL Club ${guest} lrw`);
  await session.ok(`SETMETADATA ${name} (/shared/comment "changed")`);
  assert.deepEqual(await host.ok("GETMETADATA Club (/private/comment /shared/comment)"), [
    '* METADATA "Club" ("/private/comment" "mine" "/shared/comment" "changed")',
  ]);
  await host.ok("DELETE Club");
  await host.ok("CREATE Club");
  assert.deepEqual(await host.ok("GETMETADATA Club /shared/comment"), [
    '* METADATA "Club" ("/shared/comment" NIL)',
  ]);
});
