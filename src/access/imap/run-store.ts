/** STORE and UID STORE (RFC 9051 §6.4.6; UNCHANGEDSINCE, RFC 7162 §3.1.3). */

import { bad, no, okay, type Completion } from "../../imap/completion.ts";
import type { StoreCommand } from "../../imap/command/store.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import type { Run } from "./mail-session.ts";
import { runStoreLabels } from "./run-store-labels.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { Slicer } from "./slicer.ts";
import { flagsTeller, writeAdded, writeFlagsLine, writeUpdates } from "./updates.ts";

export const runStore: Run<StoreCommand> = async (session, command, context) => {
  const view = session.selected;
  if (view === undefined) return no("No mailbox is selected");
  if (view.isReadOnly) return no("The mailbox is selected read-only", "NOPERM");
  if (command.unchangedSince !== undefined) context.enabled.isCondstore = true;
  if (command.isUid) writeAdded(view, context);
  else if (!view.coversSeqs(command.set)) return bad("No such message number");
  // Others' changes are told first: afterwards they could not be told from what is silenced.
  writeUpdates(view, context, "keep-numbers");
  if (command.labels !== undefined) {
    return runStoreLabels(session, view, { command, labels: command.labels, context });
  }
  const { uids } = view.resolve(command.set, command.isUid, session.saved);
  const outcome = await session.deps.store.mail.changeFlags(view.open.grant, uids, {
    action: command.action,
    flags: command.flags,
    unchangedSince: command.unchangedSince,
  });
  if (outcome.changed.length > 0) view.ownChange(outcome.modSeq);
  if (view.takeNewKeywords()) writeFlagsLine(view, context);
  const told = command.isSilent ? silentlyTold(context, outcome) : without(uids, outcome.modified);
  const tell = flagsTeller(view, context, {
    flags: !command.isSilent,
    uid: command.isUid || context.enabled.isQresync,
  });
  await writeOutcome(view, { told, tell, context }, new Slicer(session.deps.clock));
  return completionFor(view, command, outcome.modified);
};

/** `.SILENT` silences FLAGS, not MODSEQ: the client needs it to go on (RFC 7162 §3.1.3). */
function silentlyTold(
  context: CommandContext,
  outcome: { readonly changed: readonly number[] },
): ArrayLike<number> {
  return context.enabled.isCondstore ? outcome.changed : [];
}

function without(uids: Uint32Array, left: readonly number[]): ArrayLike<number> {
  if (left.length === 0) return uids;
  const leftOut = new Set(left);
  return uids.filter((uid) => !leftOut.has(uid));
}

type Telling = {
  readonly told: ArrayLike<number>;
  readonly tell: (position: number) => void;
  readonly context: CommandContext;
};

async function writeOutcome(
  view: SelectedMailbox,
  { told, tell, context }: Telling,
  slicer: Slicer,
): Promise<void> {
  const { open } = view;
  let position = -1;
  for (let at = 0; at < told.length; at++) {
    const uid = told[at];
    // The next one, nearly always.
    const isNext = position + 1 < open.count && open.uids[position + 1] === uid;
    position = isNext ? position + 1 : open.indexOfUid(uid);
    if (position !== -1) tell(position);
    if (slicer.isDue()) await slicer.rest();
    if (context.out.isHeavy) await context.out.relieve();
  }
}

/**
 * Messages that have gone meanwhile are no reason for NO: the client learns of them by EXPUNGE
 * (RFC 2180 §4.2). Those that failed UNCHANGEDSINCE are named in an OK (RFC 7162 §3.1.3 example 11).
 */
function completionFor(
  view: SelectedMailbox,
  command: StoreCommand,
  modified: readonly number[],
): Completion {
  if (modified.length === 0) return okay("Stored");
  const numbers = command.isUid ? modified : modified.map((uid) => view.seqOfUid(uid));
  return okay("Some messages had changed", `MODIFIED ${formatSet(numbers)}`);
}
