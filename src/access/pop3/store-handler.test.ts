import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { MailError } from "../../base/errors.ts";
import { encodeBase64 } from "../../base/bytes.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { clientMechanism } from "../../sasl/client-mechanism.ts";
import { makeLoginGuard } from "../../sasl/login-guard.ts";
import { LoginDelay } from "./login-delay.ts";
import { Pop3Probe } from "../../../test/pop3/pop3-probe.ts";
import {
  ADDRESS,
  deliver,
  file,
  mailboxNamed,
  PASSWORD,
  startPop3World,
  uidsIn,
  type Pop3World,
} from "../../../test/pop3/pop3-world.ts";

const ONE = "Subject: one\r\n\r\nfirst\r\n.hidden\r\n";
const TWO = "Subject: two\r\n\r\n\u00e4\u00f6\u00fc 8-bit\r\n";
const THREE = "Subject: three\r\n\r\nno end";

let world: Pop3World;
before(async () => {
  world = await startPop3World();
});
after(() => world.close());

let uids: readonly number[];
beforeEach(async () => {
  for (const name of ["INBOX", "Lists/Ärger"]) {
    await world.store.mail.expunge((await mailboxNamed(world, name)).grant, "all", false);
  }
  uids = await file(world, [ONE, TWO, THREE]);
});

async function loggedIn(name = ADDRESS, port = world.clearPort): Promise<Pop3Probe> {
  const probe = await Pop3Probe.open(port);
  assert.match(await probe.login(name, PASSWORD), /^\+OK/);
  return probe;
}

test("what was stored comes back octet for octet, sizes as sent", async () => {
  const probe = await loggedIn();
  const texts = [ONE, TWO, THREE];
  for (const [index, text] of texts.entries()) {
    assert.equal(await probe.ask(`LIST ${index + 1}`), `+OK ${index + 1} ${text.length}`);
    const got = (await probe.askLines(`RETR ${index + 1}`)).toString("latin1");
    assert.equal(got, text.endsWith("\r\n") ? text : `${text}\r\n`);
  }
  const total = texts.join("").length;
  assert.equal(await probe.ask("STAT"), `+OK 3 ${total}`);
  await probe.close();
});

test("the delivery prefix is part of the message: in LIST, RETR and TOP", async () => {
  const prefix = "Return-Path: <>\r\nDelivered-To: ada@example.org\r\n";
  await deliver(world, ONE, prefix);
  const probe = await loggedIn();
  assert.equal(await probe.ask("LIST 4"), `+OK 4 ${prefix.length + ONE.length}`);
  assert.equal((await probe.askLines("RETR 4")).toString("latin1"), prefix + ONE);
  const top = (await probe.askLines("TOP 4 0")).toString("latin1");
  assert.equal(top, `${prefix}Subject: one\r\n\r\n`);
  await probe.close();
});

test("security row 92: UIDL is uidvalidity.uid, and stays what it is", async () => {
  const { uidValidity } = await mailboxNamed(world, "INBOX");
  const expected = uids.map((uid, index) => `${index + 1} ${uidValidity}.${uid}\r\n`).join("");
  const first = await loggedIn();
  assert.equal((await first.askLines("UIDL")).toString(), expected);
  await first.ask("DELE 1");
  await first.ask("QUIT");
  await first.close();
  const [fourth] = await file(world, [ONE]);
  const second = await loggedIn();
  const listing = (await second.askLines("UIDL")).toString();
  assert.equal(
    listing,
    [uids[1], uids[2], fourth].map((uid, i) => `${i + 1} ${uidValidity}.${uid}\r\n`).join(""),
  );
  await second.close();
});

test("security row 92: DELE takes effect at QUIT, in one commit, and +OK comes after it", async () => {
  const changes: number[][] = [];
  const account = world.store.directory.account(ADDRESS);
  const stop = world.store.mail.onAccountChange(account!.id, (change) => {
    if (change.kind === "expunged") changes.push([...change.uids]);
  });
  const probe = await loggedIn();
  await probe.ask("DELE 1");
  await probe.ask("DELE 3");
  assert.deepEqual(await uidsIn(world), [...uids]);
  assert.match(await probe.ask("QUIT"), /^\+OK/);
  assert.deepEqual(await uidsIn(world), [uids[1]]);
  assert.deepEqual(changes, [[uids[0], uids[2]]]);
  stop();
  await probe.close();
});

test("a session that is cut off removes nothing and frees the maildrop", async () => {
  const probe = await loggedIn();
  await probe.ask("DELE 1");
  await probe.close();
  for (let tries = 0; tries < 100 && world.sessions.at(-1)?.end !== "closed"; tries++) {
    await systemClock.sleep(5);
  }
  assert.deepEqual(await uidsIn(world), [...uids]);
  await (await loggedIn()).close();
});

test("RFC 1939 §4: one session has the maildrop, another is told IN-USE", async () => {
  const first = await loggedIn();
  const second = await Pop3Probe.open(world.clearPort);
  assert.match(await second.login(ADDRESS, PASSWORD), /^-ERR \[IN-USE\] /);
  await first.ask("QUIT");
  assert.match(await second.login(ADDRESS, PASSWORD), /^\+OK 3 messages/);
  await second.ask("QUIT");
  await first.close();
  await second.close();
});

test("what happens meanwhile over IMAP: numbers stay, new mail waits, the expunged is -ERR", async () => {
  const prefix = "Return-Path: <>\r\n";
  await deliver(world, TWO, prefix);
  const probe = await loggedIn();
  const inbox = await mailboxNamed(world, "INBOX");
  const last = (await uidsIn(world)).at(-1)!;
  await world.store.mail.expunge(inbox.grant, [uids[0], last], false);
  await file(world, [ONE]);
  assert.match(await probe.ask("STAT"), /^\+OK 4 /);
  assert.match(await probe.ask("RETR 4"), /^-ERR \[SYS\/PERM\] /);
  assert.equal((await probe.askLines("RETR 2")).toString("latin1"), TWO);
  // Deleting what has gone already is no failure.
  await probe.ask("DELE 1");
  await probe.ask("DELE 2");
  assert.match(await probe.ask("QUIT"), /^\+OK/);
  assert.equal((await uidsIn(world)).length, 2);
  await probe.close();
});

test("sub-mailboxes: user+Mailbox, in each form, whatever the case, over each mechanism", async () => {
  await file(world, [THREE], "Lists/Ärger");
  const names = [
    "ada+Lists/Ärger@example.org",
    "ada@example.org+Lists/Ärger",
    "ada+lists/ärger@example.org",
    "ada+Lists/Ärger",
  ];
  for (const name of names) {
    const probe = await Pop3Probe.open(world.clearPort);
    const greeting = await probe.login(name, PASSWORD);
    assert.match(greeting, /^\+OK 1 messages, 24 octets/, name);
    await probe.ask("QUIT");
    await probe.close();
  }
  const plain = await Pop3Probe.open(world.clearPort);
  const initial = encodeBase64(Buffer.from(`\0${names[0]}\0${PASSWORD}`));
  assert.match(await plain.ask(`AUTH PLAIN ${initial}`), /^\+OK 1 messages/);
  await plain.ask("DELE 1");
  await plain.ask("QUIT");
  await plain.close();
  assert.deepEqual(await uidsIn(world, "Lists/Ärger"), []);
  assert.equal((await uidsIn(world)).length, 3);
});

test("a mailbox that is not there is said only to who has logged in", async () => {
  const probe = await Pop3Probe.open(world.clearPort);
  assert.equal(
    await probe.login("ada+Nowhere@example.org", "wrong"),
    "-ERR [AUTH] wrong name or password",
  );
  assert.equal(
    await probe.login("ada+Nowhere@example.org", PASSWORD),
    "-ERR [SYS/PERM] there is no such mailbox",
  );
  assert.match(await probe.login(ADDRESS, PASSWORD), /^\+OK 3/, "and INBOX is still to be had");
  await probe.close();
});

test("security row 88: no name reaches another account's mailbox", async () => {
  await world.store.directory.addAccount({ address: "bob@example.org", password: "bob's own" });
  for (const name of ["bob+INBOX@example.org", "ada+../bob/INBOX@example.org", "bob@example.org"]) {
    const probe = await Pop3Probe.open(world.clearPort);
    assert.match(await probe.login(name, PASSWORD), /^-ERR/, name);
    await probe.close();
  }
  await world.store.directory.removeAccount("bob@example.org");
});

test("SCRAM-SHA-256-PLUS over STLS, bound to the channel; and STLS on the way", async () => {
  const probe = await Pop3Probe.open(world.stlsPort);
  assert.match(await probe.ask(`USER ${ADDRESS}`), /^-ERR use STLS first/);
  await probe.startTls({ serverName: "localhost", verify: false });
  const capabilities = (await probe.askLines("CAPA")).toString();
  assert.match(capabilities, /^SASL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 /m);
  const { channelBinding } = probe.channel.tls!;
  assert.ok(channelBinding);
  const ada = clientMechanism(
    "SCRAM-SHA-256-PLUS",
    { name: ADDRESS, password: PASSWORD },
    { crypto: nodeCrypto, random: systemRandom, channelBinding },
  )!;
  let line = await probe.ask(`AUTH SCRAM-SHA-256-PLUS ${encodeBase64(ada.initial()!)}`);
  while (line.startsWith("+ ")) {
    line = await probe.ask(encodeBase64(await ada.step(Buffer.from(line.slice(2), "base64"))));
  }
  assert.match(line, /^\+OK 3 messages/);
  assert.ok(ada.verify(undefined));
  await probe.ask("QUIT");
  await probe.close();
});

test("what RETR has sent whole is \\Seen at QUIT; TOP and a cut session change no flag", async () => {
  const flagsOf = async (): Promise<number[]> => {
    const open = await world.store.mail.open((await mailboxNamed(world, "INBOX")).grant);
    const flags = Array.from(open!.flags.subarray(0, open!.count));
    open!.release();
    return flags;
  };
  const cut = await loggedIn();
  await cut.askLines("RETR 1");
  await cut.close();
  for (let tries = 0; tries < 100 && world.sessions.at(-1)?.end !== "closed"; tries++) {
    await systemClock.sleep(5);
  }
  assert.deepEqual(await flagsOf(), [0, 0, 0]);
  const probe = await loggedIn();
  await probe.askLines("TOP 1 0");
  await probe.askLines("RETR 2");
  await probe.ask("QUIT");
  await probe.close();
  assert.deepEqual(await flagsOf(), [0, 1, 0]);
});

test("QUIT that cannot commit is -ERR, and the messages stay", async () => {
  const broken = await startPop3WorldOver({
    expunge: () => Promise.reject(new MailError("disk-full", "no space left")),
  });
  const probe = await loggedIn(ADDRESS, broken.clearPort);
  await probe.ask("DELE 1");
  assert.match(await probe.ask("QUIT"), /^-ERR \[SYS\/TEMP\] the marked messages were not removed/);
  await probe.close();
  assert.equal((await uidsIn(broken)).length, 1);
  await broken.close();
});

test("a lock that cannot be written is SYS/TEMP: no session without it (RFC 1939 §4)", async () => {
  const full = await startPop3WorldOver({
    lockMaildrop: () => Promise.reject(new MailError("disk-full", "no space left")),
  });
  const probe = await Pop3Probe.open(full.clearPort);
  assert.match(await probe.login(ADDRESS, PASSWORD), /^-ERR \[SYS\/TEMP\] /);
  await probe.close();
  await full.close();
});

test("QUIT of a session that has lost its lock removes nothing", async () => {
  const lost = await startPop3WorldOver({});
  const probe = await loggedIn(ADDRESS, lost.clearPort);
  await probe.ask("DELE 1");
  // As if the lease had lapsed and another session come: what a stalled process meets.
  lost.store.mail.lockMaildrop = () => Promise.resolve(false);
  assert.match(await probe.ask("QUIT"), /^-ERR \[SYS\/PERM\] the marked messages were not removed/);
  await probe.close();
  assert.equal((await uidsIn(lost)).length, 1);
  await lost.close();
});

test("security row 37: the guard is one for all sessions", async () => {
  const guard = makeLoginGuard(systemClock, { maxDelayMs: 0 });
  const guarded = await startPop3World({ guard });
  for (let session = 0; session < 4; session++) {
    const probe = await Pop3Probe.open(guarded.clearPort);
    for (let tries = 0; tries < 3; tries++) {
      const name = tries === 1 ? "ada" : ADDRESS;
      const answer = await probe.login(name, `guess ${session} ${tries}`);
      const isThrottled = session * 3 + tries >= 10;
      assert.match(answer, isThrottled ? /^-ERR \[SYS\/TEMP\] too many/ : /^-ERR \[AUTH\]/);
    }
    await probe.close();
  }
  await guarded.close();
});

test("LOGIN-DELAY (RFC 2449 §6.5): a second session comes too soon, a later one does not", async () => {
  const clock = new TestClock();
  const loginDelay = new LoginDelay(clock, 60);
  const delayed = await startPop3World({ loginDelay });
  const answers: string[] = [];
  for (const waitMs of [0, 0, 59_000, 1_000]) {
    await clock.advance(waitMs);
    const probe = await Pop3Probe.open(delayed.clearPort);
    answers.push((await probe.login(ADDRESS, PASSWORD)).split(" ").slice(0, 2).join(" "));
    await probe.ask("QUIT");
    await probe.close();
  }
  assert.deepEqual(answers, ["+OK 0", "-ERR [LOGIN-DELAY]", "-ERR [LOGIN-DELAY]", "+OK 0"]);
  await delayed.close();
});

test("APOP works where a secret can be looked up", async () => {
  const apopSecret = async (name: string): Promise<string | undefined> =>
    name === ADDRESS ? "tanstaaf" : undefined;
  const apop = await startPop3World({ apopSecret });
  const probe = await Pop3Probe.open(apop.clearPort);
  assert.match(await probe.ask(`APOP ${ADDRESS} ${"0".repeat(32)}`), /^-ERR \[AUTH\]/);
  await probe.close();
  await apop.close();
});

/** A world whose mail store has some methods replaced. */
async function startPop3WorldOver(
  methods: Partial<Pop3World["store"]["mail"]>,
): Promise<Pop3World> {
  const other = await startPop3World();
  await file(other, [ONE]);
  Object.assign(other.store.mail, methods);
  return other;
}
