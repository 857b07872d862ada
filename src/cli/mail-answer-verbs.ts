/** `posthorn mail reply` and `forward`. */

import type { Command } from "commander";
import { attachFile } from "../mua/compose/attach-file.ts";
import { forwardTo, replyTo, type AnswerOptions } from "../mua/verbs/send-message.ts";
import { EXIT } from "./exit-codes.ts";
import { collect, folderOf, mailVerb, runVerb } from "./mail-verb.ts";
import { readInputText } from "./read-input.ts";

type AnswerFlags = {
  body?: string;
  attach?: string[];
  copy: boolean;
  all?: boolean;
  list?: boolean;
  quote: boolean;
  attached?: boolean;
};

function answerVerb(mail: Command, words: string, description: string): Command {
  return mailVerb(mail, words, description)
    .option("-b, --body <text>", "the text; without it, standard input")
    .option("-a, --attach <file>", "attach a file; may be repeated", collect)
    .option("--no-copy", "keep no copy in the mailbox for sent mail");
}

async function answerOptions(
  uid: string,
  flags: AnswerFlags,
  command: Command,
  needsText: boolean,
): Promise<AnswerOptions> {
  const typed = flags.body === undefined ? undefined : `${flags.body}\n`;
  const isPiped = process.stdin.isTTY !== true;
  return {
    folder: folderOf(command),
    uid,
    text: typed ?? (needsText || isPiped ? await readInputText() : ""),
    attachments: await Promise.all((flags.attach ?? []).map(attachFile)),
    keepCopy: flags.copy,
  };
}

export function addAnsweringVerbs(mail: Command): void {
  answerVerb(mail, "reply <uid>", "answer a message; the text comes from standard input")
    .option("--all", "answer everybody who got it")
    .option("--list", "answer the list it came over")
    .option("--no-quote", "do not quote it")
    .action(async (uid: string, flags: AnswerFlags, command: Command) => {
      const options = await answerOptions(uid, flags, command, true);
      const { isComplete } = await runVerb(command, (session) =>
        replyTo(session, {
          ...options,
          to: flags.list === true ? "list" : flags.all === true ? "all" : "sender",
          quote: flags.quote,
        }),
      );
      if (!isComplete) process.exitCode = EXIT.failed;
    });
  answerVerb(
    mail,
    "forward <uid> <to...>",
    "pass a message on, with words of one's own from standard input or --body",
  )
    .option("--attached", "the message as it is, as an attachment")
    .action(async (uid: string, to: string[], flags: AnswerFlags, command: Command) => {
      const options = await answerOptions(uid, flags, command, false);
      const { isComplete } = await runVerb(command, (session) =>
        forwardTo(session, {
          ...options,
          to: to.join(", "),
          asAttachment: flags.attached ?? false,
        }),
      );
      if (!isComplete) process.exitCode = EXIT.failed;
    });
}
