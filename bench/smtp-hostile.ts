/**
 * A whole Posthorn under hostile clients (`peers/hostile-clients.ts`: ten thousand connections, floods,
 * slow octets, endless lines, half handshakes, guesses at passwords…) while a good client sends one
 * message after the other. Every ten seconds: how long the good client's messages took, memory and
 * what it is made of, CPU, and what the log grew by; at the end whether memory was flat.
 * `--seconds N` (default 30; the long run is 600) says how long.
 */

import { fork } from "node:child_process";
import { join } from "node:path";
import { connect } from "../src/net/connect.ts";
import { systemClock } from "../src/net/system-clock.ts";
import { SmtpClient } from "../src/smtp/client.ts";
import { makePosthornFolder, type PosthornProcess } from "../test/system/posthorn-process.ts";
import { PROXY_ADDRESS } from "./peers/hostile-clients.ts";
import { memorySplit } from "./peers/memory-map.ts";
import { cpuSecondsOfTree } from "./peers/process-tree.ts";

const WINDOW_MS = 10_000;
const ALONE_MS = 5_000;
const CONTENT = Buffer.from(`Subject: x\r\n\r\n${"hello\r\n".repeat(600)}`);

const CONFIG = `[limits]
connections = 15000
[proxy]
from = "${PROXY_ADDRESS}"
`;

/** From here on memory is to stay as it is (a shorter run: its second half). */
const FLAT_FROM_S = 120;
const FLAT_SHARE = 0.05;
const P99_GOAL_MS = 100;

type Row = Readonly<Record<"when" | "malloc, V8, files", string>> &
  Readonly<
    Record<
      | "messages"
      | "failures"
      | "p50 ms"
      | "p99 ms"
      | "worst ms"
      | "memory MB"
      | "CPU %"
      | "log KB/s",
      number
    >
  >;

type Window = {
  readonly startedMs: number;
  readonly cpuSeconds: number;
  readonly logOctets: number;
};

export async function run(): Promise<void> {
  const seconds = Number(process.env.POSTHORN_HOSTILE_SECONDS ?? 30);
  const endings: (() => void | Promise<void>)[] = [];
  try {
    const folder = await makePosthornFolder(
      { after: (fn) => void endings.push(fn) },
      { config: CONFIG },
    );
    await folder.must("domain", "add", "us.test");
    await folder.addAccount("anna@us.test", "hostile-password");
    const server = await folder.start();
    console.table([await watch(server, ALONE_MS, "alone")]);
    const { smtp, submissions } = server.ports;
    const attackers = fork(join(import.meta.dirname, "peers/hostile-clients.ts"), [
      `${smtp}`,
      `${submissions}`,
    ]);
    endings.push(() => void attackers.kill());
    const rows: Row[] = [];
    for (let at = 0; at < seconds; at += WINDOW_MS / 1000) {
      const row = await watch(server, WINDOW_MS, `${at}-${at + WINDOW_MS / 1000} s`);
      rows.push(row);
      console.log(JSON.stringify(row));
    }
    console.table(rows);
    console.log(verdict(rows));
    attackers.kill();
    console.table([await watch(server, ALONE_MS, "afterwards")]);
    await server.stop();
    printLog(server.output());
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

/** Sends messages one after the other, each on its own connection, and tells how it went. */
async function watch(server: PosthornProcess, durationMs: number, when: string): Promise<Row> {
  const before = window(server);
  const times: number[] = [];
  let failures = 0;
  while (performance.now() - before.startedMs < durationMs) {
    const startedMs = performance.now();
    if (await sendWithin(server.ports.smtp)) times.push(performance.now() - startedMs);
    else failures++;
    await systemClock.sleep(20);
  }
  const after = window(server);
  const elapsedS = (after.startedMs - before.startedMs) / 1000;
  times.sort((one, other) => one - other);
  const at = (share: number): number =>
    Number((times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1));
  const memory = memorySplit(server.pid);
  return {
    when,
    messages: times.length,
    failures,
    "p50 ms": at(0.5),
    "p99 ms": at(0.99),
    "worst ms": at(1),
    "memory MB": memory.totalMb,
    "malloc, V8, files": `${memory.mallocMb} + ${memory.v8Mb} + ${memory.filesMb}`,
    "CPU %": Math.round(((after.cpuSeconds - before.cpuSeconds) / elapsedS) * 100),
    "log KB/s": Number(((after.logOctets - before.logOctets) / 1024 / elapsedS).toFixed(1)),
  };
}

/** Memory: the line that fits best through the windows that count, from their first to their last. */
function verdict(rows: readonly Row[]): string {
  const total = rows.length;
  const from = Math.min(FLAT_FROM_S / (WINDOW_MS / 1000), Math.floor(total / 2));
  const used = rows.slice(from).map((row) => row["memory MB"]);
  const middle = (used.length - 1) / 2;
  const mean = used.reduce((sum, each) => sum + each, 0) / used.length;
  const spread = used.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  const rise = used.reduce((sum, each, at) => sum + (at - middle) * each, 0);
  const growth = spread === 0 ? 0 : (rise / spread) * (used.length - 1);
  const isFlat = growth <= mean * FLAT_SHARE;
  const slow = rows.filter((row) => row["p99 ms"] > P99_GOAL_MS).map(({ when }) => when);
  const failures = rows.reduce((sum, row) => sum + row.failures, 0);
  return [
    `memory ${isFlat ? "flat" : "NOT FLAT"} from ${rows[from]?.when ?? "0"} on: ${growth.toFixed(1)} MB of ${mean.toFixed(0)} MB by trend, ${Math.min(...used)} to ${Math.max(...used)} MB`,
    `p99 at most ${Math.max(...rows.map((row) => row["p99 ms"]))} ms; over ${P99_GOAL_MS} ms in ${slow.length} of ${total} windows${slow.length > 0 ? ` (first ${slow[0]})` : ""}; ${failures} failures`,
  ].join("\n");
}

function window(server: PosthornProcess): Window {
  return {
    startedMs: performance.now(),
    cpuSeconds: cpuSecondsOfTree(server.pid),
    logOctets: server.output().length,
  };
}

/** What takes longer has failed: a person would have given up. */
const PATIENCE_MS = 10_000;

async function sendWithin(port: number): Promise<boolean> {
  const tooLate = new AbortController();
  const limit = systemClock.sleep(PATIENCE_MS, tooLate.signal).then(() => false);
  const isSent = await Promise.race([sendOne(port), limit]);
  tooLate.abort();
  return isSent;
}

async function sendOne(port: number): Promise<boolean> {
  try {
    const channel = await connect({ host: "127.0.0.1", port, timeoutMs: 10_000 });
    const client = new SmtpClient(channel, { clientName: "good.example", clock: systemClock });
    if (!(await client.open()).ok) return false;
    const { outcomes } = await client.deliver({
      reversePath: { localPart: "a", domain: "good.example" },
      recipients: [{ address: { localPart: "anna", domain: "us.test" } }],
      content: {
        sizeOctets: CONTENT.length,
        body: "7bit",
        needsSmtpUtf8: false,
        chunks: () => [CONTENT],
      },
    });
    await client.quit();
    return outcomes[0].status === "accepted";
  } catch {
    return false;
  }
}

/** Which events the log is made of. */
function printLog(output: string): void {
  const counts = new Map<string, number>();
  for (const line of output.split("\n")) {
    const event = /"event":"([^"]*)"/.exec(line)?.[1] ?? /"msg":"([^"]*)"/.exec(line)?.[1];
    if (event !== undefined) counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, 12);
  console.table(most.map(([event, lines]) => ({ event, lines })));
}
