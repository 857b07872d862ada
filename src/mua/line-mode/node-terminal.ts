/**
 * A Terminal on the process's own streams: readline where a person sits, plain lines where a script
 * does; pager, editor and shell as the environment names them.
 */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { MailError } from "../../base/errors.ts";
import { screenLines } from "../text/screen-text.ts";
import { Interrupted } from "./interrupted.ts";
import type { Terminal } from "./terminal.ts";

type Waiting = {
  readonly resolve: (line: string | undefined) => void;
  readonly reject: (error: unknown) => void;
};

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

export class NodeTerminal implements Terminal {
  readonly isInteractive: boolean;
  #readline: Interface | undefined;
  readonly #lines: string[] = [];
  #waiting: Waiting | undefined;
  #hasEnded = false;

  constructor() {
    this.isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  }

  get columns(): number {
    // Some terminals say 0 until they know better.
    return process.stdout.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return process.stdout.rows || DEFAULT_ROWS;
  }

  readLine(prompt: string): Promise<string | undefined> {
    const ready = this.#lines.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.#hasEnded) return Promise.resolve(undefined);
    const readline = this.#open();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (!this.isInteractive) return;
      readline.setPrompt(screenLines(prompt));
      readline.prompt();
    });
  }

  write(text: string): void {
    process.stdout.write(screenLines(text));
  }

  complain(text: string): void {
    process.stderr.write(`${screenLines(text).trimEnd()}\n`);
  }

  async page(text: string): Promise<void> {
    const pager = process.env["PAGER"] ?? "less";
    const isShort = text.split("\n").length < this.rows;
    if (!this.isInteractive || isShort || pager === "") return this.write(text);
    const code = await this.shell(pager, new TextEncoder().encode(screenLines(text)));
    // 127: the shell found no such pager
    if (code === 127) this.write(text);
  }

  async edit(text: string): Promise<string> {
    const editor = process.env["VISUAL"] ?? process.env["EDITOR"] ?? "vi";
    const folder = await mkdtemp(join(tmpdir(), "posthorn-"));
    const file = join(folder, "message.txt");
    try {
      await writeFile(file, text, { mode: 0o600 });
      // The file's name is an argument of its own, never part of the command.
      const code = await this.#run(["-c", `${editor} "$1"`, "sh", file]);
      if (code !== 0)
        throw new MailError("refused", `the editor ${editor} ended with exit code ${code}`);
      return await readFile(file, "utf8");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  shell(command: string, input?: Uint8Array): Promise<number> {
    return this.#run(["-c", command], input);
  }

  close(): void {
    this.#suspend();
  }

  #run(args: readonly string[], input?: Uint8Array): Promise<number> {
    this.#suspend();
    const stdin = input !== undefined ? "pipe" : this.isInteractive ? "inherit" : "ignore";
    return new Promise((resolve, reject) => {
      const child = spawn("/bin/sh", args, { stdio: [stdin, "inherit", "inherit"] });
      child.on("error", (error) => reject(new MailError("refused", `no shell: ${error.message}`)));
      child.on("exit", (code) => resolve(code ?? 1));
      // A command may end before it has read everything.
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }

  #open(): Interface {
    if (this.#readline !== undefined) return this.#readline;
    const readline = createInterface({
      input: process.stdin,
      ...(this.isInteractive && { output: process.stdout }),
      terminal: this.isInteractive,
    });
    this.#readline = readline;
    readline.on("line", (line) => this.#deliver(line));
    readline.on("close", () => {
      // Closed by us for a child process, or by the end of input.
      if (this.#readline !== readline) return;
      this.#readline = undefined;
      this.#hasEnded = true;
      if (this.isInteractive) process.stdout.write("\n");
      this.#deliver(undefined);
    });
    readline.on("SIGINT", () => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      process.stdout.write("\n");
      waiting?.reject(new Interrupted());
    });
    return readline;
  }

  /** Gives the terminal to a child process. */
  #suspend(): void {
    const readline = this.#readline;
    // Lines of a script are all read ahead: closing would lose what is still to come.
    if (!this.isInteractive || readline === undefined) return;
    this.#readline = undefined;
    readline.close();
  }

  #deliver(line: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) waiting.resolve(line);
    else if (line !== undefined) this.#lines.push(line);
  }
}
