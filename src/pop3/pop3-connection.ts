/**
 * The Channel seen as POP3: lines in, responses out. Responses are gathered and go out when input is
 * waited for, so pipelined commands are answered in one write (RFC 2449 §6.6), or when there is
 * enough of them; awaiting that is the back-pressure (Invariant 7).
 */

import { concatBytes, encodeUtf8 } from "../base/bytes.ts";
import type { Channel } from "../base/channel.ts";
import type { Clock } from "../base/clock.ts";
import { isMailError, MailError } from "../base/errors.ts";
import type { ResponseCode } from "./handler.ts";
import { LineDecoder, type LineEvent } from "./line-decoder.ts";

/** RFC 5034 §4 and RFC 4954 §4.1 think of 12,288 octets for a base64 line. */
export const MAX_LINE_OCTETS = 12_288;
const FLUSH_OCTETS = 65_536;

export type LineInput = LineEvent | { readonly type: "closed" } | { readonly type: "timeout" };

export class Pop3Connection {
  readonly channel: Channel;
  /** A multi-line response has begun: a failure now can only be told by hanging up. */
  isMidResponse = false;
  /** All is said, and the client's next octets are waited for. */
  isWaiting = false;
  readonly #clock: Clock;
  readonly #decoder = new LineDecoder(MAX_LINE_OCTETS);
  #pieces: Uint8Array[] = [];
  #pieceOctets = 0;
  #text = "";

  constructor(channel: Channel, clock: Clock) {
    this.channel = channel;
    this.#clock = clock;
  }

  /** The next line; it must be whole within `timeoutMs`, however the octets trickle in (security row 25). */
  async nextLine(timeoutMs: number): Promise<LineInput> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    for (;;) {
      const event = this.#decoder.next();
      if (event !== undefined) return event;
      await this.flush();
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) return { type: "timeout" };
      this.isWaiting = true;
      try {
        const octets = await this.channel.read(leftMs);
        if (octets === undefined) return { type: "closed" };
        this.#decoder.push(octets);
      } catch (error) {
        if (isMailError(error, "channel-timeout")) return { type: "timeout" };
        throw error;
      } finally {
        this.isWaiting = false;
      }
    }
  }

  positive(text: string): void {
    this.addLine(text === "" ? "+OK" : `+OK ${text}`);
  }

  negative(text: string, code?: ResponseCode): void {
    this.addLine(code === undefined ? `-ERR ${text}` : `-ERR [${code}] ${text}`);
  }

  /** One line of text, made safe: nothing in it can end it early (security row 35). */
  addLine(text: string): void {
    this.#text += `${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?").slice(0, 500)}\r\n`;
  }

  /** One line that we made ourselves, without control characters. */
  addTrustedLine(text: string): void {
    this.#text += `${text}\r\n`;
  }

  addOctets(octets: Uint8Array): void {
    this.#takeText();
    this.#pieces.push(octets);
    this.#pieceOctets += octets.length;
  }

  /** Sends when enough has gathered. Call it between the items of a long response. */
  async relieve(): Promise<void> {
    if (this.#pieceOctets + this.#text.length >= FLUSH_OCTETS) await this.flush();
  }

  async flush(): Promise<void> {
    this.#takeText();
    if (this.#pieces.length === 0) return;
    const octets = concatBytes(this.#pieces);
    this.#pieces = [];
    this.#pieceOctets = 0;
    await this.channel.write(octets);
  }

  /** What was said before TLS is forgotten, on both sides (security row 12, CVE-2021-33515). */
  async startTls(): Promise<void> {
    await this.flush();
    this.#decoder.clear();
    await this.channel.startTls();
  }

  #takeText(): void {
    if (this.#text === "") return;
    const octets = encodeUtf8(this.#text);
    this.#text = "";
    this.#pieces.push(octets);
    this.#pieceOctets += octets.length;
  }
}

/** A store that gave fewer octets than it promised: the response cannot be finished truthfully. */
export function cutShort(): MailError {
  return new MailError("store-corrupt", "the message ended before its size was reached");
}
