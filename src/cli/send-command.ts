/** `posthorn send`: a message from the command line, for people and scripts. */

import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { MailError } from "../base/errors.ts";
import { addressKey, parseAddress, type Address } from "../message/addr-spec.ts";
import { isFieldName } from "../message/field-format.ts";
import { emptyLetter, type Letter } from "../mua/compose/letter.ts";
import { writeAddresses } from "../mua/compose/reply.ts";
import { prepareRawMessage } from "../mua/compose/raw-message.ts";
import { attachFile } from "../mua/compose/attach-file.ts";
import { throwFileError } from "../base/file-error.ts";
import type { MailSession } from "../mua/session/mail-session.ts";
import { sendLetter, toldOfSending, type SendOutput } from "../mua/verbs/send-message.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import { withAccountOptions } from "./mail-options.ts";
import { collect, runVerb } from "./mail-verb.ts";
import { readInput, readInputText } from "./read-input.ts";

const EXAMPLES = `
Examples:
  $ echo "See you at eight" | posthorn send -s "Tonight" bert@example.net
  $ posthorn send -s "The photos" -a one.jpg -a two.jpg --cc carla@example.org bert@example.net < text
  $ posthorn send -t < message.eml                      recipients and subject are in the message
  $ posthorn send --smtp submissions://anna@mail.example.org -s Hello -b "Hi!" bert@example.net
`;

type SendFlags = {
  subject?: string;
  body?: string;
  attach?: string[];
  cc?: string[];
  bcc?: string[];
  html?: string;
  header?: string[];
  raw?: boolean;
  copy: boolean;
};

export function addSendCommand(program: Command): void {
  withAccountOptions(program.command("send [to...]"))
    .description("send a message; its text comes from standard input")
    .option("-s, --subject <text>", "the subject")
    .option("-b, --body <text>", "the text, instead of standard input")
    .option("-a, --attach <file>", "attach a file; may be repeated", collect)
    .option("-c, --cc <address>", "may be repeated", collect)
    .option("--bcc <address>", "may be repeated", collect)
    .option("--html <file>", "the same as HTML")
    .option(
      "--header <field>",
      'a further header field, "X-Shift: night"; may be repeated',
      collect,
    )
    .option("-t, --raw", "standard input is a whole message; its header says who gets it")
    .option("--no-copy", "keep no copy in the mailbox for sent mail")
    .option("--json", "as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (to: string[], flags: SendFlags, command: Command) => {
      const { isComplete } = await (flags.raw === true
        ? sendRaw(to, flags, command)
        : sendWritten(to, flags, command));
      if (!isComplete) process.exitCode = EXIT.failed;
    });
}

async function sendWritten(
  to: string[],
  flags: SendFlags,
  command: Command,
): Promise<{ isComplete: boolean }> {
  const { subject = "", cc = [], bcc = [] } = flags;
  if (to.length + cc.length + bcc.length === 0) {
    throw new CliError("to whom? posthorn send -s SUBJECT ADDRESS", EXIT.usage);
  }
  const fields = (flags.header ?? []).map(readField);
  const content: Pick<Letter, "text" | "html" | "attachments"> = {
    attachments: await Promise.all((flags.attach ?? []).map(attachFile)),
    html:
      flags.html === undefined
        ? undefined
        : await readFile(flags.html, "utf8").catch(throwFileError(flags.html)),
    text: flags.body === undefined ? await readInputText() : `${flags.body}\n`,
  };
  return runVerb(command, (session) =>
    sendLetter(
      session,
      {
        ...emptyLetter(writeAddresses([session.from])),
        to: to.join(", "),
        cc: cc.join(", "),
        bcc: bcc.join(", "),
        subject,
        fields,
        ...content,
      },
      { keepCopy: flags.copy },
    ),
  );
}

function readField(text: string): { name: string; text: string } {
  const colon = text.indexOf(":");
  const name = text.slice(0, colon).trim();
  if (colon < 1 || !isFieldName(name)) {
    throw new CliError(`--header: "${text}" is no header field; write "Name: text"`, EXIT.usage);
  }
  return { name, text: text.slice(colon + 1).trim() };
}

async function sendRaw(
  to: string[],
  flags: SendFlags,
  command: Command,
): Promise<{ isComplete: boolean }> {
  const input = await readInput();
  return runVerb(command, (session) => dispatchRaw(session, input, to, flags));
}

async function dispatchRaw(
  session: MailSession,
  input: Uint8Array,
  to: readonly string[],
  { copy: keepCopy }: SendFlags,
): Promise<SendOutput> {
  const stamp = session.stamp();
  const message = prepareRawMessage(input, { ...stamp, from: session.from }, () => undefined);
  if (!message.ok) throw new MailError("refused", message.problem);
  const { octets, copy, headerRecipients } = message.value;
  const named = [...headerRecipients, ...to.map(readRecipient)];
  const recipients = [...new Map(named.map((one) => [addressKey(one), one])).values()];
  if (recipients.length === 0) throw new MailError("refused", "the message names no recipient");
  const reversePath = session.from.address;
  const report = await session.dispatch({ reversePath, recipients, octets, copy }, { keepCopy });
  return toldOfSending({ ...report, messageId: stamp.messageId });
}

function readRecipient(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new CliError(`"${text}" is no address: ${parsed.problem}`, EXIT.usage);
  return parsed.value;
}
