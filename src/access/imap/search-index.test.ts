import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { decodeLatin1, encodeUtf8 } from "../../base/bytes.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { Store } from "../../store/contract.ts";
import type { MailStore } from "../../store/mail.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";

let world: ImapWorld;
before(async () => {
  const deps = { clock: systemClock, crypto: nodeCrypto, random: systemRandom };
  world = await openImapWorld(deps, { buildsSearchIndex: true });
});
after(() => world.close());

const WORDS =
  "invoice Rechnung Größe straße naïve Привет встреча 会議資料 😀😁😂🤣 ann bob carol re: fwd [list] = ' quo\"te a b ab abc".split(
    " ",
  );

class Letters {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  below(limit: number): number {
    const [a, b] = this.#random.bytes(2);
    return (a * 256 + b) % limit;
  }

  words(most: number): string {
    return Array.from({ length: 1 + this.below(most) }, () => WORDS[this.below(WORDS.length)]).join(
      " ",
    );
  }

  /** One octet a character. */
  next(): string {
    const encoded = (text: string): string =>
      `=?utf-8?b?${Buffer.from(text, "utf8").toString("base64")}?=`;
    const utf8 = (text: string): string => decodeLatin1(encodeUtf8(text));
    const head =
      `From: ${encoded(this.words(2))} <${["ann", "bob", "carol"][this.below(3)]}@example.org>\r\n` +
      `To: "Bob, the \\"quoted\\"" <bob@example.net>, list@lists.example\r\nSubject: ${encoded(this.words(4))}\r\n` +
      `X-Tag: ${utf8(this.words(2))}\r\n`;
    const base64 = Buffer.from(this.words(30), "utf8").toString("base64");
    const plain = `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64}\r\n`;
    if (this.below(3) > 0) return head + plain;
    return (
      `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${plain}\r\n--b\r\n` +
      `Content-Type: application/octet-stream\r\n\r\n${utf8(this.words(9))}\r\n--b\r\n` +
      `Content-Type: message/rfc822\r\n\r\nSubject: ${encoded(this.words(3))}\r\n\r\n${utf8(this.words(5))}\r\n--b--\r\n`
    );
  }

  /** A key with a piece of what letters are made of. */
  key(): string {
    const text = this.words(2);
    const from = this.below(text.length);
    const needle = text.slice(from, from + 1 + this.below(9)).toWellFormed();
    const octets = decodeLatin1(encodeUtf8(needle));
    const name = ["SUBJECT", "FROM", "TO", "BODY", "TEXT", "HEADER X-Tag"][this.below(6)];
    const key = `${name} {${octets.length}+}\r\n${octets}`;
    return this.below(4) === 0 ? `NOT ${key}` : key;
  }
}

/** The store as it is, but for an index that knows nothing. */
function withoutIndex(store: Store): Store {
  const mail = new Proxy(store.mail, {
    get(target, name) {
      if (name === "textCandidates") return () => undefined;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  }) satisfies MailStore;
  return new Proxy(store, {
    get(target, name) {
      if (name === "mail") return mail;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

async function sessions(user: string): Promise<{ fast: ImapDialogue; slow: ImapDialogue }> {
  const fast = await world.login(user);
  world.served = withoutIndex(world.store);
  try {
    return { fast, slow: await world.login(user) };
  } finally {
    world.served = world.store;
  }
}

test("SEARCH with the index finds just what it finds without, also while the index lags", async () => {
  const letters = new Letters(7);
  const user = await world.account();
  const { fast, slow } = await sessions(user);
  const deliver = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await world.deliver(user, letters.next());
  };
  let matches = 0;
  const compare = async (times: number): Promise<void> => {
    for (const session of [fast, slow]) await session.ok("SELECT INBOX");
    for (let n = 0; n < times; n++) {
      const keys = letters.key() + (letters.below(3) === 0 ? ` ${letters.key()}` : "");
      const [found] = await fast.ok(`SEARCH CHARSET UTF-8 ${keys}`);
      assert.deepEqual([found], await slow.ok(`SEARCH CHARSET UTF-8 ${keys}`), keys);
      matches += found.split(" ").length - 2;
    }
  };
  await deliver(40);
  await compare(20);
  await world.store.mail.whenIndexed();
  const account = world.store.directory.account(user);
  const inbox = world.store.mail.mailbox(account?.id ?? 0, "INBOX");
  const query = { field: "text", text: "BOB", from: 1, to: 100 } as const;
  assert.equal(inbox && world.store.mail.textCandidates(inbox.grant, query)?.indexedTo, 40);
  await compare(60);
  await deliver(15);
  await compare(20);
  await fast.ok("UID STORE 3:20 +FLAGS.SILENT (\\Deleted)");
  await fast.ok("UID EXPUNGE 3:20");
  await fast.ok("MOVE 1:5 Archive");
  await world.store.mail.whenIndexed();
  await compare(40);
  assert.ok(matches > 300, `${matches} matches`);
});

test("the index spares looking at messages, and what is too large for it is looked at all the same", async () => {
  const user = await world.account();
  for (let n = 0; n < 30; n++)
    await world.deliver(user, `Subject: s${n}\r\n\r\nbody number ${n}.\r\n`);
  const filler = "all work and no play makes a dull boy\r\n".repeat(16_000);
  await world.deliver(user, `Subject: large\r\n\r\n${filler}at the very end: zanzibar\r\n`);
  await world.store.mail.whenIndexed();
  const account = world.store.directory.account(user);
  const inbox = world.store.mail.mailbox(account?.id ?? 0, "INBOX");
  assert.ok(inbox);
  const ask = (field: "text" | "subject", text: string): number[] | undefined => {
    const query = { field, text: text.toUpperCase(), from: 1, to: 1000 };
    const known = world.store.mail.textCandidates(inbox.grant, query);
    return known && [...known.uids];
  };
  assert.deepEqual(ask("text", "number 7."), [8, 31]);
  assert.deepEqual(ask("subject", "arge"), [31]);
  assert.equal(ask("text", "ab"), undefined);
  const session = await world.login(user);
  await session.ok("SELECT INBOX");
  assert.deepEqual(await session.ok("SEARCH BODY zanzibar"), ["* SEARCH 31"]);
  assert.deepEqual(await session.ok('SEARCH BODY "number 7."'), ["* SEARCH 8"]);
  assert.deepEqual(await session.ok("SEARCH NOT TEXT number"), ["* SEARCH 31"]);
});
