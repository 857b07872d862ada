/** NOTIFY (RFC 5465): dialogues over several sessions. */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { decodeLatin1, encodeLatin1 } from "../../base/bytes.ts";
import type { EventGroup } from "../../imap/command/notify.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { makeSession } from "../../imap/session.ts";
import { ResponseWriter } from "../../imap/wire/response-writer.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import type { MailSession } from "./mail-session.ts";
import { NotifyWatch } from "./notify-watch.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { play } from "./testing/play.ts";

const MESSAGE = "From: ann@example.net\r\nSubject: x\r\n\r\nbody\r\n";
const EVENTS = "(MessageNew MessageExpunge FlagChange)";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

for (const chunkOctets of [undefined, 1]) {
  test(`what may be asked for${chunkOctets ? ", octet by octet" : ""}`, async () => {
    const channel = chunkOctets === undefined ? {} : { chunkOctets };
    const session = await world.login(await world.account(), {}, channel);
    assert.match(session.greeting, / NOTIFY /);
    const supported =
      "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange " +
      "MailboxMetadataChange ServerMetadataChange";
    await play(
      session,
      `
      C: NOTIFY NONE
      S: T OK …
      C: NOTIFY SET (PERSONAL (MessageNew MessageExpunge AnnotationChange))
      S: T NO [BADEVENT (${supported})] …
      C: NOTIFY SET (PERSONAL (MessageNew))
      S: T BAD …
      C: NOTIFY SET (PERSONAL (FlagChange))
      S: T BAD …
      C: NOTIFY SET (SELECTED (MailboxName))
      S: T BAD …
      C: NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED ${EVENTS})
      S: T BAD …
      C: NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))
      S: T BAD …
      C: NOTIFY SET (ELSEWHERE ${EVENTS})
      S: T BAD …
      C: NOTIFY SET
      S: T BAD …
      C: NOTIFY
      S: T BAD …
      C: NOTIFY SET STATUS (SELECTED-DELAYED ${EVENTS}) (MAILBOXES (INBOX Sent Nowhere) ${EVENTS})
      S: * STATUS "INBOX" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY …
      S: * STATUS "Sent" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY …
      S: T OK …
      C: NOTIFY SET (SUBTREE (INBOX Sent) NONE) (PERSONAL (MailboxName SubscriptionChange))
      S: T OK …
      `,
    );
    session.close();
  });
}

test("new, changed and expunged messages of other mailboxes are told by STATUS, unasked", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const other = await world.login(user);
  await session.ok("ENABLE CONDSTORE");
  await session.ok("SELECT Drafts");
  await session.ok(`NOTIFY SET (MAILBOXES Junk NONE) (PERSONAL ${EVENTS})`);
  await world.deliver(user, MESSAGE);
  assert.match(
    await session.readResponse(),
    /^\* STATUS "INBOX" \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN 1 HIGHESTMODSEQ \d+\)$/,
  );
  await world.deliver(user, MESSAGE, { mailbox: "Junk" });
  await other.ok("SELECT INBOX");
  await other.ok("STORE 1 +FLAGS (\\Seen)");
  assert.match(await session.readResponse(), /^\* STATUS "INBOX" \(MESSAGES 1 .* UNSEEN 0 /);
  await other.ok("STORE 1 +FLAGS (\\Deleted)");
  await session.readResponse();
  await other.ok("EXPUNGE");
  assert.match(await session.readResponse(), /^\* STATUS "INBOX" \(MESSAGES 0 UIDNEXT 2 /);
  // With NONE there is silence; a command still hears of the selected mailbox.
  await session.ok("NOTIFY NONE");
  await world.deliver(user, MESSAGE);
  await world.deliver(user, MESSAGE, { mailbox: "Drafts" });
  assert.deepEqual((await session.command("NOOP")).slice(0, 1), ["* 1 EXISTS"]);
});

test("SELECTED tells at once, with what was asked of new messages; nothing becomes read", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const other = await world.login(user);
  for (let n = 0; n < 2; n++) await world.deliver(user, MESSAGE);
  await session.ok("ENABLE IMAP4rev2");
  await session.ok("SELECT INBOX");
  const fetch = "(UID FLAGS BODY[HEADER.FIELDS (SUBJECT)])";
  await session.ok(`NOTIFY SET (SELECTED (MessageNew ${fetch} MessageExpunge FlagChange))`);
  await world.deliver(user, MESSAGE);
  assert.equal(await session.readResponse(), "* 3 EXISTS");
  assert.equal(
    await session.readResponse(),
    "* 3 FETCH (UID 3 FLAGS () BODY[HEADER.FIELDS (SUBJECT)] {14}\r\nSubject: x\r\n\r\n)",
  );
  await other.ok("SELECT INBOX");
  await other.ok("STORE 3 +FLAGS (\\Flagged)");
  assert.equal(await session.readResponse(), "* 3 FETCH (FLAGS (\\Flagged))");
  await other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)");
  assert.equal(await session.readResponse(), "* 1 FETCH (FLAGS (\\Deleted))");
  await other.ok("EXPUNGE");
  assert.equal(await session.readResponse(), "* 1 EXPUNGE");
  // Other mailboxes were not asked for.
  await world.deliver(user, MESSAGE, { mailbox: "Junk" });
  assert.deepEqual(await session.ok("NOOP"), []);
});

test("SELECTED-DELAYED holds EXPUNGE back until a command permits it", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const other = await world.login(user);
  for (let n = 0; n < 2; n++) await world.deliver(user, MESSAGE, { flags: ["\\Deleted"] });
  await session.ok("ENABLE IMAP4rev2");
  await session.ok("SELECT INBOX");
  await session.ok(`NOTIFY SET (SELECTED-DELAYED ${EVENTS})`);
  await other.ok("SELECT INBOX");
  await other.ok("UID EXPUNGE 1");
  await world.deliver(user, MESSAGE);
  assert.equal(await session.readResponse(), "* 3 EXISTS");
  const fetched = await session.command("FETCH 1:3 UID");
  assert.deepEqual(fetched.slice(0, 2), ["* 2 FETCH (UID 2)", "* 3 FETCH (UID 3)"]);
  assert.deepEqual(await session.ok("NOOP"), ["* 1 EXPUNGE"]);
});

test("large news and a command that comes in between do not mix", async () => {
  const user = await world.account();
  const session = await world.login(user);
  await session.ok("ENABLE IMAP4rev2");
  await session.ok("SELECT INBOX");
  await session.ok("NOTIFY SET (SELECTED (MessageNew (UID BODY.PEEK[]) MessageExpunge))");
  const large = `Subject: x\r\n\r\n${"0123456789\r\n".repeat(30_000)}`;
  for (let n = 0; n < 3; n++) await world.deliver(user, large);
  // Of the first message at least the session has heard before 1:* is asked for.
  assert.match(await session.readResponse(), /^\* [123] EXISTS$/);
  // Octet by octet, while the news are on their way.
  for (const octet of "t FETCH 1:* (UID)\r\n") {
    await session.send(octet);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  // The dialogue checks that each response is well-formed.
  const responses = await session.readTo("t");
  assert.match(responses.at(-1) ?? "", /^T OK/);
  const isNews = (response: string): boolean => response.includes("BODY[]");
  // What has not been told before the answer is told after it.
  while (responses.filter(isNews).length < 3) responses.push(await session.readResponse());
  for (const body of responses.filter(isNews)) assert.ok(body.includes(large));
});

test("names, subscriptions and annotations are told", async () => {
  const user = await world.account();
  const session = await world.login(user);
  const other = await world.login(user);
  const events = "MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange";
  await session.ok(`NOTIFY SET (SUBTREE Hidden NONE) (PERSONAL (${events}))`);
  await other.ok("CREATE Hidden");
  await other.ok("CREATE Work");
  assert.equal(await session.readResponse(), '* LIST () "/" "Work"');
  await other.ok("RENAME Work Play");
  assert.equal(await session.readResponse(), '* LIST () "/" "Play" ("OLDNAME" ("Work"))');
  await other.ok("SUBSCRIBE Play");
  assert.equal(await session.readResponse(), '* LIST (\\Subscribed) "/" "Play"');
  await other.ok("UNSUBSCRIBE Play");
  assert.equal(await session.readResponse(), '* LIST () "/" "Play"');
  await other.ok('SETMETADATA Play (/private/comment "x" /shared/comment "y")');
  assert.equal(
    await session.readResponse(),
    '* METADATA "Play" "/private/comment" "/shared/comment"',
  );
  await other.ok("SETMETADATA Play (/private/comment NIL)");
  assert.equal(await session.readResponse(), '* METADATA "Play" "/private/comment"');
  await other.ok('SETMETADATA "" (/private/comment "here")');
  assert.equal(await session.readResponse(), '* METADATA "" "/private/comment"');
  await other.ok("DELETE Play");
  assert.equal(await session.readResponse(), '* LIST (\\NonExistent) "/" "Play"');
});

test("what others share is watched too, as long as it is shared", async () => {
  const owner = await world.account();
  const guest = await world.account();
  const host = await world.login(owner);
  await host.ok("CREATE Club");
  const session = await world.login(guest);
  const name = `Other Users/${owner}/Club`;
  await session.ok(
    `NOTIFY SET (SUBTREE "Other Users" (MessageNew MessageExpunge MailboxName MailboxMetadataChange))`,
  );
  await world.deliver(owner, MESSAGE, { mailbox: "Club" });
  await host.ok(`SETACL Club ${guest} lr`);
  assert.equal(await session.readResponse(), `* LIST () "/" "${name}"`);
  await world.deliver(owner, MESSAGE, { mailbox: "Club" });
  assert.ok((await session.readResponse()).startsWith(`* STATUS "${name}" (MESSAGES 2 `));
  // A private annotation is nobody else's affair.
  await host.ok('SETMETADATA Club (/private/comment "x")');
  await host.ok('SETMETADATA Club (/shared/comment "x")');
  assert.equal(await session.readResponse(), `* METADATA "${name}" "/shared/comment"`);
  await host.ok(`SETACL Club ${guest} l`);
  await world.deliver(owner, MESSAGE, { mailbox: "Club" });
  await host.ok(`DELETEACL Club ${guest}`);
  assert.equal(await session.readResponse(), `* LIST (\\NonExistent) "/" "${name}"`);
  await world.deliver(owner, MESSAGE, { mailbox: "Club" });
  assert.deepEqual(await session.ok("NOOP"), []);
});

test("too many mailboxes with news end the watch, and say so", async () => {
  const user = await world.account();
  const { mail, directory } = world.store;
  const account = directory.account(user);
  assert.ok(account);
  const infos: MailboxInfo[] = [];
  for (let from = 0; from < 1_010; from += 101) {
    const names = Array.from({ length: 101 }, (_, index) => `many${from + index}`);
    infos.push(...(await Promise.all(names.map((each) => mail.createMailbox(account.id, each)))));
  }
  const session = {
    deps: { store: world.store },
    accountId: account.id,
    selected: undefined,
    notify: () => {},
  } as unknown as MailSession;
  const groups = [
    {
      filter: { scope: "personal" },
      events: new Set(["MessageNew", "MessageExpunge"]),
      fetch: undefined,
    } satisfies EventGroup,
  ];
  const news = async (count: number): Promise<{ text: string; goesOn: boolean }> => {
    let text = "";
    const out = new ResponseWriter(async (octets) => void (text += decodeLatin1(octets)));
    const watch = new NotifyWatch(session, groups);
    await Promise.all(
      infos.slice(0, count).map((info) => {
        const message = world.store.octets.stageOctets(encodeLatin1(MESSAGE));
        return mail.append(info.grant, [{ message, flags: [], internalDateMs: 1 }]);
      }),
    );
    const { enabled } = makeSession();
    const goesOn = await watch.write({ out, enabled } as CommandContext);
    watch.stop();
    await out.flush();
    return { text, goesOn };
  };
  const fits = await news(1_000);
  assert.ok(fits.goesOn);
  assert.equal(fits.text.match(/^\* STATUS "many/gm)?.length, 1_000);
  assert.deepEqual(await news(1_001), {
    text: "* OK [NOTIFICATIONOVERFLOW] Too much has happened at once\r\n",
    goesOn: false,
  });
});
