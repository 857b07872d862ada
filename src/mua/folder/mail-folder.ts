/**
 * A mailbox while a person works in it. Messages have numbers from 1, which stay theirs as long as
 * the folder is open, whatever order is shown and whatever goes away. Summaries are fetched by the
 * page and remembered; nothing here ever loads a whole mailbox but sorting, which must.
 *
 * Deleting only marks: `commit` makes it real, as mailx does at `quit`.
 */

import { MailError } from "../../base/errors.ts";
import type { ImapClient } from "../../imap/client/imap-client.ts";
import type { FetchItem, SelectedMailbox } from "../../imap/client/selected-mailbox.ts";
import type { SearchKey } from "../../imap/client/search-key.ts";
import { fieldText, parseHeader } from "../../message/header.ts";
import { parseMessageIds } from "../../message/message-id.ts";
import { sortMessages, type SortKey, type SortedRow } from "./sort-order.ts";
import { summaryOf, type Summary } from "./summary.ts";

const SUMMARY_ITEMS: readonly FetchItem[] = ["flags", "envelope", "size", "date"];
const REFERENCES = { section: "HEADER.FIELDS (REFERENCES)" };
const MAX_REMEMBERED = 200_000;
const MAX_MESSAGE_OCTETS = 256 * 1024 * 1024;

export class MailFolder {
  mailbox: SelectedMailbox;
  #client: ImapClient;
  /** The UID of message n stands at n - 1. */
  readonly #uids: number[];
  #rows: SortedRow[];
  readonly #summaries = new Map<number, Summary>();
  readonly #references = new Map<number, readonly string[]>();
  /** Marked in this session: to be removed at `commit`; and written elsewhere by `save`. */
  readonly #deleted = new Set<number>();
  readonly #saved = new Set<number>();
  #known: number;
  sortedBy: SortKey = "arrival";

  private constructor(client: ImapClient, mailbox: SelectedMailbox, uids: number[]) {
    this.#client = client;
    this.mailbox = mailbox;
    this.#uids = uids;
    this.#rows = uids.map((_uid, index) => ({ number: index + 1, depth: 0 }));
    this.#known = mailbox.messages;
    this.#listen();
  }

  #listen(): void {
    this.mailbox.onChange = (news) => {
      const { uid, flags } =
        news.type === "flags" ? news.message : { uid: undefined, flags: undefined };
      const summary = uid === undefined ? undefined : this.#summaries.get(uid);
      if (news.type === "flags" && uid === undefined) this.#summaries.clear();
      if (summary !== undefined && flags !== undefined)
        this.#remember({ ...summary, flags: new Set(flags) });
      if (news.type === "expunged") this.#known--;
    };
  }

  static async open(
    client: ImapClient,
    name: string,
    options: { readonly readOnly?: boolean } = {},
  ): Promise<MailFolder> {
    const mailbox = await client.select(name, options);
    const uids = mailbox.messages === 0 ? [] : await mailbox.search({ key: "is", is: "all" });
    return new MailFolder(client, mailbox, uids);
  }

  /**
   * Goes on over a new connection after the old one broke; numbers and marks stay. false: the mailbox
   * was rebuilt meanwhile (its UIDVALIDITY changed), so that no number means anything any more.
   */
  async reattach(client: ImapClient): Promise<boolean> {
    const mailbox = await client.select(this.name, { readOnly: this.mailbox.isReadOnly });
    if (mailbox.uidValidity !== this.mailbox.uidValidity) return false;
    this.#client = client;
    this.mailbox = mailbox;
    this.#known = 0;
    this.#summaries.clear();
    this.#listen();
    return true;
  }

  get name(): string {
    return this.mailbox.name;
  }

  /** How many messages have a number: also those deleted since. */
  get count(): number {
    return this.#uids.length;
  }

  /** Numbers in the order shown. */
  get order(): readonly SortedRow[] {
    return this.#rows;
  }

  uidOf(number: number): number {
    return this.#uids[number - 1];
  }

  numberOf(uid: number): number | undefined {
    // UIDs ascend with the numbers.
    let low = 0;
    let high = this.#uids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#uids[middle] < uid) low = middle + 1;
      else high = middle;
    }
    return this.#uids[low] === uid ? low + 1 : undefined;
  }

  isDeleted(number: number): boolean {
    return this.#deleted.has(number);
  }

  isSaved(number: number): boolean {
    return this.#saved.has(number);
  }

  markSaved(number: number): void {
    this.#saved.add(number);
  }

  markDeleted(numbers: readonly number[]): void {
    for (const number of numbers) this.#deleted.add(number);
  }

  unmarkDeleted(numbers: readonly number[]): void {
    for (const number of numbers) this.#deleted.delete(number);
  }

  /** Summaries of `numbers`, in that order; those that are gone from the server are left out. */
  async summaries(numbers: readonly number[]): Promise<{ number: number; summary: Summary }[]> {
    await this.#load(numbers, SUMMARY_ITEMS);
    return numbers.flatMap((number) => {
      const summary = this.#summaries.get(this.uidOf(number));
      return summary === undefined ? [] : [{ number, summary }];
    });
  }

  async summary(number: number): Promise<Summary | undefined> {
    return (await this.summaries([number]))[0]?.summary;
  }

  /** Shows the messages in another order from now on. */
  async sort(key: SortKey, options: { readonly reverse?: boolean } = {}): Promise<void> {
    const numbers = this.#uids.map((_uid, index) => index + 1);
    if (key === "thread") await this.#load(numbers, [...SUMMARY_ITEMS, REFERENCES]);
    const items = (await this.summaries(numbers)).map(({ number, summary }) => ({
      number,
      summary: { ...summary, references: this.#references.get(summary.uid) ?? [] },
    }));
    this.#rows = sortMessages(items, key, options);
    this.sortedBy = key;
  }

  /** Numbers of the messages that match, ascending. */
  async search(key: SearchKey): Promise<number[]> {
    if (this.count === 0) return [];
    return (await this.mailbox.search(key)).flatMap((uid) => this.numberOf(uid) ?? []);
  }

  async addFlags(numbers: readonly number[], flags: readonly string[]): Promise<void> {
    if (this.mailbox.isReadOnly || numbers.length === 0) return;
    await this.mailbox.addFlags(
      numbers.map((number) => this.uidOf(number)),
      flags,
    );
    this.#changeFlags(numbers, (old) => new Set([...old, ...flags]));
  }

  async removeFlags(numbers: readonly number[], flags: readonly string[]): Promise<void> {
    if (this.mailbox.isReadOnly || numbers.length === 0) return;
    await this.mailbox.removeFlags(
      numbers.map((number) => this.uidOf(number)),
      flags,
    );
    this.#changeFlags(numbers, (old) => new Set([...old].filter((flag) => !flags.includes(flag))));
  }

  /** Moves to another mailbox at once; here they count as deleted. */
  async move(numbers: readonly number[], mailbox: string): Promise<void> {
    await this.mailbox.move(
      numbers.map((number) => this.uidOf(number)),
      mailbox,
    );
    this.#forget(numbers);
  }

  async copy(numbers: readonly number[], mailbox: string): Promise<void> {
    await this.mailbox.copy(
      numbers.map((number) => this.uidOf(number)),
      mailbox,
    );
  }

  /** The message whole; undefined when it is gone. */
  async read(number: number): Promise<Uint8Array | undefined> {
    const pieces: Uint8Array[] = [];
    let total = 0;
    const isFound = await this.mailbox.read(this.uidOf(number), "", (piece) => {
      total += piece.length;
      // Still taken off the connection, but not kept (Invariant 7).
      if (total <= MAX_MESSAGE_OCTETS) pieces.push(piece);
    });
    if (total > MAX_MESSAGE_OCTETS) {
      throw new MailError("refused", `message ${number} is too large to be held here`);
    }
    return isFound ? Buffer.concat(pieces) : undefined;
  }

  /** The server has told of messages that have no number yet. */
  get hasNew(): boolean {
    return this.mailbox.messages > this.#known;
  }

  /** Numbers of messages that came since the last look, after asking the server. */
  async takeNew(): Promise<number[]> {
    await this.#client.noop();
    if (!this.hasNew) return [];
    this.#known = this.mailbox.messages;
    const last = this.#uids.at(-1) ?? 0;
    const found: number[] = [];
    // `n:*` always names at least the last message, also one below n.
    await this.mailbox.fetch(`${last + 1}:*`, SUMMARY_ITEMS, (message) => {
      if (message.uid <= last) return;
      const summary = summaryOf(message);
      if (summary !== undefined) this.#remember(summary);
      found.push(message.uid);
    });
    const numbers: number[] = [];
    for (const uid of [...new Set(found)].sort((a, b) => a - b)) {
      numbers.push(this.#uids.push(uid));
      this.#rows.push({ number: this.#uids.length, depth: 0 });
    }
    return numbers;
  }

  /** Removes for good what is marked deleted; how many that were. */
  async commit(): Promise<number> {
    const numbers = this.#rows.flatMap(({ number }) => (this.#deleted.has(number) ? [number] : []));
    if (numbers.length === 0 || this.mailbox.isReadOnly) return 0;
    const uids = numbers.map((number) => this.uidOf(number));
    await this.mailbox.addFlags(uids, ["\\Deleted"]);
    await this.mailbox.expunge(uids);
    this.#forget(numbers);
    return numbers.length;
  }

  #forget(numbers: readonly number[]): void {
    const gone = new Set(numbers);
    for (const number of numbers) {
      this.#deleted.delete(number);
      this.#summaries.delete(this.uidOf(number));
    }
    this.#rows = this.#rows.filter((row) => !gone.has(row.number));
  }

  async #load(numbers: readonly number[], items: readonly FetchItem[]): Promise<void> {
    const wantsReferences = items.includes(REFERENCES);
    const missing = numbers
      .map((number) => this.uidOf(number))
      .filter((uid) => !(wantsReferences ? this.#references : this.#summaries).has(uid));
    if (missing.length === 0) return;
    await this.mailbox.fetch(missing, items, (message) => {
      const summary = summaryOf(message);
      if (summary !== undefined) this.#remember(summary);
      const header = message.sections.get(REFERENCES.section);
      if (header !== undefined) this.#references.set(message.uid, referencesIn(header));
    });
  }

  #changeFlags(
    numbers: readonly number[],
    change: (old: ReadonlySet<string>) => ReadonlySet<string>,
  ): void {
    for (const number of numbers) {
      const summary = this.#summaries.get(this.uidOf(number));
      if (summary !== undefined) this.#remember({ ...summary, flags: change(summary.flags) });
    }
  }

  #remember(summary: Summary): void {
    if (this.#summaries.size >= MAX_REMEMBERED) this.#summaries.clear();
    this.#summaries.set(summary.uid, summary);
  }
}

function referencesIn(header: Uint8Array): readonly string[] {
  const [field] = parseHeader(header).fields;
  return field === undefined ? [] : parseMessageIds(fieldText(header, field));
}
