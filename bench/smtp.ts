/**
 * Taking mail over SMTP sockets, beside Debian's Postfix in the same run: sessions times sizes.
 * Postfix syncs each message into its queue and delivers to its discard transport. Posthorn runs
 * twice: once it files into mailboxes, synced, which is more than Postfix has to do here; once a
 * rule discards each message at its end, which is less (nothing is synced). CPU is of all processes
 * of a server, until its queue is empty; memory is the most that was seen while the load ran.
 */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePosthornFolder } from "../test/system/posthorn-process.ts";
import { canRunPostfix, startPostfixDiscard } from "./peers/postfix-discard.ts";
import { cpuSecondsOfTree, memoryOfTree } from "./peers/process-tree.ts";
import { loadMessage, smtpLoad } from "./peers/smtp-load.ts";

const DOMAIN = "bench.example";
const MAILBOXES = 10;
const POSTFIX_PORT = 35280;
const MEGABYTE = 1_048_576;

const SESSIONS = [1, 20, 100] as const;
const SIZES = [
  { name: "4 KB", octets: 4096, messages: [300, 2000, 2000] },
  { name: "100 KB", octets: 102_400, messages: [100, 500, 500] },
  { name: "10 MB", octets: 10 * MEGABYTE, messages: [5, 20, 100] },
] as const;

type Contender = {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly isDrained: () => boolean;
};

type Figures = {
  readonly perSecond: number;
  readonly cpuMs: number;
  readonly p99Ms: number;
  readonly megabytes: number;
};

type Ending = () => void | Promise<void>;

const DISCARD = '[[rules]]\nname = "discard"\nstage = "data"\naction = "discard"\n';

export async function run(): Promise<void> {
  const endings: Ending[] = [];
  try {
    const contenders = [
      await startPosthorn("Posthorn, to mailboxes", "", endings),
      await startPosthorn("Posthorn, discarding", DISCARD, endings),
    ];
    if (canRunPostfix()) contenders.push(await startPeer(endings));
    else console.log("Postfix is not here (or this is not root): Posthorn alone.");
    for (const contender of contenders) await measure(contender, 20, 300, loadMessage(4096)); // warm-up
    for (const { name, octets, messages } of SIZES) {
      const message = loadMessage(octets);
      for (const [index, sessions] of SESSIONS.entries()) {
        const cell: [string, Figures][] = [];
        for (const contender of contenders) {
          cell.push([contender.name, await measure(contender, sessions, messages[index], message)]);
        }
        printCell(`${sessions} sessions, ${name}, ${messages[index]} messages`, cell);
      }
    }
  } finally {
    for (const end of endings.reverse()) await end();
  }
}

async function startPosthorn(name: string, config: string, endings: Ending[]): Promise<Contender> {
  const folder = await makePosthornFolder({ after: (fn) => void endings.push(fn) }, { config });
  await folder.must("domain", "add", DOMAIN);
  for (const recipient of recipients()) await folder.addAccount(recipient, "bench-password");
  const server = await folder.start();
  return { name, port: server.ports.smtp, pid: server.pid, isDrained: () => true };
}

async function startPeer(endings: Ending[]): Promise<Contender> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-postfix-"));
  const peer = await startPostfixDiscard(folder, POSTFIX_PORT);
  endings.push(() => peer.stop());
  return {
    name: "Postfix, discard",
    port: peer.smtpPort,
    pid: peer.pid,
    isDrained: peer.isDrained,
  };
}

function recipients(): string[] {
  return Array.from({ length: MAILBOXES }, (_, n) => `u${n}@${DOMAIN}`);
}

async function measure(
  { name, port, pid, isDrained }: Contender,
  sessions: number,
  messages: number,
  message: Buffer,
): Promise<Figures> {
  let mostOctets = memoryOfTree(pid);
  const sampler = setInterval(() => (mostOctets = Math.max(mostOctets, memoryOfTree(pid))), 200);
  const cpuBefore = cpuSecondsOfTree(pid);
  const load = await smtpLoad({ port, sessions, messages, recipients: recipients(), message });
  if (load.refused > 0) throw new Error(`${name} refused ${load.refused} messages`);
  clearInterval(sampler);
  const startedMs = performance.now();
  while (!isDrained()) {
    if (performance.now() - startedMs > 60_000) throw new Error(`${name} does not drain`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    perSecond: messages / load.seconds,
    cpuMs: ((cpuSecondsOfTree(pid) - cpuBefore) * 1000) / messages,
    p99Ms: load.latenciesMs.toSorted()[Math.ceil(load.latenciesMs.length * 0.99) - 1],
    megabytes: mostOctets / MEGABYTE,
  };
}

function printCell(title: string, cell: readonly [string, Figures][]): void {
  console.log(title);
  console.table(
    cell.map(([name, figures]) => ({
      name,
      "messages/s": Number(figures.perSecond.toPrecision(3)),
      "CPU ms/message": Number(figures.cpuMs.toPrecision(3)),
      "p99 ms": Number(figures.p99Ms.toPrecision(3)),
      "memory MB": Math.round(figures.megabytes),
    })),
  );
  const [ours, , theirs] = cell.map(([, figures]) => figures);
  if (theirs === undefined) return;
  const times = (ours.perSecond / theirs.perSecond).toFixed(1);
  console.log(`Posthorn with mailboxes takes ${times} times as many as Postfix.`);
}
