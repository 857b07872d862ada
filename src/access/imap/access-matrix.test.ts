/**
 * Security row 88 as a matrix: each command, each right missing, on somebody else's mailbox. What is
 * allowed is what RFC 4314 §4 says; what may not be seen is answered word for word as what is not
 * there.
 */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { RULES } from "../../imap/session.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { parseRights } from "../../store/acl.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { ALL_RIGHTS, type Right } from "../../store/mailbox-grant.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";

const MESSAGE = "From: ann@example.net\r\nSubject: x\r\n\r\nbody\r\n";

let world: ImapWorld;
let owner: string;
let guest: string;
let session: ImapDialogue;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
  owner = await world.account();
  guest = await world.account();
  for (let n = 0; n < 3; n++) await world.deliver(guest, MESSAGE);
  session = await world.login(guest);
});
after(() => world.close());

type Row = {
  readonly verb: string;
  /** `m` stands for the mailbox, quoted; `free` for a place where anything may be made. */
  readonly command: string;
  /** Each right is needed; of an array one is enough. */
  readonly needs: readonly (Right | readonly Right[])[];
  /** The guest has selected its own INBOX, or the mailbox itself. */
  readonly in?: "INBOX" | "m";
  /** It takes the mailbox away, so it has one of its own. */
  readonly consumes?: true;
};

const ROWS: readonly Row[] = [
  { verb: "SELECT", command: "SELECT m", needs: ["r"] },
  { verb: "EXAMINE", command: "EXAMINE m", needs: ["r"] },
  { verb: "STATUS", command: "STATUS m (MESSAGES UNSEEN)", needs: ["r"] },
  { verb: "GETQUOTAROOT", command: "GETQUOTAROOT m", needs: ["r"] },
  { verb: "APPEND", command: `APPEND m {${MESSAGE.length}+}\r\n${MESSAGE}`, needs: ["i"] },
  {
    verb: "REPLACE",
    command: `REPLACE 1 m {${MESSAGE.length}+}\r\n${MESSAGE}`,
    needs: ["i"],
    in: "INBOX",
  },
  { verb: "COPY", command: "COPY 1 m", needs: ["i"], in: "INBOX" },
  { verb: "COPY", command: "UID COPY 1 m", needs: ["i"], in: "INBOX" },
  { verb: "MOVE", command: "MOVE 1 m", needs: ["i"], in: "INBOX" },
  { verb: "CREATE", command: "CREATE m/new", needs: ["k"] },
  { verb: "RENAME", command: "RENAME free/old m/renamed", needs: ["k"] },
  { verb: "RENAME", command: "RENAME m free/renamed", needs: ["x"], consumes: true },
  { verb: "DELETE", command: "DELETE m", needs: ["x"], consumes: true },
  { verb: "GETACL", command: "GETACL m", needs: ["a"] },
  { verb: "SETACL", command: "SETACL m stranger l", needs: ["a"] },
  { verb: "DELETEACL", command: "DELETEACL m stranger", needs: ["a"] },
  { verb: "LISTRIGHTS", command: "LISTRIGHTS m stranger", needs: ["a"] },
  {
    verb: "GETMETADATA",
    command: "GETMETADATA m /shared/comment",
    needs: ["l", ["r", "s", "w", "i", "p"]],
  },
  { verb: "SETMETADATA", command: 'SETMETADATA m (/shared/comment "x")', needs: ["l", "w"] },
  {
    verb: "SETMETADATA",
    command: 'SETMETADATA m (/private/comment "x")',
    needs: ["l", ["r", "s", "w", "i", "p"]],
  },
  { verb: "MYRIGHTS", command: "MYRIGHTS m", needs: [["l", "r", "i", "k", "x", "a"]] },
  // RFC 9051 §6.3.7: what is not there may be subscribed, so neither may tell.
  { verb: "SUBSCRIBE", command: "SUBSCRIBE m", needs: [] },
  { verb: "UNSUBSCRIBE", command: "UNSUBSCRIBE m", needs: [] },
  { verb: "FETCH", command: "FETCH 1 (FLAGS BODY[])", needs: [], in: "m" },
  { verb: "SEARCH", command: "SEARCH TEXT body", needs: [], in: "m" },
  { verb: "SORT", command: "SORT (DATE) UTF-8 ALL", needs: [], in: "m" },
  { verb: "THREAD", command: "THREAD REFERENCES UTF-8 ALL", needs: [], in: "m" },
  { verb: "STORE", command: "STORE 1 +FLAGS (\\Seen)", needs: ["s"], in: "m" },
  { verb: "STORE", command: "STORE 1 -FLAGS (\\Deleted)", needs: ["t"], in: "m" },
  { verb: "STORE", command: "STORE 1 +FLAGS (\\Flagged)", needs: ["w"], in: "m" },
  { verb: "STORE", command: "UID STORE 1 FLAGS.SILENT (word)", needs: ["w"], in: "m" },
  { verb: "STORE", command: "STORE 1 -FLAGS (\\Seen \\Flagged)", needs: [["s", "w"]], in: "m" },
  { verb: "COPY", command: "COPY 1 INBOX", needs: [], in: "m" },
  { verb: "EXPUNGE", command: "EXPUNGE", needs: ["e"], in: "m" },
  { verb: "EXPUNGE", command: "UID EXPUNGE 1", needs: ["e"], in: "m" },
  { verb: "MOVE", command: "MOVE 3 INBOX", needs: ["t", "e"], in: "m" },
  {
    verb: "REPLACE",
    command: `REPLACE * INBOX {${MESSAGE.length}+}\r\n${MESSAGE}`,
    needs: ["t", "e"],
    in: "m",
  },
  {
    verb: "APPEND",
    command: `APPEND INBOX CATENATE (URL ";UID=1" TEXT {1+}\r\nx)`,
    needs: [],
    in: "m",
  },
  { verb: "CHECK", command: "CHECK", needs: [], in: "m" },
];

/** Commands that name no mailbox and look into none; LIST and LSUB have a test of their own below. */
const NAME_NONE = new Set(
  (
    "CAPABILITY NOOP ID LOGOUT STARTTLS AUTHENTICATE LOGIN ENABLE COMPRESS UNAUTHENTICATE LIST LSUB " +
    "NOTIFY NAMESPACE GETQUOTA IDLE CLOSE UNSELECT CANCELUPDATE ESEARCH"
  ).split(" "),
);

test("security row 88: every command that names a mailbox has its row", () => {
  const tested = new Set(ROWS.map(({ verb }) => verb));
  const missing = Object.keys(RULES).filter((verb) => !tested.has(verb) && !NAME_NONE.has(verb));
  assert.deepEqual(missing, []);
});

let serial = 0;

/** A mailbox of the owner with three messages, one flagged deleted, and `rights` for the guest. */
async function shared(rights: string): Promise<{ name: string; info: MailboxInfo }> {
  const { mail, octets, directory } = world.store;
  const account = directory.account(owner);
  assert.ok(account);
  const own = `box${++serial}`;
  const info = await mail.createMailbox(account.id, own);
  await mail.append(
    info.grant,
    ["\\Seen", "\\Flagged", "\\Answered"].map((flag) => ({
      message: octets.stageOctets(Buffer.from(MESSAGE)),
      flags: [flag],
      internalDateMs: 1,
    })),
  );
  await allow(info, rights);
  return { name: `Other Users/${owner}/${own}`, info };
}

async function allow(info: MailboxInfo, rights: string): Promise<void> {
  const set = parseRights(rights);
  assert.ok(set);
  await world.store.acl.change(info.grant, { identifier: guest, action: "set", rights: set });
}

function isAllowed(row: Row, rights: string): boolean {
  return row.needs.every((need) =>
    typeof need === "string" ? rights.includes(need) : need.some((right) => rights.includes(right)),
  );
}

async function answerTo(row: Row, name: string, free: string): Promise<string> {
  const command = row.command
    .replace(/\bm\b(?=[ /]|$)/, `"${name}"`)
    .replace(/"\/(\w+)/, '/$1"')
    .replace(/free\/(\w+)/, `"${free}/$1"`);
  return session.answer(command);
}

/** Without the parts that count: UIDs, names in codes. */
function essence(answer: string): string {
  return answer.replace(/ ?(APPENDUID|COPYUID|MAILBOXID|HIGHESTMODSEQ)[^\]]*/, "$1");
}

const MISSING_ONE = ALL_RIGHTS.map((missing) => ALL_RIGHTS.filter((right) => right !== missing));

for (const hidden of [false, true]) {
  test(`security row 88: each command with each right missing${hidden ? ", and lookup too" : ""}`, async () => {
    const place = await shared("lrswipkxtea");
    let made = 0;
    for (const most of MISSING_ONE) {
      const rights = most.join("").replace(hidden ? "l" : "", "");
      const common = await shared(rights);
      for (const row of ROWS) {
        const about = `${row.command} with ${rights}`;
        const { name } = row.consumes ? await shared(rights) : common;
        const free = `${place.name}/n${++made}`;
        await session.ok(`CREATE "${free}"`);
        if (row.command.includes("free/old")) await session.ok(`CREATE "${free}/old"`);
        if (row.in !== undefined) {
          const target = row.in === "m" ? name : "INBOX";
          const selected = await session.answer(`SELECT "${target}"`);
          // Its own row says what SELECT needs.
          if (row.in === "m" && !rights.includes("r")) continue;
          assert.match(selected, /^T OK/, about);
        }
        const answer = await answerTo(row, name, free);
        if (isAllowed(row, rights)) assert.match(answer, /^T OK/, about);
        else if (rights.includes("l")) assert.match(answer, /^T NO \[NOPERM\]/, about);
        else if (row.in !== "m") {
          const absent = await answerTo(row, `Other Users/${owner}/absent`, free);
          assert.equal(answer, absent, about);
          const nobody = await answerTo(row, "Other Users/nobody@example.org/absent", free);
          assert.equal(answer, nobody, about);
        } else assert.match(answer, /^T NO \[NONEXISTENT\]/, about);
        if (row.in !== undefined) await session.ok("UNSELECT");
        if (row.verb === "SELECT" || row.verb === "EXAMINE") await session.answer("UNSELECT");
      }
    }
  });
}

test("security row 88: just the rights that are needed are enough", async () => {
  const place = await shared("lrswipkxtea");
  for (const [index, row] of ROWS.entries()) {
    const needs = row.needs.map((need) => (typeof need === "string" ? need : need[0])).join("");
    const { name } = await shared(row.in === "m" ? `r${needs}` : needs);
    const free = `${place.name}/e${index}`;
    await session.ok(`CREATE "${free}"`);
    if (row.command.includes("free/old")) await session.ok(`CREATE "${free}/old"`);
    if (row.in !== undefined) await session.ok(`SELECT "${row.in === "m" ? name : "INBOX"}"`);
    assert.match(essence(await answerTo(row, name, free)), /^T OK/, `${row.command} with ${needs}`);
    await session.answer("UNSELECT");
  }
});

test("security row 88: LIST and LSUB show what may be looked up, and nothing else", async () => {
  const seen = await shared("l");
  const unseen = await shared("rswipkxtea");
  for (const command of ['LIST "" "*"', 'LIST "" (*) RETURN (STATUS (MESSAGES) MYRIGHTS)']) {
    const text = (await session.ok(command)).join("\n");
    assert.ok(text.includes(seen.name), command);
    assert.ok(!text.includes(unseen.name), command);
    assert.ok(!text.includes(`STATUS "${seen.name}"`), "STATUS needs r");
  }
  assert.deepEqual(await session.ok(`LIST "" "${unseen.name}"`), []);
  // A subscription that leads nowhere looks the same, whether it is hidden or absent.
  const absent = `Other Users/${owner}/nothing`;
  const lines: string[] = [];
  for (const name of [unseen.name, absent]) {
    await session.ok(`SUBSCRIBE "${name}"`);
    for (const command of [`LIST (SUBSCRIBED) "" "${name}"`, `LSUB "" "${name}"`]) {
      lines.push((await session.ok(command)).join("\n").replaceAll(name, "name"));
    }
  }
  assert.deepEqual(lines.slice(0, 2), lines.slice(2));
});

test("security row 88: a right that is taken away ends a selected mailbox at the next command", async () => {
  for (const command of [
    "FETCH 1 (BODY[])",
    "UID SEARCH ALL",
    "SORT (DATE) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "STORE 1 +FLAGS (\\Seen)",
    "COPY 1 INBOX",
    "MOVE 1 INBOX",
    "EXPUNGE",
    "CHECK",
    "NOOP",
  ]) {
    const { name, info } = await shared("lrswite");
    const other = await world.login(guest);
    await other.ok(`SELECT "${name}"`);
    await allow(info, "");
    const answer = await other.command(command);
    assert.match(answer.at(-1) ?? "", command === "NOOP" ? /^T OK/ : /^T NO \[NONEXISTENT\]/);
    assert.match(answer.at(-2) ?? "", /^\* BYE/, command);
    assert.ok(!answer.some((line) => line.includes("body")), command);
  }
});

test("security row 88: CLOSE without the right to expunge only closes", async () => {
  const { name, info } = await shared("lrt");
  await session.ok(`SELECT "${name}"`);
  await session.ok("STORE 1 +FLAGS (\\Deleted)");
  await session.ok("CLOSE");
  assert.equal(world.store.mail.status(info.grant)?.messages, 3);
  await allow(info, "lre");
  await session.ok(`SELECT "${name}"`);
  await session.ok("CLOSE");
  assert.equal(world.store.mail.status(info.grant)?.messages, 2);
});

test("security row 88: ESEARCH looks into what may be read, and passes over the rest as if it were not there", async () => {
  const readable = await shared("lr");
  const listed = await shared("l");
  const hidden = await shared("swipkxtea");
  const absent = `Other Users/${owner}/nothing`;
  const search = async (scope: string): Promise<string[]> =>
    session.ok(`ESEARCH IN (${scope}) RETURN (COUNT) TEXT body`);
  const found = await search(`mailboxes ("${readable.name}" "${listed.name}" "${hidden.name}")`);
  assert.equal(found.length, 1);
  assert.match(found[0], /^\* ESEARCH \(.* COUNT 3$/);
  assert.ok(found[0].includes(readable.name));
  for (const name of [listed.name, hidden.name, absent]) {
    assert.deepEqual(await search(`mailboxes "${name}"`), [], name);
    assert.deepEqual(await search(`subtree "${name}"`), [], name);
  }
  for (const line of await search("personal")) assert.ok(!line.includes("Other Users"), line);
});

test("security row 88: a URL of CATENATE names nothing that may not be read", async () => {
  const answers: string[] = [];
  for (const rights of ["lr", "l", "swipkxtea"]) {
    const { name } = await shared(rights);
    const url = `/${name.replaceAll(" ", "%20").replaceAll("@", "%40")}/;UID=1`;
    answers.push((await session.answer(`APPEND INBOX CATENATE (URL "${url}")`)).replace(url, ""));
  }
  const absent = `/Other%20Users/${owner.replace("@", "%40")}/nothing/;UID=1`;
  const none = await session.answer(`APPEND INBOX CATENATE (URL "${absent}")`);
  assert.match(answers[0], /^T OK/);
  assert.match(none, /^T NO \[BADURL/);
  assert.deepEqual(answers.slice(1), [none.replace(absent, ""), none.replace(absent, "")]);
});
