/**
 * What a mailbox's size costs, at sizes ten times apart from 1,000 on. The first table is of what must not
 * grow: opening it, also for the first time after a start, windows of 50, a change of one message, a
 * delivery, news of it. The second is of what looks at every message, with how long one task of it held
 * the event loop. `--messages N` is the largest size (default 10,000; 1,000,000 takes some minutes).
 * Messages are small, so that a million of them is 2 GB. POSTHORN_BENCH_FOLDER keeps the filled folder for the
 * next run.
 */

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveImapSession } from "../src/access/imap/serve-imap-session.ts";
import { SessionCounter } from "../src/access/imap/session-counter.ts";
import { encodeLatin1, NO_OCTETS } from "../src/base/bytes.ts";
import { silentLog } from "../src/base/log.ts";
import { listen } from "../src/net/listen.ts";
import { nodeCrypto } from "../src/net/node-crypto.ts";
import { systemClock } from "../src/net/system-clock.ts";
import { systemRandom } from "../src/net/system-random.ts";
import type { Store } from "../src/store/contract.ts";
import { openStore } from "../src/store/sqlite/open-store.ts";
import { newsAfter } from "./peers/idle-news.ts";
import { imapLoad, type ImapStep } from "./peers/imap-load.ts";
import { LoopHold } from "./peers/loop-hold.ts";

const USER = "bench@example.org";
/** Whose mailbox everything is tried on before it is measured: what is compiled then costs nothing later. */
const REHEARSAL = "rehearsal@example.org";
const PASSWORD = "secret";
const FILL = 1000;
const ROUNDS = 20;
const DELIVERIES = 200;
const LIST = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)";
const ROUNDS_OF_ALL = 2;
/** What takes longer is told as it comes. */
const SLOW_MS = 500;

type Values = Map<string, number>;

type Row = { readonly size: number; readonly values: Values; readonly held: Values };

export async function run(): Promise<void> {
  const largest = Number(process.env.POSTHORN_BENCH_MESSAGES ?? 10_000);
  const sizes = [1_000, 10_000, 100_000, 1_000_000].filter((size) => size <= largest);
  const kept = process.env.POSTHORN_BENCH_FOLDER;
  const folder = kept ?? mkdtempSync(join(tmpdir(), "posthorn-bench-growth-"));
  if (kept !== undefined) mkdirSync(kept, { recursive: true });
  const deps = { folder, clock: systemClock, random: systemRandom, log: silentLog };
  const rows: Row[] = [];
  let store = await openStore(deps);
  try {
    const id = await account(store, USER);
    await fill(store, await account(store, REHEARSAL), 500);
    for (const size of sizes) {
      if (!(await fill(store, id, size))) continue;
      await store.close();
      store = await openStore(deps);
      rows.push(await measure(store, id, size));
    }
    print(rows);
  } finally {
    await store.close();
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function account(store: Store, address: string): Promise<number> {
  const found = store.credentials.accountByName(address);
  if (found !== undefined) return found.accountId;
  if (address === USER) await store.directory.addDomain({ name: "example.org" });
  return (await store.directory.addAccount({ address, password: PASSWORD })).id;
}

function messageOf(index: number): Uint8Array {
  return encodeLatin1(
    `From: "Sender ${index % 500}" <sender${index % 500}@example.net>\r\nTo: Bench <${USER}>\r\n` +
      `Subject: Report number ${index} of the week\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n` +
      `Message-ID: <${index}.bench@example.net>\r\nReferences: <${index - (index % 5)}.bench@example.net>\r\n\r\n` +
      "The quick brown fox jumps over the lazy dog. \r\n".repeat(20),
  );
}

/** False if there is more than that already. */
async function fill(store: Store, accountId: number, size: number): Promise<boolean> {
  const inbox = store.mail.mailbox(accountId, "INBOX");
  if (inbox === undefined) throw new Error("no INBOX");
  const filled = store.mail.status(inbox.grant)?.messages ?? 0;
  // A run before leaves what it delivered.
  if (filled > size * 1.5) return false;
  for (let from = filled; from < size; from += FILL) {
    const requests = Array.from({ length: Math.min(FILL, size - from) }, (_, at) => ({
      message: store.octets.stageOctets(messageOf(from + at)),
      flags: (from + at) % 50 === 0 ? [] : ["\\Seen"],
      internalDateMs: Date.UTC(2026, 0, 1) + (from + at) * 60_000,
    }));
    await store.mail.append(inbox.grant, requests);
    if ((from / FILL) % 20 === 0) process.stdout.write(`\r  filling: ${from} of ${size}   `);
  }
  process.stdout.write(`\r  ${size} are there; indexing`.padEnd(40));
  await store.mail.whenIndexed();
  console.log(`\r  ${size} are there`.padEnd(40));
  return true;
}

async function measure(store: Store, accountId: number, size: number): Promise<Row> {
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
  const values: Values = new Map();
  const held: Values = new Map();
  for (const step of allSteps(500)) {
    await ofAll({ port, user: REHEARSAL }, step, { values: new Map(), held: new Map() });
  }
  for (const user of [REHEARSAL, USER]) {
    values.clear();
    const buffersBefore = process.memoryUsage().arrayBuffers;
    await ofFew({ port, user }, user === USER ? size : 500, values);
    const octets = process.memoryUsage().arrayBuffers - buffersBefore;
    if (user === USER) {
      values.set("memory of it, MB", octets / 1e6);
      for (const [name, ms] of values) console.log(`  ${name}: ${ms.toFixed(2)}`);
    }
    const id = store.credentials.accountByName(user)?.accountId ?? accountId;
    await deliverAndTell(store, id, { port, user, size, values });
  }
  for (const step of allSteps(size)) await ofAll({ port, user: USER }, step, { values, held });
  listener.stop();
  await listener.drain(100);
  return { size, values, held };
}

/** What is asked of a few messages, whatever the number of all. */
async function ofFew(
  { port, user }: { readonly port: number; readonly user: string },
  size: number,
  values: Values,
): Promise<void> {
  const middle = Math.floor(size / 2);
  const opening: ImapStep[] = [
    { name: "SELECT, first", command: "SELECT INBOX" },
    { name: "FETCH 50, first", command: `FETCH ${size - 49}:${size} ${LIST}` },
  ];
  const repeated = (round: number): ImapStep[] => [
    { name: "STATUS", command: "STATUS INBOX (MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ SIZE)" },
    { name: "SELECT", command: "SELECT INBOX" },
    { name: "FETCH 50 FLAGS", command: `FETCH ${size - 49}:${size} (UID FLAGS)` },
    { name: "FETCH 50, middle", command: `FETCH ${middle - 49}:${middle} ${LIST}` },
    { name: "FETCH 50, newest", command: `FETCH ${size - 49}:${size} ${LIST}` },
    { name: "SEARCH of 50", command: `SEARCH ${size - 49}:${size} UNSEEN` },
    {
      name: "STORE of 1",
      command: `STORE ${middle + round} ${round % 2 === 0 ? "+" : "-"}FLAGS (\\Flagged)`,
    },
    { name: "COPY of 5", command: `COPY ${middle}:${middle + 4} Archive` },
    { name: "MOVE of 1", command: `MOVE ${middle} Trash` },
    { name: "", command: `STORE ${middle} +FLAGS (\\Deleted)` },
    { name: "EXPUNGE of 1", command: "EXPUNGE" },
    { name: "", command: `APPEND INBOX {17+}\r\nSubject: one\r\n\r\n\r\n` },
    { name: "", command: `APPEND INBOX {17+}\r\nSubject: two\r\n\r\n\r\n` },
  ];
  const rounds = Array.from({ length: ROUNDS }, (_, round) => repeated(round)).flat();
  const figures = await imapLoad({
    port,
    user,
    password: PASSWORD,
    steps: [...opening, ...rounds],
  });
  const times = new Map<string, number[]>();
  for (const { name, ms } of figures) {
    if (name === "" || name === "LOGIN") continue;
    times.set(name, [...(times.get(name) ?? []), ms]);
  }
  for (const [name, all] of times) values.set(name, median(all));
}

/** What looks at every message. */
function allSteps(size: number): ImapStep[] {
  return [
    { name: "FETCH FLAGS of all", command: "UID FETCH 1:* (FLAGS)" },
    { name: "FETCH list of all", command: `UID FETCH 1:* ${LIST}` },
    { name: "SEARCH UNSEEN", command: "SEARCH UNSEEN" },
    { name: "SEARCH ALL", command: "UID SEARCH ALL" },
    { name: "SEARCH RETURN COUNT", command: "UID SEARCH RETURN (COUNT MIN MAX) SEEN" },
    { name: "SEARCH SINCE SMALLER", command: "SEARCH SINCE 5-Feb-2026 SMALLER 1300 SEEN" },
    { name: "SEARCH SUBJECT, rare", command: `SEARCH SUBJECT "number ${size - 7} of"` },
    { name: "SEARCH TEXT, rare", command: `SEARCH TEXT "number ${size - 7} of"` },
    { name: "SORT ARRIVAL", command: "SORT (REVERSE ARRIVAL) UTF-8 ALL" },
    { name: "SORT DATE", command: "SORT (REVERSE DATE) UTF-8 ALL" },
    { name: "SORT SUBJECT", command: "SORT (SUBJECT) UTF-8 ALL" },
    { name: "SORT PARTIAL", command: "UID SORT RETURN (PARTIAL 1:50) (REVERSE ARRIVAL) UTF-8 ALL" },
    { name: "THREAD REFERENCES", command: "THREAD REFERENCES UTF-8 ALL" },
  ];
}

async function ofAll(
  { port, user }: { readonly port: number; readonly user: string },
  step: ImapStep,
  { values, held }: { readonly values: Values; readonly held: Values },
): Promise<void> {
  const steps = [
    { name: "", command: "SELECT INBOX" },
    ...Array.from({ length: ROUNDS_OF_ALL }, () => step),
  ];
  const hold = new LoopHold();
  const figures = await imapLoad({ port, user, password: PASSWORD, steps });
  held.set(step.name, hold.maxMs);
  hold.stop();
  const times = figures.filter(({ name }) => name === step.name).map(({ ms }) => ms);
  const ms = Math.min(...times);
  values.set(step.name, ms);
  if (ms > SLOW_MS) console.log(`  ${step.name}: ${ms.toFixed(0)} ms`);
}

/** Of one message after another, by themselves; then to a session that idles. */
async function deliverAndTell(
  store: Store,
  accountId: number,
  about: {
    readonly port: number;
    readonly user: string;
    readonly size: number;
    readonly values: Values;
  },
): Promise<void> {
  const { port, user, size, values } = about;
  let number = 0;
  const deliver = (): Promise<number> => deliverOne(store, accountId, `${size}.${number++}`);
  const times: number[] = [];
  for (let n = 0; n < DELIVERIES; n++) times.push(await deliver());
  values.set("delivery", median(times));
  const news = await newsAfter({ port, user, password: PASSWORD }, ROUNDS, deliver);
  values.set("news of one in IDLE", median(news));
}

async function deliverOne(store: Store, accountId: number, name: string): Promise<number> {
  const message = store.octets.stageOctets(messageOf(Number(name.replace(".", ""))));
  const delivery = { accountId, prefix: NO_OCTETS, recipient: USER };
  const envelope = {
    queueId: `Q${name}-${systemClock.nowMs()}`,
    reversePath: "sender@example.net",
    smtpUtf8: false,
    body: "7bit" as const,
    prefix: NO_OCTETS,
    recipients: [],
    deliveries: [delivery],
  };
  const from = performance.now();
  await store.accept({ message, receivedAtMs: systemClock.nowMs(), envelopes: [envelope] });
  return performance.now() - from;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
}

function print(rows: readonly Row[]): void {
  const heads = rows.map(({ size }) => size.toLocaleString("en").padStart(14)).join("");
  const line = (name: string, cell: (row: Row) => string): void =>
    console.log(`${name.padEnd(24)}${rows.map((row) => cell(row).padStart(14)).join("")}`);
  const value =
    (name: string): ((row: Row) => string) =>
    ({ values }) =>
      (values.get(name) ?? Number.NaN).toFixed(2);
  console.log(`\n${"ms, at messages:".padEnd(24)}${heads}`);
  for (const name of rows[0].values.keys()) {
    if (!rows[0].held.has(name)) line(name, value(name));
  }
  console.log(`\n${"of all: ms (loop held)".padEnd(24)}${heads}`);
  for (const name of rows[0].held.keys()) {
    line(
      name,
      ({ values, held }) =>
        `${(values.get(name) ?? 0).toFixed(1)} (${(held.get(name) ?? 0).toFixed(0)})`,
    );
  }
}
