#!/usr/bin/env node
/**
 * The door to Posthorn: plain JavaScript that any Node from 14.18 on can run. It finds a Node that is
 * new enough (the one we run under, or the one the checkout pins), and the face it was called by:
 * `sendmail`, `mailq` and `newaliases` are links to this file. The server starts with bounds on memory.
 */

import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const LEAST_NODE = 24;
const FACES = ["sendmail", "mailq", "newaliases"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2", "SIGCONT", "SIGWINCH"];

/**
 * glibc's allocator. Left alone it learns from the first 19 MB of work memory that a password check
 * gives back to keep such blocks, for each thread; and a heap for each thread is never given back.
 * (V8's garbage could be kept smaller in the same way, but collecting it so often made reading mail
 * take half as long again.)
 */
const SERVER_ALLOCATOR = {
  MALLOC_MMAP_THRESHOLD_: "1048576",
  MALLOC_TRIM_THRESHOLD_: "4194304",
  MALLOC_ARENA_MAX: "4",
};

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const root = dirname(here);

/** A checkout runs its sources; the published package has only what was built of them. */
function entry() {
  const source = join(root, "src", "cli", "main.ts");
  return existsSync(source) ? source : join(root, "dist", "cli", "main.js");
}

function pinnedNode() {
  const places = [
    join(root, "node_modules", "node", "bin", "node"),
    join(root, "node_modules", ".bin", "node"),
    join(root, "..", "node", "bin", "node"),
  ];
  return places.find((path) => existsSync(path) && realpathSync(path) !== process.execPath);
}

function runUnder(node) {
  const child = spawn(node, [process.argv[1], ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`posthorn: ${node} can't be run: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code === null ? 1 : code);
    for (const name of SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}

/**
 * It is read only as a process begins, so this one begins anew, with the same number. Whoever sets
 * MALLOC_MMAP_THRESHOLD_ has settled these things already.
 */
function beginAsServer() {
  const isSettled = process.env.MALLOC_MMAP_THRESHOLD_ !== undefined || process.send !== undefined;
  if (isSettled || typeof process.execve !== "function") return;
  // A profiler's timer goes on across it, and its signal ends a process that has no profiler yet.
  if (/--(?:cpu-)?prof\b/.test(`${process.env.NODE_OPTIONS ?? ""} ${process.execArgv.join(" ")}`))
    return;
  const args = [...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve(process.execPath, [process.argv0, ...args], {
      ...SERVER_ALLOCATOR,
      ...process.env,
    });
  } catch {
    // A platform that cannot: it runs as well, in more memory.
  }
}

function main() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < LEAST_NODE) {
    const node = pinnedNode();
    if (node !== undefined) return runUnder(node);
    process.stderr.write(
      `posthorn needs Node.js ${LEAST_NODE} or newer; this is ${process.versions.node}.\n` +
        "In a checkout, `npm ci` brings a Node of its own. Otherwise install a newer one from https://nodejs.org\n" +
        "or with your system's packages, and run posthorn again.\n",
    );
    process.exit(1);
  }
  if (process.argv.slice(2).includes("serve")) beginAsServer();
  // Compiled code is kept between starts where the package's folder may be written.
  if (nodeModule.enableCompileCache && existsSync(join(root, "node_modules"))) {
    const folder = join(root, "node_modules", ".cache", "posthorn");
    nodeModule.enableCompileCache(folder);
    // Threads look at the environment only.
    process.env.NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE || folder;
  }
  const face = basename(process.argv[1] || "").replace(/\.js$/, "");
  const args = process.argv.slice(2);
  const isFace = FACES.includes(face);
  const words = isFace ? [face, ...args] : args;
  import(pathToFileURL(entry()).href).then(
    ({ runCli }) => runCli(words, isFace),
    (error) => {
      process.stderr.write(`posthorn can't start: ${(error && error.stack) || error}\n`);
      process.exit(1);
    },
  );
}

main();
