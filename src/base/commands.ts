/** Programs of this machine come in through this port: the delivery agents run them, and tests need none. */

export type SystemUser = { readonly uid: number; readonly gid: number };

export type CommandRun = {
  /** The program by its absolute path, then its arguments. No shell reads them. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: as we are. */
  readonly user: SystemUser | undefined;
  readonly timeoutMs: number;
  /** What the program may have of memory; 0 for no bound. */
  readonly memoryOctets: number;
  /** Its standard input. */
  readonly input: AsyncIterable<Uint8Array>;
};

export type CommandEnd = {
  /** Undefined: a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly hasTimedOut: boolean;
  /** The beginning of what it wrote. */
  readonly output: string;
};

export interface Commands {
  /** The user we are; undefined where a system has no such thing. 0 is root. */
  readonly ownUid: number | undefined;
  /** Rejects with `refused` when the program cannot be started; and with what `input` rejects. */
  run(run: CommandRun): Promise<CommandEnd>;
}
