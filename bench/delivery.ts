/**
 * The main job, end to end: mail comes in over SMTP from 20 sessions and is in a mailbox, durable,
 * with fsync on. Posthorn beside Debian's Postfix + Dovecot (LMTP to maildir) in the same run, three
 * rounds in turn; the medians and their ratio are printed. CPU is user and system time of all
 * processes of a server, the load's own not counted.
 */

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePosthornFolder } from "../test/system/posthorn-process.ts";
import { canRunPostfixDovecot, startPostfixDovecot } from "./peers/postfix-dovecot.ts";
import { loadMessage, smtpLoad } from "./peers/smtp-load.ts";

const SESSIONS = 20;
const MAILBOXES = 10;
const SIZE_OCTETS = 4096;
const ROUNDS = 3;

type Figures = {
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly cpuMsPerMessage: number;
  readonly p99Ms: number;
};

type Contender = {
  readonly name: string;
  readonly messages: number;
  readonly smtpPort: number;
  readonly recipients: readonly string[];
  delivered(): Promise<number>;
  cpuSeconds(): number;
};

export async function run(): Promise<void> {
  const endings: (() => void | Promise<void>)[] = [];
  try {
    const contenders = [await startPosthorn(endings)];
    if (canRunPostfixDovecot()) contenders.push(await startPeer(endings));
    else console.log("Postfix and Dovecot are not here (or this is not root): Posthorn alone.");

    const rounds = new Map<string, Figures[]>(contenders.map(({ name }) => [name, []]));
    for (const contender of contenders) await measure({ ...contender, messages: 200 }); // warm-up
    for (let round = 0; round < ROUNDS; round++) {
      for (const contender of contenders) {
        rounds.get(contender.name)?.push(await measure(contender));
      }
    }
    printTable(rounds);
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function startPosthorn(endings: (() => void | Promise<void>)[]): Promise<Contender> {
  const folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) });
  const domain = "bench.example";
  await folder.must("domain", "add", domain);
  const recipients = Array.from({ length: MAILBOXES }, (_, n) => `u${n}@${domain}`);
  for (const recipient of recipients) await folder.addAccount(recipient, "bench-password");
  const server = await folder.start();
  const counted = async (): Promise<number> => {
    const accounts = JSON.parse((await folder.must("account", "list", "--json")).stdout) as {
      messages: number;
    }[];
    return accounts.reduce((sum, account) => sum + account.messages, 0);
  };
  return {
    name: "Posthorn",
    messages: 10_000,
    smtpPort: server.ports.smtp,
    recipients,
    delivered: counted,
    cpuSeconds: () => cpuSecondsOf(server.pid),
  };
}

async function startPeer(endings: (() => void | Promise<void>)[]): Promise<Contender> {
  const peer = await startPostfixDovecot(mkdtempSync(join(tmpdir(), "posthorn-bench-peer-")));
  endings.push(() => peer.stop());
  return {
    name: "Postfix + Dovecot",
    messages: 1_500,
    smtpPort: peer.smtpPort,
    recipients: Array.from({ length: MAILBOXES }, (_, n) => `u${n}@${peer.domain}`),
    delivered: () => Promise.resolve(peer.delivered()),
    cpuSeconds: () => peer.cpuSeconds(),
  };
}

async function measure(contender: Contender): Promise<Figures> {
  const before = await contender.delivered();
  const cpuBefore = contender.cpuSeconds();
  const startedMs = performance.now();
  const load = await smtpLoad({
    port: contender.smtpPort,
    sessions: SESSIONS,
    messages: contender.messages,
    recipients: contender.recipients,
    message: loadMessage(SIZE_OCTETS),
  });
  if (load.refused > 0) throw new Error(`${contender.name} refused ${load.refused} messages`);
  const acceptedMs = performance.now() - startedMs;
  let deliveredMs = acceptedMs;
  let cpuSeconds = contender.cpuSeconds() - cpuBefore;
  while ((await contender.delivered()) < before + contender.messages) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    deliveredMs = performance.now() - startedMs;
    cpuSeconds = contender.cpuSeconds() - cpuBefore;
    if (deliveredMs > 120_000) throw new Error(`${contender.name} lost mail, or is very slow`);
  }
  return {
    acceptedPerSecond: contender.messages / (acceptedMs / 1000),
    deliveredPerSecond: contender.messages / (deliveredMs / 1000),
    cpuMsPerMessage: (cpuSeconds * 1000) / contender.messages,
    p99Ms: load.latenciesMs.toSorted()[Math.floor(load.latenciesMs.length * 0.99)],
  };
}

function printTable(rounds: ReadonlyMap<string, readonly Figures[]>): void {
  const median = (figures: readonly Figures[], key: keyof Figures): number =>
    figures.map((figure) => figure[key]).sort((a, b) => a - b)[Math.floor(figures.length / 2)];
  const rows = [...rounds].map(([name, figures]) => ({
    name,
    "accepted/s": Math.round(median(figures, "acceptedPerSecond")),
    "delivered/s": Math.round(median(figures, "deliveredPerSecond")),
    "CPU ms/message": Number(median(figures, "cpuMsPerMessage").toFixed(2)),
    "p99 ms": Number(median(figures, "p99Ms").toFixed(1)),
  }));
  console.log(
    `${SESSIONS} sessions, ${SIZE_OCTETS} octets, ${MAILBOXES} mailboxes, fsync on, median of ${ROUNDS}`,
  );
  console.table(rows);
  if (rows.length === 2) {
    const [ours, theirs] = rows;
    const ratio = (key: "accepted/s" | "delivered/s"): string =>
      (ours[key] / theirs[key]).toFixed(1);
    console.log(
      `Posthorn accepts ${ratio("accepted/s")} times and delivers ${ratio("delivered/s")} times as many, at ` +
        `${((100 * ours["CPU ms/message"]) / theirs["CPU ms/message"]).toFixed(0)} % of the CPU per message.`,
    );
  }
}

/** User and system time of one process with its threads. */
function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
