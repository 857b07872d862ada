/** A process that accepts mail until it is killed, and what it said until then. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { silentLog } from "../../src/base/log.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import type { Store } from "../../src/store/contract.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";

export type DoomedOptions = {
  readonly folder: string;
  readonly firstId: number;
  /** Hooks for the store's writer (`kill-at.ts`). */
  readonly hooks?: URL;
  /** Where compiled code is kept from round to round: a killed process never saves it. */
  readonly compileCache: string;
  /** Put before the command, such as strace with its options. */
  readonly under?: readonly string[];
  /** Each line it says, and what may be done to it then. */
  readonly heard: (line: string, doom: Doom) => void;
};

export type Doom = {
  /** From here on it says nothing more, and promises nothing. What it has said is still heard. */
  readonly stop: () => void;
  /** Ends it on the spot. */
  readonly kill: () => void;
};

/** Resolves with the signal it died of, when it has died and all it said has been heard. */
export async function runUntilKilled(options: DoomedOptions): Promise<string | null> {
  const [command, ...args] = [
    ...(options.under ?? []),
    process.execPath,
    join(import.meta.dirname, "accepting-child.ts"),
    options.folder,
    String(options.firstId),
    ...(options.hooks === undefined ? [] : [options.hooks.href]),
  ];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: options.compileCache },
    detached: true,
  });
  const exited = once(child, "exit");
  // The whole group: strace leaves its child behind.
  const signal = (name: NodeJS.Signals) => (): void => void process.kill(-(child.pid ?? 0), name);
  const doom = { stop: signal("SIGSTOP"), kill: signal("SIGKILL") };
  for await (const line of createInterface({ input: child.stdout })) options.heard(line, doom);
  const [, deadBy] = (await exited) as [number | null, string | null];
  return deadBy;
}

export function openAgain(folder: string): Promise<Store> {
  return openStore({ folder, clock: systemClock, random: systemRandom, log: silentLog });
}

/** Three accounts, and the compiled code of a first run. */
export async function prepare(folder: string, compileCache: string): Promise<void> {
  const store = await openAgain(folder);
  await store.directory.addDomain({ name: "crash.test" });
  for (const name of ["a", "b", "c"]) {
    await store.directory.addAccount({ address: `${name}@crash.test`, password: "x" });
  }
  await store.close();
  const warm = ["writer", "open-store"].map(
    (name) => new URL(`../../src/store/sqlite/${name}.ts`, import.meta.url).href,
  );
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", warm.map((url) => `await import("${url}")`).join(";")],
    { stdio: "inherit", env: { ...process.env, NODE_COMPILE_CACHE: compileCache } },
  );
  await once(child, "exit");
}
