/**
 * The SMTP, submission and LMTP client over a Channel: banner and EHLO, TLS, authentication, and
 * transactions with an outcome for each recipient. Decides nothing about routes, retries or when
 * TLS must be: see `mta/`.
 *
 * RFC 5321, RFC 2033, RFC 2920, RFC 3030, RFC 3207, RFC 3461, RFC 4954, RFC 6531, RFC 8689, RFC 9422.
 */

import { decodeBase64, encodeBase64 } from "../base/bytes.ts";
import { needsSmtpUtf8, type Address } from "../message/addr-spec.ts";
import type { Channel, TlsWish } from "../base/channel.ts";
import type { Clock } from "../base/clock.ts";
import { MailError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ClientMechanism } from "../sasl/mechanism.ts";
import { ClientDialogue } from "./client-dialogue.ts";
import { type ClientTimeouts, DEFAULT_TIMEOUTS } from "./client-timeouts.ts";
import { ClientTransaction } from "./client-transaction.ts";
import { encodeCommand, encodeRcpt, encodeSender } from "./command-encoder.ts";
import type { DeliveryReport, OutgoingTransaction, SmtpStage, StepOutcome } from "./delivery.ts";
import type { ReversePath } from "./handler.ts";
import { isPermanent, isPositive, type Reply } from "./reply.ts";
import { ServerExtensions } from "./server-extensions.ts";

export type SmtpClientOptions = {
  /** The argument of EHLO: our host name, or an address literal. */
  readonly clientName: string;
  /** LHLO, and one reply for each recipient (RFC 2033). */
  readonly protocol?: "smtp" | "lmtp";
  readonly clock: Clock;
  readonly log?: Log;
  readonly timeouts?: Partial<ClientTimeouts>;
  /** false: one command at a time, even if the server offers PIPELINING. */
  readonly usePipelining?: boolean;
  /** `prefer`: BDAT wherever offered; `when-needed` (default): only for binary content. */
  readonly chunking?: "when-needed" | "prefer";
};

/** RFC 4954 §4: a longer initial response goes in a line of its own. */
const MAX_COMMAND_CHARACTERS = 510;
const MAX_AUTH_STEPS = 20;

export class SmtpClient {
  readonly #dialogue: ClientDialogue;
  readonly #options: SmtpClientOptions;
  readonly #timeouts: ClientTimeouts;
  #extensions: ServerExtensions = new ServerExtensions();
  #needsReset = false;
  #transactions = 0;

  constructor(channel: Channel, options: SmtpClientOptions) {
    this.#dialogue = new ClientDialogue(channel, options.clock, options.log);
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  }

  /** What the server offered in its last answer to EHLO or LHLO; empty before. */
  get extensions(): ServerExtensions {
    return this.#extensions;
  }

  get protocol(): "smtp" | "lmtp" {
    return this.#options.protocol ?? "smtp";
  }

  get channel(): Channel {
    return this.#dialogue.channel;
  }

  /** The server still listens, as far as we know. */
  get isOpen(): boolean {
    return this.#dialogue.isOpen;
  }

  /** Banner, then EHLO, or HELO where EHLO is unknown. Rejects with MailError when the connection fails. */
  async open(): Promise<StepOutcome> {
    const greeting = await this.#dialogue.reply("banner", this.#timeouts.bannerMs);
    // RFC 7504: 521 and 554 mean that no mail is taken here; 4xx that it may be another time.
    if (greeting.code !== 220) return { ok: false, stage: "banner", reply: greeting };
    return this.#hello();
  }

  async #hello(): Promise<StepOutcome> {
    const { clientName, protocol = "smtp" } = this.#options;
    const verb = protocol === "lmtp" ? "LHLO" : "EHLO";
    this.#extensions = new ServerExtensions();
    const answer = await this.#ask("helo", this.#timeouts.heloMs, verb, clientName);
    if (isPositive(answer)) {
      this.#extensions = new ServerExtensions(answer);
      return { ok: true, reply: answer };
    }
    const mayFallBack = protocol === "smtp" && isPermanent(answer) && this.#dialogue.isOpen;
    if (!mayFallBack) return { ok: false, stage: "helo", reply: answer };
    // RFC 5321 §3.2: a server that knows no extensions may still know HELO.
    const plain = await this.#ask("helo", this.#timeouts.heloMs, "HELO", clientName);
    return stepOutcome("helo", plain);
  }

  /** STARTTLS, the handshake, and EHLO again. Rejects with `tls-failed`; the channel is then closed. */
  async startTls(wish: TlsWish): Promise<StepOutcome> {
    if (!this.#extensions.has("STARTTLS") || this.channel.tls !== undefined) {
      return { ok: false, stage: "starttls", reply: undefined };
    }
    const answer = await this.#ask("starttls", this.#timeouts.heloMs, "STARTTLS");
    if (answer.code !== 220) return { ok: false, stage: "starttls", reply: answer };
    await this.#dialogue.startTls(wish);
    // RFC 3207 §4.2: what the server said before counts for nothing.
    return this.#hello();
  }

  /** AUTH with this mechanism (RFC 4954). Whether it may be used in the clear the caller has decided. */
  async authenticate(mechanism: ClientMechanism): Promise<StepOutcome> {
    if (!this.#extensions.mechanisms.includes(mechanism.name.toUpperCase())) {
      return { ok: false, stage: "auth", reply: undefined };
    }
    let initial = mechanism.initial();
    const words = ["AUTH", mechanism.name];
    const encoded = initial === undefined ? "" : encodeInitial(initial);
    if (initial !== undefined && encoded.length + words.join(" ").length < MAX_COMMAND_CHARACTERS) {
      words.push(encoded);
      initial = undefined;
    }
    let reply = await this.#ask("auth", this.#timeouts.authMs, ...words);
    for (let steps = 0; reply.code === 334 && steps < MAX_AUTH_STEPS; steps++) {
      const response = initial ?? (await this.#respond(mechanism, reply));
      initial = undefined;
      const line = response === undefined ? "*" : encodeBase64(response);
      reply = await this.#ask("auth", this.#timeouts.authMs, line);
    }
    if (reply.code === 235 && !mechanism.verify(undefined)) {
      this.#dialogue.abort();
      throw new MailError("refused", "the server could not prove that it knows the password");
    }
    return reply.code === 235 ? { ok: true, reply } : { ok: false, stage: "auth", reply };
  }

  /** The answer to a challenge; undefined for one that is not base64: the exchange is cancelled. */
  async #respond(mechanism: ClientMechanism, reply: Reply): Promise<Uint8Array | undefined> {
    const challenge = decodeBase64(reply.lines.join("").trim());
    if (challenge === undefined) return undefined;
    try {
      return await mechanism.step(challenge);
    } catch (error) {
      // The server failed its own proof: it gets nothing more of us.
      this.#dialogue.abort();
      throw error;
    }
  }

  /** One transaction. Never rejects for what the server or the network does: see the outcomes. */
  async deliver(transaction: OutgoingTransaction): Promise<DeliveryReport> {
    const { protocol = "smtp", usePipelining = true, chunking = "when-needed" } = this.#options;
    const extensions = this.#extensions;
    const needsBdat = transaction.content.body === "binarymime" || chunking === "prefer";
    const run = new ClientTransaction(this.#dialogue, transaction, {
      extensions,
      timeouts: this.#timeouts,
      isLmtp: protocol === "lmtp",
      isPipelining: usePipelining && extensions.has("PIPELINING"),
      isChunking: needsBdat && extensions.has("CHUNKING"),
      needsReset: this.#needsReset,
    });
    const outcomes = await run.run();
    this.#needsReset = run.needsReset;
    this.#transactions++;
    const maxTransactions = extensions.limit("MAILMAX") ?? Number.POSITIVE_INFINITY;
    return {
      outcomes,
      isReusable: this.#dialogue.isOpen && this.#transactions < maxTransactions,
      passedDsn: extensions.has("DSN"),
      passedDeliverBy: extensions.has("DELIVERBY"),
    };
  }

  /**
   * Asks whether the server would take mail from `reversePath` for `address`, and takes the question
   * back: MAIL, RCPT, RSET. For an address in UTF-8 the server must offer SMTPUTF8. Rejects with MailError when the connection fails.
   */
  async probe(reversePath: ReversePath, address: Address): Promise<StepOutcome> {
    const isUtf8 = needsSmtpUtf8(address) || (reversePath !== "null" && needsSmtpUtf8(reversePath));
    const words = isUtf8 ? [encodeSender(reversePath), "SMTPUTF8"] : [encodeSender(reversePath)];
    const mail = await this.#ask("mail", this.#timeouts.mailMs, ...words);
    if (!isPositive(mail)) return { ok: false, stage: "mail", reply: mail };
    const text = encodeRcpt({ address }, new ServerExtensions());
    const rcpt = await this.#ask("rcpt", this.#timeouts.rcptMs, text.trimEnd());
    if (this.#dialogue.isOpen) await this.reset();
    return stepOutcome("rcpt", rcpt);
  }

  /** RSET: also shows that a connection kept for reuse is still alive. */
  async reset(): Promise<StepOutcome> {
    const outcome = stepOutcome("reset", await this.#ask("reset", this.#timeouts.resetMs, "RSET"));
    if (outcome.ok) this.#needsReset = false;
    return outcome;
  }

  /** Says QUIT if the server still listens, and closes the channel. Never rejects. */
  async quit(): Promise<void> {
    try {
      if (this.#dialogue.isOpen) await this.#ask("quit", this.#timeouts.quitMs, "QUIT");
    } catch {
      // Nothing depends on how it says good-bye.
    }
    await this.#dialogue.close();
  }

  async #ask(stage: SmtpStage, timeoutMs: number, ...words: readonly string[]): Promise<Reply> {
    await this.#dialogue.send(encodeCommand(...words));
    return this.#dialogue.reply(stage, timeoutMs);
  }
}

function stepOutcome(stage: SmtpStage, reply: Reply): StepOutcome {
  return isPositive(reply) ? { ok: true, reply } : { ok: false, stage, reply };
}

/** RFC 4954 §4: "=" for an initial response of no octets. */
function encodeInitial(octets: Uint8Array): string {
  return octets.length === 0 ? "=" : encodeBase64(octets);
}
