/**
 * Another IMAP server over the life of a transfer: connected when needed, connected again with
 * growing pauses when the connection breaks. What is done with it must bear being begun anew.
 */

import type { Channel } from "../../base/channel.ts";
import type { Clock } from "../../base/clock.ts";
import type { Crypto } from "../../base/crypto.ts";
import { isMailError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import { CommandRefused } from "../../imap/client/command-refused.ts";
import type { ImapClient } from "../../imap/client/imap-client.ts";
import { signIn } from "../../imap/client/sign-in.ts";
import type { ConnectOptions } from "../../net/connect.ts";
import { isLoopback, type ServerUrl } from "../../net/server-url.ts";

export type RemoteDeps = {
  readonly connect: (options: ConnectOptions) => Promise<Channel>;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly clock: Clock;
};

export type RemoteOptions = {
  readonly server: ServerUrl & { readonly user: string };
  readonly password: () => Promise<string>;
  readonly trust: readonly string[] | undefined;
  readonly serverName: string | undefined;
  readonly deps: RemoteDeps;
};

const CONNECT_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 1000;
/** Tries in a row that moved nothing: half a minute of them, all in all. */
const MAX_TRIES = 6;

export class RemoteServer {
  /** Names it in journals and to people. */
  readonly name: string;
  readonly #options: RemoteOptions;
  #client: ImapClient | undefined;
  #hasConnected = false;
  #failures = 0;

  constructor(options: RemoteOptions) {
    this.#options = options;
    const { user, host, port } = options.server;
    this.name = `${user}@${host}:${port}`;
  }

  /** Something was moved for good: failures are counted from nothing again. */
  progressed(): void {
    this.#failures = 0;
  }

  /** The connection broke, and nothing was moved since: small steps get further. */
  get isShaky(): boolean {
    return this.#failures > 0;
  }

  /** Runs `work`, again on a new connection when the old one broke. */
  async run<T>(work: (client: ImapClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work(await this.#connected());
      } catch (error) {
        this.#drop();
        if (!this.#mayRetry(error)) throw error;
        await this.#options.deps.clock.sleep(FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
      }
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.logout();
  }

  #mayRetry(error: unknown): boolean {
    if (error instanceof CommandRefused && error.status !== "bye") return false;
    const isBroken =
      error instanceof CommandRefused ||
      isMailError(error, "channel-closed") ||
      isMailError(error, "channel-timeout") ||
      isMailError(error, "protocol-broken");
    // The first attempt says whether host, port and certificate are right.
    const isAway = this.#hasConnected && isMailError(error, "connect-failed");
    return (isBroken || isAway) && this.#hasConnected && ++this.#failures < MAX_TRIES;
  }

  #drop(): void {
    this.#client?.connection.channel.abort();
    this.#client = undefined;
  }

  async #connected(): Promise<ImapClient> {
    if (this.#client !== undefined) return this.#client;
    const { server, password, trust, deps } = this.#options;
    const { host, port, user } = server;
    const tls = { serverName: this.#options.serverName ?? host, verify: true };
    const channel = await deps.connect({
      host,
      port,
      timeoutMs: CONNECT_TIMEOUT_MS,
      trust,
      ...(server.tls === "implicit" && { tls }),
    });
    const mustStartTls =
      server.tls === "required" || (server.tls === "opportunistic" && !isLoopback(host));
    const wish = { user, password, mustStartTls, tls, isPrivate: isLoopback(host) };
    this.#client = await signIn(channel, wish, deps);
    this.#hasConnected = true;
    return this.#client;
  }
}
