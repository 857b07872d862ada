/**
 * kill -9 in the middle of traffic, again and again. What was answered 250 is there exactly once,
 * what was not answered is there once or not at all, UIDs ascend and never come again, and
 * `posthorn doctor store` finds nothing.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { openSmtpLine } from "../../bench/peers/smtp-line.ts";
import { makePosthornFolder, type PosthornProcess } from "./posthorn-process.ts";
import { readInbox } from "./read-inbox.ts";

const ROUNDS = 25;
const SENDERS = 20;
const ACCOUNTS = 5;
const PASSWORD = "crash-password";

test(`security row 29: ${ROUNDS} times kill -9 under ${SENDERS} senders: no acknowledged message is lost or doubled`, async (context) => {
  const folder = await makePosthornFolder(context);
  await folder.must("domain", "add", "crash.test");
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => `user${n}@crash.test`);
  for (const account of accounts) await folder.addAccount(account, PASSWORD);

  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  /** What earlier rounds showed: `account message-id` and its UID, which must stay. */
  const seen = new Map<string, number>();

  for (let round = 0; round < ROUNDS; round++) {
    const server = await folder.start();
    if (round % 5 === 1) await expectUidsKept(server, accounts, seen);
    const traffic = Array.from({ length: SENDERS }, (_, sender) =>
      sendUntilCut(server, accounts, `${round}-${sender}`, sent, acknowledged),
    );
    // Spread the cuts over the life of a process: some fall into the first commits.
    await new Promise((resolve) => setTimeout(resolve, 40 + ((round * 53) % 400)));
    server.kill("SIGKILL");
    await Promise.all(traffic);
    await server.ended;
  }
  assert.ok(
    acknowledged.size > ROUNDS * 10,
    `only ${acknowledged.size} were acknowledged: no traffic to speak of`,
  );

  const doctor = await folder.cli("doctor", "store", "--json");
  assert.equal(doctor.status, 0, doctor.stdout + doctor.stderr);

  const server = await folder.start();
  const found = await expectUidsKept(server, accounts, seen);
  await server.stop();

  const lost = [...acknowledged].filter((key) => !found.has(key));
  const doubled = [...found].filter(([, times]) => times > 1).map(([key]) => key);
  const unknown = [...found.keys()].filter((key) => !sent.has(key));
  assert.deepEqual({ lost, doubled, unknown }, { lost: [], doubled: [], unknown: [] });
  context.diagnostic(
    `${sent.size} sent, ${acknowledged.size} acknowledged, ${found.size} found, ${ROUNDS} kills`,
  );
});

/** Sends until the connection breaks. A message counts as acknowledged only once its 250 has been read. */
async function sendUntilCut(
  server: PosthornProcess,
  accounts: readonly string[],
  name: string,
  sent: Set<string>,
  acknowledged: Set<string>,
): Promise<void> {
  const line = await openSmtpLine(server.ports.smtp);
  for (let number = 0; ; number++) {
    const account = accounts[number % accounts.length];
    const messageId = `<${name}-${number}@sender.example>`;
    const key = `${account} ${messageId}`;
    line.socket.write(`MAIL FROM:<load@sender.example>\r\nRCPT TO:<${account}>\r\nDATA\r\n`);
    const replies = [await line.reply(), await line.reply(), await line.reply()];
    if (!replies[2].startsWith("354")) break;
    sent.add(key);
    line.socket.write(
      `From: load@sender.example\r\nTo: ${account}\r\nMessage-ID: ${messageId}\r\nSubject: ${number}\r\n\r\n${"text of some length\r\n".repeat(50)}.\r\n`,
    );
    if (!(await line.reply()).startsWith("250")) break;
    acknowledged.add(key);
  }
  line.socket.destroy();
}

/**
 * Reads every mailbox: UIDs ascend within it, and what was seen in an earlier round still has its
 * UID. Returns how often each message is there.
 */
async function expectUidsKept(
  server: PosthornProcess,
  accounts: readonly string[],
  seen: Map<string, number>,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const account of accounts) {
    let highestUid = 0;
    for (const { uid, messageId } of await readInbox(server, account, PASSWORD)) {
      const key = `${account} ${messageId}`;
      assert.ok(uid > highestUid, `UID ${uid} of ${account} follows ${highestUid}`);
      highestUid = uid;
      assert.equal(seen.get(key) ?? uid, uid, `${key} has another UID than before the crash`);
      seen.set(key, uid);
      found.set(key, (found.get(key) ?? 0) + 1);
    }
  }
  return found;
}
