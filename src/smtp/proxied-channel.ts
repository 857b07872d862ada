/** A Channel whose first octets were a PROXY header: it shows the client's address, not the proxy's. */

import { concatBytes, NO_OCTETS } from "../base/bytes.ts";
import type { Channel, Endpoint, TlsSession, TlsWish } from "../base/channel.ts";
import { MailError } from "../base/errors.ts";
import { parseProxyHeader } from "./proxy-header.ts";

/**
 * Reads the header, which must come first. Rejects with `protocol-broken` when something else comes.
 * For connections in the clear; under implicit TLS the header stands before the handshake.
 */
export async function acceptProxied(channel: Channel, timeoutMs: number): Promise<Channel> {
  let octets = NO_OCTETS;
  for (;;) {
    const more = await channel.read(timeoutMs);
    if (more === undefined) throw new MailError("channel-closed", "closed before a PROXY header");
    octets = concatBytes(octets.length === 0 ? [more] : [octets, more]);
    const parse = parseProxyHeader(octets);
    if (parse.type === "fault") throw new MailError("protocol-broken", parse.problem);
    if (parse.type === "header") {
      const { source, destination } = parse.header;
      const rest = octets.subarray(parse.lengthOctets);
      return new ProxiedChannel(channel, { source, destination, rest });
    }
  }
}

class ProxiedChannel implements Channel {
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly #channel: Channel;
  #rest: Uint8Array;

  constructor(
    channel: Channel,
    {
      source,
      destination,
      rest,
    }: { source: Endpoint | undefined; destination: Endpoint | undefined; rest: Uint8Array },
  ) {
    this.#channel = channel;
    this.#rest = rest;
    this.peer = source ?? channel.peer;
    this.local = destination ?? channel.local;
  }

  get tls(): TlsSession | undefined {
    return this.#channel.tls;
  }

  get pendingOctets(): number {
    return this.#rest.length + this.#channel.pendingOctets;
  }

  async read(timeoutMs: number): Promise<Uint8Array | undefined> {
    if (this.#rest.length === 0) return this.#channel.read(timeoutMs);
    const rest = this.#rest;
    this.#rest = NO_OCTETS;
    return rest;
  }

  write(octets: Uint8Array): Promise<void> {
    return this.#channel.write(octets);
  }

  startTls(wish?: TlsWish): Promise<TlsSession> {
    this.#rest = NO_OCTETS;
    return this.#channel.startTls(wish);
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  abort(): void {
    this.#channel.abort();
  }
}
