/**
 * One outgoing transaction, from MAIL to the last reply, with every recipient's outcome. Commands
 * go out in windows: one at a time, or many where the server offers PIPELINING (RFC 2920); every
 * reply is matched with its command.
 */

import { invariant, isMailError, type MailError } from "../base/errors.ts";
import type { ClientDialogue } from "./client-dialogue.ts";
import type { ClientTimeouts } from "./client-timeouts.ts";
import { encodeCommand, encodeMail, encodeRcpt } from "./command-encoder.ts";
import { sendChunks, sendData } from "./content-sender.ts";
import type { OutgoingTransaction, RecipientOutcome, SmtpStage, UnsentReason } from "./delivery.ts";
import { isAsciiPath } from "./describe-path.ts";
import type { MailParams } from "./handler.ts";
import { isPositive, isTransient, type Reply } from "./reply.ts";
import type { ServerExtensions } from "./server-extensions.ts";

/** Commands on their way at once. Their replies must fit the buffers between us while we still write. */
const WINDOW_COMMANDS = 100;
/** How long a server that has closed is listened to for its reason. */
const LAST_WORDS_MS = 1000;

export type TransactionSettings = {
  readonly extensions: ServerExtensions;
  readonly timeouts: ClientTimeouts;
  readonly isLmtp: boolean;
  readonly isPipelining: boolean;
  readonly isChunking: boolean;
  /** The transaction before this one was not finished: RSET goes first. */
  readonly needsReset: boolean;
};

type Step = {
  readonly stage: SmtpStage;
  readonly text: string;
  readonly timeoutMs: number;
  /** Which recipient it is about. */
  readonly recipient?: number;
};

export class ClientTransaction {
  readonly #dialogue: ClientDialogue;
  readonly #transaction: OutgoingTransaction;
  readonly #settings: TransactionSettings;
  readonly #outcomes: (RecipientOutcome | undefined)[];
  /** Recipients the server said 250 to, waiting for the fate of the message. */
  #accepted: number[] = [];
  #stage: SmtpStage = "mail";
  #needsReset: boolean;

  constructor(
    dialogue: ClientDialogue,
    transaction: OutgoingTransaction,
    settings: TransactionSettings,
  ) {
    this.#dialogue = dialogue;
    this.#transaction = transaction;
    this.#settings = settings;
    this.#needsReset = settings.needsReset;
    this.#outcomes = transaction.recipients.map(() => undefined);
  }

  /** The server still has something of this transaction in mind: RSET must come before the next. */
  get needsReset(): boolean {
    return this.#needsReset;
  }

  /** Runs it. Never rejects for what server, network or disk do. */
  async run(): Promise<readonly RecipientOutcome[]> {
    const reason = this.#findObstacle();
    if (reason !== undefined) this.#settle({ status: "unsent", reason });
    this.#settleUtf8Recipients();
    // Encoded before anything is sent: an argument that cannot be sent leaves the connection good.
    const steps = this.#encodeSteps();
    try {
      if (this.#outcomes.some((outcome) => outcome === undefined)) await this.#converse(steps);
    } catch (error) {
      if (!isMailError(error)) throw error;
      await this.#hearLastWords(error);
      this.#dialogue.abort();
      this.#settle({ status: "lost", stage: this.#stage, error });
    }
    return this.#outcomes.map((outcome) => {
      invariant(outcome !== undefined, "every recipient has an outcome");
      return outcome;
    });
  }

  /** What about the message as a whole the server could not carry. */
  #findObstacle(): UnsentReason | undefined {
    const { content, params, reversePath } = this.#transaction;
    const { extensions, isChunking } = this.#settings;
    const isSecure = this.#dialogue.channel.tls !== undefined && extensions.has("REQUIRETLS");
    if (params?.requireTls && !isSecure) return "cannot-requiretls";
    if (params?.deliverBy !== undefined && !canReturnBy(params.deliverBy, extensions)) {
      return "cannot-deliver-by";
    }
    if (content.sizeOctets > (extensions.maxSizeOctets ?? Number.POSITIVE_INFINITY)) {
      return "too-large";
    }
    const isPlainPath = reversePath === "null" || isAsciiPath(reversePath);
    if ((content.needsSmtpUtf8 || !isPlainPath) && !extensions.has("SMTPUTF8")) {
      return "cannot-utf8";
    }
    if (content.body === "binarymime" && !(isChunking && extensions.has("BINARYMIME"))) {
      return "cannot-binary";
    }
    if (content.body === "8bitmime" && !extensions.has("8BITMIME")) return "cannot-8bit";
    return undefined;
  }

  /** Recipients whose own address the server cannot take; the others may go on. */
  #settleUtf8Recipients(): void {
    if (this.#settings.extensions.has("SMTPUTF8")) return;
    this.#transaction.recipients.forEach(({ address }, index) => {
      if (!isAsciiPath(address)) {
        this.#outcomes[index] ??= { status: "unsent", reason: "cannot-utf8" };
      }
    });
  }

  #encodeSteps(): Step[] {
    const { recipients, reversePath, content } = this.#transaction;
    const { extensions, timeouts, isChunking, needsReset } = this.#settings;
    const needsUtf8 =
      content.needsSmtpUtf8 ||
      (reversePath !== "null" && !isAsciiPath(reversePath)) ||
      recipients.some(({ address }) => !isAsciiPath(address));
    const mail = encodeMail(this.#transaction, extensions, needsUtf8);
    const steps: Step[] = [];
    if (needsReset) {
      steps.push({ stage: "reset", text: encodeCommand("RSET"), timeoutMs: timeouts.resetMs });
    }
    steps.push({ stage: "mail", text: mail, timeoutMs: timeouts.mailMs });
    recipients.forEach((recipient, index) => {
      const text = encodeRcpt(recipient, extensions);
      if (this.#outcomes[index] !== undefined) return;
      steps.push({ stage: "rcpt", text, timeoutMs: timeouts.rcptMs, recipient: index });
    });
    if (!isChunking) {
      steps.push({ stage: "data", text: encodeCommand("DATA"), timeoutMs: timeouts.dataMs });
    }
    return steps;
  }

  async #converse(steps: readonly Step[]): Promise<void> {
    const window = this.#settings.isPipelining ? WINDOW_COMMANDS : 1;
    let started = false;
    for (let from = 0; from < steps.length; from += window) {
      const group = steps.slice(from, from + window);
      // Alone, DATA is not worth asking for when nobody would get the message.
      if (group[0].stage === "data" && this.#accepted.length === 0) break;
      this.#stage = stageOf(group[0]);
      await this.#dialogue.send(group.map(({ text }) => text).join(""));
      this.#needsReset = true;
      for (const step of group) {
        this.#stage = stageOf(step);
        const reply = await this.#dialogue.reply(step.stage, step.timeoutMs);
        if (step.stage === "data" && reply.code === 354) started = true;
        else this.#note(step, reply);
        if (!this.#dialogue.isOpen) return;
      }
      if (this.#outcomes.every((outcome) => outcome !== undefined) && !started) return;
    }
    if (started || this.#accepted.length > 0) await this.#sendContent();
  }

  async #sendContent(): Promise<void> {
    this.#stage = "content";
    const { content } = this.#transaction;
    if (this.#settings.isChunking) {
      const { contentMs } = this.#settings.timeouts;
      const refusal = await sendChunks(this.#dialogue, content, contentMs);
      if (refusal !== undefined) return this.#settle(finalOutcome(refusal));
    } else {
      // RFC 2920 §3.1: a server may say 354 though it took no recipient; an empty message ends it.
      await sendData(this.#dialogue, this.#accepted.length > 0 ? content : undefined);
    }
    await this.#finish();
  }

  /** Takes in the reply to a command. */
  #note(step: Step, reply: Reply): void {
    if (!this.#dialogue.isOpen) {
      return this.#settle({ status: "refused", stage: step.stage, reply, temporary: true });
    }
    if (step.recipient !== undefined) return this.#noteRecipient(step.recipient, reply);
    if (isPositive(reply) && step.stage !== "data") return;
    // A positive answer to DATA that is not 354 is no answer (RFC 5321 §4.2.4): do not send.
    // And a refused RSET says nothing about this message.
    const temporary = isTransient(reply) || isPositive(reply) || step.stage === "reset";
    this.#settle({ status: "refused", stage: step.stage, reply, temporary });
  }

  #noteRecipient(index: number, reply: Reply): void {
    if (this.#outcomes[index] !== undefined) return;
    if (isPositive(reply)) {
      this.#accepted.push(index);
      return;
    }
    // RFC 5321 §4.5.3.1.10: old servers say 552 for "too many recipients"; try those later.
    const temporary = isTransient(reply) || reply.code === 552;
    this.#outcomes[index] = { status: "refused", stage: "rcpt", reply, temporary };
  }

  /** One outcome for all who have none yet. */
  #settle(outcome: RecipientOutcome): void {
    for (let i = 0; i < this.#outcomes.length; i++) this.#outcomes[i] ??= outcome;
    this.#accepted = [];
  }

  /** A server that closes in the middle of a message has often said why. */
  async #hearLastWords(error: MailError): Promise<void> {
    if (this.#stage !== "content" || error.code !== "channel-closed") return;
    try {
      const reply = await this.#dialogue.reply("content", LAST_WORDS_MS);
      if (!isPositive(reply)) this.#settle(finalOutcome(reply));
    } catch (again) {
      if (!isMailError(again)) throw again;
    }
  }

  async #finish(): Promise<void> {
    const { isLmtp, timeouts } = this.#settings;
    // RFC 2033 §4.2: one reply for each recipient that was accepted, in order.
    const waiting = isLmtp ? [...this.#accepted] : [-1];
    for (const index of waiting) {
      const reply = await this.#dialogue.reply("content", timeouts.finalMs);
      if (!this.#dialogue.isOpen || index === -1) {
        this.#settle(finalOutcome(reply));
        if (!this.#dialogue.isOpen) return;
      } else {
        this.#outcomes[index] = finalOutcome(reply);
      }
    }
    this.#needsReset = false;
  }
}

/** RFC 2852 §4.1.4: mail to be given back goes only to who will give it back, and can in that time. */
function canReturnBy(
  { mode, seconds }: NonNullable<MailParams["deliverBy"]>,
  extensions: ServerExtensions,
): boolean {
  if (mode === "notify") return true;
  if (seconds <= 0 || !extensions.has("DELIVERBY")) return false;
  return seconds >= extensions.minDeliverBySeconds;
}

/** A connection that breaks at the RSET of the transaction before has heard nothing of this one yet. */
function stageOf(step: Step): SmtpStage {
  return step.stage === "reset" ? "mail" : step.stage;
}

function finalOutcome(reply: Reply): RecipientOutcome {
  if (reply.code < 300) return { status: "accepted", reply };
  const temporary = isTransient(reply) || isPositive(reply);
  return { status: "refused", stage: "content", reply, temporary };
}
