/**
 * Line mode: reads a command, runs it, until quit (POSIX mailx, "Commands"). With commands from a
 * file or a pipe it goes on after a wrong one, and its exit code says that there was one.
 */

import { isMailError, MailError, type ErrorCode } from "../../base/errors.ts";
import type { MailSession } from "../session/mail-session.ts";
import { isSpelledBy, parseSpelling, splitCommandLine } from "./command-name.ts";
import { CHANGING_COMMANDS } from "./commands/changing.ts";
import { FOLDER_COMMANDS } from "./commands/folders.ts";
import { READING_COMMANDS } from "./commands/reading.ts";
import { SHELL_COMMANDS } from "./commands/shell.ts";
import { WRITING_COMMANDS } from "./commands/writing.ts";
import { Interrupted } from "./interrupted.ts";
import type { LineCommand } from "./line-command.ts";
import { LineState } from "./line-state.ts";
import { Settings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

const HELP: LineCommand = {
  spellings: ["?", "hel[p]", "l[ist]"],
  help: "this list",
  run: async ({ terminal }) => terminal.page(describeCommands()),
};

export const COMMANDS: readonly LineCommand[] = [
  ...READING_COMMANDS,
  ...CHANGING_COMMANDS,
  ...WRITING_COMMANDS,
  ...FOLDER_COMMANDS,
  ...SHELL_COMMANDS,
  HELP,
];

const BY_SPELLING = COMMANDS.flatMap((command) =>
  command.spellings.map((text) => ({ spelling: parseSpelling(text), command })),
);

export function findCommand(word: string): LineCommand | undefined {
  const exact = BY_SPELLING.find(({ spelling }) => spelling.full === word);
  return (exact ?? BY_SPELLING.find(({ spelling }) => isSpelledBy(spelling, word)))?.command;
}

function describeCommands(): string {
  const lines = COMMANDS.map(({ spellings, usage, help }) => {
    const left = `${spellings.join(", ")}${usage === undefined ? "" : ` ${usage}`}`;
    return left.length > 34 ? `${left}\n${" ".repeat(35)}${help}` : `${left.padEnd(34)} ${help}`;
  });
  const lists =
    "messages: 3  2-5  + - . ^ $ *  anna  /word-in-subject  :u unread :f flagged :d deleted";
  return `${lines.join("\n")}\n\n${lists}\n`;
}

/** The connection is of no more use after these. */
const BROKEN: ReadonlySet<ErrorCode> = new Set([
  "channel-closed",
  "channel-timeout",
  "protocol-broken",
]);

export type LineModeOptions = {
  readonly folder: string;
  readonly readOnly?: boolean;
  readonly settings?: readonly string[];
};

/** Runs until the person leaves; the exit code. */
export async function runLineMode(
  session: MailSession,
  terminal: Terminal,
  options: LineModeOptions,
): Promise<number> {
  const settings = new Settings();
  for (const assignment of options.settings ?? []) {
    const problem = settings.set(assignment);
    if (problem !== undefined) throw new MailError("config-invalid", problem);
  }
  const folder = await session.open(options.folder, { readOnly: options.readOnly });
  const state = new LineState(session, terminal, settings, folder);
  await state.announce();
  let hasFailed = false;
  while (!state.isOver) {
    let line: string | undefined;
    try {
      line = await terminal.readLine("? ");
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      continue;
    }
    // The end of input is quit, so that a script may end where it ends.
    if (!(await runCommand(state, line ?? "quit"))) hasFailed = true;
    if (line === undefined) break;
    if (!state.isOver && terminal.isInteractive && state.folder.hasNew) {
      await guarded(state, () => state.announceNew());
    }
  }
  return hasFailed && !terminal.isInteractive ? 1 : 0;
}

/** false: it failed, and the person was told why. */
export async function runCommand(state: LineState, line: string): Promise<boolean> {
  const { word, rest } = splitCommandLine(line);
  const command = findCommand(word);
  if (command === undefined) {
    state.terminal.complain(`${word}: there is no such command; ? lists them`);
    return false;
  }
  return guarded(state, () => command.run(state, rest, word));
}

/** Runs `action`; what fails in it is told to the person, and a broken connection taken up again. */
async function guarded(state: LineState, action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof Interrupted) return true;
    if (!isMailError(error)) throw error;
    state.terminal.complain(error.message);
    if (BROKEN.has(error.code)) await reconnect(state);
    return false;
  }
}

async function reconnect(state: LineState): Promise<void> {
  state.session.disconnect();
  try {
    const isSame = await state.folder.reattach(await state.session.client());
    if (!isSame) {
      state.folder = await state.session.open(state.folder.name);
      await state.announce();
    }
    state.terminal.complain("connected again: give the command once more");
  } catch (error) {
    if (!isMailError(error)) throw error;
    state.terminal.complain(`no new connection: ${error.message}`);
  }
}
