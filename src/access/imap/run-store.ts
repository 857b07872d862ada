/** STORE and UID STORE (RFC 9051 §6.4.6; UNCHANGEDSINCE, RFC 7162 §3.1.3). */

import { bad, no, okay, type Completion } from "../../imap/completion.ts";
import type { StoreCommand } from "../../imap/command/store.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import type { FlagWriter } from "./flag-writer.ts";
import type { Run } from "./mail-session.ts";
import { runStoreLabels } from "./run-store-labels.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { Slicer } from "./slicer.ts";
import {
  makeFlagWriter,
  writeAdded,
  writeFlagsLine,
  writeFlagsOf,
  writeUpdates,
} from "./updates.ts";

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
  const outcome = await session.deps.store.mail.changeFlags(view.open.grant, Array.from(uids), {
    action: command.action,
    flags: command.flags,
    unchangedSince: command.unchangedSince,
  });
  if (outcome.changed.length > 0) view.ownChange(outcome.modSeq);
  if (view.takeNewKeywords()) writeFlagsLine(view, context);
  const told = command.isSilent ? silentlyTold(context, outcome) : without(uids, outcome.modified);
  const flagWriter = command.isSilent ? undefined : makeFlagWriter(view, context);
  await writeOutcome(
    view,
    { told, flagWriter, context, isUid: command.isUid },
    new Slicer(session.deps.clock),
  );
  return completionFor(view, command, outcome.modified);
};

/** `.SILENT` silences FLAGS, not MODSEQ: the client needs it to go on (RFC 7162 §3.1.3). */
function silentlyTold(
  context: CommandContext,
  outcome: { readonly changed: readonly number[] },
): readonly number[] {
  return context.enabled.isCondstore ? outcome.changed : [];
}

function without(uids: Uint32Array, left: readonly number[]): readonly number[] {
  if (left.length === 0) return Array.from(uids);
  const leftOut = new Set(left);
  return Array.from(uids).filter((uid) => !leftOut.has(uid));
}

type Telling = {
  readonly told: readonly number[];
  readonly flagWriter: FlagWriter | undefined;
  readonly context: CommandContext;
  readonly isUid: boolean;
};

async function writeOutcome(
  view: SelectedMailbox,
  telling: Telling,
  slicer: Slicer,
): Promise<void> {
  const { told, flagWriter, context, isUid } = telling;
  const withUid = isUid || context.enabled.isQresync;
  for (const uid of told) {
    const position = view.open.indexOfUid(uid);
    if (position !== -1) writeFlagsOf(view, context, { position, flagWriter, withUid });
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
