/** `posthorn mail delete`, `move`, `copy`, `flag` and `save`. */

import { Option, type Command } from "commander";
import type { SaveFormat } from "../mua/save/save-message.ts";
import {
  deleteMessages,
  flagMessages,
  saveMessages,
  transferMessages,
} from "../mua/verbs/change-messages.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { collect, folderOf, mailVerb, runVerb } from "./mail-verb.ts";

/** `12 14 target`: the last word is where to. */
function uidsAndTarget(words: string[], verb: string): { uids: string[]; target: string } {
  const target = words.at(-1);
  if (target === undefined || words.length < 2) {
    throw new CliError(
      `${verb} needs messages and where they go: posthorn mail ${verb} 12 14 TARGET`,
      EXIT.usage,
    );
  }
  return { uids: words.slice(0, -1), target };
}

export function addChangingVerbs(mail: Command): void {
  mailVerb(mail, "delete <uid...>", "remove messages for good").action(
    async (uids: string[], _flags: object, command: Command) => {
      await runVerb(command, (session) =>
        deleteMessages(session, { folder: folderOf(command), uids }),
      );
    },
  );
  for (const how of ["move", "copy"] as const) {
    mailVerb(
      mail,
      `${how} <words...>`,
      `${how} messages to another mailbox: ${how} 12 14 Archive`,
    ).action(async (words: string[], _flags: object, command: Command) => {
      const { uids, target } = uidsAndTarget(words, how);
      await runVerb(command, (session) =>
        transferMessages(session, { folder: folderOf(command), uids }, how, target),
      );
    });
  }
  mailVerb(mail, "flag <uid...>", "mark messages: seen, flagged, answered, draft, or a keyword")
    .option("--add <flag>", "may be repeated", collect)
    .option("--remove <flag>", "may be repeated", collect)
    .action(
      async (uids: string[], flags: { add?: string[]; remove?: string[] }, command: Command) => {
        const changes = [
          ...(flags.add ?? []).map((flag) => `+${flag}`),
          ...(flags.remove ?? []).map((flag) => `-${flag}`),
        ];
        if (changes.length === 0)
          throw new CliError("nothing to change: give --add or --remove", EXIT.usage);
        await runVerb(command, (session) =>
          flagMessages(session, { folder: folderOf(command), uids }, changes),
        );
      },
    );
  mailVerb(
    mail,
    "save <words...>",
    "save messages: save 12 14 kept.mbox, one.eml, or folder/ for a Maildir",
  )
    .addOption(
      new Option("--format <format>", "instead of what the name says").choices([
        "mbox",
        "eml",
        "maildir",
      ]),
    )
    .option("--attachments", "save what is attached instead, into an existing folder")
    .action(
      async (
        words: string[],
        flags: { format?: SaveFormat; attachments?: boolean },
        command: Command,
      ) => {
        const { uids, target } = uidsAndTarget(words, "save");
        const { format, attachments = false } = flags;
        await runVerb(command, (session) =>
          saveMessages(session, { folder: folderOf(command), uids, target, format, attachments }),
        );
      },
    );
}
