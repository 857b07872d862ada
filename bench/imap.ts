/**
 * IMAP over a real socket from one large mailbox: what mail programs ask when they open it, fetch,
 * search, flag, copy and throw away. Also how long the event loop was held meanwhile.
 * POSTHORN_BENCH_MESSAGES sets the size (default 50,000).
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveImapSession } from "../src/access/imap/serve-imap-session.ts";
import { SessionCounter } from "../src/access/imap/session-counter.ts";
import { encodeLatin1 } from "../src/base/bytes.ts";
import { silentLog } from "../src/base/log.ts";
import { listen } from "../src/net/listen.ts";
import { nodeCrypto } from "../src/net/node-crypto.ts";
import { systemClock } from "../src/net/system-clock.ts";
import { systemRandom } from "../src/net/system-random.ts";
import type { Store } from "../src/store/contract.ts";
import { openStore } from "../src/store/sqlite/open-store.ts";
import { LoopHold } from "./peers/loop-hold.ts";
import { imapLoad, type ImapFigure, type ImapStep } from "./peers/imap-load.ts";

const USER = "bench@example.org";
const PASSWORD = "secret";
const BATCH = 500;
const THUNDERBIRD =
  "From To Cc Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To";

export async function run(): Promise<void> {
  const messages = Number(process.env.POSTHORN_BENCH_MESSAGES ?? 50_000);
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-imap-"));
  const deps = { folder, clock: systemClock, random: systemRandom, log: silentLog };
  let store = await openStore(deps);
  try {
    await fill(store, messages);
    await store.close();
    store = await openStore(deps);
    await measure(store, messages);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function messageOf(index: number): Uint8Array {
  const body = `Dear reader ${index},\r\n${"The quick brown fox jumps over the lazy dog. \r\n".repeat(20 + (index % 40))}`;
  return encodeLatin1(
    `Received: from mx.example.net (mx.example.net [192.0.2.1])\r\n\tby mx.example.org; Tue, 3 Feb 2026 10:00:00 +0000\r\n` +
      `From: "Sender ${index % 500}" <sender${index % 500}@example.net>\r\nTo: Bench <${USER}>\r\n` +
      `Subject: Report number ${index} of the week\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n` +
      `Message-ID: <${index}.bench@example.net>\r\nReferences: <${Math.max(0, index - 1)}.bench@example.net>\r\n` +
      `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}`,
  );
}

async function fill(store: Store, messages: number): Promise<void> {
  await store.directory.addDomain({ name: "example.org" });
  const account = await store.directory.addAccount({ address: USER, password: PASSWORD });
  const inbox = store.mail.mailbox(account.id, "INBOX");
  if (inbox === undefined) throw new Error("no INBOX");
  const began = performance.now();
  for (let from = 0; from < messages; from += BATCH) {
    const requests = Array.from({ length: Math.min(BATCH, messages - from) }, (_, at) => ({
      message: store.octets.stageOctets(messageOf(from + at)),
      flags: (from + at) % 3 === 0 ? [] : ["\\Seen"],
      internalDateMs: Date.UTC(2026, 0, 1) + (from + at) * 60_000,
    }));
    await store.mail.append(inbox.grant, requests);
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(`${messages} messages filed in ${seconds.toFixed(1)} s`);
}

async function measure(store: Store, messages: number): Promise<void> {
  const sessions = new SessionCounter(100);
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    tls: "none",
    log: silentLog,
    onChannel: (channel) =>
      serveImapSession(
        channel,
        { store, crypto: nodeCrypto, random: systemRandom, sessions, version: "bench" },
        { clock: systemClock, log: silentLog, hostName: "bench", allowPlaintextAuth: true },
      ),
  });
  const { port } = listener.endpoint;
  const hold = new LoopHold();
  console.log("step                             ms     messages/s        MB   loop held, ms");
  let longestMs = 0;
  // Each in a session of its own, so that it shows what held the event loop.
  for (const step of [...readSteps(messages), ...changeSteps(messages)]) {
    hold.reset();
    const steps = [{ name: "", command: "SELECT INBOX" }, step];
    const figures = await imapLoad({ port, user: USER, password: PASSWORD, steps });
    const heldMs = hold.maxMs;
    longestMs = Math.max(longestMs, heldMs);
    for (const figure of figures) if (figure.name === step.name) print(figure, heldMs);
  }
  console.log(`event loop held for at most ${longestMs.toFixed(0)} ms`);
  hold.stop();
  for (const count of [1, 4, 16]) await appendFrom(count, port);
  listener.stop();
  await listener.drain(100);
}

function readSteps(messages: number): ImapStep[] {
  const some = Math.min(5_000, messages);
  const fetch = (name: string, items: string, count: number): ImapStep => ({
    name,
    command: `UID FETCH 1:${count} (${items})`,
    messages: count,
  });
  return [
    { name: "SELECT", command: "SELECT INBOX", messages },
    fetch("FLAGS", "FLAGS", messages),
    fetch("FLAGS DATE SIZE", "FLAGS INTERNALDATE RFC822.SIZE", messages),
    fetch("+ ENVELOPE", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE", messages),
    fetch("+ ENVELOPE again", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE", messages),
    fetch(
      "Thunderbird's headers",
      `FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (${THUNDERBIRD})]`,
      messages,
    ),
    fetch("BODYSTRUCTURE", "BODYSTRUCTURE", messages),
    fetch("BODY.PEEK[]", "BODY.PEEK[]", some),
    { name: "SEARCH UNSEEN", command: "SEARCH UNSEEN", messages },
    { name: "SEARCH SUBJECT", command: 'SEARCH SUBJECT "number 77"', messages },
    { name: "SEARCH FROM", command: "SEARCH FROM sender77", messages },
    { name: "SEARCH TEXT", command: 'SEARCH TEXT "reader 777,"', messages },
    { name: "SEARCH TEXT, everywhere", command: 'SEARCH TEXT "lazy dog"', messages },
    { name: "SEARCH, many keys", command: `SEARCH ${"NOT SUBJECT xyz ".repeat(40)}ALL`, messages },
    { name: "SORT DATE", command: "SORT (DATE) UTF-8 ALL", messages },
    { name: "SORT SUBJECT FROM", command: "SORT (SUBJECT REVERSE FROM) UTF-8 ALL", messages },
    { name: "THREAD REFERENCES", command: "THREAD REFERENCES UTF-8 ALL", messages },
    { name: "THREAD ORDEREDSUBJECT", command: "THREAD ORDEREDSUBJECT UTF-8 ALL", messages },
    { name: "STATUS", command: "STATUS INBOX (MESSAGES UNSEEN SIZE)", messages },
  ];
}

function changeSteps(messages: number): ImapStep[] {
  const count = Math.min(10_000, Math.floor(messages / 2));
  return [
    { name: "STORE +FLAGS", command: `STORE 1:${count} +FLAGS (\\Flagged)`, messages: count },
    {
      name: "STORE .SILENT",
      command: `STORE 1:${count} -FLAGS.SILENT (\\Flagged)`,
      messages: count,
    },
    { name: "COPY", command: `COPY 1:${count} Archive`, messages: count },
    { name: "MOVE", command: `MOVE 1:${count} Trash`, messages: count },
    {
      name: "STORE \\Deleted",
      command: `STORE 1:${count} +FLAGS.SILENT (\\Deleted)`,
      messages: count,
    },
    { name: "EXPUNGE", command: "EXPUNGE", messages: count },
  ];
}

async function appendFrom(sessions: number, port: number): Promise<void> {
  const each = Math.ceil(800 / sessions);
  const text = String.fromCharCode(...messageOf(1).subarray(0, 1024));
  const step: ImapStep = {
    name: `APPEND 1 KB, ${sessions} sessions`,
    command: `APPEND Sent {${text.length}+}\r\n${text}`,
  };
  const steps = Array.from({ length: each }, () => step);
  for (const figure of await imapLoad({ port, user: USER, password: PASSWORD, steps, sessions })) {
    print(figure);
  }
}

function print({ name, ms, octets, messages }: ImapFigure, heldMs?: number): void {
  const rate = Math.round((messages / ms) * 1000).toLocaleString("en");
  console.log(
    `${name.padEnd(26)} ${ms.toFixed(1).padStart(8)} ${rate.padStart(14)} ${(octets / 1e6).toFixed(2).padStart(9)}${heldMs === undefined ? "" : heldMs.toFixed(0).padStart(12)}`,
  );
}
