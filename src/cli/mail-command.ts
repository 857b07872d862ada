/** `posthorn mail`: a mail program for the terminal, and its verbs for scripts. */

import { Option, type Command } from "commander";
import { SORT_KEYS, type SortKey } from "../mua/folder/sort-order.ts";
import { NodeTerminal } from "../mua/line-mode/node-terminal.ts";
import { runLineMode } from "../mua/line-mode/line-mode.ts";
import type { MailSession } from "../mua/session/mail-session.ts";
import { listMailboxes } from "../mua/verbs/list-mailboxes.ts";
import { listMessages } from "../mua/verbs/list-messages.ts";
import { readAttachment, readOne, readRaw } from "../mua/verbs/read-message.ts";
import { readCount } from "./arguments.ts";
import { addAnsweringVerbs } from "./mail-answer-verbs.ts";
import { addChangingVerbs } from "./mail-change-verbs.ts";
import { withAccountOptions, withMailSession } from "./mail-options.ts";
import { collect, folderOf, mailVerb, runVerb } from "./mail-verb.ts";

const EXAMPLES = `
Without a verb it is a program in the tradition of mailx: ? lists its commands.

Examples:
  $ posthorn mail                                       your mail on this machine
  $ posthorn mail --user anna@example.org
  $ posthorn mail --imap imaps://anna@mail.example.org --smtp submissions://anna@mail.example.org
  $ posthorn mail list --sort date --limit 20
  $ posthorn mail search from:bert is:unread --json
  $ posthorn mail read 12
  $ posthorn mail reply 12 < answer.txt
  $ posthorn mail save 12 14 kept.mbox
  $ posthorn mail delete 12
`;

export function addMailCommand(program: Command): void {
  const mail = withAccountOptions(program.command("mail"))
    .description("read and write mail")
    .option("-f, --folder <mailbox>", "the mailbox (default: INBOX)")
    .option("-R, --read-only", "change nothing")
    .option("-S, --set <name[=value]>", "a setting of the program; may be repeated", collect)
    .addHelpText("after", EXAMPLES)
    .action(async (_options: object, command: Command) => {
      const { set, readOnly } = command.opts<{ set?: string[]; readOnly?: boolean }>();
      process.exitCode = await withMailSession(command, (session) =>
        interact(session, folderOf(command), { set, readOnly }),
      );
    });
  addListing(mail);
  addReading(mail);
  addAnsweringVerbs(mail);
  addChangingVerbs(mail);
}

async function interact(
  session: MailSession,
  folder: string,
  { set, readOnly }: { set?: string[]; readOnly?: boolean },
): Promise<number> {
  const terminal = new NodeTerminal();
  try {
    return await runLineMode(session, terminal, { folder, readOnly, settings: set });
  } finally {
    terminal.close();
  }
}

type ListFlags = { sort: SortKey; reverse?: boolean; limit?: number; unread?: boolean };

function addListing(mail: Command): void {
  const list = async (query: string[], flags: ListFlags, command: Command): Promise<void> => {
    await runVerb(command, (session) =>
      listMessages(session, {
        folder: folderOf(command),
        query: flags.unread === true ? [...query, "is:unread"] : query,
        sort: flags.sort,
        reverse: flags.reverse ?? false,
        limit: flags.limit,
        columns: process.stdout.columns ?? 200,
      }),
    );
  };
  const withOrder = (verb: Command): Command =>
    verb
      .addOption(new Option("--sort <key>", "the order").choices(SORT_KEYS).default("arrival"))
      .option("-r, --reverse", "the other way round")
      .option("-n, --limit <count>", "at most so many, the latest", readCount);
  withOrder(mailVerb(mail, "list", "list messages; the number is the UID that other verbs take"))
    .option("--unread", "only those not read")
    .action((flags: ListFlags, command: Command) => list([], flags, command));
  withOrder(
    mailVerb(
      mail,
      "search <words...>",
      "list messages that match: words, from:x, subject:x, is:unread, since:2026-01-31, larger:1M",
    ),
  ).action(list);
  mailVerb(mail, "folders", "list mailboxes").action(async (_flags: object, command: Command) => {
    await runVerb(command, listMailboxes);
  });
}

type ReadFlags = { raw?: boolean; headers?: boolean; part?: number; peek?: boolean };

function addReading(mail: Command): void {
  mailVerb(mail, "read <uid>", "read a message, and mark it as read")
    .option("--headers", "every header field")
    .option("--peek", "leave it unread")
    .option("--raw", "the message as it came, to standard output")
    .option("--part <number>", "an attachment, decoded, to standard output", readCount)
    .action(async (uid: string, flags: ReadFlags, command: Command) => {
      const where = { folder: folderOf(command), uid, peek: flags.peek ?? false };
      const { part } = flags;
      if (flags.raw === true || part !== undefined) {
        const octets = await withMailSession(command, (session) =>
          part === undefined ? readRaw(session, where) : readAttachment(session, where, part),
        );
        process.stdout.write(octets);
        return;
      }
      const columns = process.stdout.columns ?? 80;
      await runVerb(command, (session) =>
        readOne(session, { ...where, columns, allFields: flags.headers ?? false }),
      );
    });
}
