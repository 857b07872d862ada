/**
 * FETCH and UID FETCH. Items from the columns are written in one go, with a rest now and then; bodies
 * are read some messages ahead, large ones in pieces, and nothing gathers that the client does not
 * take (Invariant 7).
 */

import { bad, no, okay, type Completion } from "../../imap/completion.ts";
import type { FetchCommand } from "../../imap/command/fetch.ts";
import type { CommandContext } from "../../imap/handler.ts";
import type { DetailName } from "../../store/mail.ts";
import type { MessageId } from "../../store/octets.ts";
import { SEEN } from "../../store/mail.ts";
import type { SourceDetails } from "./body-source.ts";
import { AHEAD_OCTETS, FetchBodies } from "./fetch-bodies.ts";
import type { LoadedBodies } from "./loaded-body.ts";
import { keepIfPossible } from "./keep-if-possible.ts";
import { loadLabels, type LabelWriter } from "./label-writer.ts";
import type { MailSession, Run } from "./mail-session.ts";
import { holdRanges, sourcesOf } from "./load-sources.ts";
import { detailsOf, makeItemWriters, type ItemDetails, type ItemWriter } from "./plain-items.ts";
import { lowerBound, type SelectedMailbox } from "./selected-mailbox.ts";
import type { Targets } from "./target-list.ts";
import { Slicer } from "./slicer.ts";
import { beginFetch, writeAdded } from "./updates.ts";
import { writeVanished } from "./resync.ts";
import { rangeWithin } from "../../imap/partial-range.ts";
import { resolveRanges } from "../../imap/sequence-set.ts";

/** Messages that are looked up together, where octets of them are read and where not. */
const BODIES_BATCH = 64;
const DETAILS_BATCH = 256;
/** So much of messages is read at a time; a second batch is read ahead (Invariant 7). */
const BATCH_OCTETS = 262_144;

export const runFetch: Run<FetchCommand> = async (session, command, context) => {
  const view = session.selected;
  if (view === undefined) return no("No mailbox is selected");
  if (
    command.isVanished &&
    !(command.isUid && context.enabled.isQresync && command.changedSince !== undefined)
  ) {
    return bad("VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC");
  }
  // RFC 7162 §3.1: asking for MODSEQ switches CONDSTORE on.
  if (command.plain.has("MODSEQ")) context.enabled.isCondstore = true;
  if (command.isUid) writeAdded(view, context);
  else if (!view.coversSeqs(command.set)) return bad("No such message number");
  const targets = partOf(view.resolve(command.set, command.isUid, session.saved), command);
  if (command.isVanished && command.changedSince !== undefined && command.set !== "saved") {
    const ranges = resolveRanges(command.set, view.open.uidNext - 1);
    writeVanished(session, view, { ranges, modSeq: command.changedSince, context });
  }
  const labels = command.plain.has("X-GM-LABELS")
    ? await loadLabels(session, view, targets.uids)
    : undefined;
  return new Fetch(session, view, { command, context, targets, labels }).run();
};

/** RFC 9394 §3.3: places among the messages that are there. */
function partOf(targets: Targets, { partial }: FetchCommand): Targets {
  if (partial === undefined) return targets;
  const { from, to } = rangeWithin(partial, targets.uids.length);
  return {
    ...targets,
    seqs: targets.seqs.subarray(from, to),
    uids: targets.uids.subarray(from, to),
  };
}

type Request = {
  readonly command: FetchCommand;
  readonly context: CommandContext;
  readonly targets: Targets;
  readonly labels: LabelWriter | undefined;
};

class Fetch {
  readonly #session: MailSession;
  readonly #view: SelectedMailbox;
  readonly #command: FetchCommand;
  readonly #context: CommandContext;
  readonly #targets: Targets;
  readonly #labels: LabelWriter | undefined;
  readonly #bodies: FetchBodies | undefined;
  readonly #detailNames: readonly DetailName[];
  readonly #slicer: Slicer;
  #isIncomplete: boolean;

  constructor(session: MailSession, view: SelectedMailbox, request: Request) {
    this.#session = session;
    this.#view = view;
    this.#command = request.command;
    this.#context = request.context;
    this.#targets = request.targets;
    this.#labels = request.labels;
    this.#slicer = new Slicer(session.deps.clock);
    // RFC 2180 §4.1.2: what is gone cannot be given; UIDs that name nothing are passed over.
    this.#isIncomplete = request.targets.hasGhosts && !request.command.isUid;
    const { sections, binaries, hasPreview } = request.command;
    const hasBodies = sections.length + binaries.length > 0 || hasPreview;
    this.#bodies = hasBodies ? new FetchBodies(session.deps, view, request.command) : undefined;
    const names = [...detailsOf(request.command.plain), ...(this.#bodies?.detailNames ?? [])];
    this.#detailNames = [...new Set(names)].sort();
  }

  async run(): Promise<Completion> {
    if (this.#detailNames.length === 0) await this.#writeColumns();
    else await this.#writeBatches();
    if (this.#bodies?.problem !== undefined) return this.#bodies.problem;
    return this.#isIncomplete
      ? no("Some of the messages are gone", "EXPUNGEISSUED")
      : okay("Fetched");
  }

  /** The position of a target now; -1 when it has gone. `guess` is where it would be if nothing had moved. */
  #positionOf(uid: number, guess: number): number {
    const { open } = this.#view;
    return guess < open.count && open.uids[guess] === uid ? guess : open.indexOfUid(uid);
  }

  #isWanted(position: number): boolean {
    const { changedSince } = this.#command;
    return changedSince === undefined || this.#view.open.modSeqs[position] > changedSince;
  }

  async #writeColumns(): Promise<void> {
    const { seqs, uids } = this.#targets;
    const { out } = this.#context;
    const writers = this.#writersOf(this.#command.plain);
    let guess =
      uids.length === 0 ? 0 : lowerBound(this.#view.open.uids, this.#view.open.count, uids[0]);
    for (let at = 0; at < uids.length; at++) {
      const position = this.#positionOf(uids[at], guess);
      guess = position + 1;
      if (position !== -1 && this.#isWanted(position)) {
        beginFetch(this.#context, { seq: seqs[at], uid: uids[at] });
        for (const write of writers) write(position, undefined);
        out.text(")\r\n");
      }
      const pause = this.#breathe();
      if (pause !== undefined && (await pause)) return;
    }
  }

  #writersOf(asked: FetchCommand["plain"]): ItemWriter[] {
    const items = new Set(asked);
    // UIDFETCH says it already (RFC 9586 §3.1).
    if (this.#context.enabled.isUidOnly && !this.#command.isUidAsked) items.delete("UID");
    return makeItemWriters(this.#view, items, this.#context, this.#labels);
  }

  /** Something to wait for now and then; true when the client has gone. */
  #breathe(): Promise<boolean> | undefined {
    const isDue = this.#slicer.isDue();
    return isDue || this.#context.out.isHeavy ? this.#rest(isDue) : undefined;
  }

  async #rest(isDue: boolean): Promise<boolean> {
    await this.#context.out.relieve();
    if (isDue) await this.#slicer.rest();
    return this.#context.isCancelled();
  }

  async #writeBatches(): Promise<void> {
    const { uids } = this.#targets;
    let ahead = this.#load(0);
    for (;;) {
      const batch = await ahead;
      if (this.#context.isCancelled()) return;
      await this.#markSeen(batch.messages);
      // The next bodies are read while these are sent.
      if (batch.end < uids.length) ahead = this.#load(batch.end);
      ahead.catch(() => {});
      await this.#write(batch.messages);
      if (batch.end >= uids.length) return;
      if (this.#slicer.isDue(DETAILS_BATCH)) await this.#slicer.rest();
    }
  }

  /** What comes next, as far as it is read together. */
  async #load(from: number): Promise<Batch> {
    const { seqs, uids } = this.#targets;
    const { open } = this.#view;
    const messages: LoadedMessage[] = [];
    const ids: MessageId[] = [];
    const readsOctets = this.#bodies?.readsOctets ?? false;
    const most = readsOctets ? BODIES_BATCH : DETAILS_BATCH;
    let octets = 0;
    let end = from;
    for (; end < uids.length && messages.length < most && octets < BATCH_OCTETS; end++) {
      const position = this.#positionOf(uids[end], (messages.at(-1)?.position ?? -2) + 1);
      if (position === -1 || !this.#isWanted(position)) continue;
      const sizeOctets = open.sizesOctets[position];
      if (readsOctets) octets += Math.min(sizeOctets, AHEAD_OCTETS);
      ids.push(open.messageIds[position]);
      messages.push({
        seq: seqs[end],
        uid: uids[end],
        position,
        sizeOctets,
        details: undefined,
        bodies: undefined,
        flagsChanged: false,
      });
    }
    const { store } = this.#session.deps;
    const details = store.mail.details(ids, this.#detailNames);
    for (const [index, message] of messages.entries()) message.details = details[index];
    if (this.#bodies !== undefined) await this.#loadBodies(this.#bodies, messages, ids);
    return { messages, end };
  }

  async #loadBodies(
    bodies: FetchBodies,
    messages: readonly LoadedMessage[],
    ids: readonly MessageId[],
  ): Promise<void> {
    const { store } = this.#session.deps;
    // The bodies' names were among those asked for.
    const details = messages.map((message) => message.details as SourceDetails | undefined);
    const sources = sourcesOf(store, this.#view.open, messages, details);
    const names = bodies.headNames;
    const heads = names.length === 0 ? [] : await store.mail.heads(ids, names);
    const wanted = sources.flatMap((source) => {
      const range = source && bodies.rangeAhead(source);
      return source === undefined || range === undefined ? [] : [{ source, range }];
    });
    await holdRanges(store, wanted);
    const loading: Promise<void>[] = [];
    for (const [index, message] of messages.entries()) {
      const source = sources[index];
      if (source === undefined) continue;
      message.bodies = bodies.loadKept(source, heads[index]);
      if (message.bodies !== undefined) continue;
      const load = async (): Promise<void> => {
        message.bodies = await bodies.load(message.uid, source, heads[index]);
      };
      loading.push(load());
    }
    await Promise.all(loading);
  }

  /** Reading a body without PEEK sets `\Seen` (RFC 9051 §6.4.5). */
  async #markSeen(batch: readonly LoadedMessage[]): Promise<void> {
    const view = this.#view;
    if (this.#bodies === undefined || !this.#bodies.setsSeen || view.isReadOnly) return;
    // RFC 4314 §4: reading without the right leaves the message unseen.
    if (!this.#session.deps.store.acl.rights(view.open.grant).has("s")) return;
    const { open } = view;
    const unseen = batch.filter((message) => {
      const position = open.indexOfUid(message.uid);
      return position !== -1 && message.bodies !== undefined && (open.flags[position] & SEEN) === 0;
    });
    if (unseen.length === 0) return;
    const uids = unseen.map((message) => message.uid);
    const { mail } = this.#session.deps.store;
    const changed = await keepIfPossible(this.#session, "\\Seen", () =>
      mail.changeFlags(open.grant, uids, { action: "add", flags: ["\\Seen"] }),
    );
    if (changed === undefined) return;
    view.ownChange(changed.modSeq);
    for (const message of unseen) message.flagsChanged = true;
  }

  async #write(batch: readonly LoadedMessage[]): Promise<void> {
    const { out, enabled } = this.#context;
    const plainWriters = this.#writersOf(this.#command.plain);
    const withFlags = new Set(this.#command.plain).add("FLAGS");
    if (enabled.isCondstore) withFlags.add("MODSEQ");
    const flagWriters = this.#writersOf(withFlags);
    for (const message of batch) {
      const position = this.#positionOf(message.uid, message.position);
      const isUnread = this.#bodies !== undefined && message.bodies === undefined;
      if (position === -1 || message.details === undefined || isUnread) {
        this.#isIncomplete ||= !this.#command.isUid;
        continue;
      }
      const writers = message.flagsChanged ? flagWriters : plainWriters;
      const writing = this.#writeMessage(message, position, writers);
      if (writing !== undefined) await writing;
      if (out.isHeavy) await out.relieve();
    }
  }

  /** At once, if all of it is in hand. */
  #writeMessage(
    message: LoadedMessage,
    position: number,
    writers: readonly ItemWriter[],
  ): Promise<void> | undefined {
    const { out } = this.#context;
    const { bodies } = message;
    beginFetch(this.#context, message);
    for (const write of writers) write(position, message.details);
    if (bodies !== undefined && this.#bodies !== undefined) {
      if (!bodies.isInHand) {
        return this.#bodies
          .write(out, bodies, writers.length > 0)
          .then(() => void out.text(")\r\n"));
      }
      this.#bodies.writeNow(out, bodies, writers.length > 0);
    }
    out.text(")\r\n");
    return undefined;
  }
}

type Batch = {
  readonly messages: readonly LoadedMessage[];
  /** Where the next one begins among the targets. */
  readonly end: number;
};

type LoadedMessage = {
  readonly seq: number;
  readonly uid: number;
  /** Where it was when it was loaded. */
  readonly position: number;
  readonly sizeOctets: number;
  details: ItemDetails | undefined;
  /** Undefined when they could not be read. */
  bodies: LoadedBodies | undefined;
  flagsChanged: boolean;
};
