/** CANCELUPDATE (RFC 5267 §4.4). Tags of no search are passed over: it may have ended by itself. */

import { okay } from "../../imap/completion.ts";
import type { CancelUpdateCommand } from "../../imap/command/cancel-update.ts";
import type { Run } from "./mail-session.ts";

export const runCancelUpdate: Run<CancelUpdateCommand> = async (session, command) => {
  session.contexts.cancel(command.tags);
  return okay("No more of them");
};
