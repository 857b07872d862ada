/** Environment failures and bugs of ours as tagged answers: the one place where MailErrors become NO. */

import { isMailError, type ErrorCode } from "../base/errors.ts";
import type { Log, LogFields } from "../base/log.ts";
import { no, type Completion } from "./completion.ts";

export function completionOfError(error: unknown): Completion {
  if (!isMailError(error)) return no("Internal error", "SERVERBUG");
  const { code, message } = error;
  if (code === "over-quota") return no("Over quota", "OVERQUOTA");
  if (code === "already-exists") return no(message, "ALREADYEXISTS");
  if (code === "not-found") return no(message, "NONEXISTENT");
  if (code === "forbidden") return no(message, "NOPERM");
  if (code === "refused") return no(message, "CANNOT");
  if (code === "disk-full") return no("No room left on the server", "UNAVAILABLE");
  return no("The server cannot do that now", error.temporary ? "UNAVAILABLE" : "SERVERBUG");
}

/** The connection itself is lost: there is nobody to answer. */
export function isConnectionLost(error: unknown): boolean {
  return isMailError(error, "channel-closed") || isMailError(error, "channel-timeout");
}

/** What a user can bring about at will: nothing here has failed. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  "refused",
  "forbidden",
  "over-quota",
  "not-found",
  "already-exists",
]);

/** An operator hears at `error` only of what someone must look into. */
export function logError(log: Log, error: unknown, fields: LogFields): void {
  if (isMailError(error) && REFUSALS.has(error.code)) {
    log.info("imap.command-refused", { ...fields, code: error.code, problem: error.message });
  } else log.error("imap.command-failed", error, fields);
}
