/**
 * Eight sessions of two accounts do random legal things in mailboxes of their own and shared ones,
 * one after another and several at once, against a simple model. IMAP_STEPS sets how many.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { nodeCrypto } from "../../net/node-crypto.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import { openImapWorld, type ImapWorld } from "./testing/imap-world.ts";
import { ModelMailbox } from "./testing/mail-model.ts";
import { RandomClient } from "./testing/random-client.ts";

const STEPS = Number(process.env.IMAP_STEPS ?? 600);
const SEED = Number(process.env.IMAP_SEED ?? 1);
const STEPS_TO_CHECKPOINT = 60;
const ENABLES = ["", "QRESYNC", "CONDSTORE", "QRESYNC", "IMAP4REV2", "QRESYNC IMAP4REV2"];

async function startClients(
  world: ImapWorld,
  random: SeededRandom,
): Promise<{ clients: RandomClient[]; mailboxes: ModelMailbox[] }> {
  const [host, guest] = [await world.account(), await world.account()];
  const shared = [new ModelMailbox(host, "Shared"), new ModelMailbox(host, "Team")];
  const own = [new ModelMailbox(host, "INBOX"), new ModelMailbox(host, "Work")];
  const guests = [new ModelMailbox(guest, "INBOX")];
  const hostSession = await world.login(host);
  for (const name of ["Shared", "Team", "Work"]) await hostSession.ok(`CREATE ${name}`);
  for (const name of ["Shared", "Team"]) await hostSession.ok(`SETACL ${name} ${guest} lrswite`);
  hostSession.close();
  const clients = Array.from({ length: 8 }, (_, n) => {
    const isHost = n < 5;
    return new RandomClient({
      world,
      random,
      user: isHost ? host : guest,
      keyword: `$Mine${n}`,
      enables: ENABLES[n % ENABLES.length],
      mailboxes: [...shared, ...(isHost ? own : guests)],
    });
  });
  for (const client of clients) await client.open();
  return { clients, mailboxes: [...shared, ...own, ...guests] };
}

test(`eight sessions, ${STEPS} random steps: every view is legal, all agree, and a return tells what was missed`, async (context) => {
  const world = await openImapWorld({
    clock: systemClock,
    crypto: nodeCrypto,
    random: systemRandom,
  });
  context.after(() => world.close());
  const random = new SeededRandom(SEED);
  const { clients, mailboxes } = await startClients(world, random);
  let at = 0;
  const guarded = async (client: RandomClient, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      const said = client.log.slice(-25).join("\n");
      throw new Error(`seed ${SEED}, step ${at}, client ${clients.indexOf(client)}:\n${said}`, {
        cause: error,
      });
    }
    client.log.splice(0, client.log.length - 40);
  };
  for (; at < STEPS; at++) {
    if (random.float() < 0.2) {
      const isFlags = random.float() < 0.4;
      const some = clients.filter(() => random.float() < 0.4);
      await Promise.all(some.map((client) => guarded(client, client.stepAmongOthers(isFlags))));
    } else {
      const client = clients[Math.floor(random.float() * clients.length)];
      await guarded(client, client.step());
    }
    for (const mailbox of mailboxes) mailbox.endStep();
    if (at % STEPS_TO_CHECKPOINT === STEPS_TO_CHECKPOINT - 1) {
      for (const client of clients) await guarded(client, client.checkpoint());
    }
  }
  assert.deepEqual(
    world.log.events.filter(({ level }) => level === "error"),
    [],
  );
});

test("a silent STORE does not silence what another session did to the message just before", async (context) => {
  const world = await openImapWorld({
    clock: systemClock,
    crypto: nodeCrypto,
    random: systemRandom,
  });
  context.after(() => world.close());
  const user = await world.account();
  const [one, other] = [await world.login(user), await world.login(user)];
  await one.append("INBOX", "Subject: one\r\n\r\ntext\r\n");
  for (const session of [one, other]) await session.ok("SELECT INBOX");
  for (let round = 0; round < 10; round++) {
    const [, told] = await Promise.all([
      other.ok(`STORE 1 +FLAGS (theirs${round})`),
      one.ok(`STORE 1 +FLAGS.SILENT (own${round})`),
    ]);
    told.push(...(await one.ok("NOOP")));
    assert.ok(
      told.some(
        (response) => / FETCH .*theirs/.test(response) && response.includes(`theirs${round}`),
      ),
      told.join("\n"),
    );
  }
});
