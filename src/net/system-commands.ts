/**
 * Runs a delivery command: no shell, its own process group, the message on its standard input, the
 * beginning of its output kept. At the end of its time, and when it is done, the whole group is
 * ended, so that nothing of it lives on. Memory is bounded by prlimit(1) where there is one.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import type { CommandEnd, CommandRun, Commands } from "../base/commands.ts";
import { MailError } from "../base/errors.ts";
import { describeSocketError } from "./socket-errors.ts";

const MAX_OUTPUT_OCTETS = 8 * 1024;
const PRLIMIT = "/usr/bin/prlimit";
/** Output that somebody in the background still holds open is not waited for longer. */
const LAST_WORDS_MS = 1000;

export class SystemCommands implements Commands {
  readonly ownUid: number | undefined = process.getuid?.();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async run(run: CommandRun): Promise<CommandEnd> {
    const child = start(run);
    let hasTimedOut = false;
    const cancel = this.#clock.setTimer(run.timeoutMs, () => {
      hasTimedOut = true;
      killGroup(child);
    });
    const output = collect(child);
    try {
      const ended = endOf(child, this.#clock);
      // A program that does not read on is no fault of the message.
      const fed = feed(child, run.input).catch((error: unknown) => {
        killGroup(child);
        throw error;
      });
      const [end] = await Promise.all([ended, fed]);
      return { ...end, hasTimedOut, output: output() };
    } finally {
      cancel();
      if (child.exitCode === null && child.signalCode === null) killGroup(child);
    }
  }
}

function start(run: CommandRun): ChildProcess {
  const [program, ...words] = bounded(run);
  const { user, environment } = run;
  // With a uid, libuv gives up all supplementary groups too.
  return spawn(program, words, {
    cwd: "/",
    env: { ...environment },
    detached: true,
    shell: false,
    stdio: ["pipe", "pipe", "pipe"],
    ...(user !== undefined && { uid: user.uid, gid: user.gid }),
  });
}

function bounded({ words, memoryOctets }: CommandRun): readonly string[] {
  if (memoryOctets === 0 || !existsSync(PRLIMIT)) return words;
  return [PRLIMIT, `--data=${memoryOctets}`, "--core=0", "--", ...words];
}

function collect({ stdout, stderr }: ChildProcess): () => string {
  const pieces: Uint8Array[] = [];
  let room = MAX_OUTPUT_OCTETS;
  for (const stream of [stdout, stderr]) {
    stream?.on("error", () => {});
    stream?.on("data", (piece: Uint8Array) => {
      if (room > 0) pieces.push(piece.slice(0, room));
      room -= piece.length;
    });
  }
  return () => Buffer.concat(pieces).toString("latin1");
}

function endOf(
  child: ChildProcess,
  clock: Clock,
): Promise<Pick<CommandEnd, "exitCode" | "signal">> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      const problem = `${child.spawnfile}: ${describeSocketError(error)}`;
      reject(new MailError("refused", problem, { cause: error }));
    });
    const settle = (code: number | null, signal: string | null): void =>
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
    child.once("close", settle);
    child.once("exit", (code, signal) => {
      killGroup(child);
      clock.setTimer(LAST_WORDS_MS, () => settle(code, signal));
    });
  });
}

/** Resolves when all is written, or the program has closed its input or ended. */
async function feed(child: ChildProcess, input: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdin } = child;
  if (stdin === null) return;
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    const close = (): void => {
      isClosed = true;
      resolve();
    };
    stdin.on("error", close);
    child.once("exit", close);
    child.once("error", close);
  });
  for await (const piece of input) {
    if (isClosed) break;
    const hasRoom = stdin.write(piece);
    if (!hasRoom) await Promise.race([closed, drained(stdin)]);
  }
  if (!isClosed) stdin.end();
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => stream.once("drain", resolve));
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
