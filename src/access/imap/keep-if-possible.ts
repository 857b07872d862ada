/**
 * Changes that reading makes by the way: `\Recent` taken, `\Seen` set. A store that cannot write,
 * as on a full disk, must keep nobody from reading, so these are left out then. What a client asks
 * for by name is not done here.
 */

import { isMailError } from "../../base/errors.ts";
import type { MailSession } from "./mail-session.ts";

/** Undefined when it could not be written just now; the log hears of it once a session. */
export async function keepIfPossible<T>(
  session: MailSession,
  flag: "\\Recent" | "\\Seen",
  change: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await change();
  } catch (error) {
    if (!isMailError(error) || !error.temporary) throw error;
    if (!session.hasToldOfUnkept) {
      const { address } = session;
      session.deps.log.warn("imap.flag-not-kept", {
        account: address,
        flag,
        problem: error.message,
      });
    }
    session.hasToldOfUnkept = true;
    return undefined;
  }
}
