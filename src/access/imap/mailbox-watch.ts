/** What a session holds of a NOTIFY that is in force; `notify-watch.ts` is it. */

import type { EventGroup } from "../../imap/command/notify.ts";
import type { CommandContext } from "../../imap/handler.ts";

export interface MailboxWatch {
  /** The group about the selected mailbox, if there is one. */
  readonly selectedGroup: EventGroup | undefined;
  /** Tells what waits. False when it was too much: the watch has ended. */
  write(context: CommandContext): Promise<boolean>;
  stop(): void;
}
