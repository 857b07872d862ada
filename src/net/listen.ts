/**
 * Listening sockets that give Channels. Counts connections: of one client, of the listener, and of
 * the process (so that descriptors never run out); drains on the way out.
 * Whatever goes wrong in one session ends that session alone (Invariant 9).
 */

import { chmodSync, lstatSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Channel, Endpoint } from "../base/channel.ts";
import { isMailError, MailError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { ConnectionBudget } from "./connection-budget.ts";
import { clientKey, endpoint, plainAddress } from "./address.ts";
import type { ServerTls } from "./server-tls.ts";
import { readProxyHeader } from "./proxied-socket.ts";
import type { ProxyParser } from "./proxied-socket.ts";
import { SocketChannel } from "./socket-channel.ts";
import type { SocketChannelOptions, StartTls } from "./socket-channel.ts";
import { describeSocketError, errorCode } from "./socket-errors.ts";
import { acceptTls } from "./tls-handshake.ts";

export type RefusalReason = "too-many-connections" | "too-many-from-client";

export type ListenOptions = {
  /** An address; an absolute path is a Unix socket's, which whoever may enter its folder may use. */
  readonly host: string;
  /** 0 takes a free one: see `Listener.endpoint`. */
  readonly port: number;
  /** `none`: never TLS. `starttls`: begins in the clear and can be changed. `implicit`: TLS from the first octet. */
  readonly tls: "none" | "starttls" | "implicit";
  readonly serverTls?: ServerTls;
  /** Runs the session. When its promise settles the channel is closed; a rejection is logged. */
  readonly onChannel: (channel: Channel) => Promise<void>;
  readonly log: Log;
  /** Default 10,000. */
  readonly maxConnections?: number;
  /** Shared by the listeners of the process. */
  readonly budget?: ConnectionBudget;
  /** For one IPv4 address or one IPv6 /64. Default: as many as `maxConnections`. */
  readonly maxPerClient?: number;
  /** Clients that `maxPerClient` does not count. Default: none. */
  readonly isUncounted?: (address: string) => boolean;
  /**
   * Load balancers, by address: their connections must begin with a PROXY header, before TLS. They
   * are no clients; the limit for one client counts those whom they name.
   */
  readonly proxies?: { readonly has: (address: string) => boolean; readonly parse: ProxyParser };
  /** Last words in the clear to one who is turned away: a whole protocol line. */
  readonly refusal?: (reason: RefusalReason) => Uint8Array;
  readonly handshakeTimeoutMs?: number;
  readonly writeTimeoutMs?: number;
  readonly backlog?: number;
  /** Several processes share the port (DESIGN §2). */
  readonly reusePort?: boolean;
};

export interface Listener {
  readonly endpoint: Endpoint;
  readonly connections: number;
  /** Accepts nobody from now on; sessions go on. */
  stop(): void;
  /** `stop`, then waits for sessions to end; drops those that have not within `graceMs`. Returns how many were dropped. */
  drain(graceMs: number): Promise<number>;
}

type ConnectionEnds = Pick<SocketChannelOptions, "peer" | "local">;

const HANDSHAKE_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 120_000;
/** A load balancer sends its header at once. */
const PROXY_HEADER_MS = 10_000;

/** Resolves when listening. Rejects with MailError `refused` naming the port and what is in the way. */
export async function listen(options: ListenOptions): Promise<Listener> {
  if (options.tls !== "none" && options.serverTls === undefined) {
    throw new MailError(
      "config-invalid",
      `port ${options.port} is to speak TLS but has no certificate`,
    );
  }
  const listener = new SocketListener(options);
  await listener.open();
  return listener;
}

class SocketListener implements Listener {
  readonly #options: ListenOptions;
  readonly #log: Log;
  readonly #channelOptions: SocketChannelOptions;
  /** With the client that each is counted for. */
  readonly #sockets = new Map<Socket, string | undefined>();
  /** One for all sockets: there may be ten thousand. */
  readonly #closed: (this: Socket) => void;
  readonly #perClient = new Map<string, number>();
  readonly #whenEmpty: (() => void)[] = [];
  #server: Server | undefined;
  #endpoint: Endpoint;
  #isStopped = false;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#log = options.log;
    const gone = (socket: Socket): void => this.#forget(socket);
    this.#closed = function closed() {
      gone(this);
    };
    this.#endpoint = { address: options.host, port: options.port };
    const { serverTls, writeTimeoutMs, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = options;
    const startTls: StartTls | undefined =
      options.tls === "starttls" && serverTls !== undefined
        ? { side: "server", secure: (raw) => acceptTls(raw, serverTls, handshakeTimeoutMs) }
        : undefined;
    this.#channelOptions = {
      ...(startTls !== undefined && { startTls }),
      ...(writeTimeoutMs !== undefined && { writeTimeoutMs }),
    };
  }

  get #isUnix(): boolean {
    return this.#options.host.startsWith("/");
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async open(): Promise<void> {
    if (this.#isUnix) await removeStaleSocket(this.#options.host);
    this.#server = await this.#bind();
    if (this.#isUnix) chmodSync(this.#options.host, 0o666);
    const bound = this.#server.address();
    if (typeof bound === "object" && bound !== null) {
      this.#endpoint = endpoint(bound.address, bound.port);
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#server?.close();
    this.#server = undefined;
  }

  async drain(graceMs: number): Promise<number> {
    this.stop();
    if (this.#sockets.size === 0) return 0;
    let grace: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#whenEmpty.push(resolve);
      }),
      new Promise<void>((resolve) => {
        grace = setTimeout(resolve, graceMs);
      }),
    ]);
    clearTimeout(grace);
    const dropped = this.#sockets.size;
    for (const socket of this.#sockets.keys()) socket.destroy();
    return dropped;
  }

  #bind(): Promise<Server> {
    const { backlog = 4096, reusePort = false } = this.#options;
    const server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
      (socket) => this.#connected(socket),
    );
    return new Promise((resolve, reject) => {
      server.once("error", (error) => reject(bindFailure(error, this.#endpoint)));
      const { address, port } = this.#endpoint;
      // Without a host the platform takes every address, also where there is no IPv6.
      const host = address === "::" ? undefined : address;
      const place = this.#isUnix
        ? { path: address, backlog }
        : { ...(host !== undefined && { host }), port, backlog, reusePort };
      server.listen(place, () => {
        server.removeAllListeners("error");
        server.on("error", (error) =>
          this.#log.error("net.accept-failed", error, { port: this.#endpoint.port }),
        );
        resolve(server);
      });
    });
  }

  #connected(socket: Socket): void {
    socket.on("error", ignore);
    const remote = this.#isUnix ? "" : socket.remoteAddress;
    if (this.#isStopped || remote === undefined) {
      socket.destroy();
      return;
    }
    const address = plainAddress(remote);
    const refused = this.#refusalFor(address);
    if (refused !== undefined) return this.#refuse(socket, address, refused);
    this.#count(socket);
    const isProxy = this.#isProxy(address);
    if (!isProxy) this.#countClient(socket, address);
    void this.#run(socket, address, isProxy);
  }

  #isProxy(address: string): boolean {
    return !this.#isUnix && this.#options.proxies?.has(address) === true;
  }

  #refusalFor(address: string): RefusalReason | undefined {
    const { maxConnections = 10_000, budget } = this.#options;
    if (this.#sockets.size >= maxConnections) return "too-many-connections";
    if (!this.#isProxy(address) && this.#isTooMany(address)) return "too-many-from-client";
    return budget === undefined || budget.take() ? undefined : "too-many-connections";
  }

  #isTooMany(address: string): boolean {
    const { maxPerClient = Infinity, isUncounted } = this.#options;
    const count = this.#isUnix ? 0 : (this.#perClient.get(clientKey(address)) ?? 0);
    return count >= maxPerClient && isUncounted?.(address) !== true;
  }

  #refuse(socket: Socket, address: string, reason: RefusalReason): void {
    this.#log.debug("net.refused", { peer: address, port: this.#endpoint.port, reason });
    const words = this.#options.tls === "implicit" ? undefined : this.#options.refusal?.(reason);
    if (words === undefined) {
      socket.destroy();
      return;
    }
    // Not counted as a session, so it must not last: said, and gone within a second.
    const limit = setTimeout(() => socket.destroy(), 1_000).unref();
    socket.once("close", () => clearTimeout(limit));
    socket.resume();
    socket.end(words, () => socket.destroy());
  }

  #count(socket: Socket): void {
    this.#sockets.set(socket, undefined);
    socket.on("close", this.#closed);
  }

  #countClient(socket: Socket, address: string): void {
    if (!this.#sockets.has(socket)) return; // It has gone while its header was read.
    const key = clientKey(address);
    this.#perClient.set(key, (this.#perClient.get(key) ?? 0) + 1);
    this.#sockets.set(socket, key);
  }

  #forget(socket: Socket): void {
    const key = this.#sockets.get(socket);
    if (!this.#sockets.delete(socket)) return;
    this.#options.budget?.giveBack();
    if (key !== undefined) {
      const left = (this.#perClient.get(key) ?? 1) - 1;
      if (left > 0) this.#perClient.set(key, left);
      else this.#perClient.delete(key);
    }
    if (this.#sockets.size === 0) for (const done of this.#whenEmpty.splice(0)) done();
  }

  async #run(socket: Socket, address: string, isProxy: boolean): Promise<void> {
    let channel: SocketChannel | undefined;
    try {
      const ends = isProxy ? await this.#trueEnds(socket) : {};
      if (ends === "refused") return;
      channel = await this.#makeChannel(socket, ends);
      await this.#options.onChannel(channel);
      await channel.close();
    } catch (error) {
      channel?.abort();
      socket.destroy();
      const fields = { peer: address, port: this.#endpoint.port };
      if (isMailError(error)) {
        this.#log.info("net.session-ended", { ...fields, code: error.code, reason: error.message });
      } else {
        this.#log.error("net.session-crashed", error, fields);
      }
    }
  }

  /** Behind a load balancer: who is really there, counted as everybody is. */
  async #trueEnds(socket: Socket): Promise<ConnectionEnds | "refused"> {
    const { proxies } = this.#options;
    if (proxies === undefined) return {};
    const { source, destination } = await readProxyHeader(socket, proxies.parse, PROXY_HEADER_MS);
    if (source === undefined) return {};
    const peer = endpoint(source.address, source.port);
    if (this.#isTooMany(peer.address)) {
      this.#refuse(socket, peer.address, "too-many-from-client");
      return "refused";
    }
    this.#countClient(socket, peer.address);
    return { peer, ...(destination !== undefined && { local: destination }) };
  }

  async #makeChannel(socket: Socket, ends: ConnectionEnds): Promise<SocketChannel> {
    const { tls, serverTls, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = this.#options;
    const options = { ...this.#channelOptions, ...ends };
    if (tls !== "implicit" || serverTls === undefined) {
      const channel = new SocketChannel(socket, options);
      // Paused since its header was read; what stood behind it comes now.
      if (socket.isPaused()) socket.resume();
      return channel;
    }
    const secured = await acceptTls(socket, serverTls, handshakeTimeoutMs);
    return new SocketChannel(secured.socket, { ...options, tls: secured.session });
  }
}

/** A socket's error shows as its end, too; one that nobody listens to would end the process. */
function ignore(): void {}

/** What a server left behind that did not end well. One that still answers is left alone, and listening fails. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const isAnswered = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.on("connect", () => (probe.destroy(), resolve(true)));
    probe.on("error", (error) => resolve(errorCode(error) !== "ECONNREFUSED"));
  });
  if (!isAnswered) rmSync(path, { force: true });
}

function bindFailure(error: Error, where: Endpoint): MailError {
  const code = errorCode(error);
  const place = where.address.startsWith("/")
    ? `the socket ${where.address}`
    : `${where.address} port ${where.port}`;
  const sentence =
    code === "EADDRINUSE"
      ? `${place} is already in use by another program. Stop that program or configure another port.`
      : code === "EACCES"
        ? `${place} may not be opened by this user. Ports below 1024 need root, the capability CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start.`
        : code === "EADDRNOTAVAIL"
          ? `${place} can't be opened: this machine has no such address.`
          : `${place} can't be opened: ${describeSocketError(error)}.`;
  return new MailError("refused", sentence, { cause: error });
}
