/** The client's side of the wire: commands out, replies in, each awaited with one deadline. */

import { encodeUtf8 } from "../base/bytes.ts";
import type { Channel, TlsSession, TlsWish } from "../base/channel.ts";
import type { Clock } from "../base/clock.ts";
import { MailError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { SmtpStage } from "./delivery.ts";
import { ReplyDecoder } from "./reply-decoder.ts";
import { formatReply } from "./reply-encoder.ts";
import type { Reply } from "./reply.ts";

export class ClientDialogue {
  readonly channel: Channel;
  readonly #clock: Clock;
  readonly #log: Log | undefined;
  readonly #decoder = new ReplyDecoder();
  #isOpen = true;

  constructor(channel: Channel, clock: Clock, log?: Log) {
    this.channel = channel;
    this.#clock = clock;
    this.#log = log;
  }

  /** Nothing has happened yet after which the server would not listen any more. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  async send(text: string): Promise<void> {
    await this.sendOctets(encodeUtf8(text));
  }

  async sendOctets(octets: Uint8Array): Promise<void> {
    try {
      await this.channel.write(octets);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  /** The next reply. 421 may come at any time, and is the last (RFC 5321 §3.8). */
  async reply(stage: SmtpStage, timeoutMs: number): Promise<Reply> {
    const untilMs = this.#clock.monotonicMs() + timeoutMs;
    for (;;) {
      const event = this.#decoder.next();
      if (event?.type === "malformed") {
        this.abort();
        throw new MailError("protocol-broken", `the server does not speak SMTP: ${event.problem}`);
      }
      if (event !== undefined) {
        this.#log?.debug("smtp.client-reply", { stage, reply: formatReply(event.reply) });
        if (event.reply.code === 421) this.#isOpen = false;
        return event.reply;
      }
      await this.#receive(stage, untilMs - this.#clock.monotonicMs());
    }
  }

  async #receive(stage: SmtpStage, timeoutMs: number): Promise<void> {
    let octets: Uint8Array | undefined;
    try {
      if (timeoutMs <= 0) throw new MailError("channel-timeout", "the server is too slow");
      octets = await this.channel.read(timeoutMs);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
    if (octets === undefined) {
      this.#isOpen = false;
      throw new MailError("channel-closed", `the server closed the connection (${stage})`);
    }
    this.#decoder.push(octets);
  }

  async startTls(wish: TlsWish): Promise<TlsSession> {
    // What came in the clear behind the 220 is nobody's answer (CVE-2021-33515's mirror).
    if (this.#decoder.bufferedOctets > 0 || this.channel.pendingOctets > 0) {
      this.#log?.warn("smtp.starttls-response-injection", { peer: this.channel.peer.address });
    }
    this.#decoder.clear();
    try {
      return await this.channel.startTls(wish);
    } catch (error) {
      this.#isOpen = false;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    await this.channel.close();
  }

  abort(): void {
    this.#isOpen = false;
    this.channel.abort();
  }
}
