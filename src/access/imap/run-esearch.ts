/**
 * ESEARCH over several mailboxes (RFC 7377): one answer for each in which something was found. The
 * selected mailbox stays what it is.
 */

import { bad, okay, type Completion } from "../../imap/completion.ts";
import type { EsearchCommand } from "../../imap/command/esearch.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { findKey } from "../../imap/search-key.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { savedOf, writeEsearch } from "./esearch-answer.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { returnedBy, searchView } from "./run-search.ts";
import { mailboxesOf } from "./search-sources.ts";
import { SelectedMailbox } from "./selected-mailbox.ts";

export const runEsearch: Run<EsearchCommand> = async (session, command, context) => {
  const problem = problemOf(session, command);
  if (problem !== undefined) return problem;
  const { returns } = command;
  if (returns?.has("UPDATE")) {
    context.out.line(`* NO [NOUPDATE "${context.tag}"] Searches of several mailboxes are not kept`);
  }
  for (const info of mailboxesOf(session, command.sources ?? [{ scope: "selected" }])) {
    const stopped = await searchOne(session, command, { info, context });
    if (stopped !== undefined) return stopped;
    if (context.out.isHeavy) await context.out.relieve();
  }
  return okay("Searched");
};

function problemOf(session: MailSession, command: EsearchCommand): Completion | undefined {
  const { sources = [{ scope: "selected" }], key, returns } = command;
  const isOfSelected = sources.every(({ scope }) => scope === "selected");
  const needsSelected = sources.some(({ scope }) => scope === "selected");
  if (needsSelected && session.selected === undefined) return bad("Select a mailbox first");
  if (isOfSelected) return undefined;
  // RFC 7377 §2.1: numbers and `$` are the selected mailbox's.
  if (findKey(key, (part) => part.key === "set" && (!part.isUid || part.set === "saved"))) {
    return bad("Message numbers mean nothing in other mailboxes");
  }
  return returns?.has("SAVE") ? bad("Results of several mailboxes cannot be saved") : undefined;
}

async function searchOne(
  session: MailSession,
  command: EsearchCommand,
  { info, context }: { info: MailboxInfo; context: CommandContext },
): Promise<Completion | undefined> {
  const selected = session.selected;
  const isSelected = selected?.open.info.id === info.id;
  const view = selected !== undefined && isSelected ? selected : await openView(session, info);
  if (view === undefined) return undefined;
  try {
    const search = await searchView(session, view, command, context);
    if (search.type === "refused") return search.completion;
    const { found, modSeqOf, scoreOf } = search;
    const returned = returnedBy(command);
    if (returned.returns.has("SAVE")) session.saved = savedOf(found.uids, returned);
    if (found.uids.length === 0) return undefined;
    writeEsearch(context.out, returned, {
      tag: context.tag,
      mailbox: { name: info.name, uidValidity: view.open.info.uidValidity },
      // RFC 7377 §2.1: always UIDs.
      isUid: true,
      uids: found.uids,
      numbers: found.uids,
      modSeqOf,
      scoreOf,
    });
    return undefined;
  } finally {
    if (view !== selected) view.release();
  }
}

async function openView(
  session: MailSession,
  info: MailboxInfo,
): Promise<SelectedMailbox | undefined> {
  const { mail } = session.deps.store;
  const open = await mail.open(info.grant);
  if (open === undefined) return undefined;
  const firstRecentUid = mail.status(info.grant)?.firstRecentUid ?? open.uidNext;
  return new SelectedMailbox(open, { isReadOnly: true, firstRecentUid, onChange: () => {} });
}
