/**
 * LIST with its extended forms (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154), LSUB (RFC 3501
 * §6.3.9) and NAMESPACE (RFC 2342).
 */

import { okay } from "../../imap/completion.ts";
import type { BareCommand } from "../../imap/command/bare.ts";
import type { ListCommand, LsubCommand } from "../../imap/command/list.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { compileListPattern, type ListPattern } from "../../imap/list-pattern.ts";
import { MailboxTree, type TreeEntry } from "./mailbox-tree.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { writeStatus } from "./run-status.ts";

export const runList: Run<ListCommand> = async (session, command, context) => {
  const { out } = context;
  // RFC 9051 §6.3.9: an empty pattern asks for the separator.
  if (!command.isExtended && command.patterns[0] === "") {
    out.line('* LIST (\\Noselect) "/" ""');
    return okay("Listed");
  }
  const tree = treeOf(session);
  const patterns = command.patterns.map((pattern) =>
    compileListPattern(command.reference + pattern),
  );
  for (const entry of listed(tree, command, patterns)) {
    const { attributes, hasMatchingChild } = entry;
    out.text(`* LIST (${attributes.join(" ")}) "/" `).mailbox(entry.name);
    // RFC 5258 §4: why a name that was not selected itself is here.
    out.line(hasMatchingChild ? ' ("CHILDINFO" ("SUBSCRIBED"))' : "");
    // Each STATUS right after its LIST (RFC 5819 §2).
    if (command.status.length > 0 && entry.info !== undefined) {
      await writeStatus(session, entry.info, command.status, context);
    }
    if (out.isHeavy) await out.relieve();
  }
  return okay("Listed");
};

type Listed = Pick<TreeEntry, "name" | "info"> & {
  readonly attributes: readonly string[];
  readonly hasMatchingChild: boolean;
};

function* listed(
  tree: MailboxTree,
  command: ListCommand,
  patterns: readonly ListPattern[],
): Generator<Listed> {
  const { selections } = command;
  const isRecursive = selections.has("RECURSIVEMATCH");
  const isMatch = (name: string): boolean => patterns.some((matches) => matches(name));
  for (const entry of tree.entries) {
    if (!isMatch(entry.name)) continue;
    const isSelected = isEntrySelected(entry, command);
    const hasMatchingChild =
      isRecursive &&
      selections.has("SUBSCRIBED") &&
      hasHiddenSubscribedChild(tree, entry.name, isMatch);
    if (!isSelected && !hasMatchingChild) continue;
    yield {
      name: entry.name,
      info: entry.info,
      attributes: attributesOf(tree, entry, command),
      hasMatchingChild,
    };
  }
  for (const name of tree.missingParents(selections.has("SUBSCRIBED"))) {
    if (!isMatch(name)) continue;
    const hasMatchingChild =
      selections.has("SUBSCRIBED") && isRecursive && hasHiddenSubscribedChild(tree, name, isMatch);
    // RFC 9051 §6.3.9: `%` shows levels that only lead to mailboxes.
    if (selections.size > 0 && !hasMatchingChild) continue;
    const attributes = ["\\NonExistent", "\\HasChildren"];
    yield { name, info: undefined, attributes, hasMatchingChild };
  }
}

function isEntrySelected(entry: TreeEntry, { selections }: ListCommand): boolean {
  if (selections.has("SUBSCRIBED")) {
    if (!entry.isSubscribed) return false;
  } else if (entry.info === undefined) return false;
  return !selections.has("SPECIAL-USE") || entry.info?.specialUse !== undefined;
}

/** A subscribed name below, which the pattern itself does not show. */
function hasHiddenSubscribedChild(
  tree: MailboxTree,
  name: string,
  isMatch: (name: string) => boolean,
): boolean {
  if (!tree.hasSubscribedChildren(name)) return false;
  for (const entry of tree.entries) {
    if (entry.isSubscribed && entry.name.startsWith(`${name}/`) && !isMatch(entry.name))
      return true;
  }
  return false;
}

function attributesOf(tree: MailboxTree, entry: TreeEntry, command: ListCommand): string[] {
  const attributes: string[] = [];
  if (entry.info === undefined) attributes.push("\\NonExistent");
  attributes.push(tree.hasChildren(entry.name) ? "\\HasChildren" : "\\HasNoChildren");
  const isAsked = command.selections.has("SUBSCRIBED") || command.returns.has("SUBSCRIBED");
  if (isAsked && entry.isSubscribed) attributes.push("\\Subscribed");
  if (entry.info?.specialUse !== undefined) attributes.push(entry.info.specialUse);
  return attributes;
}

function treeOf(session: MailSession): MailboxTree {
  const { mail } = session.deps.store;
  return new MailboxTree(mail.mailboxes(session.accountId), mail.subscriptions(session.accountId));
}

export const runLsub: Run<LsubCommand> = async (session, command, context) => {
  const tree = treeOf(session);
  const matches = compileListPattern(command.reference + command.pattern);
  const write = (name: string, attributes: string): void => {
    context.out.text(`* LSUB (${attributes}) "/" `).mailbox(name).line("");
  };
  for (const entry of tree.entries) {
    if (entry.isSubscribed && matches(entry.name)) {
      write(entry.name, entry.info === undefined ? "\\Noselect" : "");
      if (context.out.isHeavy) await context.out.relieve();
    }
  }
  // RFC 3501 §6.3.9: with %, a level that is not subscribed but leads to one that is.
  if (command.pattern.endsWith("%")) {
    for (const name of unsubscribedParents(tree)) if (matches(name)) write(name, "\\Noselect");
  }
  return okay("Listed");
};

function* unsubscribedParents(tree: MailboxTree): Generator<string> {
  yield* tree.missingParents(true);
  for (const entry of tree.entries) {
    if (!entry.isSubscribed && tree.hasSubscribedChildren(entry.name)) yield entry.name;
  }
}

export const runNamespace: Run<BareCommand<"NAMESPACE">> = async (
  _session,
  _command,
  context: CommandContext,
) => {
  context.out.line('* NAMESPACE (("" "/")) NIL NIL');
  return okay("One namespace");
};
