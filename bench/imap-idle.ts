/**
 * Thousands of IMAP sessions that idle: what each costs the server's process, and how long a new
 * message takes to reach all of a mailbox. The server runs in a process of its own, the clients in
 * this one. POSTHORN_BENCH_SESSIONS sets how many (default 10,000, or what file descriptors allow);
 * POSTHORN_BENCH_TLS=1 puts them under TLS.
 */

import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

const WANTED = Number(process.env.POSTHORN_BENCH_SESSIONS ?? 10_000);
const isTls = process.env.POSTHORN_BENCH_TLS === "1";
/** Left for everything else that a process has open. */
const SPARE = 200;
const AT_ONCE = 50;
const USERS = 100;
const PASSWORD = "secret";
/** One peer address may not have all connections of a machine's ports: clients come from several. */
const SOURCES = 4;

type Reply = {
  readonly port?: number;
  readonly rssOctets?: number;
  readonly heapOctets?: number;
  readonly deliveredAtMs?: number;
};

export async function run(): Promise<void> {
  const sessions = Math.min(WANTED, openFilesAllowed() - SPARE);
  const server = fork(new URL("peers/idle-server.ts", import.meta.url), {
    execArgv: ["--expose-gc"],
    env: { ...process.env, POSTHORN_BENCH_USERS: String(USERS) },
  });
  try {
    const { port = 0 } = await reply(server);
    await measure(server, port, sessions);
  } finally {
    server.kill("SIGKILL");
  }
}

/** The soft limit is what a process starts with; a server started by systemd has the hard one. */
function openFilesAllowed(): number {
  const [soft] = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).split("\n");
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function reply(server: ChildProcess): Promise<Reply> {
  return new Promise((resolve) => server.once("message", (message) => resolve(message as Reply)));
}

async function ask(server: ChildProcess, question: string): Promise<Reply> {
  const answer = reply(server);
  server.send(question);
  return answer;
}

async function measure(server: ChildProcess, port: number, count: number): Promise<void> {
  // What the first sessions load and compile is no cost of a session.
  const first = await openAll(port, 100, 0);
  const before = await ask(server, "memory");
  const beganMs = performance.now();
  const clients = [...first, ...(await openAll(port, count - first.length, first.length))];
  const seconds = (performance.now() - beganMs) / 1000;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const after = await ask(server, "memory");
  const each = (key: "rssOctets" | "heapOctets"): string =>
    (((after[key] ?? 0) - (before[key] ?? 0)) / (count - first.length) / 1024).toFixed(1);
  console.log(`${count} sessions idle ${isTls ? "under TLS" : "in the clear"}, ${USERS} mailboxes`);
  console.log(
    `each session: ${each("rssOctets")} KB of RSS, of it ${each("heapOctets")} KB of heap`,
  );
  console.log(`opened and logged in at ${(count / seconds).toFixed(0)} a second`);
  await measureNews(server, clients);
  for (const client of clients) client.socket.destroy();
}

/** One message to one mailbox, then one to every mailbox at once. */
async function measureNews(server: ChildProcess, clients: readonly Client[]): Promise<void> {
  for (const [what, question] of [
    ["a new mail reaches all sessions of one mailbox", "deliver-one"],
    ["a new mail in every mailbox reaches all sessions", "deliver-all"],
  ]) {
    const waiting = question === "deliver-one" ? clients.filter(({ user }) => user === 0) : clients;
    const heard = waiting.map((client) => client.nextExists());
    const { deliveredAtMs = 0 } = await ask(server, question);
    const times = await Promise.all(heard);
    const last = Math.max(...times) - deliveredAtMs;
    console.log(`${what} (${waiting.length}) in ${last.toFixed(0)} ms after its commit`);
  }
}

async function openAll(port: number, count: number, from: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, n) =>
      openIdle(port, from + at + n),
    );
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

type Client = {
  readonly socket: Socket;
  readonly user: number;
  /** When the next EXISTS comes. */
  nextExists(): Promise<number>;
};

async function openIdle(port: number, number: number): Promise<Client> {
  const localAddress = `127.0.0.${2 + (number % SOURCES)}`;
  const plain = connect({ port, host: "127.0.0.1", localAddress });
  const socket = isTls ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain;
  const user = number % USERS;
  let text = "";
  let listener: (() => void) | undefined;
  socket.on("data", (piece: Buffer) => {
    text = (text + piece.toString("latin1")).slice(-3000);
    listener?.();
  });
  const until = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) reject(new Error(`closed after: ${text}`));
      socket.once("close", () => reject(new Error(`closed after: ${text}`)));
      listener = () => {
        if (!pattern.test(text)) return;
        listener = undefined;
        socket.removeAllListeners("close");
        resolve();
      };
      listener();
    });
  await until(/\* OK /);
  socket.write(`a LOGIN user${user}@example.org ${PASSWORD}\r\n`);
  await until(/^a OK/m);
  socket.write("b SELECT INBOX\r\n");
  await until(/^b OK/m);
  socket.write("c IDLE\r\n");
  await until(/^\+ idling/m);
  return {
    socket,
    user,
    async nextExists() {
      text = "";
      await until(/EXISTS/);
      return performance.timeOrigin + performance.now();
    },
  };
}
