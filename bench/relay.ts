/**
 * Relaying, end to end: mail comes in over SMTP, is synced into the queue, and goes on to Postfix's
 * smtp-sink over kept connections. Posthorn beside Debian's Postfix in the same run. The time is from
 * the first message offered to the last one taken by the sink; CPU is of all processes of a server.
 * `POSTHORN_BENCH_MESSAGES` says how many at 20 and 100 sessions (2,000).
 */

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePosthornFolder } from "../test/system/posthorn-process.ts";
import { canRunPostfix } from "./peers/postfix-discard.ts";
import { untilListening, writePostfixConfig } from "./peers/postfix-instance.ts";
import { cpuSecondsOfTree } from "./peers/process-tree.ts";
import { loadMessage, smtpLoad } from "./peers/smtp-load.ts";
import { canRunSmtpSink, startSmtpSink, type SmtpSink } from "./peers/smtp-sink.ts";

const SINK_PORT = 35290;
const POSTFIX_PORT = 35291;
const DOMAIN = "bench.example";
const SIZE_OCTETS = 4096;
const MANY = Number(process.env["POSTHORN_BENCH_MESSAGES"] ?? 2000);
const ROUNDS = [
  { sessions: 1, messages: Math.min(300, MANY) },
  { sessions: 20, messages: MANY },
  { sessions: 100, messages: MANY },
];

type Contender = { readonly name: string; readonly port: number; readonly pid: number };
type Figures = { readonly perSecond: number; readonly cpuMs: number };
type Ending = () => void | Promise<void>;

export async function run(): Promise<void> {
  if (!canRunSmtpSink()) return console.log("smtp-sink is not here (package postfix).");
  const endings: Ending[] = [];
  try {
    const sink = await startSmtpSink(SINK_PORT);
    endings.push(() => sink.stop());
    const contenders = [await startPosthorn(endings)];
    if (canRunPostfix()) contenders.push(await startPostfix(endings));
    else console.log("Postfix cannot run here (not root?): Posthorn alone.");
    for (const contender of contenders) await measure(contender, sink, 20, 200); // warm-up
    for (const { sessions, messages } of ROUNDS) {
      const figures: Figures[] = [];
      for (const contender of contenders) {
        figures.push(await measure(contender, sink, sessions, messages));
      }
      printRound(`${sessions} sessions, ${messages} messages of 4 KB`, contenders, figures);
    }
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function startPosthorn(endings: Ending[]): Promise<Contender> {
  const folder = await makePosthornFolder(
    { after: (fn) => void endings.push(fn) },
    {
      config: [
        "[relay]",
        'networks = "127.0.0.1"',
        "[smarthost]",
        'host = "[127.0.0.1]"',
        `port = ${SINK_PORT}`,
        'tls = "never"',
      ].join("\n"),
    },
  );
  const server = await folder.start();
  return { name: "Posthorn", port: server.ports.smtp, pid: server.pid };
}

async function startPostfix(endings: Ending[]): Promise<Contender> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-relay-"));
  chmodSync(folder, 0o755);
  const config = writePostfixConfig(folder, POSTFIX_PORT, DOMAIN, `smtp:[127.0.0.1]:${SINK_PORT}`);
  execFileSync("postfix", ["-c", config, "start"], { stdio: "pipe" });
  endings.push(() => {
    execFileSync("postfix", ["-c", config, "stop"], { stdio: "pipe" });
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  await untilListening(POSTFIX_PORT);
  const pid = Number(readFileSync(join(folder, "queue/pid/master.pid"), "utf8").trim());
  return { name: "Postfix", port: POSTFIX_PORT, pid };
}

async function measure(
  { name, port, pid }: Contender,
  sink: SmtpSink,
  sessions: number,
  messages: number,
): Promise<Figures> {
  const before = sink.messages();
  const cpuBefore = cpuSecondsOfTree(pid);
  const startedMs = performance.now();
  const recipients = Array.from({ length: 50 }, (_, n) => `u${n}@${DOMAIN}`);
  const message = loadMessage(SIZE_OCTETS);
  const load = await smtpLoad({ port, sessions, messages, recipients, message });
  if (load.refused > 0) throw new Error(`${name} refused ${load.refused} messages`);
  while (sink.messages() - before < messages) {
    if (performance.now() - startedMs > 120_000) {
      throw new Error(`${name}: the sink has ${sink.messages() - before} of ${messages}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  // What is left to do after the last message (its settlement) counts too.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const cpuMs = ((cpuSecondsOfTree(pid) - cpuBefore) * 1000) / messages;
  return { perSecond: messages / seconds, cpuMs };
}

function printRound(title: string, contenders: readonly Contender[], figures: Figures[]): void {
  console.log(title);
  console.table(
    contenders.map(({ name }, index) => ({
      name,
      "messages/s": Number(figures[index].perSecond.toPrecision(3)),
      "CPU ms/message": Number(figures[index].cpuMs.toPrecision(3)),
    })),
  );
  const [ours, theirs] = figures;
  if (theirs === undefined) return;
  console.log(
    `Posthorn: ${(ours.perSecond / theirs.perSecond).toFixed(1)} times as many, ` +
      `${(ours.cpuMs / theirs.cpuMs).toFixed(2)} of the CPU.`,
  );
}
