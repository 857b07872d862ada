/**
 * Several mail hosts in one process: real stores in temporary folders, the real server and client
 * engines over memory pipes, one zone, one clock that a test drives. Five days of retries pass in
 * milliseconds.
 */

import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { concatBytes, decodeUtf8 } from "../../base/bytes.ts";
import type { Channel } from "../../base/channel.ts";
import type { Crypto } from "../../base/crypto.ts";
import { MailError } from "../../base/errors.ts";
import { silentLog } from "../../base/log.ts";
import { makeMemoryPipe } from "../../base/testing/memory-channel.ts";
import { RecordingLog } from "../../base/testing/recording-log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { TestClock } from "../../base/testing/test-clock.ts";
import { ZoneResolver, type ZoneEntry } from "../../base/testing/zone-resolver.ts";
import type { SmtpHandler, SmtpSession } from "../../smtp/handler.ts";
import { serveSmtp } from "../../smtp/serve.ts";
import type { ServeOptions } from "../../smtp/serve-options.ts";
import type { Store } from "../../store/contract.ts";
import { openStore } from "../../store/sqlite/open-store.ts";
import type { Connect } from "../agents/remote/open-connection.ts";
import type { MtaSettings } from "../config.ts";
import { TRANSFER_EXTENSIONS } from "../extensions.ts";
import { makeMta, type Mta, type MtaDeps } from "../make-mta.ts";
import type { Service } from "../reception/reception.ts";
import type { ListHost } from "../resolution/list-host.ts";

export const PASSWORD = "correct horse battery staple";

export const testCrypto: Crypto = {
  hash: (name, octets) => createHash(name).update(octets).digest(),
  hmac: (name, key, octets) => createHmac(name, key).update(octets).digest(),
  pbkdf2: (name, password, salt, iterations, length) =>
    promisify(pbkdf2)(password, salt, iterations, length, name),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

export type HostOptions = {
  /** `mx.us.test`; also its domain unless `domain` says otherwise. */
  readonly name: string;
  readonly domain: string;
  readonly address: string;
  readonly accounts?: readonly string[];
  readonly settings?: Partial<MtaSettings>;
  readonly serve?: Partial<ServeOptions>;
  readonly lists?: (store: Store) => ListHost;
  /** Stands between the transfer agent and its store: to make it fail. */
  readonly wrapStore?: (store: Store) => Store;
  readonly sasl?: MtaDeps["sasl"];
  readonly policy?: MtaDeps["policy"];
  readonly commands?: MtaDeps["commands"];
};

/** Whatever answers at an address: one of our hosts, or a peer made for a test. */
export type Listener = (channel: Channel) => void;

export class World {
  readonly clock: TestClock = new TestClock();
  readonly zone: Record<string, ZoneEntry> = {};
  readonly hosts: TestHost[] = [];
  /** `address:port` of every connection made, in order. */
  readonly connections: string[] = [];
  /** Every TLS handshake of a client fails. */
  breakTls = false;
  readonly #listeners: Map<string, Listener> = new Map();
  readonly #folders: string[] = [];

  /** A new resolver each time: the zone may have changed. */
  resolver(): ZoneResolver {
    return new ZoneResolver(this.zone);
  }

  async addHost(options: HostOptions): Promise<TestHost> {
    const folder = await mkdtemp(join(tmpdir(), "posthorn-world-"));
    this.#folders.push(folder);
    await furnish(folder, options, this.clock);
    const host = await TestHost.open(this, folder, options);
    this.hosts.push(host);
    this.zone[options.domain] ??= { mx: [{ preference: 10, exchange: options.name }] };
    this.zone[options.name] ??= { a: [options.address] };
    this.listen(`${options.address}:25`, host.listener("smtp"));
    return host;
  }

  /** Takes a host's store away under it, whatever it has in hand, and starts it again over the same folder. */
  async restart(old: TestHost): Promise<TestHost> {
    await old.store.close();
    const host = await TestHost.open(this, old.folder, old.options);
    this.hosts[this.hosts.indexOf(old)] = host;
    this.listen(`${old.options.address}:25`, host.listener("smtp"));
    host.mta.runner.start();
    return host;
  }

  /** Puts something at `address:port`; undefined takes it down. */
  listen(at: string, listener: Listener | undefined): void {
    if (listener === undefined) this.#listeners.delete(at);
    else this.#listeners.set(at, listener);
  }

  /** A peer that speaks with a handler of the test's own. */
  addPeer(
    name: string,
    address: string,
    makeHandler: (session: SmtpSession) => SmtpHandler,
    options: Partial<ServeOptions> = {},
  ): void {
    this.zone[name] ??= { a: [address] };
    this.listen(`${address}:25`, (channel) => {
      const random = new SeededRandom(99);
      void serveSmtp(channel, makeHandler, {
        hostName: name,
        clock: this.clock,
        random,
        ...options,
      });
    });
  }

  connectFrom(address: string): Connect {
    return async (target) => {
      const at = `${target.address}:${target.port}`;
      this.connections.push(at);
      const listener = this.#listeners.get(at);
      if (listener === undefined) {
        throw new MailError("connect-failed", `connect to ${at}: connection refused`);
      }
      const { client, server } = makeMemoryPipe({
        client: { address, port: 40_000 },
        server: { address: target.address, port: target.port },
      });
      listener(server);
      if (this.breakTls) breakTls(client);
      return client;
    };
  }

  /** Until no host has anything under way. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      for (const host of this.hosts) await host.mta.runner.idle();
    }
  }

  async advance(durationMs: number): Promise<void> {
    await this.clock.advance(durationMs, () => this.settle());
  }

  async close(): Promise<void> {
    for (const host of this.hosts) await host.close();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }
}

export class TestHost {
  readonly world: World;
  readonly options: HostOptions;
  readonly store: Store;
  readonly mta: Mta;
  readonly log: RecordingLog;

  readonly folder: string;

  private constructor(
    world: World,
    folder: string,
    options: HostOptions,
    store: Store,
    log: RecordingLog,
  ) {
    this.world = world;
    this.folder = folder;
    this.options = options;
    this.store = store;
    this.log = log;
    const { name, address, settings } = options;
    const resolver = { mx: "", a: "", aaaa: "", txt: "", ptr: "", tlsa: "", caa: "" };
    const live = Object.fromEntries(
      Object.keys(resolver).map((kind) => [
        kind,
        (asked: string) => world.resolver()[kind as keyof typeof resolver](asked),
      ]),
    ) as unknown as ZoneResolver;
    this.mta = makeMta({
      store: options.wrapStore?.(store) ?? store,
      clock: world.clock,
      random: new SeededRandom(address.length + name.length),
      crypto: testCrypto,
      log,
      resolver: live,
      connect: world.connectFrom(address),
      config: { hostname: name, ...settings, remote: { ownHosts: [address], ...settings?.remote } },
      lists: options.lists?.(store),
      sasl: options.sasl,
      policy: options.policy,
      commands: options.commands,
    });
  }

  static async open(world: World, folder: string, options: HostOptions): Promise<TestHost> {
    const log = new RecordingLog();
    const store = await openStore({
      folder,
      clock: world.clock,
      random: new SeededRandom(7),
      log,
      watchIntervalMs: 0,
    });
    return new TestHost(world, folder, options, store, log);
  }

  /** Answers connections as `service`. */
  listener(service: Service): Listener {
    const { name, serve } = this.options;
    return (channel) => {
      void serveSmtp(channel, this.mta.receptionFor(service), {
        hostName: name,
        clock: this.world.clock,
        random: new SeededRandom(5),
        startTls: "offered",
        protocol: service,
        extensions: TRANSFER_EXTENSIONS,
        log: this.log,
        ...serve,
      });
    };
  }

  /** Messages in a mailbox as a mail program sees them, oldest first. */
  async mailbox(user: string, name = "INBOX"): Promise<string[]> {
    const account = this.store.directory.account(`${user}@${this.options.domain}`);
    const info = account && this.store.mail.mailbox(account.id, name);
    if (info === undefined) return [];
    const open = await this.store.mail.open(info.grant);
    if (open === undefined) return [];
    const messages: string[] = [];
    for (let index = 0; index < open.count; index++) {
      const prefix = this.store.mail.prefix(info.grant, open.uids[index]);
      const octets = await this.store.octets.read(open.messageIds[index]);
      messages.push(decodeUtf8(concatBytes([prefix, octets])));
    }
    open.release();
    return messages;
  }

  /** `status to relay` of every recipient outcome logged. */
  outcomes(): string[] {
    return this.log.events
      .filter(({ event }) => event === "mta.outcome")
      .map(({ fields }) => `${fields["status"]} ${fields["to"]} ${fields["dsn"]}`);
  }

  async close(): Promise<void> {
    await this.mta.runner.stop();
    await this.store.close();
  }
}

function breakTls(channel: Channel): void {
  channel.startTls = () => {
    channel.abort();
    return Promise.reject(new MailError("tls-failed", "handshake failure"));
  };
}

type FolderImage = readonly { readonly path: string; readonly octets: Uint8Array | undefined }[];

/** Making an account is slow on purpose, so equal stores are made once and copied. */
const furnished: Map<string, Promise<FolderImage>> = new Map();

async function furnish(folder: string, options: HostOptions, clock: TestClock): Promise<void> {
  const { domain, accounts = [] } = options;
  const key = JSON.stringify([domain, accounts]);
  const image = furnished.get(key) ?? makeFurnished(domain, accounts, clock);
  furnished.set(key, image);
  for (const { path, octets } of await image) {
    if (octets === undefined) await mkdir(join(folder, path), { recursive: true });
    else await writeFile(join(folder, path), octets);
  }
}

async function makeFurnished(
  domain: string,
  accounts: readonly string[],
  clock: TestClock,
): Promise<FolderImage> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-furnished-"));
  const random = new SeededRandom(7);
  const store = await openStore({ folder, clock, random, log: silentLog, watchIntervalMs: 0 });
  await store.directory.addDomain({ name: domain });
  for (const user of accounts) {
    await store.directory.addAccount({ address: `${user}@${domain}`, password: PASSWORD });
  }
  await store.close();
  const image: { path: string; octets: Uint8Array | undefined }[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = relative(folder, join(entry.parentPath, entry.name));
    const octets = entry.isFile() ? await readFile(join(folder, path)) : undefined;
    image.push({ path, octets });
  }
  await rm(folder, { recursive: true, force: true });
  return image.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
