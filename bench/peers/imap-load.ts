/**
 * A plain IMAP client that measures: sends commands over sockets and counts octets up to the tagged
 * answer. Runs in a thread of its own, so that a server in this process is not slowed by it.
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

export type ImapJob = {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly steps: readonly ImapStep[];
  /** So many sessions do the same at once; the figures are then one: all of it, after login. */
  readonly sessions?: number;
};

/** Carries out the steps one after another in a new session. Each figure of one session is told as it comes. */
export function imapLoad(
  job: ImapJob,
  onFigure: (figure: ImapFigure) => void = () => {},
): Promise<ImapFigure[]> {
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    worker.on("message", (message: ImapFigure[] | ImapFigure | { problem: string }) => {
      if (Array.isArray(message)) resolve(message);
      else if ("problem" in message) reject(new Error(message.problem));
      else onFigure(message);
    });
    worker.once("error", reject);
  });
}

type Session = { readonly step: (step: ImapStep) => Promise<ImapFigure>; readonly end: () => void };

async function openSession(port: number): Promise<Session> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  let tail = "";
  let octets = 0;
  let heard: () => void = () => {};
  socket.on("data", (piece: Buffer) => {
    octets += piece.length;
    tail = (tail + piece.toString("latin1", Math.max(0, piece.length - 4000))).slice(-4000);
    heard();
  });
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(tail);
      if (match !== null) return match[0];
      await new Promise<void>((resolve) => (heard = resolve));
    }
  };
  await until(/\r\n$/);
  let tag = 0;
  const step = async ({ name, command, messages = 1 }: ImapStep): Promise<ImapFigure> => {
    tail = "";
    octets = 0;
    const began = performance.now();
    socket.write(`t${++tag} ${command}\r\n`);
    const answer = await until(new RegExp(`(?:^|\r\n)t${tag} (?:OK|NO|BAD)[^\r]*\r\n$`));
    if (!answer.includes(" OK")) throw new Error(`${command.slice(0, 80)}: ${answer.trim()}`);
    return { name, ms: performance.now() - began, octets, messages };
  };
  return { step, end: () => socket.destroy() };
}

async function carryOut(job: ImapJob, tell: (figure: ImapFigure) => void): Promise<ImapFigure[]> {
  const opened = Array.from({ length: job.sessions ?? 1 }, () => openSession(job.port));
  const sessions = await Promise.all(opened);
  const login = { name: "LOGIN", command: `LOGIN ${job.user} "${job.password}"` };
  const logins = await Promise.all(sessions.map(({ step }) => step(login)));
  if (job.sessions === undefined) tell(logins[0]);
  const began = performance.now();
  const figures = await Promise.all(
    sessions.map(async ({ step, end }) => {
      const own: ImapFigure[] = [];
      for (const each of job.steps) {
        const figure = await step(each);
        own.push(figure);
        if (job.sessions === undefined) tell(figure);
      }
      end();
      return own;
    }),
  );
  if (job.sessions === undefined) return [...logins, ...figures[0]];
  const ms = performance.now() - began;
  const messages = figures.flat().reduce((sum, figure) => sum + figure.messages, 0);
  return [{ name: job.steps[0].name, ms, octets: 0, messages }];
}

if (parentPort !== null && workerData !== null) {
  const port = parentPort;
  carryOut(workerData as ImapJob, (figure) => port.postMessage(figure)).then(
    (figures) => port.postMessage(figures),
    (error: unknown) => port.postMessage({ problem: String(error) }),
  );
}
