/** Where mailx keeps text that was not sent: `$DEAD`, or ~/dead.letter. */

import { appendFile } from "node:fs/promises";
import type { Terminal } from "./terminal.ts";

export function deadLetterPath(): string {
  return process.env.DEAD ?? `${process.env.HOME ?? "."}/dead.letter`;
}

export async function keepDeadLetter(text: string, terminal: Terminal): Promise<void> {
  if (text.trim() === "") return;
  await appendFile(deadLetterPath(), text.endsWith("\n") ? text : `${text}\n`, { mode: 0o600 });
  terminal.complain(`the text is kept in ${deadLetterPath()}`);
}
