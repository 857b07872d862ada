import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { play } from "./testing/play.ts";

const MESSAGE = "Subject: x\r\n\r\nbody\r\n";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

async function pair(
  count: number,
): Promise<{ user: string; one: ImapDialogue; two: ImapDialogue }> {
  const user = await world.account();
  for (let n = 0; n < count; n++) await world.deliver(user, MESSAGE);
  const one = await world.login(user);
  const two = await world.login(user);
  await one.ok("SELECT INBOX");
  await two.ok("SELECT INBOX");
  return { user, one, two };
}

test("another session's EXPUNGE is held while sequence numbers are in use, told by NOOP", async () => {
  const { one, two } = await pair(5);
  await two.ok("STORE 2,4 +FLAGS.SILENT (\\Deleted)");
  await two.ok("EXPUNGE");
  await play(
    one,
    `
    C: FETCH 5 UID
    S: * 5 FETCH (UID 5)
    S: T OK …
    C: SEARCH ALL
    S: * SEARCH 1 3 5
    S: T OK …
    # pitfall 21: STORE on what is gone is no error
    C: STORE 2 +FLAGS (\\Seen)
    S: T OK …
    C: STORE 2:3 +FLAGS (\\Seen)
    S: * 3 FETCH (FLAGS (\\Seen…
    S: T OK …
    C: FETCH 1:5 UID
    S: * 1 FETCH (UID 1)
    S: * 3 FETCH (UID 3)
    S: * 5 FETCH (UID 5)
    S: T NO [EXPUNGEISSUED] …
    C: COPY 2 Trash
    S: * 4 EXPUNGE
    S: * 2 EXPUNGE
    S: T OK …
    C: FETCH 1:* UID
    S: * 1 FETCH (UID 1)
    S: * 2 FETCH (UID 3)
    S: * 3 FETCH (UID 5)
    S: T OK …
  `,
  );
});

test("flags set elsewhere are told once, one's own silent ones never", async () => {
  const { one, two } = await pair(3);
  await two.ok("STORE 1 +FLAGS.SILENT (\\Flagged $New)");
  await play(
    one,
    `
    C: STORE 2 +FLAGS.SILENT (\\Seen)
    S: * FLAGS (…$New)
    S: * 1 FETCH (FLAGS (\\Flagged…$New))
    S: T OK …
    C: NOOP
    S: T OK …
  `,
  );
  await play(
    two,
    `
    C: NOOP
    S: * 2 FETCH (FLAGS (\\Seen…
    S: T OK …
    C: NOOP
    S: T OK …
  `,
  );
});

test("a silent STORE does not swallow another session's change to the same message", async () => {
  const { one, two } = await pair(1);
  await two.ok("STORE 1 +FLAGS.SILENT (\\Flagged)");
  const told = await one.ok("STORE 1 +FLAGS.SILENT (\\Seen)");
  assert.match(told.join("\n"), /\* 1 FETCH \(FLAGS \([^)]*\\Flagged/);
});

test("new messages are told with EXISTS; a message that came and went untold is not mentioned", async () => {
  const { user, one, two } = await pair(1);
  await world.deliver(user, MESSAGE);
  await world.deliver(user, MESSAGE);
  await two.ok("UID STORE 2 +FLAGS.SILENT (\\Deleted)");
  await two.ok("EXPUNGE");
  await play(
    one,
    `
    C: NOOP
    S: * 2 EXISTS
    S: * 2 RECENT
    S: T OK …
    C: UID FETCH 1:* FLAGS
    S: * 1 FETCH (UID 1 …
    S: * 2 FETCH (UID 3 …
    S: T OK …
  `,
  );
});

test("what one session was told is not recent for the next", async () => {
  const { user, one, two } = await pair(1);
  await world.deliver(user, MESSAGE);
  assert.deepEqual(await one.ok("NOOP"), ["* 2 EXISTS", "* 2 RECENT"]);
  await two.ok("UNSELECT");
  await one.ok("UNSELECT");
  assert.ok((await one.ok("SELECT INBOX")).includes("* 0 RECENT"));
});

test("IDLE: deliveries, flags and expunges are pushed; DONE in any case ends it", async () => {
  const { user, one, two } = await pair(2);
  await one.send("i IDLE\r\n");
  assert.equal(await one.readResponse(), "+ idling");
  await two.ok("STORE 1 +FLAGS.SILENT (\\Flagged)");
  assert.match(await one.readResponse(), /^\* 1 FETCH \(FLAGS \(\\Flagged/);
  await two.ok("STORE 1 +FLAGS.SILENT (\\Deleted)");
  await two.ok("EXPUNGE");
  // The flag and the expunge may have been told together or apart.
  let response = await one.readResponse();
  while (response.includes("FETCH")) response = await one.readResponse();
  assert.equal(response, "* 1 EXPUNGE");
  await world.deliver(user, MESSAGE);
  assert.equal(await one.readResponse(), "* 2 EXISTS");
  assert.match(await one.readResponse(), /^\* \d RECENT$/);
  await one.send("done\r\n");
  assert.match(await one.readResponse(), /^i OK /);
});

test("pitfall 25: IDLE says that it is still there", async () => {
  const user = await world.account();
  const session = await world.login(user, { keepAliveMs: 5 });
  await session.send("i IDLE\r\n");
  assert.equal(await session.readResponse(), "+ idling");
  assert.equal(await session.readResponse(), "* OK Still here");
  assert.equal(await session.readResponse(), "* OK Still here");
  await session.send("DONE\r\n");
  let response = await session.readResponse();
  while (response.startsWith("* OK")) response = await session.readResponse();
  assert.match(response, /^i OK /);
});

test("a mailbox deleted under a session ends it; one's own selected mailbox can be deleted", async () => {
  const user = await world.account();
  const one = await world.login(user);
  const two = await world.login(user);
  await one.ok("CREATE x");
  await one.ok("SELECT x");
  await two.ok("DELETE x");
  await one.send("n NOOP\r\n");
  assert.match(await one.readToEnd(), /^\* BYE [^\r]*\r\nn OK [^\r]*\r\n$/);
  await two.ok("CREATE y");
  await two.ok("SELECT y");
  assert.match(await two.answer("DELETE y"), /^T OK/);
  assert.match(await two.answer("FETCH 1:* FLAGS"), /^T (NO|BAD)/);
  assert.match(await two.answer("SELECT INBOX"), /^T OK/);
});

test("CONDSTORE: MODSEQ, UNCHANGEDSINCE, CHANGEDSINCE", async () => {
  const { one, two } = await pair(3);
  const modSeqOf = (responses: string[]): number =>
    Number(/MODSEQ \((\d+)\)/.exec(responses.join("\n"))?.[1]);
  const before = modSeqOf(await one.ok("FETCH 2 MODSEQ"));
  await two.ok("STORE 2 +FLAGS.SILENT (\\Seen)");
  await one.ok("NOOP");
  const now = modSeqOf(await one.ok("FETCH 2 MODSEQ"));
  assert.ok(now > before);
  await play(
    one,
    `
    C: STORE 1:3 (UNCHANGEDSINCE ${before + 1}) +FLAGS.SILENT (\\Flagged)
    S: * 1 FETCH (MODSEQ (…))
    S: * 3 FETCH (MODSEQ (…))
    S: T OK [MODIFIED 2] …
    C: UID STORE 2 (UNCHANGEDSINCE ${before}) FLAGS ()
    S: T OK [MODIFIED 2] …
    C: FETCH 1:* (FLAGS) (CHANGEDSINCE ${now})
    S: * 1 FETCH (FLAGS (\\Flagged…) MODSEQ (…))
    S: * 3 FETCH (FLAGS (\\Flagged…) MODSEQ (…))
    S: T OK …
    C: SEARCH MODSEQ ${now}
    S: * SEARCH 1 2 3 (MODSEQ …)
    S: T OK …
    C: SEARCH RETURN (COUNT) MODSEQ ${now + 1}
    S: * ESEARCH (TAG …) COUNT 2 MODSEQ …
    S: T OK …
    C: SEARCH MODSEQ 999999
    S: * SEARCH
    S: T OK …
  `,
  );
});

test("pitfall 18: FLAGS.SILENT under QRESYNC still tells MODSEQ; QRESYNC brings CONDSTORE", async () => {
  const { one } = await pair(1);
  await play(
    one,
    `
    C: ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: T OK …
    C: STORE 1 +FLAGS.SILENT (\\Seen)
    S: * 1 FETCH (UID 1 MODSEQ (…))
    S: T OK …
  `,
  );
});

test("QRESYNC: a client that comes back hears exactly what it missed", async () => {
  const { user, one, two } = await pair(6);
  const selected = (await one.ok("SELECT INBOX")).join("\n");
  const uidValidity = /UIDVALIDITY (\d+)/.exec(selected)?.[1];
  const modSeq = /HIGHESTMODSEQ (\d+)/.exec(selected)?.[1];
  await one.ok("LOGOUT");
  await two.ok("STORE 2,4,5 +FLAGS.SILENT (\\Deleted)");
  await two.ok("UID EXPUNGE 2,5");
  await world.deliver(user, MESSAGE);
  const back = await world.login(user);
  await play(
    back,
    `
    C: SELECT INBOX (QRESYNC (${uidValidity} ${modSeq}))
    S: T BAD …
    C: ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: T OK …
    C: SELECT INBOX (QRESYNC (${uidValidity} ${modSeq}))
    S: …
    S: * 5 EXISTS
    S: …
    S: * VANISHED (EARLIER) 2,5
    S: * 3 FETCH (UID 4 FLAGS (\\Deleted…) MODSEQ (…))
    S: * 5 FETCH (UID 7 FLAGS (…) MODSEQ (…))
    S: T OK …
    C: SELECT INBOX (QRESYNC (${uidValidity} ${modSeq} 1:3))
    S: * OK [CLOSED] …
    S: …
    S: * VANISHED (EARLIER) 2
    S: T OK …
    C: UID FETCH 1:* FLAGS (CHANGEDSINCE ${modSeq} VANISHED)
    S: * VANISHED (EARLIER) 2,5
    S: * 3 FETCH (UID 4 …
    S: * 5 FETCH (UID 7 …
    S: T OK …
    C: UID EXPUNGE 4
    S: * VANISHED 4
    S: T OK [HIGHESTMODSEQ …] …
    C: SELECT INBOX (QRESYNC (1 ${modSeq}))
    S: * OK [CLOSED] …
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS …
    S: * 4 EXISTS
    S: …
    S: * OK [MAILBOXID …
    S: T OK …
  `,
  );
});

test("many sessions, random commands: every view stays legal and all agree in the end", async () => {
  const user = await world.account();
  for (let n = 0; n < 8; n++) await world.deliver(user, MESSAGE);
  const sessions = await Promise.all(Array.from({ length: 8 }, () => world.login(user)));
  const views = await Promise.all(sessions.map((session) => selectView(session)));
  let seed = 7;
  const chance = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 4294967296) * below);
  };
  for (let round = 0; round < 400; round++) {
    const at = chance(sessions.length);
    const view = views[at];
    const seq = 1 + chance(Math.max(1, view.uids.length));
    const commands = [
      "NOOP",
      `FETCH ${seq} (UID FLAGS)`,
      `STORE ${seq} +FLAGS.SILENT (\\Deleted)`,
      `STORE ${seq} FLAGS (\\Seen)`,
      "EXPUNGE",
      "UID SEARCH ALL",
      `UID COPY ${view.uids[seq - 1] ?? 1} INBOX`,
      `UID STORE 1:* -FLAGS (\\Flagged)`,
      `UID REPLACE ${view.uids[seq - 1] ?? 1} INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`,
      `APPEND INBOX CATENATE (URL ";UID=${view.uids[seq - 1] ?? 1}" TEXT {1+}\r\nx)`,
      `UID STORE ${view.uids[seq - 1] ?? 1} +X-GM-LABELS (Work \\Starred)`,
      `UID STORE 1:* -X-GM-LABELS (Work)`,
      "UID SEARCH RETURN (PARTIAL -1:-3) ALL",
      "ESEARCH IN (personal) RETURN (COUNT) UNSEEN",
    ];
    if (view.uids.length === 0) await world.deliver(user, MESSAGE);
    const command = view.uids.length === 0 ? "NOOP" : commands[chance(commands.length)];
    view.take(await sessions[at].command(command), command);
    if (chance(10) === 0) await world.deliver(user, MESSAGE);
  }
  for (const [at, view] of views.entries()) {
    view.take(await sessions[at].command("NOOP"), "NOOP");
    view.take(await sessions[at].command("UID FETCH 1:* FLAGS"), "UID FETCH");
  }
  for (const view of views) assert.deepEqual(view.uids, views[0].uids);
});

/** A client's picture of its mailbox, checked at each response. */
class View {
  uids: (number | undefined)[] = [];

  take(responses: readonly string[], command: string): void {
    for (const response of responses) {
      const match = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)(?: \((?:UID (\d+))?)?/.exec(response);
      if (match === null) continue;
      const number = Number(match[1]);
      if (match[2] === "EXISTS") {
        assert.ok(
          number > this.uids.length,
          `EXISTS ${number} after ${this.uids.length}: ${command}`,
        );
        this.uids.length = number;
        continue;
      }
      assert.ok(number >= 1 && number <= this.uids.length, `${response} of ${this.uids.length}`);
      if (match[2] === "EXPUNGE") {
        assert.doesNotMatch(command, /^(FETCH|STORE|SEARCH)/, `EXPUNGE during ${command}`);
        this.uids.splice(number - 1, 1);
      } else if (match[3] !== undefined) {
        const known = this.uids[number - 1];
        assert.ok(known === undefined || known === Number(match[3]), `${response}, known ${known}`);
        this.uids[number - 1] = Number(match[3]);
      }
    }
    // REPLACE and CATENATE need their message to be there still.
    const refusal = /^UID REPLACE|CATENATE/.test(command)
      ? /^T (OK|NO \[(NONEXISTENT|BADURL))/
      : /^T (OK|NO \[EXPUNGEISSUED\])/;
    assert.match(responses.at(-1) ?? "", refusal, command);
  }
}

async function selectView(session: ImapDialogue): Promise<View> {
  const view = new View();
  view.take(await session.command("SELECT INBOX"), "SELECT");
  view.take(await session.command("UID FETCH 1:* FLAGS"), "UID FETCH");
  return view;
}
