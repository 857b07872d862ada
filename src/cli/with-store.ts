/** Opens the store that a running server uses (several processes may) for one command, and closes it again. */

import { existsSync } from "node:fs";
import type { Command } from "commander";
import { findConfig } from "../app/config/find-config.ts";
import type { FoundConfig } from "../app/config/find-config.ts";
import { makeDataFolder, requireOwnFolder } from "../app/data-folder.ts";
import { silentLog } from "../base/log.ts";
import { systemClock } from "../net/system-clock.ts";
import { systemRandom } from "../net/system-random.ts";
import type { Store } from "../store/contract.ts";
import { openStore } from "../store/sqlite/open-store.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";

export function configOf(command: Command): FoundConfig {
  const { config, data, isFace } = command.optsWithGlobals<{
    config?: string;
    data?: string;
    isFace?: boolean;
  }>();
  return findConfig(
    {
      ...(config !== undefined && { config }),
      ...(data !== undefined && { data }),
      ...(isFace === true && { isFace }),
    },
    process.env,
    process.cwd(),
  );
}

export async function withStore<T>(
  command: Command,
  work: (store: Store, found: FoundConfig) => Promise<T> | T,
): Promise<T> {
  const found = configOf(command);
  requireDataFolder(found);
  const store = await openStore({
    folder: found.dataFolder,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    watchIntervalMs: 0,
  });
  try {
    return await work(store, found);
  } finally {
    await store.close();
  }
}

/** A folder that a configuration file names is made; any other may be a slip of the finger, or the wrong place. */
function requireDataFolder({ dataFolder, file, settings }: FoundConfig): void {
  if (existsSync(dataFolder)) return requireOwnFolder(dataFolder);
  if (file !== undefined && dataFolder === settings.dataFolder) {
    makeDataFolder(dataFolder);
    return;
  }
  throw new CliError(
    `there is no data folder ${dataFolder}. Start \`posthorn serve\` once, or say where it is with --data or $POSTHORN_DATA.`,
    EXIT.config,
  );
}
