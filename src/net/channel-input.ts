/**
 * The reading half of a socket channel: pieces that have arrived, in order, up to a bound after which
 * the socket is paused (Invariant 7), and the one reader that may be waiting for the next.
 */

import type { Socket } from "node:net";
import { concatBytes, NO_OCTETS } from "../base/bytes.ts";
import { InvariantError, MailError } from "../base/errors.ts";

/** One full read of the platform's: what floods us while it is being slowed down waits in the kernel. */
const PAUSE_AT_OCTETS = 65_536;
/** Emptied places in the queue; rare enough to cost nothing. */
const COMPACT_AT_PIECES = 256;

type Reader = {
  readonly resolve: (octets: Uint8Array | undefined) => void;
  readonly reject: (error: MailError) => void;
};

/** So few octets are copied as they come in: a client may send one at a time for minutes. */
const SMALL_OCTETS = 64;

export class ChannelInput {
  #socket: Socket | undefined;
  #pieces: Uint8Array[] = [];
  #first = 0;
  #octets = 0;
  /** How many of the pending octets came before our last write. */
  #answeredOctets = 0;
  #isPaused = false;
  #isEnded = false;
  #failure: MailError | undefined;
  #reader: Reader | undefined;
  /** One timer serves many reads: it is looked at again when it fires, not set again for each. */
  #timer: NodeJS.Timeout | undefined;
  #timerDueMs = 0;
  #readDueMs = 0;
  #timeoutMs = 0;

  get pendingOctets(): number {
    return this.#octets;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    this.#isPaused = false;
  }

  read(timeoutMs: number): Promise<Uint8Array | undefined> {
    if (this.#octets > 0) return Promise.resolve(this.#shift());
    if (this.#isEnded) return Promise.resolve(undefined);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#reader !== undefined) {
      return Promise.reject(new InvariantError("two reads at a time from one channel"));
    }
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#watch(timeoutMs);
    });
  }

  push(read: Uint8Array): void {
    // Whoever keeps a few octets shall not keep the platform's read buffer with them.
    const octets = read.length <= SMALL_OCTETS ? new Uint8Array(read) : read;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(octets);
      return;
    }
    this.#pieces.push(octets);
    this.#octets += octets.length;
    if (this.#octets >= PAUSE_AT_OCTETS && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket?.pause();
    }
  }

  /** The peer has sent its last octet. */
  end(): void {
    this.#isEnded = true;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.resolve(undefined);
    this.#stopTimer();
  }

  fail(failure: MailError): void {
    this.#failure ??= failure;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(failure);
    this.#stopTimer();
  }

  /** We have written: whatever is pending now came before the peer could see it. */
  markAnswered(): void {
    this.#answeredOctets = this.#octets;
  }

  /** Empties the queue; returns what has come since our last write. */
  takeUnanswered(): Uint8Array {
    const all = concatBytes(this.#pieces.slice(this.#first));
    const unanswered = all.subarray(Math.min(this.#answeredOctets, all.length));
    this.#pieces = [];
    this.#first = 0;
    this.#octets = 0;
    this.#answeredOctets = 0;
    return unanswered;
  }

  #shift(): Uint8Array {
    const piece = this.#pieces[this.#first];
    this.#first++;
    this.#octets -= piece.length;
    this.#answeredOctets = Math.max(0, this.#answeredOctets - piece.length);
    // A reader slower than its peer never finds the queue empty: what it has read must go all the same.
    this.#pieces[this.#first - 1] = NO_OCTETS;
    if (this.#first === this.#pieces.length || this.#first >= COMPACT_AT_PIECES) {
      this.#pieces = this.#pieces.slice(this.#first);
      this.#first = 0;
    }
    if (this.#isPaused && this.#octets < PAUSE_AT_OCTETS / 2) {
      this.#isPaused = false;
      this.#socket?.resume();
    }
    return piece;
  }

  #watch(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.#readDueMs = performance.now() + timeoutMs;
    if (this.#timer !== undefined && this.#timerDueMs <= this.#readDueMs) return;
    this.#arm(timeoutMs);
  }

  #arm(delayMs: number): void {
    clearTimeout(this.#timer);
    const boundedMs = Math.min(Math.ceil(delayMs), 0x7fffffff);
    this.#timerDueMs = performance.now() + boundedMs;
    this.#timer = setTimeout(() => this.#onTimer(), boundedMs);
  }

  #onTimer(): void {
    this.#timer = undefined;
    const reader = this.#reader;
    if (reader === undefined) return;
    const remainingMs = this.#readDueMs - performance.now();
    if (remainingMs >= 1) return this.#arm(remainingMs);
    this.#reader = undefined;
    reader.reject(
      new MailError("channel-timeout", `nothing was received for ${this.#timeoutMs} ms`),
    );
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
