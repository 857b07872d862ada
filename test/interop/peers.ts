/**
 * Real mail programs as peers. A program that is not installed makes its test a reported skip;
 * with POSTHORN_REQUIRE_PEERS set (continuous integration installs them all) it makes it fail.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

export type Finished = {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** A test that needs `programs`. */
export function peerTest(
  name: string,
  programs: readonly string[],
  body: (context: TestContext) => Promise<void>,
): void {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) {
    test(name, body);
  } else if (process.env.POSTHORN_REQUIRE_PEERS) {
    test(name, () => {
      throw new Error(`not installed: ${missing.join(", ")}`);
    });
  } else {
    test(name, { skip: `not installed: ${missing.join(", ")}` }, body);
  }
}

/** Where `fetch-mtas.sh` puts the mail servers that Debian does not install side by side. */
const MTAS = join(process.env.POSTHORN_PEER_MTAS ?? "/var/cache/posthorn-peers", "usr/sbin");

/** `root` is no program, but servers that change their user need it. */
export function findProgram(program: string): string | undefined {
  if (program === "root") return process.getuid?.() === 0 ? "root" : undefined;
  return [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", MTAS]
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
}

/** Runs a program to its end, at most `timeoutMs`; its output as text, one character per octet. */
export function run(
  program: string,
  args: readonly string[],
  options: {
    readonly input?: string | Buffer;
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<Finished> {
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs ?? 60_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("latin1").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("latin1").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {});
  child.stdin.end(options.input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ status: code ?? -1, stdout, stderr: signal ? `${stderr}[${signal}]` : stderr }),
    );
  });
}
