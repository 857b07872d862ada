/** NOTIFY (RFC 5465): what is watched from now on, and what is told of the selected mailbox's new messages. */

import { okay } from "../../imap/completion.ts";
import type { NotifyCommand } from "../../imap/command/notify.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { UpdateScope } from "../../imap/session.ts";
import { NotifyWatch } from "./notify-watch.ts";
import { runFetch } from "./run-fetch.ts";
import type { MailSession, Run } from "./mail-session.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";

export const runNotify: Run<NotifyCommand> = async (session, command, context) => {
  endNotify(session);
  if (command.groups.length === 0) return okay("Nothing will be told unasked");
  const watch = new NotifyWatch(session, command.groups);
  session.watch = watch;
  if (command.wantsStatus) await watch.writeAll(context);
  return okay("You will be told");
};

export function endNotify(session: MailSession): void {
  session.watch?.stop();
  session.watch = undefined;
}

/** What may be told between commands: undefined for nothing. `none`: nothing of the selected mailbox. */
export function pushScope(session: MailSession): UpdateScope | undefined {
  if (session.watch === undefined) return undefined;
  const group = session.watch.selectedGroup;
  if (group === undefined || group.events.size === 0) return "none";
  // RFC 5465 §6.1: SELECTED tells EXPUNGE at once; SELECTED-DELAYED only where it is always allowed.
  return group.filter.scope === "selected" ? "all" : "keep-numbers";
}

/** After EXISTS: what NOTIFY asked to hear of each new message (RFC 5465 §5.1). */
export async function tellNewMessages(
  session: MailSession,
  view: SelectedMailbox,
  { context, afterUid }: { context: CommandContext; afterUid: number },
): Promise<void> {
  const fetch = session.watch?.selectedGroup?.fetch;
  if (fetch === undefined || view.toldUid <= afterUid) return;
  // Nobody has read them: nothing becomes \Seen.
  await runFetch(
    session,
    {
      verb: "FETCH",
      isUid: true,
      isUidAsked: fetch.plain.has("UID"),
      set: [{ from: afterUid + 1, to: view.toldUid }],
      plain: new Set([...fetch.plain, "UID" as const]),
      sections: fetch.sections.map((item) => ({ ...item, isPeek: true })),
      binaries: fetch.binaries.map((item) => ({ ...item, isPeek: true })),
      hasPreview: fetch.hasPreview,
      changedSince: undefined,
      partial: undefined,
      isVanished: false,
    },
    context,
  );
}

/** News of the mailboxes that are not selected. */
export async function tellWatched(session: MailSession, context: CommandContext): Promise<void> {
  if (session.watch === undefined) return;
  if (!(await session.watch.write(context))) session.watch = undefined;
}
