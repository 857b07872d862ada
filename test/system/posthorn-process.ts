/**
 * Posthorn as an operator runs it: a process of its own with a configuration file and a data folder,
 * here in a temporary place and on free ports of the loopback interface.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, type Finished } from "../interop/peers.ts";

const bin = join(import.meta.dirname, "../../bin/posthorn.js");
const SERVICES = ["smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s"] as const;

export type Ports = Readonly<Record<(typeof SERVICES)[number], number>>;

export type PosthornProcess = {
  readonly ports: Ports;
  readonly pid: number;
  /** Milliseconds from spawn to the first accepted connection on every port. */
  readonly startMs: number;
  /** Everything it has written so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and waits. Throws if it did not end well. */
  stop(): Promise<void>;
};

export type PosthornFolder = {
  readonly path: string;
  readonly config: string;
  readonly ports: Ports;
  start(): Promise<PosthornProcess>;
  /** `posthorn ARGS…` on this configuration. */
  cli(...args: string[]): Promise<Finished>;
  /** The same, and throws unless it succeeds. */
  must(...args: string[]): Promise<Finished>;
  addAccount(address: string, password: string): Promise<void>;
};

type Ending = { after(fn: () => void | Promise<void>): void };

/** A folder with a configuration; gone, with every process started in it, when the test ends. */
export async function makePosthornFolder(
  context: Ending,
  options: {
    /** More of posthorn.toml. */
    readonly config?: string;
    readonly host?: string;
    /** A port that must be this one, where several hosts share it. */
    readonly smtpPort?: number;
  } = {},
): Promise<PosthornFolder> {
  const { config: extraConfig = "", host = "127.0.0.1" } = options;
  const path = mkdtempSync(join(tmpdir(), "posthorn-system-"));
  const config = join(path, "posthorn.toml");
  const free = await freePorts(host);
  const ports = { ...free, smtp: options.smtpPort ?? free.smtp };
  writeFileSync(
    config,
    [
      extraConfig.includes("hostname") ? "" : 'hostname = "mx.posthorn.test"',
      'dataFolder = "data"',
      extraConfig,
      "[listen]",
      ...SERVICES.map((service) => `${service} = "${host}:${ports[service]}"`),
      "",
    ].join("\n"),
  );
  const running = new Set<PosthornProcess>();
  context.after(async () => {
    for (const server of running) {
      server.kill("SIGKILL");
      await server.ended;
    }
    rmSync(path, { recursive: true, force: true });
  });
  const withInput = (args: readonly string[], input?: string): Promise<Finished> =>
    run(process.execPath, [bin, ...args, "--config", config], { cwd: path, input });
  const cli = (...args: string[]): Promise<Finished> => withInput(args);
  return {
    path,
    config,
    ports,
    cli,
    must: async (...args) => successful(args, await cli(...args)),
    async addAccount(address, password) {
      const args = ["account", "add", address, "--password-stdin"];
      successful(args, await withInput(args, password));
    },
    async start() {
      const server = await startProcess(config, path, ports, host);
      running.add(server);
      void server.ended.then(() => running.delete(server));
      return server;
    },
  };
}

function successful(args: readonly string[], finished: Finished): Finished {
  if (finished.status === 0) return finished;
  throw new Error(
    `posthorn ${args.join(" ")}: ${finished.status}\n${finished.stdout}${finished.stderr}`,
  );
}

async function startProcess(
  config: string,
  cwd: string,
  ports: Ports,
  host: string,
): Promise<PosthornProcess> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [bin, "serve", "--config", config], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on("close", (code, signal) => resolve(signal ?? code ?? -1));
  });
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (const port of Object.values(ports)) {
    while (!(await isListening(port, host))) {
      if (isOver) throw new Error(`posthorn serve ended before it listened:\n${output}`);
      if (performance.now() - startedMs > 30_000) {
        child.kill("SIGKILL");
        throw new Error(`posthorn serve does not listen on ${port}:\n${output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  return {
    ports,
    pid: child.pid ?? 0,
    startMs: performance.now() - startedMs,
    output: () => output,
    kill: (signal) => void child.kill(signal),
    ended,
    async stop() {
      child.kill("SIGTERM");
      const result = await ended;
      if (result !== 0) throw new Error(`posthorn serve ended with ${result}:\n${output}`);
    },
  };
}

function isListening(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

export async function freePorts(host: string): Promise<Ports> {
  const servers = await Promise.all(
    SERVICES.map(
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.on("error", reject);
          server.listen(0, host, () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(SERVICES.map((service, n) => [service, ports[n]])) as Ports;
}
