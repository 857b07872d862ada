/**
 * Security row 89: two accounts work at once over several connections, in random order, sharing one
 * mailbox and changing places on the same connection. Whatever is answered, no octet of the other's
 * own mail is in it.
 */

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { ImapDialogue } from "./testing/imap-dialogue.ts";
import { openImapWorld, PASSWORD, type ImapWorld } from "./testing/imap-world.ts";

const STEPS = Number(process.env.POSTHORN_TEST_STEPS ?? 80);

let world: ImapWorld;
before(async () => {
  world = await openImapWorld({ clock: systemClock, crypto: nodeCrypto, random: systemRandom });
});
after(() => world.close());

type User = { readonly address: string; readonly mark: string };

/** Everything that is this user's own bears the mark: text, names, keywords, annotations. */
async function makeUser(mark: string): Promise<User> {
  const address = await world.account();
  const session = await world.login(address);
  for (const mailbox of ["INBOX", `${mark}-box`]) {
    if (mailbox !== "INBOX") await session.ok(`CREATE ${mailbox}`);
    await session.ok(`SUBSCRIBE ${mailbox}`);
    for (let n = 0; n < 4; n++) {
      const text = `Subject: ${mark} ${n}\r\nFrom: ${mark}@example.net\r\n\r\n${mark} text ${n}\r\n`;
      assert.match(await session.append(`${mailbox} (${mark}-word)`, text), /^T OK/);
    }
    await session.ok(`SETMETADATA ${mailbox} (/private/comment "${mark}")`);
  }
  await session.ok(`SETMETADATA "" (/private/comment "${mark}")`);
  await session.ok("CREATE Common");
  await session.append("Common (plain)", "Subject: for both\r\n\r\ntext for both\r\n");
  session.close();
  return { address, mark };
}

class Seat {
  readonly #session: ImapDialogue;
  readonly #random: SeededRandom;
  readonly #users: readonly [User, User];
  #at = 0;
  heard = 0;

  constructor(session: ImapDialogue, random: SeededRandom, users: readonly [User, User]) {
    this.#session = session;
    this.#random = random;
    this.#users = users;
  }

  #pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random.float() * items.length)];
  }

  async begin(at: number): Promise<void> {
    this.#at = at;
    await this.#session.ok(`LOGIN ${this.#users[at].address} "${PASSWORD}"`);
  }

  async step(): Promise<void> {
    const me = this.#users[this.#at];
    const other = this.#users[1 - this.#at];
    const boxes = [
      "INBOX",
      `${me.mark}-box`,
      "Common",
      `"Other Users/${other.address}/Common"`,
      `"Other Users/${other.address}/INBOX"`,
    ];
    const command = this.#pick([
      `SELECT ${this.#pick(boxes)}`,
      `SELECT ${this.#pick(boxes)}`,
      `STATUS ${this.#pick(boxes)} (MESSAGES UNSEEN SIZE)`,
      "UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[] PREVIEW)",
      "FETCH 1:2 BODY[TEXT]",
      "UID SEARCH TEXT text",
      "UID SORT (SUBJECT) UTF-8 ALL",
      "STORE 1:* +FLAGS (\\Answered)",
      `UID COPY 1:2 ${this.#pick([boxes[1], boxes[4]])}`,
      'LIST "" * RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/private/comment))',
      'LSUB "" *',
      `GETMETADATA ${this.#pick(boxes)} (/private/comment)`,
      'GETMETADATA "" (/private/comment)',
      "NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge)) (SUBSCRIBED (MailboxName))",
      "NOOP",
      "UNAUTHENTICATE",
    ]);
    const answer = await this.#session.command(command);
    const text = answer.join("\n");
    assert.ok(!text.includes(other.mark), `${command} as ${me.mark}: ${text}`);
    if (text.includes(me.mark)) this.heard++;
    if (command === "UNAUTHENTICATE") await this.begin(this.#random.float() < 0.5 ? 0 : 1);
  }
}

for (const seed of [1, 2]) {
  test(`security row 89: two users in random turns, ${STEPS} steps, see no foreign octet (seed ${seed})`, async () => {
    const users = [await makeUser(`alpha${seed}`), await makeUser(`omega${seed}`)] as const;
    for (const [index, user] of users.entries()) {
      const host = await world.login(user.address);
      await host.ok(`SETACL Common ${users[1 - index].address} lrs`);
      host.close();
    }
    const random = new SeededRandom(seed);
    const seats: Seat[] = [];
    for (let n = 0; n < 4; n++) {
      const channel = n % 2 === 0 ? {} : { chunkOctets: 3 };
      const seat = new Seat(await world.connect({}, channel), random, users);
      await seat.begin(n % 2);
      seats.push(seat);
    }
    for (let step = 0; step < STEPS; step++) {
      await Promise.all(seats.filter(() => random.float() < 0.6).map((seat) => seat.step()));
    }
    for (const seat of seats) assert.ok(seat.heard > 0, "everybody has seen their own");
  });
}
