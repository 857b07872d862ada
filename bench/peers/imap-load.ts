/**
 * A plain IMAP client that measures: sends commands over one socket and counts octets up to the
 * tagged answer. Runs in a thread of its own, so that a server in this process is not slowed by it.
 */

import { connect } from "node:net";
import { parentPort, Worker, workerData } from "node:worker_threads";

export type ImapStep = {
  readonly name: string;
  readonly command: string;
  /** Messages the figure is divided by. */
  readonly messages?: number;
};

export type ImapFigure = {
  readonly name: string;
  readonly ms: number;
  readonly octets: number;
  readonly messages: number;
};

type Job = {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly steps: readonly ImapStep[];
};

/** Carries out the steps one after another in a new session. */
export function imapLoad(job: Job): Promise<ImapFigure[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    worker.once("message", (figures: ImapFigure[] | { problem: string }) =>
      Array.isArray(figures) ? resolve(figures) : reject(new Error(figures.problem)),
    );
    worker.once("error", reject);
  });
}

async function carryOut(job: Job): Promise<ImapFigure[]> {
  const socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
  let tail = "";
  let octets = 0;
  let heard: () => void = () => {};
  socket.on("data", (piece: Buffer) => {
    octets += piece.length;
    tail = (tail + piece.latin1Slice(Math.max(0, piece.length - 400))).slice(-400);
    heard();
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(tail);
      if (match !== null) return match[0];
      await new Promise<void>((resolve) => (heard = resolve));
    }
  };
  await until(/^\* OK/);
  const figures: ImapFigure[] = [];
  let tag = 0;
  const step = async ({ name, command, messages = 1 }: ImapStep): Promise<void> => {
    tail = "";
    octets = 0;
    const began = performance.now();
    socket.write(`t${++tag} ${command}\r\n`);
    const answer = await until(new RegExp(`(?:^|\r\n)t${tag} (?:OK|NO|BAD)[^\r]*\r\n$`));
    if (!answer.includes(" OK")) throw new Error(`${command.slice(0, 80)}: ${answer.trim()}`);
    figures.push({ name, ms: performance.now() - began, octets, messages });
  };
  await step({ name: "LOGIN", command: `LOGIN ${job.user} "${job.password}"` });
  for (const each of job.steps) await step(each);
  socket.destroy();
  return figures;
}

if (parentPort !== null && workerData !== null) {
  const port = parentPort;
  carryOut(workerData as Job).then(
    (figures) => port.postMessage(figures),
    (error: unknown) => port.postMessage({ problem: String(error) }),
  );
}
