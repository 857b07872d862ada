/** The data folder before the store opens it: there, a folder, and ours. Mail is private, so it is its owner's alone. */

import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { MailError } from "../base/errors.ts";

const CHOOSE = "Choose another with --data, $POSTHORN_DATA or dataFolder in the configuration.";

/** Throws MailError `config-invalid` naming the folder, why it can't be made or used, and the way out. */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = codeOf(error);
    // It is there already, but as something else: what, is said below.
    if (code !== "EEXIST") throw refused(`${folder} can't be made (${code}). ${CHOOSE}`, error);
  }
  requireOwnFolder(folder);
}

/** Throws as `makeDataFolder` does when `folder`, which is there, can't be used. */
export function requireOwnFolder(folder: string): void {
  const { uid, owner, isFolder } = lookAt(folder);
  if (!isFolder) throw refused(`${folder} is a file, not a folder. ${CHOOSE}`);
  if (uid !== 0 && owner !== uid) {
    throw refused(
      `${folder} belongs to another user (uid ${owner}; this is ${uid}). Run this as that user.`,
    );
  }
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refused(`${folder} can't be read and written (${codeOf(error)}): chmod 700`, error);
  }
}

function lookAt(folder: string): { uid: number; owner: number; isFolder: boolean } {
  try {
    const facts = statSync(folder);
    const uid = process.getuid?.() ?? facts.uid;
    return { uid, owner: facts.uid, isFolder: facts.isDirectory() };
  } catch (error) {
    throw refused(`${folder} can't be looked at (${codeOf(error)}). ${CHOOSE}`, error);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

function refused(sentence: string, cause?: unknown): MailError {
  return new MailError("config-invalid", `the data folder ${sentence}`, { cause });
}
