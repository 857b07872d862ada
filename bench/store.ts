/**
 * The store alone, with every sync on: what a commit costs, what an open mailbox gives. The ceiling
 * for SMTP reception and IMAP above it.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { encodeUtf8 } from "../src/base/bytes.ts";
import { silentLog } from "../src/base/log.ts";
import { systemClock } from "../src/net/system-clock.ts";
import { systemRandom } from "../src/net/system-random.ts";
import type { Acceptance } from "../src/store/acceptance.ts";
import type { Store } from "../src/store/contract.ts";
import { SEEN } from "../src/store/mail.ts";
import { openStore } from "../src/store/sqlite/open-store.ts";

const MESSAGES = 30_000;
const CALLERS = 20;
const MAILBOXES = 10;
const MESSAGE_OCTETS = 4096;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-"));
  try {
    const deps = { folder, clock: systemClock, random: systemRandom, log: silentLog };
    const store = await openStore(deps);
    const accounts = await makeAccounts(store);
    await benchAccept(store, accounts, CALLERS);
    await benchAccept(store, accounts, 1);
    await store.close();
    const reopened = await openStore(deps);
    await benchMailbox(reopened, accounts[0]);
    await benchQueue(reopened);
    await reopened.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeAccounts(store: Store): Promise<number[]> {
  await store.directory.addDomain({ name: "example.org" });
  const accounts: number[] = [];
  for (let index = 0; index < MAILBOXES; index++) {
    const address = `user${index}@example.org`;
    accounts.push((await store.directory.addAccount({ address, password: "secret" })).id);
  }
  return accounts;
}

function messageOf(index: number): Uint8Array {
  const head =
    `Received: from client.example.net ([192.0.2.7])\r\n\tby mx.example.org with ESMTPS id ${index}\r\n` +
    `\tfor <user@example.org>; Tue, 24 Nov 2026 11:00:00 +0000\r\n` +
    `Date: Tue, 24 Nov 2026 11:00:00 +0000\r\nFrom: "A. Sender" <sender@example.net>\r\n` +
    `To: User <user@example.org>\r\nCc: Somebody Else <else@example.com>\r\n` +
    `Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= number ${index}\r\nMessage-ID: <${index}@example.net>\r\n` +
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n` +
    `Content-Transfer-Encoding: quoted-printable\r\n\r\n`;
  const line = "The quick brown fox jumps over the lazy dog, and writes a mail about it.\r\n";
  return encodeUtf8((head + line.repeat(60)).slice(0, MESSAGE_OCTETS - 2) + "\r\n");
}

function acceptanceOf(store: Store, index: number, accountId: number): Acceptance {
  return {
    message: store.octets.stageOctets(messageOf(index)),
    receivedAtMs: systemClock.nowMs(),
    envelopes: [
      {
        queueId: `Q${index}`,
        reversePath: "sender@example.net",
        smtpUtf8: false,
        body: "7bit",
        prefix: encodeUtf8(""),
        recipients: [],
        deliveries: [
          {
            accountId,
            prefix: encodeUtf8(
              "Return-Path: <sender@example.net>\r\nDelivered-To: user@example.org\r\n",
            ),
            recipient: "user@example.org",
          },
        ],
      },
    ],
  };
}

let serial = 0;

async function benchAccept(
  store: Store,
  accounts: readonly number[],
  callers: number,
): Promise<void> {
  const total = callers === 1 ? MESSAGES / 10 : MESSAGES;
  let left = total;
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const started = performance.now();
  const caller = async (): Promise<void> => {
    while (left-- > 0) {
      const index = serial++;
      const from = performance.now();
      await store.accept(acceptanceOf(store, index, accounts[index % accounts.length]));
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  const at = (share: number): string => latencies[Math.floor(latencies.length * share)].toFixed(2);
  console.log(
    `accept 4 KB, ${callers} callers, ${MAILBOXES} mailboxes: ${Math.round(total / seconds)} messages/s, ` +
      `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, CPU ${Math.round((user + system) / total)} µs a message`,
  );
}

async function benchMailbox(store: Store, accountId: number): Promise<void> {
  const info = store.mail.mailbox(accountId, "INBOX");
  if (info === undefined) throw new Error("no INBOX");
  let from = performance.now();
  const mailbox = await store.mail.open(info.grant);
  if (mailbox === undefined) throw new Error("no INBOX");
  const { count } = mailbox;
  console.log(`open, ${count} messages: ${(performance.now() - from).toFixed(1)} ms`);

  from = performance.now();
  let unseen = 0;
  for (let round = 0; round < 100; round++) {
    const { flags } = mailbox;
    for (let index = 0; index < count; index++) if ((flags[index] & SEEN) === 0) unseen++;
  }
  print("flags scan", unseen, from);

  const ids = Array.from(mailbox.messageIds.subarray(0, count));
  from = performance.now();
  store.mail.details(ids, ["envelope"]);
  print("details", count, from);

  from = performance.now();
  for (const id of ids) await store.octets.read(id);
  print("bodies read one after the other", count, from);

  const uids = Array.from(mailbox.uids.subarray(0, count));
  from = performance.now();
  await store.mail.changeFlags(info.grant, uids, { action: "add", flags: ["\\Seen"] });
  print("flags changed in one STORE", count, from);

  const trash = store.mail.mailbox(accountId, "Trash");
  if (trash === undefined) throw new Error("no Trash");
  from = performance.now();
  await store.mail.move(info.grant, uids, trash.grant);
  print("moved", count, from);
  from = performance.now();
  await store.mail.expunge(trash.grant, "all", false);
  print("expunged", count, from);
  mailbox.release();
}

async function benchQueue(store: Store): Promise<void> {
  const total = 5000;
  let from = performance.now();
  const queueOne = (index: number): Promise<unknown> => {
    const acceptance = acceptanceOf(store, index, 0);
    const [envelope] = acceptance.envelopes;
    return store.accept({
      ...acceptance,
      envelopes: [
        {
          ...envelope,
          queueId: `R${index}`,
          deliveries: [],
          recipients: [
            {
              recipient: `someone@d${index % 200}.example.net`,
              transport: "smtp",
              destination: `d${index % 200}.example.net`,
            },
          ],
        },
      ],
    });
  };
  for (let index = 0; index < total; index += CALLERS) {
    await Promise.all(Array.from({ length: CALLERS }, (_, more) => queueOne(index + more)));
  }
  print("queued", total, from);
  from = performance.now();
  let done = 0;
  for (;;) {
    const jobs = await store.queue.claim({
      worker: "bench",
      nowMs: systemClock.nowMs(),
      leaseMs: 60_000,
      limit: 20,
      busy: new Set(),
    });
    if (jobs.length === 0) break;
    const settlements = jobs.flatMap(({ recipients }) =>
      recipients.map(({ recipientId }) => ({ recipientId, outcome: "delivered" as const })),
    );
    done += settlements.length;
    await store.queue.settle(settlements, []);
  }
  print("claimed and settled, 20 at a time", done, from);
}

function print(what: string, count: number, fromMs: number): void {
  const ms = performance.now() - fromMs;
  console.log(
    `${what}: ${count} in ${ms.toFixed(1)} ms, ${Math.round((count / ms) * 1000)} a second`,
  );
}
