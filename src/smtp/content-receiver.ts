/**
 * Takes one message's octets from the wire to the handler's sink: checks size and line ends, passes
 * large pieces on with back-pressure, and once something is wrong swallows the rest, so that the
 * body of a refused message is never read as commands.
 */

import { concatBytes } from "../base/bytes.ts";
import { replyForError } from "./error-reply.ts";
import type { MessageSink } from "./handler.ts";
import { LineEndGuard, type LineEndPolicy } from "./line-ends.ts";
import type { Reply } from "./reply.ts";
import * as replies from "./replies.ts";

/** A sink hears of at least so many octets at once, or of the end. */
const PASS_ON_OCTETS = 65536;
const PASS_ON_PIECES = 256;

export type ContentRules = {
  readonly maxOctets: number;
  readonly lineEnds: LineEndPolicy;
};

export class ContentReceiver {
  readonly #sink: MessageSink;
  readonly #rules: ContentRules;
  readonly #guard: LineEndGuard;
  #pending: Uint8Array[] = [];
  #pendingOctets = 0;
  #octets = 0;
  #failure: Reply | undefined;
  #error: unknown;
  #isOver = false;

  constructor(sink: MessageSink, rules: ContentRules) {
    this.#sink = sink;
    this.#rules = rules;
    this.#guard = new LineEndGuard(rules.lineEnds);
  }

  /** Octets of content so far, dots removed. */
  get octets(): number {
    return this.#octets;
  }

  /** Why the message will be refused, if that is clear already. */
  get failure(): Reply | undefined {
    return this.#failure;
  }

  /** What the sink threw, for the log. */
  get error(): unknown {
    return this.#error;
  }

  async take(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      if (this.#failure !== undefined) return;
      this.#check(piece);
    }
    if (this.#pendingOctets >= PASS_ON_OCTETS || this.#pending.length >= PASS_ON_PIECES) {
      await this.#passOn();
    }
  }

  #check(piece: Uint8Array): void {
    const roomOctets = this.#rules.maxOctets - this.#octets;
    this.#octets += piece.length;
    // What is wrong before the limit is said first, however the content was cut.
    const isTooMuch = piece.length > roomOctets;
    this.#hold(this.#guard.push(isTooMuch ? piece.subarray(0, roomOctets) : piece));
    this.#checkFault();
    if (isTooMuch) this.fail(replies.TOO_LARGE);
  }

  #checkFault(): void {
    if (this.#guard.fault === "stray") this.fail(replies.STRAY_LINE_END);
    if (this.#guard.fault === "nul") this.fail(replies.NUL_OCTET);
  }

  #hold(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#pending.push(octets);
    this.#pendingOctets += octets.length;
  }

  async #passOn(): Promise<void> {
    if (this.#pending.length === 0 || this.#failure !== undefined) return;
    const octets = concatBytes(this.#pending);
    this.#pending = [];
    this.#pendingOctets = 0;
    try {
      await this.#sink.write(octets);
    } catch (error) {
      this.#error = error;
      this.fail(replyForError(error));
    }
  }

  /** The message will be refused with this reply; what is still to come is thrown away. */
  fail(answer: Reply): void {
    this.#failure ??= answer;
    this.abort();
  }

  /** The message is over without its end: the connection was lost, or the transaction ended. */
  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pending = [];
    this.#sink.abort();
  }

  /** All octets have come. The sink's replies, or the one that says what was wrong. */
  async finish(): Promise<readonly Reply[]> {
    this.#hold(this.#guard.end());
    if (this.#failure === undefined) this.#checkFault();
    await this.#passOn();
    if (this.#failure !== undefined) return [this.#failure];
    this.#isOver = true;
    try {
      return await this.#sink.end();
    } catch (error) {
      this.#error = error;
      this.#failure = replyForError(error);
      return [this.#failure];
    }
  }
}
