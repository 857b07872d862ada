/** CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8; CREATE-SPECIAL-USE, RFC 6154). */

import { isMailError } from "../../base/errors.ts";
import { no, okay, type Completion } from "../../imap/completion.ts";
import type { CreateCommand } from "../../imap/command/create.ts";
import type { MailboxOnlyCommand } from "../../imap/command/mailbox-only.ts";
import type { RenameCommand } from "../../imap/command/rename.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { problemOfNewName } from "../../imap/mailbox-name.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { useOfName } from "../../store/special-use-names.ts";
import { closeSelected } from "./run-select.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { unusedMailbox } from "./unused-mailbox.ts";
import { specialUseOf } from "./special-use.ts";
import { findMailbox, isCompletion } from "./named-mailbox.ts";

/** Mailboxes an account may have (names are rows, but LIST must stay affordable). */
const MAX_MAILBOXES = 10_000;

export const runCreate: Run<CreateCommand> = async (session, command, context) => {
  // RFC 9051 §6.3.4: a trailing separator says that children will follow; it is no part of the name.
  const name = command.mailbox.replace(/\/$/, "");
  const problem = problemOfNewName(name);
  if (problem !== undefined) return no(`Cannot create: ${problem}`, "CANNOT");
  const { mail } = session.deps.store;
  if (name === "INBOX" || mail.mailbox(session.accountId, name) !== undefined) {
    return no("The mailbox exists", "ALREADYEXISTS");
  }
  const mailboxes = mail.mailboxes(session.accountId);
  if (mailboxes.length >= MAX_MAILBOXES) return no("Too many mailboxes", "LIMIT");
  const use = specialUseOf(command.uses);
  if (use === "unknown") return no("No such special use", "USEATTR");
  if (use !== undefined && mailboxes.some((info) => info.specialUse === use)) {
    return no("Another mailbox has that use", "USEATTR");
  }
  // Clients that insist on a name of theirs get it, as long as there is nothing in ours.
  const named = command.uses.length === 0 ? useOfName(name) : undefined;
  const unused = named === undefined ? undefined : unusedMailbox(session, named);
  if (unused !== undefined) return giveName(session, unused, { name, context });
  const isFree = named !== undefined && !mailboxes.some((info) => info.specialUse === named);
  const info = await mail.createMailbox(session.accountId, name, isFree ? named : use);
  return okay("Created", `MAILBOXID (${info.objectId})`);
};

async function giveName(
  session: MailSession,
  info: MailboxInfo,
  { name, context }: { name: string; context: CommandContext },
): Promise<Completion> {
  await session.deps.store.mail.renameMailbox(session.accountId, info.name, name);
  writeOldName(context, info.name, name);
  return okay("That mailbox has this name now", `MAILBOXID (${info.objectId})`);
}

/** RFC 9051 §6.3.9.7: a client that knows it by its old name hears of the new one. */
function writeOldName({ out, enabled }: CommandContext, from: string, to: string): void {
  if (!enabled.isRev2) return;
  out.text('* LIST () "/" ').mailbox(to).text(' ("OLDNAME" (').mailbox(from).line("))");
}

export const runDelete: Run<MailboxOnlyCommand<"DELETE">> = async (session, command) => {
  const { mail } = session.deps.store;
  if (command.mailbox === "INBOX") return no("INBOX cannot be deleted", "CANNOT");
  const info = findMailbox(session, command.mailbox, "x");
  if (isCompletion(info)) return info;
  if (info.accountId !== session.accountId && info.name.endsWith("/INBOX")) {
    return no("INBOX cannot be deleted", "CANNOT");
  }
  const isSelected = session.selected?.open.info.id === info.id;
  try {
    // Before the deletion, so that it is not taken for another session's.
    if (isSelected && !hasChildren(session, info.name)) await closeSelected(session);
    await mail.deleteMailbox(session.accountId, info.name);
  } catch (error) {
    return isMailError(error, "refused") ? no(error.message, "HASCHILDREN") : rethrow(error);
  }
  return okay("Deleted");
};

function hasChildren(session: Parameters<Run<never>>[0], name: string): boolean {
  const { mail } = session.deps.store;
  const { accountId } = session;
  const mailboxes = [...mail.mailboxes(accountId), ...mail.sharedMailboxes(accountId)];
  return mailboxes.some((info) => info.name.startsWith(`${name}/`));
}

function rethrow(error: unknown): never {
  throw error;
}

export const runRename: Run<RenameCommand> = async (session, command, context) => {
  const { mail } = session.deps.store;
  const to = command.to.replace(/\/$/, "");
  const problem = problemOfNewName(to);
  if (problem !== undefined) return no(`Cannot rename: ${problem}`, "CANNOT");
  const from = findMailbox(session, command.from, "x");
  if (isCompletion(from)) return from;
  if (to === "INBOX" || mail.mailbox(session.accountId, to) !== undefined) {
    return no("The new name is taken", "ALREADYEXISTS");
  }
  if (to.startsWith(`${command.from}/`) && command.from !== "INBOX") {
    return no("A mailbox cannot move below itself", "CANNOT");
  }
  await mail.renameMailbox(session.accountId, command.from, to);
  // INBOX stays: its messages have moved.
  if (command.from !== "INBOX") writeOldName(context, command.from, to);
  return okay("Renamed");
};

export const runSubscribe: Run<
  MailboxOnlyCommand<"SUBSCRIBE"> | MailboxOnlyCommand<"UNSUBSCRIBE">
> = async (session, command): Promise<Completion> => {
  const isSubscribe = command.verb === "SUBSCRIBE";
  // RFC 9051 §6.3.7: what does not exist may be subscribed, but it must be a possible name.
  const problem = isSubscribe ? problemOfNewName(command.mailbox) : undefined;
  if (problem !== undefined) return no(`Cannot subscribe: ${problem}`, "CANNOT");
  const { mail } = session.deps.store;
  if (isSubscribe && mail.subscriptions(session.accountId).length >= MAX_MAILBOXES) {
    return no("Too many subscriptions", "LIMIT");
  }
  await mail.subscribe(session.accountId, command.mailbox, isSubscribe);
  return okay(isSubscribe ? "Subscribed" : "Unsubscribed");
};
