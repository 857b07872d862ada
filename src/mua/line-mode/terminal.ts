/**
 * The person's side of line mode, as a port: tests play it from memory, `node-terminal.ts` on real
 * streams. Whatever is written is made safe once more on its way out, so that a forgotten check
 * upstream cannot hand the terminal to a stranger.
 */

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** A person sits there: ask, page, and show prompts. */
  readonly isInteractive: boolean;
  /** The next line without its end, or undefined at the end of input. */
  readLine(prompt: string): Promise<string | undefined>;
  /** Text for reading; lines end in LF. */
  write(text: string): void;
  /** What went wrong. */
  complain(text: string): void;
  /** Text that may be longer than the screen. */
  page(text: string): Promise<void>;
  /** The person's editor on `text`; what it is afterwards. Rejects when there is no editor. */
  edit(text: string): Promise<string>;
  /** A shell command of the person's own, given `input`; its exit code. Nothing from a message is ever part of it. */
  shell(command: string, input?: Uint8Array): Promise<number>;
}
