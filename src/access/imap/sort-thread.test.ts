import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { TestClock } from "../../base/testing/test-clock.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { Slicer } from "./slicer.ts";
import { sortSliced } from "./sliced-sort.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { threadReferences } from "./thread-references.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

type Letter = {
  readonly id?: string;
  readonly references?: string;
  readonly subject: string;
  readonly day: number;
  readonly from?: string;
  readonly to?: string;
  readonly body?: string;
};

/** A session whose INBOX holds the letters in this order. */
async function mailbox(letters: readonly Letter[]): Promise<ImapDialogue> {
  const user = await world.account();
  const session = await world.login(user);
  for (const letter of letters) {
    const lines = [
      `From: ${letter.from ?? "a@example.org"}`,
      `To: ${letter.to ?? "b@example.org"}`,
      `Subject: ${letter.subject}`,
      ...(letter.day === 0 ? [] : [`Date: ${letter.day} Feb 2026 10:00:00 +0000`]),
      ...(letter.id === undefined ? [] : [`Message-ID: <${letter.id}@x>`]),
      ...(letter.references === undefined
        ? []
        : [`References: ${letter.references.replace(/\w+/g, "<$&@x>")}`]),
    ];
    await session.append("INBOX", `${lines.join("\r\n")}\r\n\r\n${letter.body ?? "x"}\r\n`);
  }
  await session.ok("SELECT INBOX");
  return session;
}

async function numbers(session: ImapDialogue, command: string): Promise<string> {
  return (await session.ok(command))[0].replace(/^\* (SORT|THREAD) ?/, "");
}

test("RFC 5256 §3: SORT by every key, reversed, by several", async () => {
  const session = await mailbox([
    { subject: "Re: beta", day: 3, from: "Zoe <carl@x>", to: "bob@x", body: "xxx" },
    { subject: "alpha", day: 1, from: "adam@x", to: "Ann <zed@x>", body: "xxxxx" },
    { subject: "=?utf-8?q?=C3=84rger?=", day: 2, from: "Bert <BERT@x>", body: "x" },
    { subject: "beta", day: 2, from: "(comment) carl@x", to: "bob@x", body: "xxxx" },
  ]);
  const rows: [string, string][] = [
    ["(ARRIVAL)", "1 2 3 4"],
    ["(REVERSE ARRIVAL)", "4 3 2 1"],
    ["(DATE)", "2 3 4 1"],
    ["(REVERSE DATE)", "1 3 4 2"],
    ["(SUBJECT)", "2 3 1 4"],
    ["(SUBJECT DATE)", "2 3 4 1"],
    ["(SUBJECT REVERSE DATE)", "2 3 1 4"],
    ["(FROM)", "2 3 1 4"],
    ["(TO)", "3 1 4 2"],
    ["(CC)", "1 2 3 4"],
    ["(DISPLAYFROM)", "2 3 4 1"],
    ["(DISPLAYTO)", "2 3 1 4"],
  ];
  for (const [keys, order] of rows) {
    assert.equal(await numbers(session, `SORT ${keys} UTF-8 ALL`), order, keys);
  }
  const sizes = (await session.ok("FETCH 1:4 RFC822.SIZE")).map((line) =>
    Number(/SIZE (\d+)/.exec(line)?.[1]),
  );
  const bySize = [1, 2, 3, 4].sort((a, b) => sizes[a - 1] - sizes[b - 1] || a - b);
  assert.equal(await numbers(session, "SORT (SIZE) UTF-8 ALL"), bySize.join(" "));
  assert.equal(await numbers(session, "UID SORT (REVERSE DATE) US-ASCII 2:4"), "3 4 2");
  assert.equal(await numbers(session, "SORT (DATE) UTF-8 SUBJECT beta"), "4 1");
  assert.equal(await numbers(session, "SORT (DATE) UTF-8 SUBJECT nothing"), "");
  assert.match(await session.answer("SORT (DATE) KOI8-R ALL"), /^T NO \[BADCHARSET/);
  for (const bad of [
    "SORT () UTF-8 ALL",
    "SORT (FOO) UTF-8 ALL",
    "SORT (DATE) UTF-8",
    "SORT DATE UTF-8 ALL",
  ]) {
    assert.match(await session.answer(bad), /^T BAD/, bad);
  }
  assert.match(
    (await session.ok("UID SORT RETURN (MIN MAX ALL COUNT) (REVERSE DATE) UTF-8 ALL"))[0],
    /^\* ESEARCH \(TAG "A\d+"\) UID MIN 1 MAX 2 ALL 1,3:4,2 COUNT 4$/,
  );
});

test("RFC 5256 §2.2: without a Date, the time of arrival counts", async () => {
  const session = await mailbox([
    { subject: "none", day: 0 },
    { subject: "old", day: 1 },
  ]);
  assert.equal(await numbers(session, "SORT (DATE) UTF-8 ALL"), "2 1");
});

test("THREAD=REFS: subjects say nothing; the thread in which something came last stands last", async () => {
  const session = await mailbox([
    { id: "a", subject: "alpha", day: 1 },
    { id: "b", subject: "beta", day: 2 },
    { subject: "Re: alpha", day: 3 },
    { id: "c", references: "a", subject: "gamma", day: 9 },
    { id: "d", references: "gone", subject: "delta", day: 4 },
    { id: "e", references: "gone", subject: "delta", day: 5 },
    { references: "b", subject: "late", day: 1 },
  ]);
  assert.match((await session.ok("CAPABILITY"))[0], / THREAD=REFS /);
  assert.equal(await numbers(session, "THREAD REFS UTF-8 ALL"), "(3)(1 4)((5)(6))(2 7)");
  assert.equal(await numbers(session, "UID THREAD REFS UTF-8 UID 1:4"), "(2)(3)(1 4)");
  assert.equal(await numbers(session, "THREAD REFS UTF-8 SUBJECT nothing"), "");
  assert.match(await session.answer("THREAD REFX UTF-8 ALL"), /^T BAD/);
});

test("RFC 5256 §3: THREAD=REFERENCES", async () => {
  const session = await mailbox([
    { id: "a", subject: "plan", day: 1 },
    { id: "b", references: "a", subject: "Re: plan", day: 2 },
    { id: "c", references: "a b", subject: "Re: plan", day: 4 },
    { id: "d", references: "a", subject: "Re: plan", day: 3 },
    { id: "e", subject: "other", day: 1 },
    // Two children of a message that is not here.
    { id: "f", references: "gone", subject: "lost", day: 5 },
    { id: "g", references: "gone", subject: "Re: lost", day: 6 },
    // One alone takes its place.
    { id: "h", references: "away", subject: "single", day: 7 },
    // Joined by its subject alone.
    { id: "i", subject: "Re: other", day: 8 },
  ]);
  assert.equal(
    await numbers(session, "THREAD REFERENCES UTF-8 ALL"),
    "(1 (2 3)(4))(5 9)((6)(7))(8)",
  );
  assert.equal(await numbers(session, "UID THREAD REFERENCES UTF-8 UID 2:3"), "(2 3)");
  assert.equal(await numbers(session, "THREAD REFERENCES UTF-8 SUBJECT nothing"), "");
  assert.match(await session.answer("THREAD FOO UTF-8 ALL"), /^T BAD/);
});

test("threads that lie: loops, doubled ids, chains without end", async () => {
  const loop = await mailbox([
    { id: "a", references: "b", subject: "one", day: 1 },
    { id: "b", references: "a", subject: "two", day: 2 },
    { id: "c", references: "c", subject: "three", day: 3 },
    { id: "a", subject: "four", day: 4 },
  ]);
  const threads = await numbers(loop, "THREAD REFERENCES UTF-8 ALL");
  assert.deepEqual((threads.match(/\d+/g) ?? []).sort(), ["1", "2", "3", "4"]);
  const chain = await mailbox(
    Array.from({ length: 700 }, (_, n) => ({
      id: `m${n}`,
      ...(n === 0 ? {} : { references: `m${n - 1}` }),
      subject: `s${n}`,
      day: 1,
    })),
  );
  const deep = await numbers(chain, "THREAD REFERENCES UTF-8 ALL");
  assert.equal((deep.match(/\d+/g) ?? []).length, 700);
});

test("security row 91: a chain that grows at its top, 12,000 long, overflows no stack", async () => {
  const messages = Array.from({ length: 12_000 }, (_, n) => ({
    number: n + 1,
    dateMs: n,
    arrivalMs: n,
    hashes: Float64Array.of(n + 1, n + 2),
    baseSubject: "",
    isReplyOrForward: false,
  }));
  const threads = await threadReferences(messages, new Slicer(systemClock));
  const seen: (number | undefined)[] = [];
  for (const stack = [...threads]; stack.length > 0;) {
    const node = stack.pop();
    if (node === undefined) break;
    seen.push(node.number);
    stack.push(...node.children);
  }
  assert.equal(new Set(seen).size, 12_000);
  assert.equal(seen.length, 12_000);
});

test("RFC 5256 §3: THREAD=ORDEREDSUBJECT", async () => {
  const session = await mailbox([
    { subject: "b", day: 2 },
    { subject: "Re: a", day: 3 },
    { subject: "a", day: 1 },
    { subject: "Fwd: a", day: 5 },
  ]);
  assert.equal(await numbers(session, "THREAD ORDEREDSUBJECT UTF-8 ALL"), "(3 (2)(4))(1)");
});

test("RFC 8970: PREVIEW", async () => {
  const session = await mailbox([{ subject: "x", day: 1, body: "Dear all,\r\n\r\nthis   is it." }]);
  const user = await world.account();
  await world.deliver(
    user,
    "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\xc3\xbc\xc3\x9fe <b>an</b> alle</p>\r\n",
  );
  const other = await world.login(user);
  await other.ok("SELECT INBOX");
  assert.equal(
    (await session.ok("FETCH 1 PREVIEW"))[0],
    '* 1 FETCH (PREVIEW "Dear all, this is it.")',
  );
  assert.equal(
    (await session.ok("FETCH 1 (UID PREVIEW (LAZY))"))[0],
    '* 1 FETCH (UID 1 PREVIEW "Dear all, this is it.")',
  );
  assert.equal(
    (await other.ok("FETCH 1 (PREVIEW FLAGS)"))[0],
    "* 1 FETCH (FLAGS (\\Recent) PREVIEW {15}\r\nGr\xc3\xbc\xc3\x9fe an alle)",
  );
});

test("a sort in slices is a sort, and stable", async () => {
  const values = Array.from({ length: 20_000 }, (_, n) => (n * 7919) % 101);
  const order = Uint32Array.from(values, (_, index) => index);
  await sortSliced(order, (a, b) => values[a] - values[b], new Slicer(new TestClock()));
  const expected = values.map((_, index) => index).sort((a, b) => values[a] - values[b] || a - b);
  assert.deepEqual([...order], expected);
});
