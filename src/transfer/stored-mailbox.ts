/** The messages of one of our mailboxes at one moment, with their flags by name, readable in pieces. */

import { MailError } from "../base/errors.ts";
import type { Store } from "../store/contract.ts";
import {
  ANSWERED,
  DELETED,
  DRAFT,
  FIRST_KEYWORD_BIT,
  FLAGGED,
  SEEN,
  type MailboxInfo,
  type OpenMailbox,
} from "../store/mail.ts";
import type { MessageId } from "../store/octets.ts";
import { contentHash } from "./content-hash.ts";
import { KnownMessages } from "./known-messages.ts";

const SYSTEM_FLAGS: readonly (readonly [number, string])[] = [
  [ANSWERED, "\\Answered"],
  [FLAGGED, "\\Flagged"],
  [DELETED, "\\Deleted"],
  [SEEN, "\\Seen"],
  [DRAFT, "\\Draft"],
];
const PIECE_OCTETS = 1024 * 1024;

export type StoredMessage = {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly dateMs: number;
  readonly sizeOctets: number;
};

export class StoredMailbox {
  readonly info: MailboxInfo;
  readonly keywords: readonly string[];
  readonly messages: readonly StoredMessage[];
  readonly #store: Store;
  readonly #ids: ReadonlyMap<number, MessageId>;

  private constructor(store: Store, open: OpenMailbox) {
    this.#store = store;
    this.info = open.info;
    this.keywords = [...open.keywords];
    const ids = new Map<number, MessageId>();
    this.messages = Array.from({ length: open.count }, (_, n) => {
      ids.set(open.uids[n], open.messageIds[n]);
      return {
        uid: open.uids[n],
        flags: flagsAt(open, n),
        dateMs: open.internalDatesMs[n],
        sizeOctets: open.sizesOctets[n],
      };
    });
    this.#ids = ids;
  }

  static async open(store: Store, info: MailboxInfo): Promise<StoredMailbox> {
    const open = await store.mail.open(info.grant);
    if (open === undefined) {
      throw new MailError("not-found", `the mailbox ${info.name} has been deleted meanwhile`);
    }
    try {
      return new StoredMailbox(store, open);
    } finally {
      open.release();
    }
  }

  /** As IMAP shows it: with what delivery put before it. */
  async *content(uid: number): AsyncGenerator<Uint8Array> {
    const id = this.#ids.get(uid);
    if (id === undefined) throw new MailError("not-found", `there is no message ${uid}`);
    const prefix = this.#store.mail.prefix(this.info.grant, uid);
    if (prefix.length > 0) yield prefix;
    const size = this.#store.octets.sizeOctets(id);
    if (size === undefined) throw new MailError("not-found", `message ${uid} is gone`);
    for (let at = 0; at < size; at += PIECE_OCTETS) {
      yield await this.#store.octets.read(id, at, Math.min(size, at + PIECE_OCTETS));
    }
  }

  /** Those of its messages that `counts` lets pass. */
  known(counts: (uid: number) => boolean = () => true): KnownMessages {
    return new KnownMessages(
      this.messages.filter(({ uid }) => counts(uid)),
      async (uid) => {
        try {
          return await contentHash(this.content(uid));
        } catch (error) {
          if (error instanceof MailError && error.code === "not-found") return undefined;
          throw error;
        }
      },
    );
  }
}

function flagsAt(open: OpenMailbox, at: number): string[] {
  const [low, high] = [open.flags[at], open.flagsHigh[at]];
  const system = SYSTEM_FLAGS.flatMap(([bit, flag]) => ((low & bit) !== 0 ? flag : []));
  const lowKeywords = 32 - FIRST_KEYWORD_BIT;
  const keywords = open.keywords.filter((_, n) =>
    n < lowKeywords
      ? (low & (1 << (n + FIRST_KEYWORD_BIT))) !== 0
      : (high & (1 << (n - lowKeywords))) !== 0,
  );
  return [...system, ...keywords];
}
