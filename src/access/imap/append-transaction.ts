/** APPEND (RFC 9051 §6.3.12): messages are staged in the store as they come, and filed together (RFC 3502). */

import { no, okay, type Completion } from "../../imap/completion.ts";
import type { AppendMessage } from "../../imap/command/append.ts";
import type { AppendTransaction } from "../../imap/handler.ts";
import { formatSet } from "../../imap/sequence-set.ts";
import { isMailError } from "../../base/errors.ts";
import type { AppendRequest, MailboxInfo } from "../../store/mail.ts";
import type { StagedMessage } from "../../store/octets.ts";
import { findMailbox, isCompletion } from "./named-mailbox.ts";
import type { MailSession } from "./mail-session.ts";

/** Messages of one APPEND; more would hold one transaction for too long. */
const MAX_MESSAGES = 500;

export class StoreAppend implements AppendTransaction {
  readonly #session: MailSession;
  readonly #mailbox: MailboxInfo;
  readonly #requests: AppendRequest[] = [];
  #staged: StagedMessage | undefined;
  #current: AppendMessage | undefined;

  constructor(session: MailSession, mailbox: MailboxInfo) {
    this.#session = session;
    this.#mailbox = mailbox;
  }

  async begin(message: AppendMessage, octets: number): Promise<Completion | undefined> {
    if (this.#requests.length >= MAX_MESSAGES) return no("Too many messages at once", "LIMIT");
    if (octets === 0) return no("The message is empty");
    const { directory, octets: store } = this.#session.deps.store;
    const room = directory.room(this.#mailbox.accountId);
    const staged = this.#requests.reduce((sum, request) => sum + request.message.sizeOctets, 0);
    if (staged + octets > room.octets || this.#requests.length >= room.messages) {
      return no("Over quota", "OVERQUOTA");
    }
    this.#current = message;
    this.#staged = store.stage();
    return undefined;
  }

  async write(octets: Uint8Array): Promise<void> {
    await this.#staged?.write(octets);
  }

  async end(): Promise<Completion | undefined> {
    if (this.#staged === undefined || this.#current === undefined) return undefined;
    this.#requests.push({
      message: this.#staged,
      flags: this.#current.flags,
      internalDateMs: this.#current.internalDateMs ?? this.#session.deps.clock.nowMs(),
    });
    this.#staged = undefined;
    return undefined;
  }

  async commit(): Promise<Completion> {
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

  async abort(): Promise<void> {
    await this.#staged?.discard();
    for (const { message } of this.#requests) await message.discard();
  }
}

export async function openAppend(
  session: MailSession,
  mailbox: string,
): Promise<AppendTransaction | Completion> {
  const info = findMailbox(session, mailbox, "i", "TRYCREATE");
  return isCompletion(info) ? info : new StoreAppend(session, info);
}
