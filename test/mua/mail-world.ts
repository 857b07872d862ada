/**
 * A mail host in memory for tests of the mail program: the real store, the real transfer agent, the
 * real SMTP and IMAP engines, and sessions of the program that speak to them over memory channels.
 */

import { makeMemoryPipe } from "../../src/base/testing/memory-channel.ts";
import { SeededRandom } from "../../src/base/testing/seeded-random.ts";
import { encodeUtf8 } from "../../src/base/bytes.ts";
import { MailError } from "../../src/base/errors.ts";
import { serveImapSession } from "../../src/access/imap/serve-imap-session.ts";
import { SessionCounter } from "../../src/access/imap/session-counter.ts";
import { PASSWORD, testCrypto, World, type TestHost } from "../../src/mta/testing/world.ts";
import type { MailAccount } from "../../src/mua/account/mail-account.ts";
import { MailSession } from "../../src/mua/session/mail-session.ts";

const IMAP_PORT = 143;

export class MailWorld {
  readonly world: World;
  readonly host: TestHost;
  /** Cuts what both sides read into pieces of at most this many octets. */
  chunkOctets: number | undefined;
  /** Server ends of the IMAP connections open now, for tests that cut them. */
  readonly imapChannels: { abort(): void }[] = [];
  readonly #serving: Promise<void>[] = [];
  readonly #sessions: MailSession[] = [];
  readonly #counter = new SessionCounter();
  readonly #random = new SeededRandom(11);

  private constructor(world: World, host: TestHost) {
    this.world = world;
    this.host = host;
  }

  static async open(...users: string[]): Promise<MailWorld> {
    const world = new World();
    const host = await world.addHost({
      name: "mx.us.test",
      domain: "us.test",
      address: "192.0.2.1",
      accounts: users,
      settings: { clearAuthNetworks: ["127.0.0.0/8"] },
    });
    return new MailWorld(world, host);
  }

  session(user: string, change: Partial<MailAccount> = {}): MailSession {
    const address = `${user}@us.test`;
    const account: MailAccount = {
      name: user,
      address,
      displayName: user[0].toUpperCase() + user.slice(1),
      imap: {
        protocol: "imap",
        tls: "opportunistic",
        user: address,
        host: "127.0.0.1",
        port: IMAP_PORT,
      },
      smtp: { protocol: "smtp", tls: "opportunistic", user: address, host: "127.0.0.1", port: 587 },
      aliases: [],
      password: async () => PASSWORD,
      ...change,
    };
    const session = new MailSession(account, {
      crypto: testCrypto,
      random: this.#random,
      clock: this.world.clock,
      connect: async ({ host, port }) => {
        if (host !== "127.0.0.1") throw new MailError("connect-failed", `nobody at ${host}`);
        const { client, server } = makeMemoryPipe({
          chunkOctets: this.chunkOctets,
          client: { address: "127.0.0.1", port: 40_000 },
          server: { address: "127.0.0.1", port },
        });
        if (port === IMAP_PORT) {
          this.imapChannels.push(server);
          this.#serving.push(this.#serveImap(server));
        } else this.host.listener("submission")(server);
        return client;
      },
    });
    this.#sessions.push(session);
    return session;
  }

  #serveImap(channel: Parameters<typeof serveImapSession>[0]): Promise<void> {
    const { store, log } = this.host;
    const deps = {
      store,
      crypto: testCrypto,
      random: this.#random,
      sessions: this.#counter,
      version: "test",
    };
    return serveImapSession(channel, deps, {
      clock: this.world.clock,
      log,
      hostName: "mx.us.test",
      allowPlaintextAuth: true,
      canStartTls: false,
    });
  }

  /** Files a message as if it had come from elsewhere; lines end in LF. */
  async deliver(
    user: string,
    message: string,
    options: { mailbox?: string; flags?: string[] } = {},
  ): Promise<void> {
    const { store } = this.host;
    const account = store.directory.account(`${user}@us.test`);
    if (account === undefined) throw new Error(`no account ${user}`);
    await store.accept({
      message: store.octets.stageOctets(encodeUtf8(message.replaceAll("\n", "\r\n"))),
      receivedAtMs: this.world.clock.nowMs(),
      envelopes: [
        {
          queueId: "Q",
          reversePath: "",
          smtpUtf8: false,
          body: "8bitmime",
          prefix: new Uint8Array(0),
          deliveries: [
            {
              accountId: account.id,
              prefix: new Uint8Array(0),
              recipient: account.address,
              ...options,
            },
          ],
          recipients: [],
        },
      ],
    });
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) await session.close();
    for (const channel of this.imapChannels) channel.abort();
    await Promise.all(this.#serving);
    await this.world.close();
  }
}
