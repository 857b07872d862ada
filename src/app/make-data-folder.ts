/** Makes the data folder where there is none yet, for this user's eyes alone: mail is private. */

import { mkdirSync } from "node:fs";
import { MailError } from "../base/errors.ts";

/** Throws MailError `config-invalid` naming the folder, why it can't be made, and where to choose another. */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new MailError(
      "config-invalid",
      `the data folder ${folder} can't be made (${code}). Choose another with --data, $POSTHORN_DATA or dataFolder in the configuration.`,
      { cause: error },
    );
  }
}
