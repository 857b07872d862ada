/**
 * A pair of Channels joined in memory: what one writes, the other reads. For tests and benchmarks
 * of the engines. TLS is pretended: `startTls` marks both ends as encrypted without coding anything,
 * and drops unread input as a real channel does.
 */

import type { Channel, Endpoint, TlsSession, TlsWish } from "../channel.ts";
import type { Clock } from "../clock.ts";
import { MailError } from "../errors.ts";

export type MemoryChannelOptions = {
  /** Cuts everything read into pieces of at most this many octets. Default: as written. */
  readonly chunkOctets?: number;
  readonly client?: Endpoint;
  readonly server?: Endpoint;
  /** The session `startTls` reports. */
  readonly tls?: Partial<TlsSession>;
  /** Already under TLS when the test begins. */
  readonly implicitTls?: boolean;
  /** With it reads time out; without, they wait for ever. */
  readonly clock?: Clock;
};

const PRETENDED_TLS: TlsSession = {
  protocol: "TLSv1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  cipherBits: 256,
  serverName: undefined,
  peerVerified: false,
  peerName: undefined,
  peerProblem: undefined,
  channelBinding: undefined,
};

export class MemoryChannel implements Channel {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  tls: TlsSession | undefined;
  /** Set by `startTls`, for tests that ask what the client wished. */
  wish: TlsWish | undefined;
  #other: MemoryChannel | undefined;
  #incoming: Uint8Array[] = [];
  #ended = false;
  #closed = false;
  #waiting: { wake: () => void } | undefined;
  readonly #chunkOctets: number;
  readonly #tlsTemplate: TlsSession;
  readonly #clock: Clock | undefined;

  constructor(local: Endpoint, peer: Endpoint, options: MemoryChannelOptions) {
    this.local = local;
    this.peer = peer;
    this.#clock = options.clock;
    this.#chunkOctets = options.chunkOctets ?? Number.POSITIVE_INFINITY;
    this.#tlsTemplate = { ...PRETENDED_TLS, ...options.tls };
    this.tls = options.implicitTls ? this.#tlsTemplate : undefined;
  }

  join(other: MemoryChannel): void {
    this.#other = other;
  }

  get pendingOctets(): number {
    return this.#incoming.reduce((sum, piece) => sum + piece.length, 0);
  }

  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#closed) throw new MailError("channel-closed", "read from a closed channel");
      const first = this.#incoming[0];
      if (first !== undefined) {
        if (first.length <= this.#chunkOctets) {
          this.#incoming.shift();
          return first;
        }
        this.#incoming[0] = first.subarray(this.#chunkOctets);
        return first.slice(0, this.#chunkOctets);
      }
      if (this.#ended) return undefined;
      await this.#wait(timeoutMs);
    }
  }

  async #wait(timeoutMs: number): Promise<void> {
    let cancel: (() => void) | undefined;
    await new Promise<void>((wake, reject) => {
      this.#waiting = { wake };
      cancel = this.#clock?.setTimer(timeoutMs, () => {
        this.#waiting = undefined;
        reject(new MailError("channel-timeout", `nothing came for ${timeoutMs} ms`));
      });
    });
    cancel?.();
  }

  async write(octets: Uint8Array): Promise<void> {
    if (this.#closed || this.#other === undefined || this.#other.#closed) {
      throw new MailError("channel-closed", "the other end is gone");
    }
    if (octets.length > 0) this.#other.#receive(octets);
  }

  async startTls(wish?: TlsWish): Promise<TlsSession> {
    this.wish = wish;
    this.#incoming = [];
    this.tls = {
      ...this.#tlsTemplate,
      serverName: wish?.serverName ?? this.#tlsTemplate.serverName,
    };
    return this.tls;
  }

  async close(): Promise<void> {
    this.abort();
  }

  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake();
    if (this.#other !== undefined) this.#other.#end();
  }

  #receive(octets: Uint8Array): void {
    this.#incoming.push(octets);
    this.#wake();
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.wake();
  }
}

/** Two joined ends: `client` and `server`. */
export function makeMemoryPipe(options: MemoryChannelOptions = {}): {
  client: MemoryChannel;
  server: MemoryChannel;
} {
  const clientEnd = options.client ?? { address: "192.0.2.1", port: 40000 };
  const serverEnd = options.server ?? { address: "192.0.2.25", port: 25 };
  const client = new MemoryChannel(clientEnd, serverEnd, options);
  const server = new MemoryChannel(serverEnd, clientEnd, options);
  client.join(server);
  server.join(client);
  return { client, server };
}
