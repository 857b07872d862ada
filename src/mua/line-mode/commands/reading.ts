/** Commands that look: lists, messages, searches. */

import { MailError } from "../../../base/errors.ts";
import { decodeLatin1 } from "../../../base/bytes.ts";
import { screenLines } from "../../text/screen-text.ts";
import { wrapText } from "../../text/wrap.ts";
import { shownFields } from "../../view/header-view.ts";
import type { ReadableMessage } from "../../view/readable.ts";
import { splitWords } from "../command-name.ts";
import { showSize } from "../header-line.ts";
import type { LineCommand } from "../line-command.ts";
import type { LineState } from "../line-state.ts";
import { shownNumbers } from "../message-list.ts";
import { parseQuery } from "../../folder/query.ts";

const MAX_TEXT_COLUMNS = 100;

/** A message as a person reads it. */
export function renderMessage(
  message: ReadableMessage,
  options: { readonly columns: number; readonly allFields?: boolean },
): string {
  const { octets, root } = message.parsed;
  const fields = shownFields(octets, root.header, { all: options.allFields });
  const header = fields.map(({ name, value }) => `${name}: ${value}\n`).join("");
  const columns = Math.min(options.columns, MAX_TEXT_COLUMNS);
  return `${header}\n${wrapText(message.text, columns)}${attachmentLines(message)}`;
}

function attachmentLines({ attachments }: ReadableMessage): string {
  if (attachments.length === 0) return "";
  const lines = attachments.map(
    ({ number, fileName, mediaType, sizeOctets }) =>
      `[${number}] ${fileName}  ${mediaType}  ${showSize(sizeOctets)}\n`,
  );
  return `\n${lines.join("")}`;
}

export async function printMessages(
  state: LineState,
  numbers: readonly number[],
  options: { readonly allFields?: boolean } = {},
): Promise<void> {
  const { terminal, settings } = state;
  for (const number of numbers) {
    const message = await state.read(number);
    state.makeCurrent(number);
    const text = `Message ${number}:\n${renderMessage(message, { ...options, columns: terminal.columns })}`;
    const rows = text.split("\n").length;
    if (terminal.isInteractive && rows > settings.number("crt", terminal.rows))
      await terminal.page(text);
    else terminal.write(text.endsWith("\n") ? text : `${text}\n`);
  }
}

async function next(state: LineState, rest: string): Promise<void> {
  if (rest !== "") {
    const [number] = await state.messages(splitWords(rest));
    return printMessages(state, [number]);
  }
  const { current } = state;
  const shown = shownNumbers({ folder: state.folder, among: "visible" });
  if (current === undefined) throw new MailError("refused", "no message");
  // The message that is current but was never shown comes first, as after opening a folder.
  const isFresh =
    state.lastList.length === 0 && state.previous === undefined && shown.includes(current);
  const at = shown.indexOf(current);
  const number = isFresh ? current : shown[at + 1];
  if (number === undefined) throw new MailError("refused", "that was the last message");
  state.lastList = [number];
  return printMessages(state, [number]);
}

async function headers(state: LineState, rest: string): Promise<void> {
  const words = splitWords(rest);
  const shown = shownNumbers({ folder: state.folder, among: "visible" });
  if (shown.length === 0) throw new MailError("refused", "no messages");
  const [number] = words.length === 0 ? [state.current ?? shown[0]] : await state.messages(words);
  const place = Math.max(0, shown.indexOf(number));
  if (words.length > 0) state.makeCurrent(number);
  await state.showPage(place - (place % state.pageRows));
}

async function scroll(state: LineState, rest: string, word: string): Promise<void> {
  const back = word === "z-" || rest.startsWith("-");
  await state.showPage(state.windowStart + (back ? -state.pageRows : state.pageRows));
}

async function top(state: LineState, rest: string): Promise<void> {
  const lines = state.settings.number("toplines", 5);
  for (const number of await state.messages(splitWords(rest))) {
    const message = await state.read(number);
    const text = renderMessage(message, { columns: state.terminal.columns });
    const [header, body] = [
      text.slice(0, text.indexOf("\n\n")),
      text.slice(text.indexOf("\n\n") + 2),
    ];
    const beginning = body.split("\n").slice(0, lines).join("\n");
    state.terminal.write(`Message ${number}:\n${header}\n\n${beginning.trimEnd()}\n`);
    state.makeCurrent(number);
  }
}

async function search(state: LineState, rest: string): Promise<void> {
  const query = parseQuery(splitWords(rest), state.session.deps.clock.nowMs());
  if (!query.ok) throw new MailError("refused", query.problem);
  const found = new Set(await state.folder.search(query.value));
  const numbers = shownNumbers({ folder: state.folder, among: "visible" }).filter((number) =>
    found.has(number),
  );
  if (numbers.length === 0) throw new MailError("refused", "nothing found");
  state.lastList = numbers;
  await state.showHeaders(numbers);
}

async function source(state: LineState, rest: string): Promise<void> {
  for (const number of await state.messages(splitWords(rest))) {
    const message = await state.read(number);
    await state.terminal.page(screenLines(decodeLatin1(message.parsed.octets)));
    state.makeCurrent(number);
  }
}

export const READING_COMMANDS: readonly LineCommand[] = [
  {
    spellings: ["h[eaders]"],
    usage: "[message]",
    help: "show the page of the list with the message",
    run: headers,
  },
  {
    spellings: ["f[rom]"],
    usage: "[messages]",
    help: "show the lines of these messages in the list",
    run: async (state, rest) => state.showHeaders(await state.messages(splitWords(rest))),
  },
  { spellings: ["z", "z+", "z-"], help: "next page of the list; z- the page before", run: scroll },
  {
    spellings: ["n[ext]"],
    usage: "[messages]",
    help: "read the next message; so does an empty line",
    run: next,
  },
  {
    spellings: ["p[rint]", "t[ype]"],
    usage: "[messages]",
    help: "read; so does a number alone",
    run: async (state, rest) => printMessages(state, await state.messages(splitWords(rest))),
  },
  {
    spellings: ["P[rint]", "T[ype]"],
    usage: "[messages]",
    help: "read, with every header field",
    run: async (state, rest) =>
      printMessages(state, await state.messages(splitWords(rest)), { allFields: true }),
  },
  { spellings: ["to[p]"], usage: "[messages]", help: "show the beginning", run: top },
  {
    spellings: ["Show", "sho[w]"],
    usage: "[messages]",
    help: "show the message as it came",
    run: source,
  },
  {
    spellings: ["sea[rch]"],
    usage: "words",
    help: "find: words, from:x to:x subject:x body:x since:2026-01-31 is:unread larger:1M",
    run: search,
  },
  {
    spellings: ["="],
    help: "the number of the current message",
    run: async (state) => state.terminal.write(`${state.current ?? 0}\n`),
  },
  {
    spellings: ["si[ze]"],
    usage: "[messages]",
    help: "show sizes in octets",
    run: async (state, rest) => {
      for (const { number, summary } of await state.folder.summaries(
        await state.messages(splitWords(rest)),
      )) {
        state.terminal.write(`${number}: ${summary.sizeOctets}\n`);
      }
    },
  },
];
