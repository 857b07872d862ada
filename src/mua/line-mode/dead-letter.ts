/** Where mailx keeps text that was not sent: `$DEAD`, or ~/dead.letter. */

import { appendFile } from "node:fs/promises";
import { isMailError } from "../../base/errors.ts";
import { throwFileError } from "../../base/file-error.ts";
import type { Terminal } from "./terminal.ts";

export function deadLetterPath(): string {
  return process.env.DEAD ?? `${process.env.HOME ?? "."}/dead.letter`;
}

/** Never rejects: it stands where something else has failed already, and that is what must be told. */
export async function keepDeadLetter(text: string, terminal: Terminal): Promise<void> {
  if (text.trim() === "") return;
  const path = deadLetterPath();
  try {
    const lines = text.endsWith("\n") ? text : `${text}\n`;
    await appendFile(path, lines, { mode: 0o600 }).catch(throwFileError(path));
    terminal.complain(`the text is kept in ${path}`);
  } catch (error) {
    if (!isMailError(error)) throw error;
    terminal.complain(`the text could not be kept: ${error.message}`);
  }
}
