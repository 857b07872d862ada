/** What line mode remembers between commands, and the few things every command does with it. */

import { counted } from "../../base/counted.ts";
import { addressKey } from "../../message/addr-spec.ts";
import { MailError } from "../../base/errors.ts";
import type { MailFolder } from "../folder/mail-folder.ts";
import type { SortItem } from "../folder/sort-order.ts";
import { isSeen } from "../folder/summary.ts";
import type { MailSession } from "../session/mail-session.ts";
import { readMessage, type ReadableMessage } from "../view/readable.ts";
import { headerLine } from "./header-line.ts";
import { resolveMessageList, shownNumbers, type ListContext } from "./message-list.ts";
import type { Settings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export class LineState {
  readonly session: MailSession;
  readonly terminal: Terminal;
  readonly settings: Settings;
  folder: MailFolder;
  /** The folder before, for `folder #`. */
  previousFolder: string | undefined;
  current: number | undefined;
  previous: number | undefined;
  lastList: readonly number[] = [];
  /** Place of the first message on the page of the list shown last. */
  windowStart = 0;
  /** Keys of the person's own addresses, for lists. */
  readonly #own: ReadonlySet<string>;
  /** Set by quit and exit. */
  isOver = false;

  constructor(session: MailSession, terminal: Terminal, settings: Settings, folder: MailFolder) {
    this.session = session;
    this.terminal = terminal;
    this.settings = settings;
    this.folder = folder;
    this.#own = new Set(session.own.map(addressKey));
  }

  /** The messages that `words` name; rejects with a sentence for the person when they name none. */
  async messages(
    words: readonly string[],
    among: ListContext["among"] = "visible",
  ): Promise<number[]> {
    const { folder, current, previous, lastList } = this;
    const found = await resolveMessageList(words, { folder, current, previous, lastList, among });
    if (!found.ok) throw new MailError("refused", found.problem);
    this.lastList = found.value;
    return found.value;
  }

  makeCurrent(number: number | undefined): void {
    if (number === this.current) return;
    this.previous = this.current;
    this.current = number;
  }

  /** After messages went away: the first one after them that is left, else the last before. */
  moveOnFrom(gone: readonly number[], order: readonly number[]): void {
    const left = new Set(shownNumbers({ folder: this.folder, among: "visible" }));
    const last = gone.at(-1);
    const at = last === undefined ? -1 : order.indexOf(last);
    const after = order.slice(at + 1).find((number) => left.has(number));
    this.makeCurrent(
      after ?? order.slice(0, Math.max(0, at)).findLast((number) => left.has(number)),
    );
  }

  /** The message whole and read apart; marks it seen. */
  async read(number: number): Promise<ReadableMessage> {
    const octets = await this.folder.read(number);
    if (octets === undefined) throw new MailError("not-found", `message ${number} is gone`);
    await this.folder.addFlags([number], ["\\Seen"]);
    return readMessage(octets);
  }

  get pageRows(): number {
    return Math.max(1, this.settings.number("screen", Math.max(5, this.terminal.rows - 3)));
  }

  /** A page of the list from place `start` on. */
  async showPage(start: number): Promise<void> {
    const numbers = shownNumbers({ folder: this.folder, among: "visible" });
    const last = Math.max(0, numbers.length - 1);
    this.windowStart = Math.min(Math.max(0, start), last - (last % this.pageRows));
    await this.showHeaders(numbers.slice(this.windowStart, this.windowStart + this.pageRows));
  }

  async showHeaders(numbers: readonly number[]): Promise<void> {
    const depths = new Map(this.folder.order.map(({ number, depth }) => [number, depth]));
    const items = await this.folder.summaries(numbers);
    for (const item of items) this.terminal.write(`${this.#line(item, depths)}\n`);
  }

  #line(item: SortItem, depths: ReadonlyMap<number, number>): string {
    const { number } = item;
    return headerLine(item, {
      columns: this.terminal.columns,
      isCurrent: number === this.current,
      isDeleted: this.folder.isDeleted(number),
      isSaved: this.folder.isSaved(number),
      depth: depths.get(number) ?? 0,
      numberColumns: Math.max(3, String(this.folder.count).length),
      own: this.#own,
    });
  }

  /** `"INBOX": 12 messages 3 unread`, and the first page. */
  async announce(): Promise<void> {
    const { folder, terminal } = this;
    const unread = await folder.search({ key: "is", is: "unseen" });
    this.current = unread[0] ?? folder.order[0]?.number;
    this.previous = undefined;
    this.lastList = [];
    const count = folder.order.length;
    const readOnly = folder.mailbox.isReadOnly ? ", read-only" : "";
    const words = `${counted(count, "message")}, ${unread.length} unread${readOnly}`;
    terminal.write(`"${folder.name}": ${words}\n`);
    if (!this.settings.isOn("header") || count === 0) return;
    const place = folder.order.findIndex(({ number }) => number === this.current);
    await this.showPage(place - (place % this.pageRows));
  }

  /** Tells of messages that came meanwhile. */
  async announceNew(): Promise<number[]> {
    const numbers = await this.folder.takeNew();
    if (numbers.length === 0) return numbers;
    this.terminal.write(`${counted(numbers.length, "new message")}\n`);
    await this.showHeaders(numbers.slice(-this.pageRows));
    this.current ??= numbers[0];
    return numbers;
  }

  async isUnread(number: number): Promise<boolean> {
    const summary = await this.folder.summary(number);
    return summary !== undefined && !isSeen(summary);
  }
}
