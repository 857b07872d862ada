/** `send`, `mail reply` and `mail forward`: a letter goes out, and what became of it is told. */

import { MailError } from "../../base/errors.ts";
import { makeForward } from "../compose/forward.ts";
import type { Letter } from "../compose/letter.ts";
import { makeReply } from "../compose/reply.ts";
import type { MailSession, SentReport } from "../session/mail-session.ts";
import { readMessage } from "../view/readable.ts";
import { numbersOf, octetsOf } from "./named-messages.ts";
import type { VerbOutput } from "./verb-output.ts";

export type SendOutput = VerbOutput & {
  /** Nobody was refused. */
  readonly isComplete: boolean;
};

/** Rejects when nobody was sent anything; a recipient refused among others is told. */
export async function sendLetter(
  session: MailSession,
  letter: Letter,
  options: { readonly keepCopy: boolean },
): Promise<SendOutput> {
  const { signature } = session.account;
  if (signature !== undefined && signature !== "") letter.text += `-- \n${signature.trimEnd()}\n`;
  return toldOfSending(await session.send(letter, options));
}

export function toldOfSending(report: SentReport): SendOutput {
  const { accepted, refused, messageId, copyIn, copyProblem } = report;
  if (accepted.length === 0) {
    const why = refused.map(({ recipient, problem }) => `${recipient}: ${problem}`).join("; ");
    const temporary = refused.every(({ isTemporary }) => isTemporary);
    throw new MailError("refused", `nothing was sent. ${why}`, { temporary });
  }
  const lines = [
    `sent to ${accepted.join(", ")}`,
    ...refused.map(({ recipient, problem }) => `${recipient} was refused: ${problem}`),
    ...(copyProblem === undefined ? [] : [`no copy could be kept: ${copyProblem}`]),
  ];
  return {
    text: lines.map((line) => `${line}\n`).join(""),
    json: { messageId, accepted, refused, copyIn: copyIn ?? null },
    isComplete: refused.length === 0,
  };
}

export type AnswerOptions = {
  readonly folder: string;
  readonly uid: string;
  readonly text: string;
  readonly attachments: Letter["attachments"];
  readonly keepCopy: boolean;
};

export async function replyTo(
  session: MailSession,
  options: AnswerOptions & { readonly to: "sender" | "all" | "list"; readonly quote: boolean },
): Promise<SendOutput> {
  const folder = await session.open(options.folder);
  const [number] = numbersOf(folder, [options.uid]);
  const message = readMessage(await octetsOf(folder, number));
  const { from, own } = session;
  const letter = makeReply(message, { from, own, to: options.to, quote: options.quote });
  letter.text = options.quote ? `${letter.text}\n${options.text}` : options.text;
  letter.attachments.push(...options.attachments);
  const output = await sendLetter(session, letter, options);
  await folder.addFlags([number], ["\\Answered", "\\Seen"]);
  return output;
}

export async function forwardTo(
  session: MailSession,
  options: AnswerOptions & { readonly to: string; readonly asAttachment: boolean },
): Promise<SendOutput> {
  const folder = await session.open(options.folder, { readOnly: true });
  const [number] = numbersOf(folder, [options.uid]);
  const message = readMessage(await octetsOf(folder, number));
  const { to, asAttachment } = options;
  const letter = makeForward(message, { from: session.from, to, asAttachment });
  letter.text = `${options.text}${letter.text}`;
  letter.attachments.push(...options.attachments);
  return sendLetter(session, letter, options);
}
