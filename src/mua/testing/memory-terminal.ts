/** A Terminal played from memory: lines in, text out. */

import type { Terminal } from "../line-mode/terminal.ts";

export class MemoryTerminal implements Terminal {
  readonly columns = 100;
  readonly rows = 40;
  readonly isInteractive: boolean;
  output = "";
  problems = "";
  /** Prompts shown, in order. */
  readonly prompts: string[] = [];
  /** Commands given to the shell, with their input. */
  readonly commands: { readonly command: string; readonly input: string }[] = [];
  /** What the editor makes of a text. */
  editor: (text: string) => string = (text) => text;
  readonly #lines: string[];

  constructor(lines: readonly string[], options: { readonly isInteractive?: boolean } = {}) {
    this.#lines = [...lines];
    this.isInteractive = options.isInteractive ?? false;
  }

  async readLine(prompt: string): Promise<string | undefined> {
    this.prompts.push(prompt);
    return this.#lines.shift();
  }

  write(text: string): void {
    this.output += text;
  }

  complain(text: string): void {
    this.problems += `${text}\n`;
  }

  async page(text: string): Promise<void> {
    this.output += text;
  }

  async edit(text: string): Promise<string> {
    return this.editor(text);
  }

  async shell(command: string, input: Uint8Array = new Uint8Array(0)): Promise<number> {
    this.commands.push({ command, input: Buffer.from(input).toString("latin1") });
    return 0;
  }
}
