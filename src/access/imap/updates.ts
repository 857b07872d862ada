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
  for (const seq of seqs) out.text("* ").number(seq).line(" EXPUNGE");
}

function writeChanged(view: SelectedMailbox, context: CommandContext): void {
  const positions = view.takeChanged();
  if (positions.length === 0) return;
  const flagWriter = makeFlagWriter(view, context);
  for (const position of positions) {
    writeFlagsOf(view, context, { position, flagWriter, withUid: context.enabled.isQresync });
  }
}

export function makeFlagWriter(view: SelectedMailbox, context: CommandContext): FlagWriter {
  const firstRecentUid = context.enabled.isRev2 ? Number.POSITIVE_INFINITY : view.firstRecentUid;
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

/** `* 5 FETCH (UID 9 FLAGS (\Seen) MODSEQ (7))` as far as asked and enabled. */
export function writeFlagsOf(
  view: SelectedMailbox,
  context: CommandContext,
  message: {
    readonly position: number;
    readonly flagWriter: FlagWriter | undefined;
    readonly withUid: boolean;
  },
): void {
  const { out, enabled } = context;
  const { position, flagWriter } = message;
  const withUid = message.withUid && !enabled.isUidOnly;
  const uid = view.open.uids[position];
  beginFetch(context, { seq: view.seqOfPosition(position), uid });
  if (withUid) out.text("UID ").number(view.open.uids[position]);
  if (flagWriter !== undefined) {
    out.text(withUid ? " FLAGS " : "FLAGS ");
    flagWriter.write(out, position);
  }
  if (enabled.isCondstore) {
    out.text(withUid || flagWriter !== undefined ? " MODSEQ (" : "MODSEQ (");
    out.number(view.open.modSeqs[position]).text(")");
  }
  out.line(")");
}

export function writeFlagsLine(view: SelectedMailbox, context: CommandContext): void {
  context.out.line(`* FLAGS (${definedFlags(view).join(" ")})`);
}

export function definedFlags(view: SelectedMailbox): string[] {
  return ["\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", ...view.open.keywords];
}
