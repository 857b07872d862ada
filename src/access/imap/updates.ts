/**
 * Untagged responses about the selected mailbox: what was added (EXISTS only when the count grew),
 * what was expunged (never while sequence numbers are in use), whose flags changed.
 */

import type { CommandContext } from "../../imap/handler.ts";
import type { UpdateScope } from "../../imap/session.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import { FlagWriter } from "./flag-writer.ts";
import { lowerBound, type SelectedMailbox } from "./selected-mailbox.ts";

export function writeUpdates(
  view: SelectedMailbox,
  context: CommandContext,
  scope: UpdateScope,
): void {
  if (scope === "none" || !view.hasNews) return;
  if (view.takeNewKeywords()) writeFlagsLine(view, context);
  writeChanged(view, context);
  if (scope === "all") writeExpunged(view, context);
  writeAdded(view, context);
}

/** Announces new messages: allowed at any time, and needed before they are spoken of. */
export function writeAdded(view: SelectedMailbox, context: CommandContext): void {
  const count = view.takeAdded();
  if (count === undefined) return;
  context.out.text("* ").number(count).line(" EXISTS");
  if (!context.enabled.isRev2) writeRecent(view, context);
}

export function writeRecent(view: SelectedMailbox, context: CommandContext): void {
  const { open, firstRecentUid } = view;
  const recent =
    open.lastUid < firstRecentUid
      ? 0
      : open.count - lowerBound(open.uids, open.count, firstRecentUid);
  context.out.text("* ").number(recent).line(" RECENT");
}

export function writeExpunged(view: SelectedMailbox, context: CommandContext): void {
  const { out, enabled } = context;
  const { seqs, uids } = view.takeExpunged();
  if (uids.length === 0) return;
  if (enabled.isQresync || enabled.isUidOnly) {
    out.line(`* VANISHED ${formatSet(uids)}`);
    return;
  }
  for (const seq of seqs) out.text("* ").number(seq).text(" EXPUNGE\r\n");
}

function writeChanged(view: SelectedMailbox, context: CommandContext): void {
  const positions = view.takeChanged();
  if (positions.length === 0) return;
  const tell = flagsTeller(view, context, { flags: true, uid: context.enabled.isQresync });
  for (const position of positions) tell(position);
}

export function makeFlagWriter(
  view: SelectedMailbox,
  { enabled }: Pick<CommandContext, "enabled">,
): FlagWriter {
  const firstRecentUid = enabled.isRev2 ? Number.POSITIVE_INFINITY : view.firstRecentUid;
  return new FlagWriter(view.open, firstRecentUid);
}

/** `* 5 FETCH (`, or with UIDONLY `* 9 UIDFETCH (` (RFC 9586 §3.1). */
export function beginFetch(
  { out, enabled }: CommandContext,
  { seq, uid }: { readonly seq: number; readonly uid: number },
): void {
  if (enabled.isUidOnly) out.text("* ").number(uid).text(" UIDFETCH (");
  else out.text("* ").number(seq).text(" FETCH (");
}

/**
 * Writes `* 5 FETCH (UID 9 FLAGS (\Seen) MODSEQ (7))` for a position, as far as asked and enabled. Put
 * together once, since a STORE may tell of ten thousand messages.
 */
export function flagsTeller(
  view: SelectedMailbox,
  { out, enabled }: CommandContext,
  told: { readonly flags: boolean; readonly uid: boolean },
): (position: number) => void {
  const { open } = view;
  const flagWriter = told.flags ? makeFlagWriter(view, { enabled }) : undefined;
  const flags = told.flags ? "FLAGS " : "";
  const modSeq = told.flags ? " MODSEQ (" : "MODSEQ (";
  const head = enabled.isUidOnly
    ? ` UIDFETCH (${flags}`
    : told.uid
      ? " FETCH (UID "
      : ` FETCH (${flags}`;
  const withUid = told.uid && !enabled.isUidOnly;
  const afterUid = told.flags || enabled.isCondstore ? ` ${flags}` : "";
  return (position) => {
    const number = enabled.isUidOnly ? open.uids[position] : view.seqOfPosition(position);
    out.text("* ").number(number).text(head);
    if (withUid) out.number(open.uids[position]).text(afterUid);
    flagWriter?.write(out, position);
    if (enabled.isCondstore) out.text(modSeq).number(open.modSeqs[position]).text("))\r\n");
    else out.text(")\r\n");
  };
}

export function writeFlagsLine(view: SelectedMailbox, context: CommandContext): void {
  context.out.line(`* FLAGS (${definedFlags(view).join(" ")})`);
}

export function definedFlags(view: SelectedMailbox): string[] {
  return ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", ...view.open.keywords];
}
