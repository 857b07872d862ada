/** The state of one POP3 session: who, which phase, what is marked. Commands change it; nothing here does I/O. */

import type { Channel } from "../base/channel.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Maildrop, Pop3Handler } from "./handler.ts";
import type { Pop3Connection } from "./pop3-connection.ts";
import type { Phase } from "./session.ts";

export type Pop3Options = {
  readonly clock: Clock;
  readonly log?: Log;
  /** The listener can do TLS on a clear connection. */
  readonly offersStartTls?: boolean;
  /** USER and PASS without TLS: for networks that nobody else reads. */
  readonly allowPlaintextAuth?: boolean;
  /** RFC 1939 §3: at least ten minutes. */
  readonly idleTimeoutMs?: number;
  /** From the banner to a login. */
  readonly loginTimeoutMs?: number;
  /** Commands that are unknown, wrong or out of place, in one session. */
  readonly maxBadCommands?: number;
  readonly maxFailedLogins?: number;
  /** RFC 2449 §6.7: days after which the server removes messages; NEVER otherwise. */
  readonly expireDays?: number;
  /** RFC 2449 §6.5: announced here, kept by the handler. */
  readonly loginDelaySeconds?: number;
  /** When it aborts, sessions end: at once where nothing is under way, else after the present command. */
  readonly shutdown?: AbortSignal;
  /** RFC 2449 §6.9 */
  readonly implementation?: string;
};

export const DEFAULT_IDLE_TIMEOUT_MS = 600_000;
/** Whoever wants in is in by then, and does not keep a connection by asking for CAPA for ever. */
const DEFAULT_LOGIN_TIMEOUT_MS = 600_000;

export type SessionEnd =
  | "quit"
  | "closed"
  | "timeout"
  | "too-many-errors"
  | "too-many-failed-logins"
  | "shutdown"
  | "failed";

export class Pop3Session {
  readonly connection: Pop3Connection;
  readonly handler: Pop3Handler;
  readonly options: Pop3Options;
  phase: Phase = "authorization";
  /** What USER said. */
  name: string | undefined;
  identity: string | undefined;
  maildrop: OpenMaildrop | undefined;
  failedLogins = 0;
  badCommands = 0;
  /** Set when the session is to end after what has been said. */
  end: SessionEnd | undefined;
  readonly #loginDeadlineMs: number;

  constructor(connection: Pop3Connection, handler: Pop3Handler, options: Pop3Options) {
    this.connection = connection;
    this.handler = handler;
    this.options = options;
    this.#loginDeadlineMs =
      options.clock.monotonicMs() + (options.loginTimeoutMs ?? DEFAULT_LOGIN_TIMEOUT_MS);
  }

  get channel(): Channel {
    return this.connection.channel;
  }

  /** A bare password may travel: under TLS, or where the operator says so (security row 15). */
  get mayShowPassword(): boolean {
    return this.channel.tls !== undefined || this.options.allowPlaintextAuth === true;
  }

  get canStartTls(): boolean {
    return this.options.offersStartTls === true && this.channel.tls === undefined;
  }

  /** How long to wait for the next line. */
  get lineTimeoutMs(): number {
    const { clock, idleTimeoutMs = DEFAULT_IDLE_TIMEOUT_MS } = this.options;
    if (this.phase === "transaction") return idleTimeoutMs;
    return Math.min(idleTimeoutMs, this.#loginDeadlineMs - clock.monotonicMs());
  }

  /** Nothing learned in the clear survives TLS (security row 13). */
  forgetClearText(): void {
    this.phase = "authorization";
    this.name = undefined;
  }
}

/** A maildrop and what the client has done to it so far. */
export class OpenMaildrop {
  readonly messages: Maildrop;
  readonly #isDeleted: Uint8Array;
  readonly #isRetrieved: Uint8Array;
  #deletedCount = 0;
  #remainingOctets = 0;
  #totalOctets = 0;
  /** For the log. */
  sentOctets = 0;
  sentMessages = 0;

  constructor(messages: Maildrop) {
    this.messages = messages;
    this.#isDeleted = new Uint8Array(messages.count);
    this.#isRetrieved = new Uint8Array(messages.count);
    for (let index = 0; index < messages.count; index++) {
      this.#totalOctets += messages.sizeOctets(index);
    }
    this.#remainingOctets = this.#totalOctets;
  }

  /** Messages and octets not marked as deleted: what STAT says. */
  get remaining(): { readonly count: number; readonly octets: number } {
    return { count: this.messages.count - this.#deletedCount, octets: this.#remainingOctets };
  }

  isDeleted(index: number): boolean {
    return this.#isDeleted[index] === 1;
  }

  markDeleted(index: number): void {
    this.#isDeleted[index] = 1;
    this.#deletedCount++;
    this.#remainingOctets -= this.messages.sizeOctets(index);
  }

  unmarkAll(): void {
    this.#isDeleted.fill(0);
    this.#deletedCount = 0;
    this.#remainingOctets = this.#totalOctets;
  }

  markRetrieved(index: number): void {
    this.#isRetrieved[index] = 1;
  }

  /** Deleted, and retrieved but not deleted: what QUIT has to act on. */
  outcome(): { readonly deleted: number[]; readonly retrieved: number[] } {
    const deleted: number[] = [];
    const retrieved: number[] = [];
    for (let index = 0; index < this.messages.count; index++) {
      if (this.#isDeleted[index] === 1) deleted.push(index);
      else if (this.#isRetrieved[index] === 1) retrieved.push(index);
    }
    return { deleted, retrieved };
  }
}
