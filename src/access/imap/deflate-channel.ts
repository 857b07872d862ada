/**
 * A channel with raw DEFLATE in both directions (RFC 4978, RFC 1951). What inflates is handed on in
 * pieces as it is read, so a few octets that claim to be gigabytes cost no memory. The dictionary is
 * dropped at each flush: what was sent before never helps to guess what is sent now (CVE-2026-40203).
 */

import { once } from "node:events";
import { constants, createDeflateRaw, createInflateRaw } from "node:zlib";
import type { DeflateRaw, InflateRaw } from "node:zlib";
import type { Channel, Endpoint, TlsSession, TlsWish } from "../../base/channel.ts";
import { MailError } from "../../base/errors.ts";

const PIECE_OCTETS = 65_536;

export function deflateChannel(channel: Channel, early: Uint8Array): Channel {
  return new DeflateChannel(channel, early);
}

class DeflateChannel implements Channel {
  readonly #channel: Channel;
  readonly #inflate: InflateRaw;
  readonly #deflate: DeflateRaw;
  #problem: MailError | undefined;
  #isInputOver = false;
  #closing: Promise<void> | undefined;
  /** A piece of input is being inflated. */
  #isFeeding = false;
  /** Calls the reader that waits, if one does. */
  #wake: () => void = () => {};

  constructor(channel: Channel, early: Uint8Array) {
    this.#channel = channel;
    this.#inflate = createInflateRaw({ chunkSize: PIECE_OCTETS });
    this.#deflate = createDeflateRaw({ level: 6, chunkSize: PIECE_OCTETS });
    this.#inflate.on("error", (error) => {
      this.#problem = new MailError("channel-closed", "the peer sent no DEFLATE", { cause: error });
      this.#wake();
    });
    this.#inflate.on("readable", () => this.#wake());
    // Said again by what was asked of it; unheard it would count as an error of the process.
    this.#deflate.on("error", () => {});
    if (early.length > 0) this.#feed(early);
  }

  get local(): Endpoint {
    return this.#channel.local;
  }
  get peer(): Endpoint {
    return this.#channel.peer;
  }
  get tls(): TlsSession | undefined {
    return this.#channel.tls;
  }
  get pendingOctets(): number {
    return this.#channel.pendingOctets + this.#inflate.readableLength;
  }

  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const octets = this.#inflate.read() as Buffer | null;
      if (octets !== null) return octets;
      if (this.#problem !== undefined) throw this.#problem;
      if (this.#isFeeding) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      if (this.#isInputOver) return undefined;
      const input = await this.#channel.read(timeoutMs);
      if (input === undefined) this.#isInputOver = true;
      else this.#feed(input);
    }
  }

  #feed(input: Uint8Array): void {
    this.#isFeeding = true;
    this.#inflate.write(input, () => {
      this.#isFeeding = false;
      this.#wake();
    });
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#closing !== undefined) {
      throw new MailError("channel-closed", "the connection is closed");
    }
    const pieces: Buffer[] = [];
    const collect = (piece: Buffer): void => void pieces.push(piece);
    this.#deflate.on("data", collect);
    this.#deflate.write(octets);
    await new Promise<void>((resolve) => this.#deflate.flush(constants.Z_FULL_FLUSH, resolve));
    this.#deflate.off("data", collect);
    for (const piece of pieces) await this.#channel.write(piece);
  }

  startTls(_wish?: TlsWish): Promise<TlsSession> {
    return Promise.reject(new MailError("tls-failed", "TLS cannot begin inside compression"));
  }

  /** Ends the DEFLATE stream as it should end: some phones complain of one cut short. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      const pieces: Buffer[] = [];
      this.#deflate.on("data", (piece: Buffer) => void pieces.push(piece));
      const ended = once(this.#deflate, "end");
      this.#deflate.end();
      await ended;
      for (const piece of pieces) await this.#channel.write(piece);
    } catch {
      // The peer is gone already.
    }
    this.#inflate.destroy();
    await this.#channel.close();
  }

  abort(): void {
    this.#closing ??= Promise.resolve();
    this.#deflate.destroy();
    this.#inflate.destroy();
    this.#channel.abort();
  }
}
