/** Whatever was thrown, as a sentence for a person and an exit code for a script. */

import { isMailError } from "../base/errors.ts";
import type { ErrorCode } from "../base/errors.ts";
import { CliError } from "./cli-error.ts";
import { EXIT } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";

const CODES: Partial<Record<ErrorCode, ExitCode>> = {
  "config-invalid": EXIT.config,
  "store-busy": EXIT.temporary,
  "store-newer": EXIT.config,
  "store-corrupt": EXIT.dataError,
  "disk-full": EXIT.ioError,
  "disk-failed": EXIT.ioError,
  "connect-failed": EXIT.unavailable,
  "tls-failed": EXIT.unavailable,
  "dns-failed": EXIT.temporary,
  "channel-closed": EXIT.temporary,
  "channel-timeout": EXIT.temporary,
};

export function describeFailure(error: unknown): { text: string; exitCode: ExitCode } {
  if (error instanceof CliError) return { text: error.message, exitCode: error.exitCode };
  if (isMailError(error)) {
    return { text: error.message, exitCode: CODES[error.code] ?? EXIT.failed };
  }
  if (isSystemError(error)) return { text: error.message, exitCode: EXIT.osError };
  // Our own bug: the stack is what a report needs.
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this is a bug of ours, please report it:\n${stack}`, exitCode: EXIT.software };
}

/** The operating system refused something that nobody had translated yet: its words will do. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}
