/**
 * What one session has asked to be told of mailboxes that it has not selected (RFC 5465): gathers the
 * changes as they come, and tells them when it may. A mailbox is told once however much happened to
 * it, so that what waits is bounded; with too many mailboxes waiting the watch ends and says so.
 */

import type { CommandContext } from "../../imap/handler.ts";
import {
  hasMessageEvents,
  isOfSelected,
  type EventGroup,
  type NotifyEvent,
} from "../../imap/command/notify.ts";
import type { StatusItem } from "../../imap/command/status.ts";
import type { MailboxChange, MailboxId, MailboxInfo } from "../../store/mail.ts";
import type { MailboxWatch } from "./mailbox-watch.ts";
import type { MailSession } from "./mail-session.ts";
import { missingRight } from "./named-mailbox.ts";
import { writeStatus } from "./run-status.ts";
import { isMeantBy } from "./search-sources.ts";

/** Mailboxes with news that have not been told. */
const MAX_WAITING = 1_000;

const EVENT_OF: ReadonlyMap<MailboxChange["kind"], NotifyEvent> = new Map([
  ["added", "MessageNew"],
  ["expunged", "MessageExpunge"],
  ["flags", "FlagChange"],
]);

export class NotifyWatch implements MailboxWatch {
  readonly groups: readonly EventGroup[];
  readonly #session: MailSession;
  readonly #stopListening: () => void;
  readonly #waiting = new Map<MailboxId, Set<NotifyEvent>>();
  /** By mailbox, the MODSEQ of the first annotation not told. */
  readonly #annotated = new Map<MailboxId, number>();
  #known: ReadonlyMap<MailboxId, MailboxInfo>;
  #subscribed: ReadonlySet<string>;
  #isCatalogueOld = false;
  #isOverflowing = false;

  constructor(session: MailSession, groups: readonly EventGroup[]) {
    this.#session = session;
    this.groups = groups;
    this.#known = this.#catalogue();
    this.#subscribed = this.#subscriptions();
    const { mail } = session.deps.store;
    this.#stopListening = mail.onAccountChange(session.accountId, (change) => this.#note(change));
  }

  get selectedGroup(): EventGroup | undefined {
    return this.groups.find(({ filter }) => isOfSelected(filter));
  }

  stop(): void {
    this.#stopListening();
  }

  /** STATUS of every mailbox whose messages are watched (RFC 5465 §3.1). */
  async writeAll(context: CommandContext): Promise<void> {
    for (const info of this.#known.values()) {
      const group = this.#groupOf(info);
      if (group !== undefined && hasMessageEvents(group)) await this.#writeStatus(info, context);
      if (context.out.isHeavy) await context.out.relieve();
    }
  }

  async write(context: CommandContext): Promise<boolean> {
    if (this.#isOverflowing) {
      this.stop();
      context.out.line("* OK [NOTIFICATIONOVERFLOW] Too much has happened at once");
      return false;
    }
    if (this.#isCatalogueOld) this.#writeCatalogue(context);
    this.#writeAnnotated(context);
    for (const [mailboxId, events] of this.#waiting) {
      this.#waiting.delete(mailboxId);
      const info = this.#known.get(mailboxId);
      const group = info && this.#groupOf(info);
      if (info === undefined || group === undefined) continue;
      if ([...events].some((event) => group.events.has(event))) {
        await this.#writeStatus(info, context);
      }
      if (context.out.isHeavy) await context.out.relieve();
    }
    return true;
  }

  #note(change: MailboxChange): void {
    const event = EVENT_OF.get(change.kind);
    if (event !== undefined) {
      const events = this.#waiting.get(change.mailboxId) ?? new Set();
      this.#waiting.set(change.mailboxId, events.add(event));
    } else if (change.kind === "mailbox-annotated") {
      const first = this.#annotated.get(change.mailboxId) ?? change.modSeq;
      this.#annotated.set(change.mailboxId, first);
    } else this.#isCatalogueOld = true;
    this.#isOverflowing ||= this.#waiting.size + this.#annotated.size > MAX_WAITING;
    this.#session.notify();
  }

  #catalogue(): ReadonlyMap<MailboxId, MailboxInfo> {
    const { mail } = this.#session.deps.store;
    const { accountId } = this.#session;
    const infos = [...mail.mailboxes(accountId), ...mail.sharedMailboxes(accountId)];
    return new Map(infos.map((info) => [info.id, info]));
  }

  #subscriptions(): ReadonlySet<string> {
    return new Set(this.#session.deps.store.mail.subscriptions(this.#session.accountId));
  }

  /** The first group that means a mailbox decides (RFC 5465 §3.1). */
  #groupOf(info: MailboxInfo): EventGroup | undefined {
    const { accountId, selected } = this.#session;
    const known = { subscribed: this.#subscribed, selected: selected?.open.info.name, accountId };
    return this.groups.find(
      ({ filter }) =>
        filter.scope !== "selected-delayed" &&
        filter.scope !== "selected" &&
        isMeantBy(filter, known, info),
    );
  }

  async #writeStatus(info: MailboxInfo, context: CommandContext): Promise<void> {
    if (info.id === this.#session.selected?.open.info.id) return;
    if (missingRight(this.#session, info, "r") !== undefined) return;
    const items: StatusItem[] = ["MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN"];
    if (context.enabled.isCondstore) items.push("HIGHESTMODSEQ");
    await writeStatus(this.#session, info, items, context);
  }

  /** What was made, removed, renamed, or is subscribed now (RFC 5465 §5.4, §5.5). */
  #writeCatalogue(context: CommandContext): void {
    this.#isCatalogueOld = false;
    const before = this.#known;
    this.#known = this.#catalogue();
    const wereSubscribed = this.#subscribed;
    this.#subscribed = this.#subscriptions();
    const { out } = context;
    for (const info of before.values()) {
      if (this.#known.has(info.id) || !this.#wants(info, "MailboxName")) continue;
      out.text('* LIST (\\NonExistent) "/" ').mailbox(info.name).line("");
    }
    for (const info of this.#known.values()) {
      const old = before.get(info.id);
      if (old?.name === info.name || !this.#wants(info, "MailboxName")) continue;
      out.text('* LIST () "/" ').mailbox(info.name);
      if (old !== undefined) out.text(' ("OLDNAME" (').mailbox(old.name).text("))");
      out.line("");
    }
    for (const info of this.#known.values()) {
      const isSubscribed = this.#subscribed.has(info.name);
      if (isSubscribed === wereSubscribed.has(info.name)) continue;
      if (!this.#wants(info, "SubscriptionChange")) continue;
      out
        .text(`* LIST (${isSubscribed ? "\\Subscribed" : ""}) "/" `)
        .mailbox(info.name)
        .line("");
    }
  }

  /** RFC 5465 §5.6, §5.7: names of entries, without values. */
  #writeAnnotated(context: CommandContext): void {
    const { store } = this.#session.deps;
    const write = (name: string, entries: readonly string[]): void => {
      if (entries.length === 0) return;
      context.out.text("* METADATA ").mailbox(name);
      for (const entry of entries) context.out.text(" ").string(entry);
      context.out.line("");
    };
    for (const [mailboxId, modSeq] of this.#annotated) {
      this.#annotated.delete(mailboxId);
      const info = this.#known.get(mailboxId);
      if (info === undefined || missingRight(this.#session, info, "r") !== undefined) continue;
      if (this.#wants(info, "MailboxMetadataChange")) {
        write(info.name, store.annotations.changedSince({ grant: info.grant }, modSeq - 1));
      }
      const { accountId } = this.#session;
      const isServers = this.groups.some(({ events }) => events.has("ServerMetadataChange"));
      if (isServers && info.name === "INBOX") {
        write("", store.annotations.changedSince({ accountId }, modSeq - 1));
      }
    }
  }

  #wants(info: MailboxInfo, event: NotifyEvent): boolean {
    return this.#groupOf(info)?.events.has(event) === true;
  }
}
