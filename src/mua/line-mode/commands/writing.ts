/** Commands that send: new messages, answers, forwards. */

import { MailError } from "../../../base/errors.ts";
import { emptyLetter, type Letter } from "../../compose/letter.ts";
import { makeForward } from "../../compose/forward.ts";
import { makeReply, writeAddresses } from "../../compose/reply.ts";
import { splitWords } from "../command-name.ts";
import { composeLetter } from "../compose-loop.ts";
import { keepDeadLetter } from "../dead-letter.ts";
import type { LineCommand } from "../line-command.ts";
import type { LineState } from "../line-state.ts";

/** Lets the person write, then sends; whether it was sent. */
async function writeAndSend(state: LineState, letter: Letter): Promise<boolean> {
  if (!(await composeLetter(state, letter))) return false;
  const { signature } = state.session.account;
  if (signature !== undefined && signature !== "") letter.text += `-- \n${signature.trimEnd()}\n`;
  try {
    const report = await state.session.send(letter, { keepCopy: state.settings.isOn("record") });
    for (const { recipient, problem } of report.refused) {
      state.terminal.complain(`${recipient} was refused: ${problem}`);
    }
    if (report.copyProblem !== undefined) {
      state.terminal.complain(`sent, but no copy could be kept: ${report.copyProblem}`);
    }
    if (report.accepted.length === 0) throw new MailError("refused", "the message was not sent");
    state.terminal.write(`sent to ${report.accepted.join(", ")}\n`);
    return true;
  } catch (error) {
    await keepDeadLetter(letter.text, state.terminal);
    throw error;
  }
}

async function mail(state: LineState, rest: string): Promise<void> {
  const letter = {
    ...emptyLetter(writeAddresses([state.session.from])),
    to: splitWords(rest).join(", "),
  };
  await writeAndSend(state, letter);
}

const FLIPPED = { sender: "all", all: "sender", list: "list" } as const;

async function reply(
  state: LineState,
  rest: string,
  wish: "sender" | "all" | "list",
): Promise<void> {
  const { session, settings } = state;
  for (const number of await state.messages(splitWords(rest))) {
    const message = await state.read(number);
    state.makeCurrent(number);
    const letter = makeReply(message, {
      from: session.from,
      to: settings.isOn("flipr") ? FLIPPED[wish] : wish,
      own: session.own,
      quote: settings.isOn("quote"),
      indent: settings.text("indentprefix"),
    });
    state.terminal.write(
      `To: ${letter.to}\n${letter.cc === "" ? "" : `Cc: ${letter.cc}\n`}Subject: ${letter.subject}\n`,
    );
    if (await writeAndSend(state, letter)) await state.folder.addFlags([number], ["\\Answered"]);
  }
}

async function forward(state: LineState, rest: string, asAttachment: boolean): Promise<void> {
  const words = splitWords(rest);
  const to = words.pop();
  if (to === undefined) throw new MailError("refused", "to whom? forward [messages] address");
  for (const number of await state.messages(words)) {
    const message = await state.read(number);
    const letter = makeForward(message, { from: state.session.from, to, asAttachment });
    if (!(await writeAndSend(state, letter))) continue;
    // A keyword, so only where the server keeps keywords.
    const { permanentFlags } = state.folder.mailbox;
    const isKept = permanentFlags?.some(
      (flag) => flag === "\\*" || flag.toLowerCase() === "$forwarded",
    );
    if (isKept === true) await state.folder.addFlags([number], ["$Forwarded"]);
  }
}

export const WRITING_COMMANDS: readonly LineCommand[] = [
  { spellings: ["m[ail]"], usage: "[addresses]", help: "write a message", run: mail },
  {
    spellings: ["r[eply]", "r[espond]", "fo[llowup]", "replyall"],
    usage: "[messages]",
    help: "answer everybody",
    run: (state, rest) => reply(state, rest, "all"),
  },
  {
    spellings: ["R[eply]", "R[espond]", "F[ollowup]", "replysender"],
    usage: "[messages]",
    help: "answer only the writer",
    run: (state, rest) => reply(state, rest, "sender"),
  },
  {
    spellings: ["L[reply]", "Lfollowup"],
    usage: "[messages]",
    help: "answer the list the message came over",
    run: (state, rest) => reply(state, rest, "list"),
  },
  {
    spellings: ["forw[ard]", "fw", "fwd"],
    usage: "[messages] address",
    help: "pass on the text with its attachments",
    run: (state, rest) => forward(state, rest, false),
  },
  {
    spellings: ["Forw[ard]", "Fwd"],
    usage: "[messages] address",
    help: "pass on the message as it is, attached",
    run: (state, rest) => forward(state, rest, true),
  },
];
