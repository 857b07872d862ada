/** The life of a server process: start, signals, reload, orderly end. What it runs is in `compose.ts`. */

import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { isatty } from "node:tty";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import { openStore } from "../store/sqlite/open-store.ts";
import type { Store } from "../store/contract.ts";
import { loadCertificates } from "./certificates.ts";
import type { Server, ServerParts } from "./compose.ts";
import type { FoundConfig } from "./config/find-config.ts";
import { changedSettings } from "./config/changed-settings.ts";
import { makeDataFolder } from "./data-folder.ts";
import { guardProcess } from "./guard-process.ts";
import { watchLauncher } from "./launcher-watch.ts";
import { makeFirstAccount } from "./first-start.ts";
import type { FirstAccount } from "./first-start.ts";
import { makeProcessLog } from "./process-log.ts";
import type { ProcessLog } from "./process-log.ts";
import { welcome } from "./welcome.ts";

export type ServeOptions = {
  /** First account and instructions also with a configuration file. */
  readonly welcome?: boolean;
};

/** Compiled code is written out once the start is over, so that a later crash doesn't cost the next start. */
const CACHE_FLUSH_MS = 5_000;

/** Runs until SIGTERM or SIGINT. `find` reads the configuration, now and at each SIGHUP. */
export async function serve(find: () => FoundConfig, options: ServeOptions = {}): Promise<void> {
  const found = find();
  const isFirstTry = found.file === undefined || options.welcome === true;
  const log = await makeProcessLog({
    ...found.settings.log,
    isTerminal: process.stdout.isTTY,
  });
  guardProcess(log);
  // Nobody else on this machine is to read mail, whatever the umask we were started with.
  process.umask(0o077);
  makeDataFolder(found.dataFolder);
  const stopped = stopSignal(log);
  // Most of the program is loaded while the store's thread starts.
  const composing = import("./compose.ts");
  composing.catch(() => {});
  const { packAfter, minFreeSpace } = found.settings.store;
  const store = await openStore({
    folder: found.dataFolder,
    clock: systemClock,
    random: systemRandom,
    log,
    compaction: { packAfterMs: packAfter === 0 ? Infinity : packAfter },
    minFreeOctets: minFreeSpace,
    buildsSearchIndex: true,
  });
  try {
    const { compose } = await composing;
    const { server, firstAccount } = await start(found, store, log, compose, isFirstTry);
    announce(found, server, log);
    if (isFirstTry) greet(found, server, firstAccount);
    setTimeout(() => flushCompileCache(), CACHE_FLUSH_MS).unref();
    const onHangup = reloader(find, found, server, log);
    process.on("SIGHUP", onHangup);
    const signal = await stopped;
    process.off("SIGHUP", onHangup);
    log.info("app.stopping", { signal, graceMs: found.settings.limits.drainTime });
    await server.stop(found.settings.limits.drainTime);
  } finally {
    await store.close();
    log.info("app.stopped");
    log.flush();
  }
}

async function start(
  found: FoundConfig,
  store: Store,
  log: ProcessLog,
  compose: (parts: ServerParts) => Promise<Server>,
  isFirstTry: boolean,
): Promise<{ server: Server; firstAccount: FirstAccount | undefined }> {
  const { settings, dataFolder } = found;
  const [certificates, firstAccount] = await Promise.all([
    loadCertificates({ ...settings, dataFolder, nowMs: Date.now() }),
    isFirstTry ? makeFirstAccount(store, systemRandom) : undefined,
  ]);
  const server = await compose({ settings, store, certificates, log, version: ownVersion() });
  return { server, firstAccount };
}

function announce(found: FoundConfig, server: Server, log: ProcessLog): void {
  log.info("app.started", {
    startedInMs: Math.round(performance.now()),
    services: server.listeners.endpoints.length,
    dataFolder: found.dataFolder,
    config: found.file,
    hostname: found.settings.hostname,
  });
}

/** On standard error: standard output may be a stream of JSON lines. */
function greet(found: FoundConfig, server: Server, firstAccount: FirstAccount | undefined): void {
  const { endpoints } = server.listeners;
  const startedInMs = performance.now();
  process.stderr.write(
    welcome({ endpoints, dataFolder: found.dataFolder, firstAccount, startedInMs }),
  );
}

/** Ctrl-C reaches us from the terminal and from a launcher that passes it on: that is one request. */
const SAME_REQUEST_MS = 1_000;

/** The first signal asks for an orderly end, a second one ends at once. */
function stopSignal(log: ProcessLog): Promise<string> {
  return new Promise((resolve) => {
    let askedMs: number | undefined;
    const onSignal = (signal: string): void => {
      if (askedMs !== undefined && performance.now() - askedMs < SAME_REQUEST_MS) return;
      if (askedMs !== undefined) {
        log.warn("app.stopped-at-once", { signal });
        log.flush();
        process.exit(1);
      }
      askedMs = performance.now();
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
    // After Ctrl-C the launcher ends too: that is no second request.
    watchLauncher(process.env, () => askedMs ?? onSignal("launcher ended"));
  });
}

function reloader(
  find: () => FoundConfig,
  first: FoundConfig,
  server: Server,
  log: ProcessLog,
): () => void {
  const reload = async (): Promise<void> => {
    const { settings, dataFolder } = find();
    log.setLevel(settings.log.level);
    const certificates = await loadCertificates({ ...settings, dataFolder, nowMs: Date.now() });
    await server.reload(settings, certificates);
    const needRestart = changedSettings(first.settings, settings);
    log.info("app.reloaded", needRestart.length > 0 ? { needRestart } : {});
  };
  const hadTerminal = process.stdout.isTTY;
  return () => {
    // A terminal that was closed means "end", a signal from somebody means "read again".
    if (hadTerminal && !isatty(1)) {
      process.kill(process.pid, "SIGTERM");
      return;
    }
    reload().catch((error: unknown) => {
      log.error("app.reload-failed", error, { kept: "what was right before" });
    });
  };
}

function ownVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return String((JSON.parse(text) as { version?: unknown }).version);
}
