/**
 * What the parts of the serve loop share: the channel with its decoder and writer, the session, the
 * handler. Reading here always sends first what has been written, so nobody waits for an answer that
 * lies in a buffer.
 */

import type { Channel } from "../base/channel.ts";
import { capabilityList } from "./capability.ts";
import type { Verb } from "./command/command.ts";
import type { Completion } from "./completion.ts";
import type { CommandContext, ImapHandler } from "./handler.ts";
import { Progress } from "./progress.ts";
import {
  APPEND_LIMIT_OCTETS,
  IDLE_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
  PROGRESS_MS,
} from "./serve-options.ts";
import type { ImapOptions } from "./serve-options.ts";
import { advance, makeSession, type Session } from "./session.ts";
import { CommandDecoder, type DecoderEvent } from "./wire/decoder.ts";
import { LITERAL_MINUS_OCTETS, PREAUTH_LIMITS, SESSION_LIMITS } from "./wire/limits.ts";
import { ResponseWriter } from "./wire/response-writer.ts";

export class Connection {
  channel: Channel;
  readonly handler: ImapHandler;
  readonly options: ImapOptions;
  readonly session: Session = makeSession();
  readonly decoder: CommandDecoder;
  readonly out: ResponseWriter;
  /** Set when the session ends after what is written. */
  isOver = false;
  /** Nothing is under way but waiting for the client. */
  isWaiting = false;
  /** News that are being told between commands: nobody else may write until then. */
  pushing: Promise<void> | undefined;
  /** A command is being carried out. */
  isServing = false;
  isCompressed = false;
  /** Called when the session is anonymous once more: it has the time to log in again. */
  onLoggedOut: () => void = () => {};
  /** Logins that were refused. */
  refusedLogins = 0;
  octetsRead = 0;
  octetsWritten = 0;
  /** Commands in a row that were not understood. */
  faults = 0;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #isPeerGone = false;
  /** The channel under the compression. */
  #plain: Channel | undefined;

  constructor(channel: Channel, handler: ImapHandler, options: ImapOptions) {
    this.channel = channel;
    this.handler = handler;
    this.options = options;
    const isSmallOnly = options.unaskedLiterals === "small";
    this.decoder = new CommandDecoder(
      PREAUTH_LIMITS,
      isSmallOnly ? LITERAL_MINUS_OCTETS : Number.POSITIVE_INFINITY,
    );
    this.out = new ResponseWriter((octets) => {
      this.octetsWritten += octets.length;
      return this.channel.write(octets);
    });
  }

  get parseOptions(): { isUtf8: boolean; maxDepth: number } {
    return { isUtf8: this.session.enabled.isUtf8, maxDepth: this.decoder.limits.depth };
  }

  get appendLimitOctets(): number {
    return this.options.appendLimitOctets ?? APPEND_LIMIT_OCTETS;
  }

  /** Passwords may not be sent now: the connection is in the clear. */
  get isClear(): boolean {
    return this.channel.tls === undefined && this.options.allowPlaintextAuth !== true;
  }

  get canStartTls(): boolean {
    return this.channel.tls === undefined && this.options.canStartTls === true;
  }

  context(tag: string): CommandContext {
    const isCancelled = (): boolean => this.#isPeerGone;
    const { clock, progressMs = PROGRESS_MS } = this.options;
    const progress = new Progress(clock, this.out, { tag, intervalMs: progressMs });
    return { tag, out: this.out, enabled: this.session.enabled, isCancelled, progress };
  }

  capabilities(): string {
    return capabilityList({
      isAuthenticated: this.session.phase !== "anonymous",
      canStartTls: this.canStartTls,
      isLoginDisabled: this.isClear,
      mechanisms: this.isClear ? [] : this.handler.mechanisms(),
      canCompress: this.options.compress !== undefined && !this.isCompressed,
      appendLimitOctets: this.appendLimitOctets,
      hidden: this.hidden,
      unaskedLiterals: this.options.unaskedLiterals ?? "any",
      offersUidOnly: this.options.offersUidOnly ?? false,
      offersGmail: this.options.offersGmail ?? false,
    });
  }

  /** Capabilities that this client does not hear of. */
  get hidden(): ReadonlySet<string> {
    return new Set([...(this.options.hiddenCapabilities ?? []), ...this.handler.hidden()]);
  }

  /** The next event; what has been written goes out before waiting for more. Undefined at the end of input. */
  async next(): Promise<DecoderEvent | undefined> {
    for (;;) {
      const event = this.decoder.next();
      if (event !== undefined) return event;
      await this.pushing;
      await this.out.flush();
      const octets = await this.wait();
      if (octets === undefined) return undefined;
      this.push(octets);
    }
  }

  push(octets: Uint8Array): void {
    this.octetsRead += octets.length;
    this.decoder.push(octets);
  }

  async wait(): Promise<Uint8Array | undefined> {
    this.isWaiting = true;
    try {
      return await this.read();
    } finally {
      this.isWaiting = false;
      this.readDone();
    }
  }

  /** Reads ahead while a command runs, so that long work can stop when the client goes. */
  watch(): void {
    this.read().then(
      (octets) => (this.#isPeerGone ||= octets === undefined),
      () => (this.#isPeerGone = true),
    );
  }

  /**
   * What the client sends next. The channel takes one read at a time, so until `readDone` everybody
   * who asks gets the same one: IDLE may look away from it and come back.
   */
  read(): Promise<Uint8Array | undefined> {
    this.#reading ??= this.channel.read(this.#timeoutMs);
    return this.#reading;
  }

  /** The octets of `read` have been taken. */
  readDone(): void {
    this.#reading = undefined;
  }

  /** After a successful login: more room, and a longer patience. */
  loggedIn(): void {
    this.decoder.limits = SESSION_LIMITS;
  }

  /** UNAUTHENTICATE (RFC 8437): as it was after the greeting, but for TLS. */
  loggedOut(): void {
    this.decoder.limits = PREAUTH_LIMITS;
    Object.assign(this.session.enabled, makeSession().enabled);
    this.out.isUtf8 = false;
    if (this.#plain !== undefined) this.channel = this.#plain;
    this.#plain = undefined;
    this.isCompressed = false;
    this.onLoggedOut();
  }

  /** Puts `channel` around the one there is. */
  compressWith(channel: Channel): void {
    this.#plain = this.channel;
    this.channel = channel;
    this.isCompressed = true;
  }

  /** Octets from the client are under way that no command has been made of. */
  get isReadingAhead(): boolean {
    return this.#reading !== undefined || !this.decoder.isBetweenCommands;
  }

  /** The tagged answer, and the phase that follows from it. */
  complete(tag: string, verb: Verb, completion: Completion): void {
    this.session.phase = advance(this.session.phase, verb, completion);
    this.out.completion(tag, completion);
    this.faults = completion.status === "BAD" ? this.faults + 1 : 0;
    if (completion.code === "AUTHENTICATIONFAILED") this.refusedLogins++;
  }

  bye(text: string): void {
    if (this.isOver) return;
    this.out.line(`* BYE ${text}`);
    this.isOver = true;
  }

  get #timeoutMs(): number {
    return this.session.phase === "anonymous"
      ? (this.options.loginTimeoutMs ?? LOGIN_TIMEOUT_MS)
      : (this.options.idleTimeoutMs ?? IDLE_TIMEOUT_MS);
  }
}
