/** A failure that names the thing at fault and the way out, with the exit code it calls for. */

import { EXIT } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: ExitCode;

  constructor(text: string, exitCode: ExitCode = EXIT.failed) {
    super(text);
    this.exitCode = exitCode;
  }
}
