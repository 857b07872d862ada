/**
 * STORE X-GM-LABELS (X-GM-EXT-1): a label that is added copies the message into its mailbox (which is
 * made if it is not there), one that is removed takes it out of it; `\Starred` is `\Flagged`. Unlike
 * other STOREs this is several commits, a mailbox each. The selected mailbox's own label cannot be
 * taken off: that is what EXPUNGE is for.
 */

import { no, okay, type Completion } from "../../imap/completion.ts";
import type { StoreCommand } from "../../imap/command/store.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { problemOfNewName } from "../../imap/mailbox-name.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import type { MailboxInfo } from "../../store/mail.ts";
import { hasLabels, holdersOf, mailboxOfLabel, messagesIn, withOpen } from "./gmail-labels.ts";
import { loadLabels } from "./label-writer.ts";
import type { MessageId } from "../../store/octets.ts";
import type { MailSession } from "./mail-session.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { Slicer } from "./slicer.ts";
import { beginFetch } from "./updates.ts";

const STARRED = "\\Starred";

export async function runStoreLabels(
  session: MailSession,
  view: SelectedMailbox,
  work: {
    readonly command: StoreCommand;
    readonly labels: readonly string[];
    readonly context: CommandContext;
  },
): Promise<Completion> {
  const { command, labels, context } = work;
  if (!hasLabels(session, view)) return no("Labels are for one's own mailboxes", "CANNOT");
  const { uids, modified } = chosen(session, view, command);
  const problem = await changeLabels(session, view, { action: command.action, labels, uids });
  if (problem !== undefined) return problem;
  if (!command.isSilent) await tell(session, view, { uids, context, isUid: command.isUid });
  if (modified.length === 0) return okay("Labelled");
  const numbers = command.isUid ? modified : modified.map((uid) => view.seqOfUid(uid));
  return okay("Some messages had changed", `MODIFIED ${formatSet(numbers)}`);
}

/** The messages meant, without those that fail UNCHANGEDSINCE. */
function chosen(
  session: MailSession,
  view: SelectedMailbox,
  command: StoreCommand,
): { uids: number[]; modified: number[] } {
  const { open } = view;
  const all = Array.from(view.resolve(command.set, command.isUid, session.saved).uids);
  const limit = command.unchangedSince ?? Number.POSITIVE_INFINITY;
  const hasChanged = (uid: number): boolean => open.modSeqs[open.indexOfUid(uid)] > limit;
  return { uids: all.filter((uid) => !hasChanged(uid)), modified: all.filter(hasChanged) };
}

type Change = {
  readonly action: StoreCommand["action"];
  readonly labels: readonly string[];
  readonly uids: readonly number[];
};

async function changeLabels(
  session: MailSession,
  view: SelectedMailbox,
  { action, labels, uids }: Change,
): Promise<Completion | undefined> {
  const mailboxes = labels.filter((label) => label !== STARRED);
  const problem = firstProblem(session, view, { action, labels: mailboxes });
  if (problem !== undefined) return problem;
  await star(session, view, { action, isStarred: labels.includes(STARRED), uids });
  if (action === "remove") {
    for (const label of mailboxes) {
      const info = mailboxOfLabel(session, label);
      if (info !== undefined) await takeOut(session, info, idsOf(view, uids));
    }
    return undefined;
  }
  const { mail } = session.deps.store;
  const targets: MailboxInfo[] = [];
  for (const label of mailboxes) {
    const known = mailboxOfLabel(session, label);
    targets.push(known ?? (await mail.createMailbox(session.accountId, label)));
  }
  for (const target of targets) await putIn(session, view, { target, uids });
  if (action === "replace") await takeOutOfOthers(session, view, { keep: targets, uids });
  return undefined;
}

async function star(
  session: MailSession,
  view: SelectedMailbox,
  change: {
    readonly action: Change["action"];
    readonly isStarred: boolean;
    readonly uids: readonly number[];
  },
): Promise<void> {
  const { action, isStarred, uids } = change;
  if (!isStarred && action !== "replace") return;
  const isAdded = isStarred && action !== "remove";
  const outcome = await session.deps.store.mail.changeFlags(view.open.grant, uids, {
    action: isAdded ? "add" : "remove",
    flags: ["\\Flagged"],
  });
  if (outcome.changed.length > 0) view.ownChange(outcome.modSeq);
}

/** Looked for before anything is changed. */
function firstProblem(
  session: MailSession,
  view: SelectedMailbox,
  { action, labels }: Pick<Change, "action" | "labels">,
): Completion | undefined {
  for (const label of labels) {
    const known = mailboxOfLabel(session, label);
    if (action === "remove") {
      if (known?.id !== view.open.info.id) continue;
      return no("EXPUNGE takes a message out of the selected mailbox", "CANNOT");
    }
    if (known !== undefined) continue;
    if (label.startsWith("\\")) return no(`No mailbox has the use ${label}`, "CANNOT");
    const problem = problemOfNewName(label);
    if (problem !== undefined) return no(`Cannot create: ${problem}`, "CANNOT");
  }
  return undefined;
}

function idsOf(view: SelectedMailbox, uids: readonly number[]): ReadonlySet<MessageId> {
  const { open } = view;
  return new Set(uids.map((uid) => open.messageIds[open.indexOfUid(uid)]));
}

/** What is there already is not copied a second time. */
async function putIn(
  session: MailSession,
  view: SelectedMailbox,
  { target, uids }: { target: MailboxInfo; uids: readonly number[] },
): Promise<void> {
  const { open } = view;
  if (target.id === open.info.id) return;
  const present = await messagesIn(session, target);
  const absent = uids.filter((uid) => !present.has(open.messageIds[open.indexOfUid(uid)]));
  if (absent.length > 0) await session.deps.store.mail.copy(open.grant, absent, target.grant);
}

async function takeOut(
  session: MailSession,
  info: MailboxInfo,
  messageIds: ReadonlySet<MessageId>,
): Promise<void> {
  const found = await withOpen(session, info, (open) => {
    const uids: number[] = [];
    for (let position = 0; position < open.count; position++) {
      if (messageIds.has(open.messageIds[position])) uids.push(open.uids[position]);
    }
    return uids;
  });
  if (found === undefined || found.length === 0) return;
  await session.deps.store.mail.expunge(info.grant, found, false);
}

async function takeOutOfOthers(
  session: MailSession,
  view: SelectedMailbox,
  { keep, uids }: { keep: readonly MailboxInfo[]; uids: readonly number[] },
): Promise<void> {
  const kept = new Set(keep.map(({ id }) => id));
  const holders = await holdersOf(session, view, idsOf(view, uids));
  const byMailbox = new Map<MailboxInfo, Set<MessageId>>();
  for (const [messageId, mailboxes] of holders) {
    for (const info of mailboxes) {
      // What stands for no label is not taken for one that is missing.
      if (kept.has(info.id) || info.specialUse === "\\All") continue;
      byMailbox.set(info, (byMailbox.get(info) ?? new Set()).add(messageId));
    }
  }
  for (const [info, messageIds] of byMailbox) await takeOut(session, info, messageIds);
}

async function tell(
  session: MailSession,
  view: SelectedMailbox,
  told: {
    readonly uids: readonly number[];
    readonly context: CommandContext;
    readonly isUid: boolean;
  },
): Promise<void> {
  const { out } = told.context;
  const writer = await loadLabels(session, view, told.uids);
  const slicer = new Slicer(session.deps.clock);
  for (const uid of told.uids) {
    const position = view.open.indexOfUid(uid);
    const seq = view.seqOfUid(uid);
    if (position === -1 || seq === 0) continue;
    beginFetch(told.context, { seq, uid });
    if (told.isUid && !told.context.enabled.isUidOnly) out.text("UID ").number(uid).text(" ");
    writer.write(out.text("X-GM-LABELS "), position);
    out.line(")");
    if (slicer.isDue()) await slicer.rest();
    if (out.isHeavy) await out.relieve();
  }
}
