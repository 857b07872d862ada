/**
 * Accepts messages from twenty callers as fast as it can, moves, flags and expunges some of them, and
 * compacts, until it is killed. Says `ack N` on its standard output once message N is promised, and
 * nothing before; `going N` before it expunges one, and `gone N` after.
 *
 *   accepting-child.ts FOLDER FIRST-ID [HOOKS-URL]
 */

import { writeSync } from "node:fs";

import { silentLog } from "../../src/base/log.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";
import { madeMessage } from "./made-message.ts";

const [folder, firstId, hooks] = process.argv.slice(2);
const store = await openStore({
  folder,
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
  segmentOctets: 200_000,
  // Both ways for a group's octets, and redo rows that come and go.
  redo: { groupOctets: 30_000, keptOctets: 60_000 },
  compaction: {
    pauseMs: 5,
    restMs: 20,
    minDeadOctets: 20_000,
    minDeadShare: 0.2,
    packAfterMs: 100,
  },
  ...(hooks !== undefined && { writerHooks: new URL(hooks) }),
});
const accounts = store.directory.accounts();
let next = Number(firstId);

/** Synchronously: what it has said, it has said before it dies. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // Whoever listens is busy.
      if ((error as { code?: string }).code !== "EAGAIN") throw error;
    }
  }
}

async function caller(): Promise<void> {
  for (;;) {
    const id = next++;
    const message = store.octets.stage();
    await message.write(madeMessage(id));
    const account = accounts[id % accounts.length];
    const [{ deliveries }] = await store.accept({
      message,
      receivedAtMs: Date.now(),
      envelopes: [
        {
          queueId: `Q${id}`,
          reversePath: "sender@crash.test",
          smtpUtf8: false,
          body: "7bit",
          prefix: new Uint8Array(0),
          deliveries: [
            {
              accountId: account.id,
              prefix: Buffer.from(`Delivered-To: ${id}\r\n`),
              recipient: "x@crash.test",
            },
          ],
          recipients:
            id % 4 === 0
              ? [{ recipient: `r${id}@far.test`, transport: "smtp", destination: "far.test" }]
              : [],
        },
      ],
    });
    say(`ack ${id}`);
    const [{ uid }] = deliveries;
    const inbox = store.mail.mailbox(account.id, "INBOX");
    const archive = store.mail.mailbox(account.id, "Archive");
    if (id % 3 === 0 && inbox) {
      await store.mail.changeFlags(inbox.grant, [uid], { action: "add", flags: ["\\Seen", "$k"] });
    }
    if (id % 5 === 0 && inbox && archive) {
      await store.mail.move(inbox.grant, [uid], archive.grant);
    } else if (id % 3 === 1 && inbox) {
      say(`going ${id}`);
      await store.mail.expunge(inbox.grant, [uid], false);
      say(`gone ${id}`);
    }
  }
}

writeSync(1, "ready\n");
await Promise.all(Array.from({ length: 20 }, caller));
