/**
 * LIST with its extended forms (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154), LSUB (RFC 3501
 * §6.3.9) and NAMESPACE (RFC 2342).
 */

import { okay } from "../../imap/completion.ts";
import type { BareCommand } from "../../imap/command/bare.ts";
import type { ListCommand, LsubCommand } from "../../imap/command/list.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { compileListPattern, type ListPattern } from "../../imap/list-pattern.ts";
import { OTHER_USERS } from "../../store/shared-name.ts";
import { MailboxTree, parentsOf, type TreeEntry } from "./mailbox-tree.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { missingRight } from "./named-mailbox.ts";
import { writeListedMetadata } from "./run-metadata.ts";
import { writeMyRights } from "./run-acl.ts";
import { Slicer } from "./slicer.ts";
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
  const matching = await matchNames(tree, patterns, new Slicer(session.deps.clock));
  for (const entry of listed(tree, command, matching)) {
    const { attributes, hasMatchingChild } = entry;
    out.text(`* LIST (${attributes.join(" ")}) "/" `).mailbox(entry.name);
    // RFC 5258 §4: why a name that was not selected itself is here.
    out.line(hasMatchingChild ? childInfo(command) : "");
    // Each STATUS right after its LIST (RFC 5819 §2).
    if (command.status.length > 0 && entry.info !== undefined) {
      // RFC 5819 §2: what may not be asked for is left out.
      if (missingRight(session, entry.info, "r") === undefined) {
        await writeStatus(session, entry.info, command.status, context);
      }
    }
    if (command.returns.has("MYRIGHTS") && entry.info !== undefined) {
      writeMyRights(session, entry.info, context);
    }
    if (command.metadata.length > 0 && entry.info !== undefined) {
      await writeListedMetadata(session, entry.info, command.metadata, context);
    }
    if (out.isHeavy) await out.relieve();
  }
  return okay("Listed");
};

type Listed = Pick<TreeEntry, "name" | "info"> & {
  readonly attributes: readonly string[];
  readonly hasMatchingChild: boolean;
};

/** The names that a pattern matches. Many mailboxes and long patterns take their time: in slices. */
async function matchNames(
  tree: MailboxTree,
  patterns: readonly ListPattern[],
  slicer: Slicer,
): Promise<ReadonlySet<string>> {
  const matching = new Set<string>();
  const names = [...tree.names];
  for (const name of names) {
    if (patterns.some((matches) => matches(name))) matching.add(name);
    if (slicer.isDue(16)) await slicer.rest();
  }
  return matching;
}

function* listed(
  tree: MailboxTree,
  command: ListCommand,
  matching: ReadonlySet<string>,
): Generator<Listed> {
  const { selections } = command;
  const isSubscribed = selections.has("SUBSCRIBED");
  const leading = selections.has("RECURSIVEMATCH")
    ? leadingNames(tree, command, matching)
    : new Set();
  for (const entry of tree.entries) {
    const hasMatchingChild = leading.has(entry.name);
    if (!matching.has(entry.name)) continue;
    if (!isEntrySelected(entry, command) && !hasMatchingChild) continue;
    const attributes = attributesOf(tree, entry, command);
    yield { name: entry.name, info: entry.info, attributes, hasMatchingChild };
  }
  for (const name of tree.missingParents(isSubscribed)) {
    const hasMatchingChild = leading.has(name);
    // RFC 9051 §6.3.9: `%` shows levels that only lead to mailboxes.
    if (!matching.has(name) || (selections.size > 0 && !hasMatchingChild)) continue;
    const attributes = ["\\NonExistent", "\\HasChildren"];
    yield { name, info: undefined, attributes, hasMatchingChild };
  }
}

/** RFC 5258 §4, RFC 6154 §2: the options that something below fulfils. */
function childInfo({ selections }: ListCommand): string {
  const options = (["SUBSCRIBED", "SPECIAL-USE"] as const).filter((name) => selections.has(name));
  return ` ("CHILDINFO" (${options.map((name) => `"${name}"`).join(" ")}))`;
}

/** Names above a selected one that the patterns themselves do not show (RFC 5258 §3.5). */
function leadingNames(
  tree: MailboxTree,
  command: ListCommand,
  matching: ReadonlySet<string>,
): Set<string> {
  const leading = new Set<string>();
  for (const entry of tree.entries) {
    if (!isEntrySelected(entry, command) || matching.has(entry.name)) continue;
    for (const parent of parentsOf(entry.name)) leading.add(parent);
  }
  return leading;
}

function isEntrySelected(entry: TreeEntry, { selections }: ListCommand): boolean {
  if (selections.has("SUBSCRIBED")) {
    if (!entry.isSubscribed) return false;
  } else if (entry.info === undefined) return false;
  return !selections.has("SPECIAL-USE") || entry.info?.specialUse !== undefined;
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
  const { accountId } = session;
  const mailboxes = [...mail.mailboxes(accountId), ...mail.sharedMailboxes(accountId)];
  return new MailboxTree(mailboxes, mail.subscriptions(accountId));
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
  context.out.line(`* NAMESPACE (("" "/")) (("${OTHER_USERS}/" "/")) NIL`);
  return okay("Namespaces");
};
