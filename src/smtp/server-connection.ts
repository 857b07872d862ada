/**
 * One session of the server: its channel, its wire, what is known of the client, and the open
 * transaction. Verbs act on it; `serve.ts` drives it. Replies are gathered and leave in one write
 * before the engine waits for more input (RFC 2920 §3.2).
 */

import { tlsLabel } from "../base/tls-label.ts";
import { encodeUtf8 } from "../base/bytes.ts";
import type { Channel, Endpoint, TlsSession } from "../base/channel.ts";
import { isMailError } from "../base/errors.ts";
import type { Log, LogFields } from "../base/log.ts";
import { type Address, formatAddress } from "../message/addr-spec.ts";
import type { ContentReceiver } from "./content-receiver.ts";
import { replyForError } from "./error-reply.ts";
import type {
  ForwardedClient,
  MailParams,
  ReversePath,
  SmtpHandler,
  SmtpSession,
} from "./handler.ts";
import { encodeReply } from "./reply-encoder.ts";
import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";
import type { ResolvedOptions } from "./serve-options.ts";
import { ServerWire, type WireEvent } from "./server-wire.ts";
import { SessionOver } from "./session-over.ts";
import type { Phase } from "./session.ts";

/** Replies are sent when so many characters wait, even if more commands are buffered. */
const FLUSH_AT_CHARACTERS = 16384;
const LOGGED_RECIPIENTS = 20;

export type LineEvent = Extract<WireEvent, { type: "line" | "overlong" }>;

type MutableSession = { -readonly [K in keyof SmtpSession]: SmtpSession[K] };

export type Transaction = {
  readonly reversePath: ReversePath;
  readonly params: MailParams;
  recipients: number;
  refusedRecipients: number;
  /** The first few, for the log. */
  readonly named: string[];
  /** BDAT has begun. */
  receiver: ContentReceiver | undefined;
  /** Octets of content sent by the client so far, and how long we waited for them. */
  contentOctets: number;
  contentWaitedMs: number;
  /** The server has said what became of the message. */
  isAnswered: boolean;
};

export class ServerConnection {
  readonly channel: Channel;
  readonly options: ResolvedOptions;
  readonly wire: ServerWire = new ServerWire();
  readonly log: Log;
  readonly session: SmtpSession;
  readonly #session: MutableSession;
  readonly #makeHandler: (session: SmtpSession) => SmtpHandler;
  handler: SmtpHandler;
  phase: Phase = "connected";
  transaction: Transaction | undefined;
  authFailures = 0;
  messages = 0;
  /** Transactions begun. */
  transactions = 0;
  readonly #abandoned: { recipients: number; uploads: number } = { recipients: 0, uploads: 0 };
  octetsIn = 0;
  #outgoing = "";
  #isWaiting = false;

  constructor(
    channel: Channel,
    makeHandler: (session: SmtpSession) => SmtpHandler,
    options: ResolvedOptions,
    sessionId: string,
  ) {
    this.channel = channel;
    this.options = options;
    this.#session = {
      id: sessionId,
      protocol: options.protocol,
      local: channel.local,
      peer: channel.peer,
      tls: channel.tls,
      helo: undefined,
      isExtended: false,
      identity: undefined,
    };
    this.session = this.#session;
    this.log = options.log.child({ session: sessionId });
    this.#makeHandler = makeHandler;
    this.handler = makeHandler(this.session);
  }

  // What is offered, and known of the client

  /** For the table of extensions. */
  get peerAddress(): string {
    return this.channel.peer.address;
  }

  greeted(name: string, isExtended: boolean): void {
    this.#session.helo = name;
    this.#session.isExtended = isExtended;
    this.phase = "ready";
  }

  authenticated(identity: string): void {
    this.#session.identity = identity;
  }

  forwarded(client: ForwardedClient): void {
    this.#session.forwarded = { ...this.#session.forwarded, ...client };
  }

  /** TLS has begun: all that was said before it is void (RFC 3207 §4.2). */
  secured(tls: TlsSession): void {
    this.resetTransaction();
    this.wire.clear();
    this.#session.tls = tls;
    this.#forgetClient();
    this.phase = "connected";
  }

  /** A trusted proxy says who the client is: the session begins anew in that client's name. */
  impersonate(client: {
    peer: Endpoint;
    local: Endpoint;
    name: string | undefined;
    helo: string | undefined;
    identity: string | undefined;
  }): void {
    this.resetTransaction();
    this.handler.close();
    this.#forgetClient();
    this.#session.peer = client.peer;
    this.#session.local = client.local;
    this.#session.clientName = client.name;
    this.#session.helo = client.helo;
    this.#session.identity = client.identity;
    this.phase = "connected";
    this.handler = this.#makeHandler(this.session);
  }

  #forgetClient(): void {
    this.#session.helo = undefined;
    this.#session.isExtended = false;
    this.#session.identity = undefined;
    this.#session.forwarded = undefined;
  }

  // The transaction

  begin(reversePath: ReversePath, params: MailParams): void {
    this.transactions++;
    this.transaction = {
      reversePath,
      params,
      recipients: 0,
      refusedRecipients: 0,
      named: [],
      receiver: undefined,
      contentOctets: 0,
      contentWaitedMs: 0,
      isAnswered: false,
    };
    this.phase = "mail";
  }

  addRecipient(transaction: Transaction, recipient: Address): void {
    transaction.recipients++;
    if (transaction.named.length < LOGGED_RECIPIENTS) {
      transaction.named.push(
        recipient.domain === "" ? recipient.localPart : formatAddress(recipient),
      );
    }
    this.phase = "rcpt";
  }

  /** The one way out of a transaction: sender, recipients, content and the handler's decisions go together. */
  resetTransaction(): void {
    this.transaction?.receiver?.abort();
    this.#noteAbandoned();
    this.transaction = undefined;
    if (this.phase !== "refused" && this.phase !== "connected") this.phase = "ready";
    this.handler.reset();
  }

  /** What the client began and gave up: recipients we looked up, content we stored, for nothing. */
  #noteAbandoned(): void {
    const { transaction } = this;
    if (transaction === undefined || transaction.isAnswered) return;
    this.#abandoned.recipients += transaction.recipients;
    if (transaction.contentOctets > 0) this.#abandoned.uploads++;
  }

  /** The same since last asked. */
  takeAbandoned(): { readonly recipients: number; readonly uploads: number } {
    const taken = { ...this.#abandoned };
    this.#abandoned.recipients = 0;
    this.#abandoned.uploads = 0;
    return taken;
  }

  // Talking

  send(answer: Reply): void {
    this.#outgoing += encodeReply(answer, { utf8: this.transaction?.params.smtpUtf8 === true });
  }

  get hasFullOutput(): boolean {
    return this.#outgoing.length >= FLUSH_AT_CHARACTERS;
  }

  async flush(): Promise<void> {
    if (this.#outgoing === "") return;
    const octets = encodeUtf8(this.#outgoing);
    this.#outgoing = "";
    await this.channel.write(octets);
  }

  /** The client has sent octets that nobody asked for yet. */
  get hasEarlyInput(): boolean {
    return this.wire.bufferedOctets > 0 || this.channel.pendingOctets > 0;
  }

  /** The next line, waiting for all of it no longer than one command may take. */
  async nextLine(): Promise<LineEvent> {
    const untilMs = this.options.clock.monotonicMs() + this.options.limits.commandTimeoutMs;
    for (;;) {
      const event = this.wire.next();
      if (event?.type === "line" || event?.type === "overlong") return event;
      this.#isWaiting = this.wire.bufferedOctets === 0;
      await this.flush();
      // Awaited here and not through `receive`: most sessions of a busy server wait at this line.
      const timeoutMs = untilMs - this.options.clock.monotonicMs();
      if (timeoutMs <= 0) throw new SessionOver("timeout", replies.TIMED_OUT);
      try {
        this.#take(await this.channel.read(timeoutMs));
      } catch (error) {
        throw whenTooLate(error, replies.TIMED_OUT);
      }
      this.#isWaiting = false;
    }
  }

  /** Waits for octets; what was said so far leaves first. */
  async receive(timeoutMs: number, tooLate: Reply): Promise<void> {
    await this.flush();
    if (timeoutMs <= 0) throw new SessionOver("timeout", tooLate);
    try {
      this.#take(await this.channel.read(timeoutMs));
    } catch (error) {
      throw whenTooLate(error, tooLate);
    }
  }

  #take(octets: Uint8Array | undefined): void {
    if (octets === undefined) throw new SessionOver("lost");
    this.octetsIn += octets.length;
    this.wire.push(octets);
  }

  /** Going down: a client that is silent now hears it now; one that is busy, after its command. */
  async interrupt(): Promise<void> {
    if (!this.#isWaiting) return;
    this.send(replies.SHUTTING_DOWN);
    await this.flush();
    await this.channel.close();
  }

  /** Asks the handler; an error of its becomes a reply. A bug of ours ends the session (Invariant 9). */
  async ask<T>(question: () => Promise<T>): Promise<T | Reply> {
    try {
      return await question();
    } catch (error) {
      const answer = replyForError(error);
      this.log.error("smtp.handler-failed", error, this.logFields());
      if (answer === replies.OUR_BUG) throw new SessionOver("bug", answer);
      return answer;
    }
  }

  logFields(): LogFields {
    const { session } = this;
    return {
      protocol: session.protocol,
      peer: session.peer.address,
      helo: session.helo,
      tls: tlsLabel(session.tls),
      identity: session.identity,
      forwardedFor: session.forwarded?.address,
    };
  }
}

/** A peer's silence ends the session with these words; other errors stay what they are. */
function whenTooLate(error: unknown, tooLate: Reply): unknown {
  return isMailError(error, "channel-timeout") ? new SessionOver("timeout", tooLate) : error;
}
