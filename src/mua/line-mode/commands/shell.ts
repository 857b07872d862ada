/** Commands that go through the person's shell, and the settings. Only what the person typed is ever part of a shell command. */

import { MailError } from "../../../base/errors.ts";
import { concatBytes, encodeUtf8 } from "../../../base/bytes.ts";
import { splitWords } from "../command-name.ts";
import type { LineCommand } from "../line-command.ts";
import type { LineState } from "../line-state.ts";

/** `pipe [messages] "command"`: the messages as they came, to the command's input. */
async function pipe(state: LineState, rest: string): Promise<void> {
  const words = splitWords(rest);
  const command = words.pop();
  if (command === undefined)
    throw new MailError("refused", 'into which command? pipe [messages] "command"');
  const pieces: Uint8Array[] = [];
  for (const number of await state.messages(words)) {
    const octets = await state.folder.read(number);
    if (octets === undefined) throw new MailError("not-found", `message ${number} is gone`);
    pieces.push(octets, encodeUtf8(""));
    await state.folder.addFlags([number], ["\\Seen"]);
  }
  const code = await state.terminal.shell(command, concatBytes(pieces));
  if (code !== 0) state.terminal.complain(`the command ended with exit code ${code}`);
}

async function set(state: LineState, rest: string): Promise<void> {
  const words = splitWords(rest);
  if (words.length === 0) return state.terminal.page(state.settings.describe());
  for (const word of words) {
    const problem = state.settings.set(word);
    if (problem !== undefined) throw new MailError("refused", problem);
  }
}

export const SHELL_COMMANDS: readonly LineCommand[] = [
  {
    spellings: ["pi[pe]", "|"],
    usage: '[messages] "command"',
    help: "messages into a shell command",
    run: pipe,
  },
  {
    spellings: ["!", "sh[ell]"],
    usage: "command",
    help: "run a shell command",
    run: async (state, rest) => {
      const code = await state.terminal.shell(rest === "" ? "exec ${SHELL:-sh}" : rest);
      if (code !== 0) state.terminal.complain(`the command ended with exit code ${code}`);
    },
  },
  {
    spellings: ["se[t]"],
    usage: "[name[=value]…]",
    help: "change a setting; alone, list them",
    run: set,
  },
  {
    spellings: ["uns[et]"],
    usage: "name…",
    help: "switch settings off",
    run: (state, rest) =>
      set(
        state,
        splitWords(rest)
          .map((name) => `no${name}`)
          .join(" "),
      ),
  },
  {
    spellings: ["ec[ho]"],
    usage: "words",
    help: "say words",
    run: async (state, rest) => state.terminal.write(`${splitWords(rest).join(" ")}\n`),
  },
  { spellings: ["#"], help: "a comment", run: async () => {} },
];
