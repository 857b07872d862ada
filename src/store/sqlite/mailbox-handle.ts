/** One session's hold on a mailbox that is open once for all: what the session sees of it. */

import type { MailboxChange, MailboxInfo, OpenMailbox } from "../mail.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";
import type { MessageIdColumn } from "../octets.ts";
import type { SharedMailbox } from "./shared-mailbox.ts";

/** Who holds a mailbox open, and how the mailbox looks from there. */
export type MailboxHolder = {
  readonly grant: MailboxGrant;
  readonly view: (info: MailboxInfo) => MailboxInfo;
};

/** One session's hold on a shared mailbox. */
export class MailboxHandle implements OpenMailbox {
  readonly #shared: SharedMailbox;
  readonly #onRelease: () => void;
  readonly #ends = new Set<() => void>();
  #isReleased = false;
  readonly #holder: MailboxHolder;
  #info: MailboxInfo | undefined;
  #seen: MailboxInfo | undefined;

  constructor(shared: SharedMailbox, holder: MailboxHolder, onRelease: () => void) {
    this.#shared = shared;
    this.#holder = holder;
    this.#onRelease = onRelease;
  }

  get grant(): MailboxGrant {
    return this.#holder.grant;
  }
  get info(): MailboxInfo {
    const { info } = this.#shared;
    if (this.#info !== info || this.#seen === undefined) {
      this.#info = info;
      this.#seen = this.#holder.view(info);
    }
    return this.#seen;
  }
  get count(): number {
    return this.#shared.columns.count;
  }
  get uidNext(): number {
    return this.#shared.uidNext;
  }
  get highestModSeq(): number {
    return this.#shared.highestModSeq;
  }
  get uids(): Uint32Array {
    return this.#shared.columns.uids;
  }
  get flags(): Uint32Array {
    return this.#shared.columns.flags;
  }
  get flagsHigh(): Uint32Array {
    return this.#shared.columns.flagsHigh;
  }
  get modSeqs(): Float64Array {
    return this.#shared.columns.modSeqs;
  }
  get messageIds(): MessageIdColumn {
    // Here the numbers of the rows become ids: who holds this may read the mailbox.
    return this.#shared.columns.messageIds as unknown as MessageIdColumn;
  }
  get internalDatesMs(): Float64Array {
    return this.#shared.columns.internalDatesMs;
  }
  get savedDatesMs(): Float64Array {
    return this.#shared.columns.savedDatesMs;
  }
  get threadIds(): Float64Array {
    return this.#shared.columns.threadIds;
  }
  get sizesOctets(): Uint32Array {
    return this.#shared.columns.sizesOctets;
  }
  get keywords(): readonly string[] {
    return this.#shared.keywords;
  }

  get lastUid(): number {
    return this.#shared.columns.lastUid;
  }

  firstUnseen(): number {
    return this.#shared.columns.firstUnseen();
  }

  load(what: "flags" | "all"): Promise<void> | undefined {
    return this.#shared.load(what);
  }

  indexOfUid(uid: number): number {
    return this.#shared.columns.indexOfUid(uid);
  }

  onChange(listener: (change: MailboxChange) => void): () => void {
    const end = this.#shared.listen(listener);
    this.#ends.add(end);
    return () => {
      this.#ends.delete(end);
      end();
    };
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    for (const end of this.#ends) end();
    this.#ends.clear();
    this.#onRelease();
  }
}
