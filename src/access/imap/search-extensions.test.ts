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

async function letters(...subjects: string[]): Promise<string> {
  const address = await world.account();
  for (const subject of subjects) {
    await world.deliver(
      address,
      `From: a@example.org\r\nSubject: ${subject}\r\n\r\n${subject}\r\n`,
    );
  }
  return address;
}

dialogueTest(
  "RFC 9394: PARTIAL results from either end, of SEARCH, SORT and UID FETCH",
  () => world,
  async (login) => {
    const session = await login(await letters("e", "d", "c", "b", "a"));
    await session.ok("SELECT INBOX");
    await play(
      session,
      `
      C: UID SEARCH RETURN (PARTIAL 2:3) ALL
      S: * ESEARCH (TAG …) UID PARTIAL (2:3 2:3)
      S: T OK …
      C: SEARCH RETURN (PARTIAL -1:-2 COUNT) ALL
      S: * ESEARCH (TAG …) COUNT 5 PARTIAL (-1:-2 4:5)
      S: T OK …
      C: SEARCH RETURN (PARTIAL 6:10 MIN) ALL
      S: * ESEARCH (TAG …) MIN 1 PARTIAL (6:10 NIL)
      S: T OK …
      C: SORT RETURN (PARTIAL 1:2) (SUBJECT) UTF-8 ALL
      S: * ESEARCH (TAG …) PARTIAL (1:2 5,4)
      S: T OK …
      C: SEARCH RETURN (PARTIAL 1:2 MAX SAVE) ALL
      S: * ESEARCH (TAG …) MAX 5 PARTIAL (1:2 1:2)
      S: T OK …
      C: FETCH $ UID
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 2)
      S: * 5 FETCH (UID 5)
      S: T OK …
      C: UID FETCH 2:* (UID) (PARTIAL -1:-2)
      S: * 4 FETCH (UID 4)
      S: * 5 FETCH (UID 5)
      S: T OK …
      C: UID FETCH 1:* (UID) (PARTIAL 9:10)
      S: T OK …
      C: FETCH 1:* (UID) (PARTIAL 1:2)
      S: T BAD …
      C: SEARCH RETURN (ALL PARTIAL 1:2) ALL
      S: T BAD …
      C: SEARCH RETURN (PARTIAL 0:2) ALL
      S: T BAD …
      C: SEARCH RETURN (PARTIAL -1:2) ALL
      S: T BAD …
      C: SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL
      S: T BAD …
    `,
    );
  },
);

dialogueTest(
  "RFC 4731 §3.2: MODSEQ is that of the messages told",
  () => world,
  async (login) => {
    const session = await login(await letters("a", "b", "c"));
    await session.ok("SELECT INBOX");
    await session.ok("STORE 2 +FLAGS (\\Seen)");
    const seqOf = async (number: number): Promise<string> =>
      /MODSEQ \((\d+)\)/.exec((await session.ok(`FETCH ${number} MODSEQ`))[0])?.[1] ?? "";
    const [first, second, third] = [await seqOf(1), await seqOf(2), await seqOf(3)];
    const told = async (returns: string): Promise<string> =>
      /MODSEQ (\d+)/.exec((await session.ok(`SEARCH RETURN (${returns}) MODSEQ 1`))[0])?.[1] ?? "";
    assert.equal(await told("MIN"), first);
    assert.equal(await told("MAX"), third);
    assert.equal(await told("MIN MAX"), third);
    assert.equal(await told("MIN COUNT"), second);
    assert.equal(await told("PARTIAL 1:2"), second);
    assert.match(
      (await session.ok("SORT (ARRIVAL) UTF-8 MODSEQ 1"))[0],
      /^\* SORT [\d ]+ \(MODSEQ/,
    );
  },
);

dialogueTest(
  "RFC 6203: FUZZY finds what is nearly so, RELEVANCY says how nearly, SORT by it",
  () => world,
  async (login) => {
    const session = await login(
      await letters("quaterly report", "nothing", "quarterly report", "the reports, quarterly"),
    );
    await session.ok("SELECT INBOX");
    await play(
      session,
      `
      C: SEARCH SUBJECT "quarterly report"
      S: * SEARCH 3
      S: T OK …
      C: SEARCH FUZZY SUBJECT "quarterly report"
      S: * SEARCH 1 3 4
      S: T OK …
      C: SEARCH RETURN (RELEVANCY) FUZZY SUBJECT "quarterly report"
      S: * ESEARCH (TAG …) ALL 1,3:4 RELEVANCY (75 100 93)
      S: T OK …
      C: UID SEARCH RETURN (RELEVANCY PARTIAL 1:1) FUZZY (SUBJECT "quarterly report" BODY report)
      S: * ESEARCH (TAG …) UID PARTIAL (1:1 1) RELEVANCY (…)
      S: T OK …
      C: SEARCH FUZZY NOT TEXT quarterli
      S: * SEARCH 2
      S: T OK …
      C: SORT (RELEVANCY) UTF-8 FUZZY SUBJECT "quarterly report"
      S: * SORT 3 4 1
      S: T OK …
      C: SORT (REVERSE RELEVANCY) UTF-8 FUZZY SUBJECT "quarterly report"
      S: * SORT 1 4 3
      S: T OK …
      C: SEARCH RETURN (RELEVANCY) FUZZY SUBJECT unheardof
      S: * ESEARCH (TAG …)
      S: T OK …
      C: SEARCH FUZZY HEADER subject qarterly FUZZY FROM exampel
      S: * SEARCH 1 3 4
      S: T OK …
      C: SEARCH RETURN (RELEVANCY) ALL
      S: T BAD …
    `,
    );
  },
);

dialogueTest(
  "RFC 5267: a kept search hears what enters and what leaves, in time and in order",
  () => world,
  async (login) => {
    const address = await letters("one", "two", "three");
    const session = await login(address);
    const other = await login(address);
    await session.ok("SELECT INBOX");
    await other.ok("SELECT INBOX");
    await session.send("k1 SEARCH RETURN (UPDATE COUNT) UNSEEN\r\n");
    assert.deepEqual((await session.readTo("k1"))[0], '* ESEARCH (TAG "k1") COUNT 3');
    await session.send("k2 UID SEARCH RETURN (CONTEXT UPDATE) FLAGGED\r\n");
    assert.deepEqual((await session.readTo("k2"))[0], '* ESEARCH (TAG "k2") UID');
    await other.ok("STORE 2 +FLAGS (\\Seen \\Flagged)");
    assert.deepEqual(await session.ok("NOOP"), [
      "* 2 FETCH (FLAGS (\\Flagged \\Seen \\Recent))",
      '* ESEARCH (TAG "k1") REMOVEFROM (0 2)',
      '* ESEARCH (TAG "k2") UID ADDTO (0 2)',
    ]);
    await world.deliver(address, "Subject: four\r\n\r\n");
    await other.ok("STORE 2 +FLAGS (\\Deleted)");
    await other.ok("EXPUNGE");
    const news = await session.ok("NOOP");
    assert.deepEqual(
      news.filter((line) => !line.includes("FETCH") && !line.includes("RECENT")),
      [
        '* ESEARCH (TAG "k2") UID REMOVEFROM (0 2)',
        "* 2 EXPUNGE",
        "* 3 EXISTS",
        '* ESEARCH (TAG "k1") ADDTO (0 3)',
      ],
    );
    await session.ok('CANCELUPDATE "k1" "unknown"');
    assert.ok(!(await session.ok("STORE 1 +FLAGS (\\Seen)")).join().includes("ESEARCH"));
    // One's own changes count as well.
    assert.match(
      (await session.ok("STORE 1 +FLAGS (\\Flagged)")).join(),
      /"k2"\) UID ADDTO \(0 1\)/,
    );
    await session.ok("SELECT INBOX");
    assert.ok(!(await session.ok("STORE 1 -FLAGS (\\Flagged)")).join().includes("ESEARCH"));
    assert.match(await session.answer("CANCELUPDATE k2"), /^T BAD/);
    assert.match(await session.answer("SORT RETURN (UPDATE) (DATE) UTF-8 ALL"), /^T BAD/);
  },
);

test("RFC 5267 §4.3: what had come but was not announced when the search began enters the result", async () => {
  const address = await letters("one");
  const session = await world.login(address);
  await session.ok("SELECT INBOX");
  await world.deliver(address, "Subject: two\r\n\r\n");
  await session.send("k SEARCH RETURN (UPDATE COUNT) ALL\r\n");
  const responses = await session.readTo("k");
  assert.equal(responses[0], '* ESEARCH (TAG "k") COUNT 1');
  assert.ok(responses.includes("* 2 EXISTS"), responses.join());
  assert.ok(responses.includes('* ESEARCH (TAG "k") ADDTO (0 2)'), responses.join());
});

test("RFC 5267 §4.3: numbers in a kept search mean the messages they meant when it began", async () => {
  const address = await letters(...Array.from({ length: 60 }, (_, index) => `n${index}`));
  const session = await world.login(address);
  await session.ok("SELECT INBOX");
  const other = await world.login(address);
  await other.ok("SELECT INBOX");
  await other.ok("STORE 7,9 +FLAGS (\\Deleted)");
  await session.ok("NOOP");
  await other.ok("EXPUNGE");
  // 7 and 9 are gone, but the client counts with them still.
  await session.send("k SEARCH RETURN (UPDATE COUNT) 6:10,59:* SEEN\r\n");
  assert.equal((await session.readTo("k"))[0], '* ESEARCH (TAG "k") COUNT 0');
  await other.ok("UID STORE 1:* +FLAGS (\\Seen)");
  const news = await session.ok("NOOP");
  assert.ok(news.includes('* ESEARCH (TAG "k") ADDTO (0 6:8,57:58)'), news.join("\n"));
});

test("RFC 5267 §4.3: kept searches are bounded, said with NOUPDATE; IDLE tells their news", async () => {
  const address = await letters("one");
  const session = await world.login(address);
  await session.ok("SELECT INBOX");
  for (let at = 0; at < 10; at++) await session.ok("SEARCH RETURN (UPDATE COUNT) 1:* SEEN");
  const responses = await session.ok("SEARCH RETURN (UPDATE COUNT) SEEN");
  assert.match(responses[1], /^\* NO \[NOUPDATE "A13"\]/);
  await session.send("i IDLE\r\n");
  await session.readResponse();
  const other = await world.login(address);
  await other.ok("SELECT INBOX");
  await other.ok("STORE 1 +FLAGS (\\Seen)");
  assert.equal(await session.readResponse(), "* 1 FETCH (FLAGS (\\Seen \\Recent))");
  for (let at = 0; at < 10; at++) assert.match(await session.readResponse(), /ADDTO \(0 1\)/);
  await session.send("DONE\r\n");
  await session.readTo("i");
});

dialogueTest(
  "RFC 7377: ESEARCH over several mailboxes; the selected one stays",
  () => world,
  async (login) => {
    const address = await letters("apple", "pear");
    await letters("apple of another");
    await world.deliver(address, "Subject: apple tree\r\n\r\n", { mailbox: "Trees" });
    await world.deliver(address, "Subject: apple leaf\r\n\r\n", { mailbox: "Trees/Leaves" });
    await world.deliver(address, "Subject: apple vein\r\n\r\n", { mailbox: "Trees/Leaves/Veins" });
    const session = await login(address);
    assert.match(await session.answer("ESEARCH ALL"), /^T BAD/);
    await play(
      session,
      `
      C: ESEARCH IN (personal) RETURN (COUNT ALL) SUBJECT apple
      S: * ESEARCH (TAG … MAILBOX "INBOX" UIDVALIDITY …) UID ALL 1 COUNT 1
      S: * ESEARCH (TAG … MAILBOX "Trees" UIDVALIDITY …) UID ALL 1 COUNT 1
      S: * ESEARCH (TAG … MAILBOX "Trees/Leaves" UIDVALIDITY …) UID ALL 1 COUNT 1
      S: * ESEARCH (TAG … MAILBOX "Trees/Leaves/Veins" UIDVALIDITY …) UID ALL 1 COUNT 1
      S: T OK …
      C: ESEARCH IN (subtree-one Trees) SUBJECT apple
      S: * ESEARCH (TAG … MAILBOX "Trees" UIDVALIDITY …) UID ALL 1
      S: * ESEARCH (TAG … MAILBOX "Trees/Leaves" UIDVALIDITY …) UID ALL 1
      S: T OK …
      C: ESEARCH IN (subtree (Trees/Leaves nowhere) mailboxes "Trees/Leaves") SUBJECT apple
      S: * ESEARCH (TAG … MAILBOX "Trees/Leaves" UIDVALIDITY …) UID ALL 1
      S: * ESEARCH (TAG … MAILBOX "Trees/Leaves/Veins" UIDVALIDITY …) UID ALL 1
      S: T OK …
      C: SUBSCRIBE Trees
      S: T OK …
      C: ESEARCH IN (subscribed) RETURN (MIN) SUBJECT tree
      S: * ESEARCH (TAG … MAILBOX "Trees" UIDVALIDITY …) UID MIN 1
      S: T OK …
      C: ESEARCH IN (mailboxes (INBOX Trees)) 1
      S: T BAD …
      C: ESEARCH IN (mailboxes INBOX) RETURN (SAVE) ALL
      S: T BAD …
      C: ESEARCH IN (selected) ALL
      S: T BAD …
      C: ESEARCH IN (everywhere) ALL
      S: T BAD …
      C: SELECT INBOX
      S: …
      S: T OK …
      C: ESEARCH RETURN (SAVE COUNT) 2
      S: * ESEARCH (TAG … MAILBOX "INBOX" UIDVALIDITY …) UID COUNT 1
      S: T OK …
      C: FETCH $ UID
      S: * 2 FETCH (UID 2)
      S: T OK …
      C: ESEARCH IN (selected inboxes) RETURN (UPDATE) SUBJECT pear
      S: * NO [NOUPDATE …
      S: * ESEARCH (TAG … MAILBOX "INBOX" UIDVALIDITY …) UID ALL 2
      S: T OK …
    `,
    );
  },
);
