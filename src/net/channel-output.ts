/**
 * The writing half of a socket channel. Writes of one turn are held together and leave at its end;
 * a writer waits while the socket's buffer is full, and gives up on a peer that takes nothing.
 */

import type { Socket } from "node:net";
import { MailError } from "../base/errors.ts";

/** Longer arrays are written in pieces, so that a slow peer's progress can be seen between them. */
const PIECE_OCTETS = 131_072;
const DONE: Promise<void> = Promise.resolve();

type Waiter = { readonly resolve: () => void; readonly reject: (error: MailError) => void };

export class ChannelOutput {
  readonly writeTimeoutMs: number;
  readonly #onStalled: () => void;
  #socket: Socket | undefined;
  #isCorked = false;
  #failure: MailError | undefined;
  #waiters: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(writeTimeoutMs: number, onStalled: () => void) {
    this.writeTimeoutMs = writeTimeoutMs;
    this.#onStalled = onStalled;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
  }

  write(octets: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (octets.length > PIECE_OCTETS) return this.#writeInPieces(octets);
    if (octets.length === 0 || this.#send(octets)) return DONE;
    return this.#roomAgain();
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket?.uncork();
  }

  drained(): void {
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }

  fail(failure: MailError): void {
    this.#failure ??= failure;
    clearTimeout(this.#timer);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(failure);
  }

  async #writeInPieces(octets: Uint8Array): Promise<void> {
    for (let start = 0; start < octets.length; start += PIECE_OCTETS) {
      if (this.#failure !== undefined) throw this.#failure;
      if (!this.#send(octets.subarray(start, start + PIECE_OCTETS))) await this.#roomAgain();
    }
  }

  #send(octets: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket === undefined || !socket.writable) {
      this.fail(new MailError("channel-closed", "connection closed by the other side"));
      return false;
    }
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(flushNow, this);
    }
    return socket.write(octets);
  }

  #roomAgain(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.flush();
    if (this.#socket?.writableNeedDrain === false) return DONE;
    if (this.#waiters.length === 0) {
      this.#timer = setTimeout(() => this.#stalled(), this.writeTimeoutMs);
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  #stalled(): void {
    this.fail(
      new MailError("channel-timeout", `the peer took nothing for ${this.writeTimeoutMs} ms`),
    );
    this.#onStalled();
  }
}

function flushNow(output: ChannelOutput): void {
  output.flush();
}
