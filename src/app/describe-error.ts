/** An error as log fields: kind, message, and the stack where it is our own bug that has to be found. */

import { isMailError } from "../base/errors.ts";
import type { LogFields } from "../base/log.ts";

export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const cause = error.cause instanceof Error ? { cause: error.cause.message } : {};
  // A failed environment explains itself; where it was noticed is of no interest.
  if (isMailError(error)) return { error: error.message, code: error.code, ...cause };
  return {
    error: error.message,
    kind: error.name,
    ...cause,
    ...(error.stack && { stack: error.stack }),
  };
}
