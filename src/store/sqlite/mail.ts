/** Mailboxes and messages: reads from the reading connection and from open mailboxes, changes through the writer. */

import { NO_OCTETS } from "../../base/bytes.ts";
import { MailError } from "../../base/errors.ts";
import type {
  AppendRequest,
  CopyResult,
  FlagChange,
  MailboxChange,
  MailboxId,
  MailboxInfo,
  MailboxStatus,
  MailStore,
  DetailName,
  Details,
  HeadName,
  MessageHead,
  TextCandidates,
  TextQuery,
  OpenMailbox,
  SpecialUse,
} from "../mail.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";
import type { MessageId, OctetStore } from "../octets.ts";
import { ownStaged } from "./accept-request.ts";
import { ChangeHub } from "./change-hub.ts";
import { changeableFlags, flagMask, mayChangeFlag } from "./flag-scope.ts";
import { FeedListeners } from "./feed-listeners.ts";
import type { MailGate } from "./mail-gate.ts";
import { expungedSince, mailboxStatus } from "./mailbox-rows.ts";
import {
  deliveryPrefixes,
  holdersOf,
  messageDetails,
  messageHeads,
  sentDates,
} from "./message-rows.ts";
import { mailboxKey } from "./mailbox-name.ts";
import type { FeedEntry } from "./feed-entry.ts";
import { numbersIn, runsOfAny } from "./number-runs.ts";
import { OpenMailboxes, type OpenMailboxesDeps } from "./open-mailboxes.ts";
import type { SearchedMailbox, SearchIndex } from "./search-index.ts";
import type { SearchIndexing } from "./search-indexing.ts";
import { changeOf } from "./shared-mailbox.ts";

export type MailDeps = Omit<OpenMailboxesDeps, "feedId" | "onHeld"> & {
  readonly gate: MailGate;
  readonly octets: OctetStore;
  readonly searchIndex: SearchIndex;
  readonly searchIndexing: SearchIndexing | undefined;
  readonly onListening: (isListening: boolean) => void;
};

const SEARCHED =
  "SELECT id, uid_validity AS uidValidity, uid_next AS uidNext FROM mailbox WHERE id = ?";

export class SqliteMail implements MailStore {
  readonly #deps: MailDeps;
  readonly #gate: MailGate;
  readonly #hub: ChangeHub;
  readonly #open: OpenMailboxes;
  readonly #listeners: FeedListeners;
  #holders = 0;

  constructor(deps: MailDeps) {
    this.#deps = deps;
    this.#gate = deps.gate;
    this.#open = new OpenMailboxes({
      ...deps,
      feedId: () => this.#hub.lastId,
      onHeld: (change) => this.#held(change),
    });
    this.#listeners = new FeedListeners(deps.gate, deps.log);
    this.#hub = new ChangeHub(deps.database, {
      onEntry: (entry) => this.#apply(entry),
      onGap: () => this.#open.reload(),
    });
  }

  mailboxes(accountId: number): readonly MailboxInfo[] {
    return this.#gate.owned(accountId);
  }

  sharedMailboxes(accountId: number): readonly MailboxInfo[] {
    return this.#gate.shared(accountId);
  }

  mailbox(accountId: number, name: string): MailboxInfo | undefined {
    return this.#gate.info(accountId, name);
  }

  status(grant: MailboxGrant): MailboxStatus | undefined {
    const mailboxId = this.#gate.useToRead(grant);
    return mailboxId === undefined ? undefined : mailboxStatus(this.#deps.database, mailboxId);
  }

  async createMailbox(
    accountId: number,
    name: string,
    specialUse?: SpecialUse,
  ): Promise<MailboxInfo> {
    const place = this.#gate.placeFor(accountId, name);
    const isOwn = place.ownerId === accountId;
    if (!isOwn && specialUse !== undefined) {
      throw new MailError("refused", "A special use is for one's own mailboxes");
    }
    await this.#deps.writer.submit("createMailbox", () => ({
      accountId: place.ownerId,
      name: place.name,
      ...(specialUse && { specialUse }),
    }));
    const info = this.#gate.info(accountId, name);
    if (info === undefined) throw new MailError("not-found", "the mailbox has gone meanwhile");
    return info;
  }

  async deleteMailbox(accountId: number, name: string): Promise<void> {
    const found = this.#gate.require(accountId, name, "x");
    await this.#deps.writer.submit("deleteMailbox", () => ({
      accountId: found.ownerId,
      name: found.name,
    }));
  }

  async renameMailbox(accountId: number, from: string, to: string): Promise<void> {
    const found = this.#gate.require(accountId, from, "x");
    const place = this.#gate.placeFor(accountId, to);
    if (place.ownerId !== found.ownerId) {
      throw new MailError("refused", "A mailbox stays with its owner");
    }
    if (found.ownerId !== accountId && found.name === "INBOX") {
      throw new MailError("refused", "Another user's INBOX cannot be renamed");
    }
    await this.#deps.writer.submit("renameMailbox", () => ({
      accountId: found.ownerId,
      from: found.name,
      to: place.name,
    }));
  }

  subscribe(accountId: number, name: string, subscribed: boolean): Promise<void> {
    return this.#deps.writer.submit("subscribe", () => ({
      accountId,
      name: mailboxKey(name),
      isSubscribed: subscribed,
    }));
  }

  subscriptions(accountId: number): readonly string[] {
    return this.#deps.database
      .all<{ name: string }>(
        "SELECT name FROM subscription WHERE account_id = ? ORDER BY name",
        accountId,
      )
      .map(({ name }) => name);
  }

  async open(grant: MailboxGrant): Promise<OpenMailbox | undefined> {
    this.#hub.poll();
    const mailboxId = this.#gate.useToRead(grant);
    if (mailboxId === undefined) return undefined;
    const view = (info: MailboxInfo): MailboxInfo => this.#gate.view(grant, info);
    return this.#open.open(mailboxId, { grant, view });
  }

  async takeRecent(grant: MailboxGrant): Promise<number> {
    const mailboxId = this.#gate.use(grant, "r");
    const status = mailboxStatus(this.#deps.database, mailboxId);
    // Most often nothing is new, and then nothing need be written.
    if (status?.firstRecentUid === status?.uidNext && status) return status.uidNext;
    return this.#deps.writer.submit("takeRecent", () => ({ mailboxId }));
  }

  details<Name extends DetailName>(
    messageIds: ArrayLike<MessageId>,
    names: readonly Name[],
  ): (Details<Name> | undefined)[] {
    return messageDetails(this.#deps.database, messageIds, names);
  }

  heads<Name extends HeadName>(
    messageIds: ArrayLike<MessageId>,
    names: readonly Name[],
  ): Promise<(Pick<MessageHead, Name> | undefined)[]> {
    return messageHeads(this.#deps.database, this.#deps.octets, { messageIds, names });
  }

  sentDates(messageIds: ArrayLike<MessageId>): Promise<Float64Array> {
    return sentDates(this.#deps.database, this.#deps.octets, messageIds);
  }

  prefix(grant: MailboxGrant, uid: number): Uint8Array {
    const row = this.#deps.database.get<{ prefix: Uint8Array | null }>(
      "SELECT prefix FROM entry WHERE mailbox_id = ? AND uid = ?",
      this.#gate.use(grant, "r"),
      uid,
    );
    return row?.prefix ?? NO_OCTETS;
  }

  holders(
    accountId: number,
    messageIds: readonly MessageId[],
  ): ReadonlyMap<MessageId, readonly MailboxId[]> {
    return holdersOf(this.#deps.database, accountId, messageIds);
  }

  prefixes(grant: MailboxGrant, uids: ArrayLike<number>): Uint8Array[] {
    return deliveryPrefixes(this.#deps.database, this.#gate.use(grant, "r"), uids);
  }

  textCandidates(grant: MailboxGrant, query: TextQuery): TextCandidates | undefined {
    const mailbox = this.#deps.database.get<SearchedMailbox>(SEARCHED, this.#gate.use(grant, "r"));
    return mailbox && this.#deps.searchIndex.candidates(mailbox, query);
  }

  whenIndexed(): Promise<void> {
    return this.#deps.searchIndexing?.whenDone() ?? Promise.resolve();
  }

  async append(
    grant: MailboxGrant,
    requests: readonly AppendRequest[],
  ): Promise<{ uidValidity: number; uids: readonly number[] }> {
    const mailboxId = this.#gate.use(grant, "i");
    const rights = this.#gate.rights(grant);
    const staged = requests.map(({ message }) => ownStaged(message));
    if (!staged.every(({ isInMemory }) => isInMemory)) {
      await Promise.all(staged.map((message) => message.settle()));
    }
    const answer = await this.#deps.writer.submit("append", (packer) => ({
      mailboxId,
      messages: requests.map(({ flags, internalDateMs }, index) => ({
        source: staged[index].source(packer),
        flags: flags.filter((name) => mayChangeFlag(rights, name)),
        internalDateMs: Math.round(internalDateMs),
      })),
    }));
    for (const message of staged) message.accepted();
    return answer;
  }

  async replace(
    from: MailboxGrant,
    uid: number,
    to: MailboxGrant,
    request: AppendRequest,
  ): Promise<{ uidValidity: number; uid: number }> {
    const fromId = this.#gate.use(from, "r", "t", "e");
    const mailboxId = this.#gate.use(to, "i");
    const rights = this.#gate.rights(to);
    const message = ownStaged(request.message);
    if (!message.isInMemory) await message.settle();
    const answer = await this.#deps.writer.submit("replace", (packer) => ({
      fromId,
      uid,
      mailboxId,
      message: {
        source: message.source(packer),
        flags: request.flags.filter((name) => mayChangeFlag(rights, name)),
        internalDateMs: Math.round(request.internalDateMs),
      },
    }));
    message.accepted();
    return answer;
  }

  async changeFlags(
    grant: MailboxGrant,
    uids: ArrayLike<number>,
    change: FlagChange,
  ): Promise<{
    changed: readonly number[];
    unchanged: readonly number[];
    modified: readonly number[];
    modSeq: number;
  }> {
    const mailboxId = this.#gate.use(grant, "r");
    const rights = this.#gate.rights(grant);
    const flags = changeableFlags(rights, change.flags);
    const mask = flagMask(rights);
    const answer = await this.#deps.writer.submit("changeFlags", () => ({
      mailboxId,
      uids: runsOfAny(uids),
      change: { ...change, flags },
      ...(mask && { mask }),
    }));
    return {
      changed: numbersIn(answer.changed),
      unchanged: numbersIn(answer.unchanged),
      modified: numbersIn(answer.modified),
      modSeq: answer.modSeq,
    };
  }

  async copy(from: MailboxGrant, uids: ArrayLike<number>, to: MailboxGrant): Promise<CopyResult> {
    const fromId = this.#gate.use(from, "r");
    return this.#copy(fromId, uids, to, false);
  }

  async move(from: MailboxGrant, uids: ArrayLike<number>, to: MailboxGrant): Promise<CopyResult> {
    // RFC 6851 §4.4: as COPY, STORE \Deleted and EXPUNGE together.
    const fromId = this.#gate.use(from, "r", "t", "e");
    return this.#copy(fromId, uids, to, true);
  }

  async #copy(
    fromId: MailboxId,
    uids: ArrayLike<number>,
    to: MailboxGrant,
    removes: boolean,
  ): Promise<CopyResult> {
    const toId = this.#gate.use(to, "i");
    const mask = flagMask(this.#gate.rights(to));
    const answer = await this.#deps.writer.submit("copy", () => ({
      fromId,
      uids: runsOfAny(uids),
      toId,
      removes,
      ...(mask && { mask }),
    }));
    const { uidValidity, from, to: added } = answer;
    return { uidValidity, from: numbersIn(from), to: numbersIn(added) };
  }

  async expunge(
    grant: MailboxGrant,
    uids: ArrayLike<number> | "all",
    onlyDeleted: boolean,
  ): Promise<readonly number[]> {
    const mailboxId = onlyDeleted ? this.#gate.use(grant, "e") : this.#gate.use(grant, "t", "e");
    const going = uids === "all" ? uids : runsOfAny(uids);
    const request = { mailboxId, uids: going, onlyDeleted };
    return numbersIn(await this.#deps.writer.submit("expunge", () => request));
  }

  expungedSince(grant: MailboxGrant, modSeq: number): readonly number[] | undefined {
    const mailboxId = this.#gate.useToRead(grant);
    if (mailboxId === undefined) return undefined;
    return expungedSince(this.#deps.database, mailboxId, modSeq);
  }

  onAccountChange(accountId: number, listener: (change: MailboxChange) => void): () => void {
    this.#hub.poll();
    const end = this.#listeners.add(accountId, listener);
    let hasEnded = false;
    this.#held(1);
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      end();
      this.#held(-1);
    };
  }

  lockMaildrop(accountId: number, holder: string, leaseMs: number): Promise<boolean> {
    return this.#deps.writer.submit("lockMaildrop", () => ({
      accountId,
      holder,
      leaseMs: Math.ceil(leaseMs),
    }));
  }

  unlockMaildrop(accountId: number, holder: string): Promise<void> {
    return this.#deps.writer.submit("unlockMaildrop", () => ({ accountId, holder }));
  }

  /** A commit of our own. */
  committed(entries: readonly FeedEntry[]): void {
    this.#hub.committed(entries);
  }

  /** Leaves behind what makes opening large mailboxes fast. */
  close(): Promise<void> {
    return this.#open.close();
  }

  /** Another process has committed something. */
  poll(): void {
    this.#hub.poll();
  }

  #apply(entry: FeedEntry): void {
    this.#deps.searchIndexing?.note(entry);
    this.#open.apply(entry);
    if (!this.#listeners.isEmpty) this.#listeners.tell(changeOf(entry));
  }

  #held(change: 1 | -1): void {
    const before = this.#holders;
    this.#holders += change;
    if (before === 0) this.#deps.onListening(true);
    else if (this.#holders === 0) this.#deps.onListening(false);
  }
}
