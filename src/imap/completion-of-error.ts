/** Environment failures and bugs of ours as tagged answers: the one place where MailErrors become NO. */

import { isMailError } from "../base/errors.ts";
import { no, type Completion } from "./completion.ts";

export function completionOfError(error: unknown): Completion {
  if (!isMailError(error)) return no("Internal error", "SERVERBUG");
  switch (error.code) {
    case "over-quota":
      return no("Over quota", "OVERQUOTA");
    case "already-exists":
      return no(error.message, "ALREADYEXISTS");
    case "not-found":
      return no(error.message, "NONEXISTENT");
    case "refused":
      return no(error.message, "CANNOT");
    case "disk-full":
      return no("No room left on the server", "UNAVAILABLE");
    default:
      return no("The server cannot do that now", error.temporary ? "UNAVAILABLE" : "SERVERBUG");
  }
}

/** The connection itself is lost: there is nobody to answer. */
export function isConnectionLost(error: unknown): boolean {
  return isMailError(error, "channel-closed") || isMailError(error, "channel-timeout");
}
