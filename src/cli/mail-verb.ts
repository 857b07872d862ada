/** What the verbs of `posthorn mail` have in common: their options, and how they tell what came of them. */

import type { Command } from "commander";
import type { MailSession } from "../mua/session/mail-session.ts";
import type { VerbOutput } from "../mua/verbs/verb-output.ts";
import { withAccountOptions, withMailSession } from "./mail-options.ts";
import { printJson } from "./output.ts";

export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

export function folderOf(command: Command): string {
  return command.optsWithGlobals<{ folder?: string }>().folder ?? "INBOX";
}

/** A verb with the options that all of them take. */
export function mailVerb(mail: Command, words: string, description: string): Command {
  return withAccountOptions(mail.command(words))
    .description(description)
    .option("-f, --folder <mailbox>", "the mailbox (default: INBOX)")
    .option("--json", "as JSON");
}

/** Runs a verb and says what came of it. */
export async function runVerb<T extends VerbOutput>(
  command: Command,
  work: (session: MailSession) => Promise<T>,
): Promise<T> {
  const output = await withMailSession(command, work);
  if (command.opts<{ json?: boolean }>().json === true) printJson(output.json);
  else process.stdout.write(output.text);
  return output;
}
