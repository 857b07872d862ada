import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

type Letter = { readonly id?: string; readonly references?: string; readonly inReplyTo?: string };

function textOf({ id, references, inReplyTo }: Letter): string {
  const lines = [
    "From: a@example.org",
    "Subject: x",
    ...(id === undefined ? [] : [`Message-ID: <${id}@x>`]),
    ...(references === undefined ? [] : [`References: ${references.replace(/\w+/g, "<$&@x>")}`]),
    ...(inReplyTo === undefined ? [] : [`In-Reply-To: <${inReplyTo}@x>`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\nbody\r\n`;
}

async function threads(session: ImapDialogue): Promise<string[]> {
  const lines = await session.ok("FETCH 1:* THREADID");
  return lines.map((line) => /THREADID \((T[^)]*)\)/.exec(line)?.[1] ?? line);
}

/** As letters, one for each thread in the order they appear. */
function shape(ids: readonly string[]): string {
  const seen = [...new Set(ids)];
  return ids.map((id) => String.fromCharCode(97 + seen.indexOf(id))).join("");
}

test("RFC 8474 §5.2: THREADID joins answers with what they answer, in whatever order they come", async () => {
  const rows: [Letter[], string][] = [
    [[{ id: "a" }, { id: "b", references: "a" }, { id: "c" }], "aab"],
    [[{ id: "a" }, { id: "b", references: "a" }, { id: "c", inReplyTo: "b" }], "aaa"],
    // The answers come first, and the middle of the chain last.
    [[{ id: "c", references: "b" }, { id: "b", references: "a" }, { id: "a" }], "aaa"],
    [[{ id: "c", inReplyTo: "b" }, { id: "a" }, { id: "b", inReplyTo: "a" }], "aba"],
    [[{}, {}, { id: "a", references: "a" }], "abc"],
    [[{ id: "c", references: "a b" }, { id: "d", references: "b" }, { id: "b" }], "aaa"],
  ];
  for (const [letters, wanted] of rows) {
    const user = await world.account();
    for (const letter of letters) await world.deliver(user, textOf(letter));
    const session = await world.login(user);
    await session.ok("SELECT INBOX");
    assert.equal(shape(await threads(session)), wanted, JSON.stringify(letters));
  }
});

test("RFC 8474 §5.2: THREADID stays with a message through COPY and MOVE, is searched for, and is each account's own", async () => {
  const user = await world.account();
  const other = await world.account();
  for (const letter of [{ id: "a" }, { id: "b", references: "a" }, { id: "z" }]) {
    await world.deliver(user, textOf(letter));
  }
  await world.deliver(other, textOf({ id: "b", references: "z" }));
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  const before = await threads(session);
  assert.deepEqual(await session.ok(`SEARCH THREADID ${before[0]}`), ["* SEARCH 1 2"]);
  assert.deepEqual(await session.ok("SEARCH THREADID T0"), ["* SEARCH"]);
  await session.ok("COPY 1:3 Archive");
  await session.ok("MOVE 1:3 Trash");
  for (const mailbox of ["Archive", "Trash"]) {
    await session.ok(`SELECT ${mailbox}`);
    assert.deepEqual(await threads(session), before, mailbox);
  }
  const others = await world.login(other);
  await others.ok("SELECT INBOX");
  assert.notEqual((await threads(others))[0], before[0]);
});
