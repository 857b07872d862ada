/** Environment failures and bugs of ours as tagged answers: the one place where MailErrors become NO. */

import { isMailError } from "../base/errors.ts";
import { no, type Completion } from "./completion.ts";

export function completionOfError(error: unknown): Completion {
  if (!isMailError(error)) return no("Internal error", "SERVERBUG");
  const { code, message } = error;
  if (code === "over-quota") return no("Over quota", "OVERQUOTA");
  if (code === "already-exists") return no(message, "ALREADYEXISTS");
  if (code === "not-found") return no(message, "NONEXISTENT");
  if (code === "refused") return no(message, "CANNOT");
  if (code === "disk-full") return no("No room left on the server", "UNAVAILABLE");
  return no("The server cannot do that now", error.temporary ? "UNAVAILABLE" : "SERVERBUG");
}

/** The connection itself is lost: there is nobody to answer. */
export function isConnectionLost(error: unknown): boolean {
  return isMailError(error, "channel-closed") || isMailError(error, "channel-timeout");
}
