/**
 * What a mailbox's size costs: SELECT, FETCH of a window of 50 from the middle and from the end, FETCH of
 * the newest, and a delivery, at sizes ten times apart. Nothing may grow, the first SELECT after a start
 * neither. POSTHORN_BENCH_SIZES is a list of sizes (default 1000,10000; try 100000,1000000).
 */

import { mkdtempSync, rmSync } from "node:fs";
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
import { imapLoad, type ImapStep } from "./peers/imap-load.ts";

const USER = "bench@example.org";
const PASSWORD = "secret";
const FILL = 1000;
const ROUNDS = 20;
const DELIVERIES = 200;

type Row = { readonly size: number; readonly values: ReadonlyMap<string, number> };

export async function run(): Promise<void> {
  const sizes = (process.env.POSTHORN_BENCH_SIZES ?? "1000,10000").split(",").map(Number);
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-growth-"));
  const deps = { folder, clock: systemClock, random: systemRandom, log: silentLog };
  const rows: Row[] = [];
  let store = await openStore(deps);
  try {
    await store.directory.addDomain({ name: "example.org" });
    const { id } = await store.directory.addAccount({ address: USER, password: PASSWORD });
    let filled = 0;
    for (const size of sizes) {
      filled = await fill(store, id, { filled, size });
      await store.close();
      store = await openStore(deps);
      rows.push({ size, values: await measure(store, id, size) });
      filled += DELIVERIES;
    }
    print(rows);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function messageOf(index: number): Uint8Array {
  return encodeLatin1(
    `From: "Sender ${index % 500}" <sender${index % 500}@example.net>\r\nTo: Bench <${USER}>\r\n` +
      `Subject: Report number ${index} of the week\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n` +
      `Message-ID: <${index}.bench@example.net>\r\nReferences: <${index - (index % 5)}.bench@example.net>\r\n\r\n` +
      "The quick brown fox jumps over the lazy dog. \r\n".repeat(20),
  );
}

async function fill(
  store: Store,
  accountId: number,
  { filled, size }: { readonly filled: number; readonly size: number },
): Promise<number> {
  const inbox = store.mail.mailbox(accountId, "INBOX");
  if (inbox === undefined) throw new Error("no INBOX");
  for (let from = filled; from < size; from += FILL) {
    const requests = Array.from({ length: Math.min(FILL, size - from) }, (_, at) => ({
      message: store.octets.stageOctets(messageOf(from + at)),
      flags: ["\\Seen"],
      internalDateMs: Date.UTC(2026, 0, 1) + (from + at) * 60_000,
    }));
    await store.mail.append(inbox.grant, requests);
    if ((from / FILL) % 20 === 0) process.stdout.write(`\r  filling: ${from} of ${size}   `);
  }
  console.log(`\r  filled: ${size}            `);
  return Math.max(filled, size);
}

async function measure(
  store: Store,
  accountId: number,
  size: number,
): Promise<ReadonlyMap<string, number>> {
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
  const items = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)";
  const middle = Math.floor(size / 2);
  const repeated: ImapStep[] = Array.from({ length: ROUNDS }, () => [
    { name: "SELECT", command: "SELECT INBOX" },
    { name: "FETCH 50, middle", command: `FETCH ${middle - 49}:${middle} ${items}` },
    { name: "FETCH 50, newest", command: `FETCH ${size - 49}:${size} ${items}` },
    { name: "UID FETCH *", command: "UID FETCH * FLAGS" },
  ]).flat();
  const steps = [{ name: "SELECT, first", command: "SELECT INBOX" }, ...repeated];
  const figures = await imapLoad({ port, user: USER, password: PASSWORD, steps });
  const values = new Map<string, number>();
  for (const { name, ms } of figures) {
    if (name !== "LOGIN") values.set(name, Math.min(ms, values.get(name) ?? Number.MAX_VALUE));
  }
  values.set("delivery", await deliver(store, accountId, size));
  listener.stop();
  await listener.drain(100);
  return values;
}

/** Of one message after another; the median. */
async function deliver(store: Store, accountId: number, size: number): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < DELIVERIES; n++) {
    const message = store.octets.stageOctets(messageOf(size + n));
    const delivery = { accountId, prefix: NO_OCTETS, recipient: USER };
    const from = performance.now();
    await store.accept({
      message,
      receivedAtMs: systemClock.nowMs(),
      envelopes: [
        {
          queueId: `Q${size + n}`,
          reversePath: "sender@example.net",
          smtpUtf8: false,
          body: "7bit",
          prefix: NO_OCTETS,
          recipients: [],
          deliveries: [delivery],
        },
      ],
    });
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
}

function print(rows: readonly Row[]): void {
  const names = [...rows[0].values.keys()];
  console.log(
    `\n${"ms, at messages:".padEnd(20)}${rows.map(({ size }) => size.toLocaleString("en").padStart(12)).join("")}`,
  );
  for (const name of names) {
    const cells = rows.map(({ values }) => (values.get(name) ?? 0).toFixed(2).padStart(12));
    console.log(`${name.padEnd(20)}${cells.join("")}`);
  }
}
