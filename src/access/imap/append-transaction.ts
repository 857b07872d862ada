/**
 * APPEND (RFC 9051 §6.3.12): messages are staged in the store as they come, and filed together (RFC
 * 3502); parts may come from messages that are there already (CATENATE, RFC 4469). REPLACE (RFC 8508)
 * files one and takes another away in the same commit.
 */

import { no, okay, type Completion } from "../../imap/completion.ts";
import type { AppendMessage } from "../../imap/command/append.ts";
import type { AppendTransaction } from "../../imap/handler.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import { isMailError } from "../../base/errors.ts";
import type { AppendRequest, MailboxInfo } from "../../store/mail.ts";
import type { StagedMessage } from "../../store/octets.ts";
import { findMailbox, isCompletion } from "./named-mailbox.ts";
import type { MailSession } from "./mail-session.ts";
import type { SelectedMailbox } from "./selected-mailbox.ts";
import { findUrlPart } from "./url-part.ts";

/** Messages of one APPEND; more would hold one transaction for too long. */
const MAX_MESSAGES = 500;

export class StoreAppend implements AppendTransaction {
  readonly #session: MailSession;
  readonly #mailbox: MailboxInfo;
  readonly #requests: AppendRequest[] = [];
  readonly #replaced: ReplacedMessage | undefined;
  #staged: StagedMessage | undefined;
  #current: AppendMessage | undefined;

  constructor(session: MailSession, mailbox: MailboxInfo, replaced: ReplacedMessage | undefined) {
    this.#session = session;
    this.#mailbox = mailbox;
    this.#replaced = replaced;
  }

  get stagedOctets(): number {
    return this.#staged?.sizeOctets ?? 0;
  }

  async begin(message: AppendMessage, octets: number | undefined): Promise<Completion | undefined> {
    if (this.#requests.length >= MAX_MESSAGES) return no("Too many messages at once", "LIMIT");
    if (octets === 0) return no("The message is empty");
    const { directory, octets: store } = this.#session.deps.store;
    const room = directory.room(this.#mailbox.accountId);
    const staged = this.#requests.reduce((sum, request) => sum + request.message.sizeOctets, 0);
    const isFull = staged + (octets ?? 0) > room.octets || this.#requests.length >= room.messages;
    // What is replaced makes room: the commit itself tells then.
    if (isFull && this.#replaced === undefined) return no("Over quota", "OVERQUOTA");
    this.#current = message;
    this.#staged = store.stage();
    return undefined;
  }

  async write(octets: Uint8Array): Promise<void> {
    await this.#staged?.write(octets);
  }

  async appendUrl(url: string): Promise<Completion | undefined> {
    const part = await findUrlPart(this.#session, url);
    if (part === undefined) return badUrl(url);
    if (this.stagedOctets + part.sizeOctets > this.#session.deps.appendLimitOctets) {
      return no("The message is too big", "TOOBIG");
    }
    try {
      for await (const octets of part.pieces()) await this.#staged?.write(octets);
    } catch (error) {
      if (isMailError(error, "not-found")) return badUrl(url);
      throw error;
    }
    return undefined;
  }

  async end(): Promise<Completion | undefined> {
    if (this.#staged === undefined || this.#current === undefined) return undefined;
    if (this.#staged.sizeOctets === 0) return no("The message is empty");
    this.#requests.push({
      message: this.#staged,
      flags: this.#current.flags,
      internalDateMs: this.#current.internalDateMs ?? this.#session.deps.clock.nowMs(),
    });
    this.#staged = undefined;
    return undefined;
  }

  async commit(): Promise<Completion> {
    if (this.#replaced !== undefined) return this.#replace(this.#replaced);
    try {
      const { uidValidity, uids } = await this.#session.deps.store.mail.append(
        this.#mailbox.grant,
        this.#requests,
      );
      return okay("Appended", `APPENDUID ${uidValidity} ${formatSet(uids)}`);
    } catch (error) {
      if (isMailError(error, "not-found")) return no("No such mailbox", "TRYCREATE");
      throw error;
    }
  }

  /** RFC 8508 §3.2: both or neither; the UID of the new message is told before the old one goes. */
  async #replace({ view, uid, tell }: ReplacedMessage): Promise<Completion> {
    const { mail } = this.#session.deps.store;
    const [request] = this.#requests;
    try {
      const filed = await mail.replace(view.open.grant, uid, this.#mailbox.grant, request);
      tell(`APPENDUID ${filed.uidValidity} ${filed.uid}`);
      return okay("Replaced");
    } catch (error) {
      if (!isMailError(error, "not-found")) throw error;
      const { name } = this.#mailbox;
      return mail.mailbox(this.#session.accountId, name) === undefined
        ? no("No such mailbox", "TRYCREATE")
        : no("The message to replace is gone", "NONEXISTENT");
    }
  }

  async abort(): Promise<void> {
    await this.#staged?.discard();
    for (const { message } of this.#requests) await message.discard();
  }
}

/** The message that REPLACE takes away. */
export type ReplacedMessage = {
  readonly view: SelectedMailbox;
  readonly uid: number;
  /** Sends a response code in an untagged OK. */
  readonly tell: (code: string) => void;
};

function badUrl(url: string): Completion {
  const quoted = url.slice(0, 1_000).replace(/[^\x21-\x7e]|[\]"\\]/g, "?");
  return no("Nothing is there, or it may not be read", `BADURL "${quoted}"`);
}

export async function openAppend(
  session: MailSession,
  mailbox: string,
  replaced?: ReplacedMessage,
): Promise<AppendTransaction | Completion> {
  const info = findMailbox(session, mailbox, "i", "TRYCREATE");
  return isCompletion(info) ? info : new StoreAppend(session, info, replaced);
}
