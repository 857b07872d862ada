/** ACL (RFC 4314), LIST-MYRIGHTS (RFC 8440) and other users' mailboxes in every other command: dialogues. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

const MESSAGE = "From: ann@example.net\r\nSubject: x\r\n\r\nbody\r\n";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

for (const chunkOctets of [undefined, 1]) {
  test(`an access list is set, told, changed and removed${chunkOctets ? ", octet by octet" : ""}`, async () => {
    const owner = await world.account();
    const guest = await world.account();
    const session = await world.login(owner, {}, chunkOctets === undefined ? {} : { chunkOctets });
    assert.match(session.greeting, / ACL RIGHTS=texk LIST-MYRIGHTS /);
    await play(
      session,
      `
      C: CREATE Club
      S: T OK …
      C: NAMESPACE
      S: * NAMESPACE (("" "/")) (("Other Users/" "/")) NIL
      S: T OK …
      C: MYRIGHTS Club
      S: * MYRIGHTS "Club" lrswipkxteacd
      S: T OK …
      C: GETACL Club
      S: * ACL "Club" "${owner}" lrswipkxteacd
      S: T OK …
      C: SETACL Club ${guest} lrs
      S: T OK …
      C: SETACL Club ${guest} +wcd
      S: T OK …
      C: SETACL Club ${guest} -k
      S: T OK …
      C: SETACL Club anyone l
      S: T OK …
      C: SETACL Club "-stranger" lr
      S: T OK …
      C: GETACL Club
      S: * ACL "Club" "${owner}" lrswipkxteacd "-stranger@example.org" lr "anyone" l "${guest}" lrswxtecd
      S: T OK …
      C: DELETEACL Club anyone
      S: T OK …
      C: DELETEACL Club -stranger
      S: T OK …
      C: SETACL Club ${guest} q
      S: T BAD Unknown right
      C: SETACL Club ${owner} lr
      S: T NO [CANNOT] …
      C: SETACL Club "a b" lr
      S: T NO [CANNOT] …
      C: LISTRIGHTS Club ${guest}
      S: * LISTRIGHTS "Club" "${guest}" "" l r s w i p k x t e c d a
      S: T OK …
      C: LISTRIGHTS Club ${owner}
      S: * LISTRIGHTS "Club" "${owner}" lrswipkxteacd
      S: T OK …
      C: SETACL Nothing ${guest} lr
      S: T NO [NONEXISTENT] No such mailbox
      C: GETACL Nothing
      S: T NO [NONEXISTENT] No such mailbox
      C: MYRIGHTS Nothing
      S: T NO [NONEXISTENT] No such mailbox
      C: LISTRIGHTS Nothing x
      S: T NO [NONEXISTENT] No such mailbox
      C: SETACL Club
      S: T BAD …
      C: LIST "" Club RETURN (MYRIGHTS)
      S: * LIST (\\HasNoChildren) "/" "Club"
      S: * MYRIGHTS "Club" lrswipkxteacd
      S: T OK …
      `,
    );
    session.close();
  });
}

test("a guest finds, reads, answers for and is told of another's mailbox", async () => {
  const owner = await world.account();
  const guest = await world.account();
  const host = await world.login(owner);
  await host.ok("CREATE Club/Plans");
  await host.ok(`SETACL Club/Plans ${guest} lrsi`);
  await world.deliver(owner, MESSAGE, { mailbox: "Club/Plans", flags: ["\\Flagged", "word"] });
  const session = await world.login(guest);
  const name = `Other Users/${owner}/Club/Plans`;
  await play(
    session,
    `
    C: LIST "" "Other Users/%"
    S: * LIST (\\NonExistent \\HasChildren) "/" "Other Users/${owner}"
    S: T OK …
    C: LIST "" "Other Users/*"
    S: * LIST (\\HasNoChildren) "/" "${name}"
    S: …
    S: T OK …
    C: LIST (SPECIAL-USE) "" "Other Users/*"
    S: T OK …
    C: SUBSCRIBE "${name}"
    S: T OK …
    C: LSUB "" "Other Users/*"
    S: * LSUB () "/" "${name}"
    S: T OK …
    C: STATUS "${name}" (MESSAGES UNSEEN)
    S: * STATUS "${name}" (MESSAGES 1 UNSEEN 1)
    S: T OK …
    C: GETQUOTAROOT "${name}"
    S: * QUOTAROOT "${name}"
    S: T OK …
    C: MYRIGHTS "${name}"
    S: * MYRIGHTS "${name}" lrsi
    S: T OK …
    C: SELECT "${name}"
    S: …
    S: * OK [PERMANENTFLAGS (\\Seen)] …
    S: …
    S: T OK [READ-WRITE] Selected
    C: FETCH 1 (FLAGS BODY[TEXT])
    S: * 1 FETCH (FLAGS (\\Flagged \\Seen \\Recent word) BODY[TEXT] …
    S: T OK …
    C: STORE 1 +FLAGS (\\Answered)
    S: T NO [NOPERM] You have no right to do that
    C: EXPUNGE
    S: T NO [NOPERM] You have no right to do that
    C: RENAME "${name}" Mine
    S: T NO [NOPERM] You have no right to do that
    C: DELETE "${name}"
    S: T NO [NOPERM] You have no right to do that
    C: CREATE "${name}/Below"
    S: T NO [NOPERM] You have no right to do that
    C: CREATE "Other Users/${owner}/Top"
    S: T NO [NONEXISTENT] No such mailbox
    C: COPY 1 INBOX
    S: T OK [COPYUID …
    `,
  );
  assert.match(await session.append(`"${name}" (\\Seen \\Deleted)`, MESSAGE), /^T OK \[APPENDUID/);
  assert.ok((await session.ok("FETCH 2 FLAGS")).includes("* 2 FETCH (FLAGS (\\Seen \\Recent))"));
  // Flags are shared, so the owner sees the letter read.
  await host.ok("SELECT Club/Plans");
  assert.ok((await host.ok("FETCH 1 FLAGS"))[0].includes("\\Seen"));
  // What the owner does reaches the guest's IDLE.
  await session.send("I IDLE\r\n");
  assert.equal(await session.readResponse(), "+ idling");
  await world.deliver(owner, MESSAGE, { mailbox: "Club/Plans" });
  assert.equal(await session.readResponse(), "* 3 EXISTS");
  await session.readResponse();
  // And so does the end of it.
  await host.ok(`DELETEACL Club/Plans ${guest}`);
  assert.match(await session.readResponse(), /^\* BYE/);
});

test("without any right to change, SELECT is read-only", async () => {
  const owner = await world.account();
  const guest = await world.account();
  const host = await world.login(owner);
  await host.ok(`SETACL INBOX ${guest} lr`);
  await world.deliver(owner, MESSAGE);
  const session = await world.login(guest);
  assert.match(await session.answer(`SELECT "Other Users/${owner}/inbox"`), /^T OK \[READ-ONLY\]/);
  await session.ok("FETCH 1 BODY[]");
  assert.match((await session.ok("FETCH 1 FLAGS"))[0], /FLAGS \((?:\\Recent)?\)/);
  assert.match(await session.answer("STORE 1 +FLAGS (\\Seen)"), /^T NO \[NOPERM\]/);
  for (const command of ["DELETE", "RENAME"]) {
    const rest = command === "RENAME" ? " x" : "";
    const name = `"Other Users/${owner}/INBOX"`;
    assert.match(await session.answer(`${command} ${name}${rest}`), /^T NO \[NOPERM\]/);
    await host.ok(`SETACL INBOX ${guest} lrx`);
    assert.match(await session.answer(`${command} ${name}${rest}`), /^T NO \[CANNOT\]/);
    await host.ok(`SETACL INBOX ${guest} lr`);
  }
});

test("QRESYNC follows the owner's MODSEQ, and quota is the owner's", async () => {
  const owner = await world.account({ quotaOctets: 200 });
  const guest = await world.account();
  const host = await world.login(owner);
  await host.ok("CREATE Club");
  await host.ok(`SETACL Club ${guest} lrsitew`);
  const name = `"Other Users/${owner}/Club"`;
  for (let n = 0; n < 3; n++) {
    await world.deliver(owner, MESSAGE, { mailbox: "Club" });
  }
  const session = await world.login(guest);
  await session.ok("ENABLE QRESYNC");
  const selected = (await session.ok(`SELECT ${name}`)).join("\n");
  const uidValidity = /UIDVALIDITY (\d+)/.exec(selected)?.[1];
  const modSeq = /HIGHESTMODSEQ (\d+)/.exec(selected)?.[1];
  await session.ok("UNSELECT");
  await host.ok("SELECT Club");
  await host.ok("STORE 2 +FLAGS (\\Deleted)");
  await host.ok("EXPUNGE");
  await host.ok("STORE 1 +FLAGS (\\Answered)");
  const again = await session.ok(`SELECT ${name} (QRESYNC (${uidValidity} ${modSeq}))`);
  assert.ok(again.includes("* VANISHED (EARLIER) 2"));
  assert.ok(again.some((line) => line.startsWith("* 1 FETCH (UID 1 FLAGS (\\Answered")));
  assert.match(await session.append(name, MESSAGE.repeat(5)), /^T NO \[OVERQUOTA\]/);
});

test("an address with a slash or a percent sign is one level of a name", async () => {
  await world.store.directory.addAccount({
    address: "a/b%c@example.org",
    password: "correct horse",
  });
  const guest = await world.account();
  const host = await world.login('"a/b%c@example.org"');
  await host.ok(`SETACL INBOX ${guest} lr`);
  const session = await world.login(guest);
  const listed = await session.ok('LIST "" "Other Users/%/%"');
  assert.deepEqual(listed, [
    '* LIST (\\HasNoChildren) "/" "Other Users/a%2Fb%25c@example.org/INBOX"',
  ]);
  await session.ok('SELECT "Other Users/a%2Fb%25c@example.org/INBOX"');
});
