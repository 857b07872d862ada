/** All that a client is told unasked of the selected mailbox, with its searches that are kept up to date. */

import type { CommandContext } from "../../imap/handler.ts";
import type { UpdateScope } from "../../imap/session.ts";
import type { MailSession } from "./mail-session.ts";
import { writeChanged, writeLeaving } from "./search-news.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { writeUpdates } from "./updates.ts";

export async function tellUpdates(
  session: MailSession,
  view: SelectedMailbox,
  { context, scope }: { context: CommandContext; scope: UpdateScope },
): Promise<void> {
  const { contexts } = session;
  if (scope === "none") return;
  if (!contexts.isEmpty && scope === "all") writeLeaving(session, view, context);
  writeUpdates(view, context, scope);
  if (!contexts.isEmpty) await writeChanged(session, view, context);
}
