/**
 * A mailbox of the store as a POP3 maildrop: a snapshot taken at login, so that numbers and sizes
 * stay true whatever other programs do meanwhile (RFC 1939 §5). Removal is one commit, at QUIT.
 */

import { concatBytes, NO_OCTETS } from "../../base/bytes.ts";
import { isMailError, MailError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Maildrop } from "../../pop3/handler.ts";
import type { MailStore } from "../../store/mail.ts";
import type { MailboxGrant } from "../../store/mailbox-grant.ts";
import type { MessageIdColumn, OctetStore } from "../../store/octets.ts";
import type { KeptCopies } from "./kept-copies.ts";
import type { MaildropLock } from "./maildrop-lock.ts";
import { ReadAhead } from "./read-ahead.ts";

export type StoreMaildropDeps = {
  readonly mail: MailStore;
  readonly octets: OctetStore;
  readonly log: Log;
  /** RETR marks a message as \Seen for IMAP, at QUIT. */
  readonly marksSeen: boolean;
  /** Where what is deleted is kept; without, it is gone. */
  readonly kept?: KeptCopies | undefined;
};

type Snapshot = {
  readonly grant: MailboxGrant;
  readonly uidValidity: number;
  readonly uids: Uint32Array;
  readonly sizesOctets: Uint32Array;
  readonly messageIds: MessageIdColumn;
};

export class StoreMaildrop implements Maildrop {
  readonly #deps: StoreMaildropDeps;
  readonly #lock: MaildropLock;
  readonly #snapshot: Snapshot;
  readonly #ahead: ReadAhead;
  #prefix: { readonly index: number; readonly octets: Uint8Array } | undefined;

  private constructor(deps: StoreMaildropDeps, lock: MaildropLock, snapshot: Snapshot) {
    this.#deps = deps;
    this.#lock = lock;
    this.#snapshot = snapshot;
    this.#ahead = new ReadAhead({
      count: snapshot.uids.length,
      sizeOctets: (index) => snapshot.sizesOctets[index],
      load: (indexes) => this.#loadAll(indexes),
    });
  }

  /** Undefined when the mailbox has gone. The maildrop lets go of the lock when it is done. */
  static async open(
    deps: StoreMaildropDeps,
    lock: MaildropLock,
    grant: MailboxGrant,
  ): Promise<StoreMaildrop | undefined> {
    const mailbox = await deps.mail.open(grant);
    if (mailbox === undefined) return undefined;
    const { count, info } = mailbox;
    const snapshot = {
      grant,
      uidValidity: info.uidValidity,
      uids: mailbox.uids.slice(0, count),
      sizesOctets: mailbox.sizesOctets.slice(0, count),
      messageIds: mailbox.messageIds.slice(0, count),
    };
    mailbox.release();
    return new StoreMaildrop(deps, lock, snapshot);
  }

  get count(): number {
    return this.#snapshot.uids.length;
  }

  sizeOctets(index: number): number {
    return this.#snapshot.sizesOctets[index];
  }

  /** (UIDVALIDITY, UID) is never used twice (Invariant 3), so neither is this. */
  uniqueId(index: number): string {
    return `${this.#snapshot.uidValidity}.${this.#snapshot.uids[index]}`;
  }

  async read(index: number, start: number, end: number): Promise<Uint8Array> {
    const foreseen = start === 0 ? this.#ahead.take(index) : undefined;
    return foreseen === undefined
      ? this.#load(index, start, end)
      : (await foreseen).subarray(start, end);
  }

  async #load(index: number, start: number, end: number): Promise<Uint8Array> {
    const { octets } = this.#deps;
    const messageId = this.#snapshot.messageIds[index];
    const prefix = this.#prefixOf(index);
    // Expunged by another program: its prefix or its octets are gone, and so its size is another.
    if (prefix.length + (octets.sizeOctets(messageId) ?? Number.NaN) !== this.sizeOctets(index)) {
      throw expunged();
    }
    const head = prefix.subarray(start, end);
    if (end <= prefix.length) return head;
    const from = Math.max(0, start - prefix.length);
    const body = await octets.read(messageId, from, end - prefix.length);
    return head.length === 0 ? body : concatBytes([head, body]);
  }

  /** Whole messages, read together. */
  async #loadAll(indexes: readonly number[]): Promise<(Uint8Array | Error)[]> {
    const { messageIds } = this.#snapshot;
    const bodies = await this.#deps.octets.readMany(
      indexes.map((index) => ({ id: messageIds[index], start: 0, end: this.sizeOctets(index) })),
    );
    const isShort = (body: Uint8Array | Error, at: number): body is Uint8Array =>
      !(body instanceof Error) && body.length < this.sizeOctets(indexes[at]);
    // What a delivery put before it (Return-Path…) is missing.
    const prefixes = this.#prefixesOf(indexes.filter((_, at) => isShort(bodies[at], at)));
    return bodies.map((body, at) => {
      if (!isShort(body, at)) return body;
      const prefix = prefixes.get(indexes[at]) ?? NO_OCTETS;
      const whole = concatBytes([prefix, body]);
      return whole.length === this.sizeOctets(indexes[at]) ? whole : expunged();
    });
  }

  #prefixesOf(indexes: readonly number[]): ReadonlyMap<number, Uint8Array> {
    if (indexes.length === 0) return new Map();
    const { grant, uids } = this.#snapshot;
    const found = this.#deps.mail.prefixes(
      grant,
      indexes.map((index) => uids[index]),
    );
    return new Map(indexes.map((index, at) => [index, found[at]]));
  }

  async update(deleted: readonly number[], retrieved: readonly number[]): Promise<void> {
    const { mail, log } = this.#deps;
    const { grant } = this.#snapshot;
    if (deleted.length > 0) {
      await this.#lock.confirm();
      const uids = this.#uidsOf(deleted);
      if (this.#deps.kept === undefined) await mail.expunge(grant, uids, false);
      else await this.#deps.kept.remove(grant, uids);
    }
    if (this.#deps.marksSeen && retrieved.length > 0) {
      try {
        const change = { action: "add", flags: ["\\Seen"] } as const;
        await mail.changeFlags(grant, this.#uidsOf(retrieved), change);
      } catch (error) {
        // The removal stands; a flag less is no reason to tell the client otherwise.
        if (!isMailError(error)) throw error;
        log.error("pop3.seen-failed", error, { mailboxId: grant.mailboxId });
      }
    }
    await this.release();
  }

  release(): Promise<void> {
    return this.#lock.release();
  }

  #uidsOf(indexes: readonly number[]): number[] {
    return indexes.map((index) => this.#snapshot.uids[index]);
  }

  #prefixOf(index: number): Uint8Array {
    if (this.#prefix?.index !== index) {
      const { grant, uids } = this.#snapshot;
      this.#prefix = { index, octets: this.#deps.mail.prefix(grant, uids[index]) ?? NO_OCTETS };
    }
    return this.#prefix.octets;
  }
}

function expunged(): MailError {
  return new MailError("not-found", "the message has been expunged");
}
