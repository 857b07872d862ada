/**
 * What a client that comes back has missed (RFC 7162 §3.2.5): UIDs that vanished, then flags that
 * changed, after the MODSEQ it remembers. If that is longer ago than tombstones are kept, every UID
 * it may know and that is not here any more is named (§3.2.5.1 allows more than is needed).
 */

import type { QresyncParameter } from "../../imap/command/select.ts";
import type { CommandContext } from "../../imap/handler.ts";
import { formatSet, resolveRanges, type SequenceRange } from "../../imap/sequence-set.ts";
import type { MailSession } from "./mail-session.ts";
import { lowerBound, type SelectedMailbox } from "./selected-mailbox.ts";
import { Slicer } from "./slicer.ts";
import { flagsTeller } from "./updates.ts";

export async function writeResync(
  session: MailSession,
  view: SelectedMailbox,
  known: QresyncParameter,
  context: CommandContext,
): Promise<void> {
  const { open } = view;
  if (known.uidValidity !== open.info.uidValidity || known.modSeq >= open.highestModSeq) return;
  const all = [{ from: 1, to: Math.max(1, open.uidNext - 1) }];
  const ranges =
    known.knownUids === undefined || known.knownUids === "saved"
      ? all
      : resolveRanges(known.knownUids, open.uidNext - 1);
  writeVanished(session, view, { ranges, modSeq: known.modSeq, context });
  await writeChangedSince(session, view, { ranges, modSeq: known.modSeq, context });
}

export type Since = {
  /** UIDs to tell about, ascending. */
  readonly ranges: readonly SequenceRange[];
  readonly modSeq: number;
  readonly context: CommandContext;
};

/** `* VANISHED (EARLIER) set` */
export function writeVanished(session: MailSession, view: SelectedMailbox, since: Since): void {
  const { open } = view;
  const expunged = session.deps.store.mail.expungedSince(open.grant, since.modSeq);
  const gone =
    expunged === undefined
      ? gapsIn(view, since.ranges)
      : // What has gone since the mailbox was opened is told like any other EXPUNGE, not here.
        formatSet(
          expunged.filter((uid) => isWithin(uid, since.ranges) && open.indexOfUid(uid) === -1),
        );
  if (gone !== "") since.context.out.line(`* VANISHED (EARLIER) ${gone}`);
}

function isWithin(uid: number, ranges: readonly SequenceRange[]): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle].to < uid) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low].from <= uid;
}

/** UIDs of `ranges`, below UIDNEXT, that are not in the mailbox: as ranges, however many they are. */
function gapsIn(view: SelectedMailbox, ranges: readonly SequenceRange[]): string {
  const { uids, count, uidNext } = view.open;
  const gaps: string[] = [];
  const add = (from: number, to: number): void => {
    if (from <= to) gaps.push(from === to ? String(from) : `${from}:${to}`);
  };
  for (const range of ranges) {
    const last = Math.min(range.to, uidNext - 1);
    let next = Math.max(1, range.from);
    let position = lowerBound(uids, count, next);
    for (; position < count && uids[position] <= last; position++) {
      add(next, uids[position] - 1);
      next = uids[position] + 1;
    }
    add(next, last);
  }
  return gaps.join(",");
}

async function writeChangedSince(
  session: MailSession,
  view: SelectedMailbox,
  since: Since,
): Promise<void> {
  const { open } = view;
  const tell = flagsTeller(view, since.context, { flags: true, uid: true });
  const slicer = new Slicer(session.deps.clock);
  // While the loop rests, positions may move: it goes on from the UID it has reached.
  for (const range of since.ranges) {
    let position = lowerBound(open.uids, open.count, range.from);
    while (position < open.count && open.uids[position] <= range.to) {
      if (open.modSeqs[position] > since.modSeq && view.seqOfUid(open.uids[position]) > 0) {
        tell(position);
      }
      const nextUid = open.uids[position] + 1;
      position++;
      if (slicer.isDue()) {
        await since.context.out.relieve();
        await slicer.rest();
        position = lowerBound(open.uids, open.count, nextUid);
      }
    }
  }
}
