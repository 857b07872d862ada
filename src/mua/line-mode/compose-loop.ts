/**
 * Writing a message at the prompt as in mailx: what is missing is asked for, lines are text, a line
 * beginning with `~` is a command (`~?` lists them), `.` alone or the end of input ends it.
 */

import { readFile, appendFile } from "node:fs/promises";
import { MailError } from "../../base/errors.ts";
import { encodeUtf8 } from "../../base/bytes.ts";
import { screenText } from "../text/screen-text.ts";
import { attachFile } from "../compose/attach-file.ts";
import type { Letter } from "../compose/letter.ts";
import { makeForward } from "../compose/forward.ts";
import { quoteMessage } from "../compose/reply.ts";
import { splitWords } from "./command-name.ts";
import { throwFileError } from "../../base/file-error.ts";
import { deadLetterPath, keepDeadLetter } from "./dead-letter.ts";
import { Interrupted } from "./interrupted.ts";
import type { LineState } from "./line-state.ts";

/** `send`: done. `drop`: the person gave up. */
type Step = "on" | "send" | "drop";

const HELP = `~.            end the message and send it
~q            give up; the text goes to ~/dead.letter
~x            give up without keeping anything
~p            show the message so far
~e ~v         write on in the editor
~s subject    change the subject
~t ~c ~b who  add to To, Cc, Bcc
~h            ask for To, Cc, Bcc and Subject again
~@ file       attach a file
~r file       put in a file
~d            put in ~/dead.letter
~m messages   put in messages, quoted
~f messages   put in messages as forwarded
~a            put in the signature setting "sign"
~w file       write the text to a file
~| command    pipe the text through a shell command's input
~! command    run a shell command
~~text        a line that begins with ~
`;

/** false: the person gave up. */
export async function composeLetter(state: LineState, letter: Letter): Promise<boolean> {
  const { terminal, settings } = state;
  await askForMissing(state, letter);
  if (settings.isOn("editalong") && terminal.isInteractive)
    letter.text = await terminal.edit(letter.text);
  else if (letter.text !== "" && terminal.isInteractive) {
    terminal.write("(the text begins with a quote: ~p shows it, ~e opens the editor)\n");
  }
  const composer = new Composer(state, letter);
  return composer.run();
}

async function askForMissing({ terminal, settings }: LineState, letter: Letter): Promise<void> {
  if (!terminal.isInteractive) return;
  const ask = async (prompt: string): Promise<string> => (await terminal.readLine(prompt)) ?? "";
  if (letter.to.trim() === "") letter.to = await ask("To: ");
  if (settings.isOn("asksub") && letter.subject === "") letter.subject = await ask("Subject: ");
  if (settings.isOn("askcc") && letter.cc === "") letter.cc = await ask("Cc: ");
  if (settings.isOn("askbcc") && letter.bcc === "") letter.bcc = await ask("Bcc: ");
}

class Composer {
  readonly #state: LineState;
  readonly #letter: Letter;
  #wasInterrupted = false;

  constructor(state: LineState, letter: Letter) {
    this.#state = state;
    this.#letter = letter;
  }

  async run(): Promise<boolean> {
    for (;;) {
      const line = await this.#readLine();
      if (line === "again") continue;
      if (line === "over") return this.#drop(true);
      if (line === undefined || (line.text === "." && this.#state.settings.isOn("dot")))
        return true;
      const step = await this.#take(line.text);
      if (step === "send") return true;
      if (step === "drop") return false;
    }
  }

  async #readLine(): Promise<{ text: string } | undefined | "again" | "over"> {
    try {
      const text = await this.#state.terminal.readLine("");
      this.#wasInterrupted = false;
      return text === undefined ? undefined : { text };
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      if (this.#wasInterrupted) return "over";
      this.#wasInterrupted = true;
      this.#state.terminal.complain("(interrupt: once more gives the message up)");
      return "again";
    }
  }

  async #take(line: string): Promise<Step> {
    if (!line.startsWith("~")) {
      this.#letter.text += `${line}\n`;
      return "on";
    }
    try {
      return await this.#escape(line[1] ?? "", line.slice(2).trim(), line);
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      // A command that fails must not cost the person their text.
      this.#state.terminal.complain(error.message);
      return "on";
    }
  }

  async #escape(letter: string, rest: string, line: string): Promise<Step> {
    const draft = this.#letter;
    const { terminal, settings } = this.#state;
    switch (letter) {
      case ".":
        return "send";
      case "q":
        await this.#drop(true);
        return "drop";
      case "x":
        return "drop";
      case "~":
        draft.text += `${line.slice(1)}\n`;
        break;
      case "?":
        terminal.write(HELP);
        break;
      case "p":
        terminal.write(showLetter(draft));
        break;
      case "s":
        draft.subject = rest;
        break;
      case "t":
        draft.to = joined(draft.to, rest);
        break;
      case "c":
        draft.cc = joined(draft.cc, rest);
        break;
      case "b":
        draft.bcc = joined(draft.bcc, rest);
        break;
      case "a":
        draft.text += `${settings.text("sign")}\n`;
        break;
      case "e":
      case "v":
        draft.text = await terminal.edit(draft.text);
        break;
      case "h":
        await this.#askAgain();
        break;
      default:
        await this.#insert(letter, rest);
    }
    return "on";
  }

  async #insert(letter: string, rest: string): Promise<void> {
    const draft = this.#letter;
    const { terminal } = this.#state;
    switch (letter) {
      case "@":
        draft.attachments.push(await attachFile(rest));
        terminal.write(`attached ${screenText(rest)}\n`);
        break;
      case "r":
      case "<":
        draft.text += await readFile(rest, "utf8").catch(throwFileError(rest));
        break;
      case "d":
        draft.text += await readFile(deadLetterPath(), "utf8").catch(
          throwFileError(deadLetterPath()),
        );
        break;
      case "m":
      case "f":
        await this.#insertMessages(letter, rest);
        break;
      case "w":
        await appendFile(rest, draft.text, { mode: 0o600 }).catch(throwFileError(rest));
        break;
      case "|":
        await terminal.shell(rest, encodeUtf8(draft.text));
        break;
      case "!":
        await terminal.shell(rest);
        break;
      default:
        terminal.complain(`~${letter} is no command here: ~? lists them`);
    }
  }

  async #insertMessages(letter: string, rest: string): Promise<void> {
    for (const number of await this.#state.messages(splitWords(rest))) {
      const message = await this.#state.read(number);
      const indent = this.#state.settings.text("indentprefix");
      const { from } = this.#state.session;
      this.#letter.text +=
        letter === "m"
          ? quoteMessage(message, indent)
          : makeForward(message, { from, to: "", asAttachment: false }).text;
    }
  }

  async #askAgain(): Promise<void> {
    const { terminal } = this.#state;
    for (const field of ["to", "cc", "bcc", "subject"] as const) {
      const now = this.#letter[field];
      const answer = await terminal.readLine(
        `${field[0].toUpperCase()}${field.slice(1)} [${screenText(now)}]: `,
      );
      if (answer !== undefined && answer.trim() !== "") this.#letter[field] = answer.trim();
    }
  }

  async #drop(keep: boolean): Promise<false> {
    if (keep) await keepDeadLetter(this.#letter.text, this.#state.terminal);
    return false;
  }
}

function joined(before: string, more: string): string {
  return before.trim() === "" ? more : `${before}, ${more}`;
}

export function showLetter(letter: Letter): string {
  const fields = (["from", "to", "cc", "bcc", "subject"] as const).flatMap((field) =>
    letter[field] === ""
      ? []
      : [`${field[0].toUpperCase()}${field.slice(1)}: ${screenText(letter[field])}\n`],
  );
  const attached = letter.attachments.map(
    ({ fileName }) => `(attached: ${screenText(fileName ?? "")})\n`,
  );
  return `${fields.join("")}\n${letter.text}${attached.join("")}`;
}
