/**
 * An IMAP server over a real store in a temporary folder, spoken to through memory channels: what
 * the dialogue tests stand on. One world serves many sessions and accounts.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLatin1 } from "../../../base/bytes.ts";
import type { Channel } from "../../../base/channel.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Crypto } from "../../../base/crypto.ts";
import type { Random } from "../../../base/random.ts";
import { makeMemoryPipe, type MemoryChannelOptions } from "../../../base/testing/memory-channel.ts";
import { RecordingLog } from "../../../base/testing/recording-log.ts";
import type { ImapOptions } from "../../../imap/serve-options.ts";
import type { Store } from "../../../store/contract.ts";
import { openStore } from "../../../store/sqlite/open-store.ts";
import type { CapabilityMask } from "../capability-mask.ts";
import { DecodeRoom } from "../decode-room.ts";
import { serveImapSession } from "../serve-imap-session.ts";
import { SessionCounter } from "../session-counter.ts";
import { ImapDialogue } from "./imap-dialogue.ts";

export type WorldDeps = {
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
};

export const PASSWORD = "correct horse";

export class ImapWorld {
  readonly store: Store;
  /** What sessions are given: the store, or a broken one put around it. */
  served: Store;
  readonly log: RecordingLog = new RecordingLog();
  readonly sessions: SessionCounter;
  capabilityMasks: readonly CapabilityMask[] = [];
  readonly #deps: WorldDeps;
  readonly #folder: string;
  readonly #serving = new Set<Promise<void>>();
  readonly #dialogues: ImapDialogue[] = [];
  #accounts = 0;

  constructor(store: Store, folder: string, deps: WorldDeps, sessions: SessionCounter) {
    this.store = store;
    this.served = store;
    this.sessions = sessions;
    this.#folder = folder;
    this.#deps = deps;
  }

  /** A fresh account: its address. Every account has the same password, hashed once. */
  async account(options: { quotaOctets?: number; quotaMessages?: number } = {}): Promise<string> {
    const address = `user${++this.#accounts}@example.org`;
    await this.store.directory.addAccount({ address, password: PASSWORD, ...options });
    return address;
  }

  /** Files a message as delivery does: with a prefix. */
  async deliver(
    address: string,
    message: string,
    options: { prefix?: string; mailbox?: string; flags?: string[] } = {},
  ): Promise<number> {
    const account = this.store.directory.account(address);
    if (account === undefined) throw new Error(`no account ${address}`);
    const [accepted] = await this.store.accept({
      message: this.store.octets.stageOctets(encodeLatin1(message)),
      receivedAtMs: Date.UTC(2026, 1, 3, 4, 5, 6),
      envelopes: [
        {
          queueId: `Q${this.#accounts}`,
          reversePath: "sender@example.net",
          smtpUtf8: false,
          body: "8bitmime",
          prefix: encodeLatin1(""),
          deliveries: [
            {
              accountId: account.id,
              prefix: encodeLatin1(options.prefix ?? ""),
              recipient: address,
              ...(options.mailbox === undefined ? {} : { mailbox: options.mailbox }),
              ...(options.flags === undefined ? {} : { flags: options.flags }),
            },
          ],
          recipients: [],
        },
      ],
    });
    return accepted.deliveries[0].uid;
  }

  serve(channel: Channel, options: Partial<ImapOptions> = {}): Promise<void> {
    const serving = serveImapSession(
      channel,
      {
        store: this.served,
        crypto: this.#deps.crypto,
        random: this.#deps.random,
        sessions: this.sessions,
        version: "test",
        capabilityMasks: this.capabilityMasks,
      },
      {
        clock: this.#deps.clock,
        log: this.log,
        hostName: "imap.example.org",
        allowPlaintextAuth: true,
        canStartTls: true,
        ...options,
      },
    );
    this.#serving.add(serving);
    void serving.finally(() => this.#serving.delete(serving));
    return serving;
  }

  /** A connection whose greeting has been read. */
  async connect(
    options: Partial<ImapOptions> = {},
    channel: MemoryChannelOptions = {},
  ): Promise<ImapDialogue> {
    const { client, server } = makeMemoryPipe(channel);
    void this.serve(server, options);
    const dialogue = new ImapDialogue(client);
    this.#dialogues.push(dialogue);
    dialogue.greeting = await dialogue.readResponse();
    return dialogue;
  }

  /** A session of the account. */
  async login(
    address: string,
    options: Partial<ImapOptions> = {},
    channel: MemoryChannelOptions = {},
  ): Promise<ImapDialogue> {
    const dialogue = await this.connect(options, channel);
    await dialogue.ok(`LOGIN ${address} "${PASSWORD}"`);
    return dialogue;
  }

  async close(): Promise<void> {
    for (const dialogue of this.#dialogues) dialogue.close();
    await Promise.all(this.#serving);
    await this.store.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export async function openImapWorld(
  deps: WorldDeps,
  options: {
    sessionLimit?: number;
    decodeRoomOctets?: number;
    buildsSearchIndex?: boolean;
  } = {},
): Promise<ImapWorld> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-imap-"));
  const log = new RecordingLog();
  const store = await openStore({
    folder,
    clock: deps.clock,
    random: deps.random,
    log,
    ...(options.buildsSearchIndex === true && { buildsSearchIndex: true }),
  });
  await store.directory.addDomain({ name: "example.org" });
  const room = new DecodeRoom(options.decodeRoomOctets);
  return new ImapWorld(store, folder, deps, new SessionCounter(options.sessionLimit, room));
}
