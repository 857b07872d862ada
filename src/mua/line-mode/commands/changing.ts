/** Commands that mark, keep and throw away. */

import { counted } from "../../../base/counted.ts";
import { MailError } from "../../../base/errors.ts";
import { formatFor, saveMessage, writeUnderFreeName } from "../../save/save-message.ts";
import { attachmentOctets, readMessage } from "../../view/readable.ts";
import { splitWords } from "../command-name.ts";
import type { LineCommand } from "../line-command.ts";
import type { LineState } from "../line-state.ts";
import { shownNumbers } from "../message-list.ts";
import { printMessages } from "./reading.ts";

async function deleteMessages(state: LineState, rest: string): Promise<number[]> {
  if (state.folder.mailbox.isReadOnly)
    throw new MailError("refused", "the folder is open read-only");
  const numbers = await state.messages(splitWords(rest));
  const order = shownNumbers({ folder: state.folder, among: "visible" });
  state.folder.markDeleted(numbers);
  state.moveOnFrom(numbers, order);
  return numbers;
}

async function printCurrent(state: LineState): Promise<void> {
  if (state.current === undefined || state.folder.isDeleted(state.current)) {
    throw new MailError("refused", "no more messages");
  }
  await printMessages(state, [state.current]);
}

async function undelete(state: LineState, rest: string): Promise<void> {
  const words = splitWords(rest);
  const deleted = shownNumbers({ folder: state.folder, among: "deleted" });
  // Alone it takes back the last deletion.
  const numbers = words.length === 0 ? deleted.slice(-1) : await state.messages(words, "deleted");
  if (numbers.length === 0) throw new MailError("refused", "no deleted messages");
  state.folder.unmarkDeleted(numbers);
  state.makeCurrent(numbers.at(-1));
  if (state.settings.isOn("autoprint")) await printCurrent(state);
}

/** The last word is where to; the words before it name messages. */
async function targetAndMessages(
  state: LineState,
  rest: string,
  usage: string,
): Promise<{ target: string; numbers: number[] }> {
  const words = splitWords(rest);
  const target = words.pop();
  if (target === undefined || target === "") throw new MailError("refused", `where to? ${usage}`);
  return { target, numbers: await state.messages(words) };
}

/** `+name` is a mailbox on the server, anything else a file here. */
function mailboxNamed(target: string): string | undefined {
  return /^[+=]./.test(target) ? target.slice(1) : undefined;
}

async function save(state: LineState, rest: string, isCopy: boolean): Promise<void> {
  const usage = "save [messages] file, directory/, file.eml or +mailbox";
  const { target, numbers } = await targetAndMessages(state, rest, usage);
  const mailbox = mailboxNamed(target);
  if (mailbox === undefined) await saveToFile(state, numbers, target);
  else await state.folder.copy(numbers, mailbox);
  for (const number of numbers) if (!isCopy) state.folder.markSaved(number);
  const what = numbers.length === 1 ? "message" : "messages";
  state.terminal.write(`${numbers.length} ${what} saved in ${mailbox ?? target}\n`);
}

async function saveToFile(
  state: LineState,
  numbers: readonly number[],
  target: string,
): Promise<void> {
  const format = await formatFor(target);
  if (format === "eml" && numbers.length > 1) {
    throw new MailError(
      "refused",
      "an .eml file holds one message: name a directory/ or an mbox file",
    );
  }
  for (const { number, summary } of await state.folder.summaries(numbers)) {
    const octets = await state.folder.read(number);
    if (octets === undefined) throw new MailError("not-found", `message ${number} is gone`);
    const [writer] = summary.envelope.from;
    const sender = writer === undefined ? "" : `${writer.localPart}@${writer.domain}`;
    const { arrivedAtMs, flags } = summary;
    await saveMessage(
      { octets, sender, arrivedAtMs, flags },
      target,
      format,
      state.session.deps.random,
    );
  }
}

async function move(state: LineState, rest: string): Promise<void> {
  const { target, numbers } = await targetAndMessages(state, rest, "move [messages] mailbox");
  const order = shownNumbers({ folder: state.folder, among: "visible" });
  const mailbox = mailboxNamed(target) ?? target;
  await state.folder.move(numbers, mailbox);
  state.moveOnFrom(numbers, order);
  state.terminal.write(`${numbers.length} moved to ${mailbox}\n`);
}

/** `write [messages] [numbers of attachments] directory`: every name is made safe, nothing overwritten. */
async function write(state: LineState, rest: string): Promise<void> {
  const words = splitWords(rest);
  const target =
    words.length > 0 && !/^[\d.^$*+-]/.test(words[words.length - 1]) ? words.pop() : undefined;
  const [number] = await state.messages(words.slice(0, 1));
  const wanted = new Set(words.slice(1).map(Number));
  const octets = await state.folder.read(number);
  if (octets === undefined) throw new MailError("not-found", `message ${number} is gone`);
  const attachments = readMessage(octets).attachments.filter(
    (attachment) => wanted.size === 0 || wanted.has(attachment.number),
  );
  if (attachments.length === 0) throw new MailError("refused", "no such attachment");
  for (const attachment of attachments) {
    const content = attachmentOctets(octets, attachment);
    const path = await writeUnderFreeName(target ?? ".", attachment.fileName, content);
    state.terminal.write(`${path}: ${counted(content.length, "octet")}\n`);
  }
}

function flagging(flag: string, isOn: boolean): LineCommand["run"] {
  return async (state, rest) => {
    const numbers = await state.messages(splitWords(rest));
    await (isOn
      ? state.folder.addFlags(numbers, [flag])
      : state.folder.removeFlags(numbers, [flag]));
  };
}

export const CHANGING_COMMANDS: readonly LineCommand[] = [
  {
    spellings: ["d[elete]"],
    usage: "[messages]",
    help: "mark to be removed at quit",
    run: async (state, rest) => {
      await deleteMessages(state, rest);
      if (state.settings.isOn("autoprint")) await printCurrent(state);
    },
  },
  {
    spellings: ["dp", "dt"],
    usage: "[messages]",
    help: "delete, and read the next message",
    run: async (state, rest) => {
      await deleteMessages(state, rest);
      await printCurrent(state);
    },
  },
  { spellings: ["u[ndelete]"], usage: "[messages]", help: "take back a deletion", run: undelete },
  {
    spellings: ["s[ave]"],
    usage: "[messages] target",
    help: "to an mbox file, directory/, file.eml or +mailbox",
    run: (state, rest) => save(state, rest, false),
  },
  {
    spellings: ["c[opy]"],
    usage: "[messages] target",
    help: "as save, without marking as saved",
    run: (state, rest) => save(state, rest, true),
  },
  {
    spellings: ["mov[e]", "mv"],
    usage: "[messages] mailbox",
    help: "to another mailbox, at once",
    run: move,
  },
  {
    spellings: ["w[rite]"],
    usage: "[message] [attachment numbers] [directory]",
    help: "attachments to files",
    run: write,
  },
  {
    spellings: ["fla[g]"],
    usage: "[messages]",
    help: "mark as important",
    run: flagging("\\Flagged", true),
  },
  {
    spellings: ["unfl[ag]"],
    usage: "[messages]",
    help: "take the mark off",
    run: flagging("\\Flagged", false),
  },
  {
    spellings: ["unread", "new", "U[nread]"],
    usage: "[messages]",
    help: "mark as not read",
    run: flagging("\\Seen", false),
  },
  {
    spellings: ["see[n]", "tou[ch]"],
    usage: "[messages]",
    help: "mark as read",
    run: flagging("\\Seen", true),
  },
];
