/**
 * Finds the configuration and the data folder for any command, the same way for all: what the
 * command line says, then the environment, then the usual places. Reads files; changes nothing.
 */

import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { MailError } from "../../base/errors.ts";
import { toAsciiDomain } from "../../net/idna.ts";
import { withAbsolutePaths } from "./absolute-paths.ts";
import { defaultSettings, describeProblems, readConfig } from "./read-config.ts";
import type { Settings } from "./settings-shape.ts";

export type ConfigChoice = {
  readonly config?: string;
  readonly data?: string;
  /**
   * Called as sendmail or mailq, by programs, in whatever folder they are: what lies there may be
   * anybody's, so it is not looked at.
   */
  readonly isFace?: boolean;
};

export type FoundConfig = {
  readonly settings: Settings;
  /** Undefined: no file, the defaults hold. */
  readonly file: string | undefined;
  /** Absolute. */
  readonly dataFolder: string;
};

const SYSTEM_FILE = "/etc/posthorn/posthorn.toml";

/** Throws MailError `config-invalid`; its message has a line for each problem. */
export function findConfig(
  choice: ConfigChoice,
  environment: Readonly<Record<string, string | undefined>>,
  workingFolder: string,
): FoundConfig {
  const named = choice.config ?? nonEmpty(environment["POSTHORN_CONFIG"]);
  const file =
    named === undefined ? usualFile(choice, workingFolder) : resolve(workingFolder, named);
  const read = file === undefined ? defaultSettings() : readSettings(file);
  const base = file === undefined ? workingFolder : dirname(file);
  const settings = withMachineName(withAbsolutePaths(read, base));
  const data = choice.data ?? nonEmpty(environment["POSTHORN_DATA"]);
  if (choice.isFace && file === undefined && data === undefined) {
    throw new MailError(
      "config-invalid",
      `there is no ${SYSTEM_FILE}, and neither $POSTHORN_CONFIG nor $POSTHORN_DATA is set`,
    );
  }
  return {
    settings,
    file,
    dataFolder: data === undefined ? settings.dataFolder : resolve(workingFolder, data),
  };
}

function readSettings(file: string): Settings {
  let source: string;
  try {
    source = readFileSync(file, "utf8");
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : String(error);
    throw new MailError("config-invalid", `${file}: ${reason}`, { cause: error });
  }
  const outcome = readConfig(source);
  if (outcome.ok) return outcome.settings;
  throw new MailError("config-invalid", describeProblems(file, outcome.problems));
}

function usualFile({ isFace }: ConfigChoice, workingFolder: string): string | undefined {
  const here = resolve(workingFolder, "posthorn.toml");
  const owner = isFace ? undefined : ownerOf(here);
  if (owner === undefined) return ownerOf(SYSTEM_FILE) === undefined ? undefined : SYSTEM_FILE;
  // A file that somebody else has put where we happen to be must not decide what we run with.
  if (owner !== 0 && owner !== process.getuid?.()) {
    throw new MailError(
      "config-invalid",
      `${here} belongs to another user. If it is the right one, say so with --config.`,
    );
  }
  return here;
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

/** "localhost" as our name would be refused by half the world, so the machine's own is better. */
function withMachineName(settings: Settings): Settings {
  if (settings.hostname !== "localhost") return settings;
  return { ...settings, hostname: toAsciiDomain(hostname()) ?? "localhost" };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
