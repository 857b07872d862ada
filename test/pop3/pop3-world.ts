/**
 * A POP3 server on a free port over a real store in a folder of its own: for tests that want real
 * sockets, and real programs, on the other side.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makePop3Handler, type Pop3AccessDeps } from "../../src/access/pop3/store-handler.ts";
import { silentLog } from "../../src/base/log.ts";
import { listen, type Listener } from "../../src/net/listen.ts";
import { nodeCrypto } from "../../src/net/node-crypto.ts";
import { makeSelfSigned } from "../../src/net/self-signed.ts";
import { ServerTls, type CertificatePem } from "../../src/net/server-tls.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import { servePop3, type Pop3Summary } from "../../src/pop3/serve.ts";
import type { Store } from "../../src/store/contract.ts";
import type { MailboxInfo } from "../../src/store/mail.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";

export type Pop3World = {
  readonly store: Store;
  /** Begins in the clear, STLS possible, passwords in the clear allowed. */
  readonly clearPort: number;
  /** Begins in the clear; nothing secret before STLS. */
  readonly stlsPort: number;
  /** TLS from the first octet. */
  readonly tlsPort: number;
  readonly certificate: CertificatePem;
  /** Sessions that have ended, in order. */
  readonly sessions: Pop3Summary[];
  readonly deps: Pop3AccessDeps;
  close(): Promise<void>;
};

export const ADDRESS = "ada@example.org";
export const PASSWORD = "correct horse";

/** One account, `ADDRESS` with `PASSWORD`, and an empty INBOX. */
export async function startPop3World(more: Partial<Pop3AccessDeps> = {}): Promise<Pop3World> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-pop3-"));
  const store = await openStore({
    folder,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  await store.directory.addDomain({ name: "example.org" });
  await store.directory.addAccount({ address: ADDRESS, password: PASSWORD });
  const certificate = await makeSelfSigned(["localhost"], systemClock.nowMs());
  const serverTls = new ServerTls({ certificates: [certificate], alpn: ["pop3"] });
  const deps: Pop3AccessDeps = {
    store,
    clock: systemClock,
    crypto: nodeCrypto,
    random: systemRandom,
    log: silentLog,
    ...more,
  };
  const sessions: Pop3Summary[] = [];
  const open = (tls: "starttls" | "implicit", allowPlaintextAuth: boolean): Promise<Listener> =>
    listen({
      host: "127.0.0.1",
      port: 0,
      tls,
      serverTls,
      log: silentLog,
      onChannel: async (channel) => {
        const handler = makePop3Handler({ ...deps, allowPlaintextAuth }, channel);
        const options = { clock: systemClock, offersStartTls: true, allowPlaintextAuth };
        sessions.push(await servePop3(channel, handler, options));
      },
    });
  const clear = await open("starttls", true);
  const stls = await open("starttls", false);
  const implicit = await open("implicit", false);
  return {
    store,
    clearPort: clear.endpoint.port,
    stlsPort: stls.endpoint.port,
    tlsPort: implicit.endpoint.port,
    certificate,
    sessions,
    deps,
    async close() {
      await Promise.all([clear.drain(0), stls.drain(0), implicit.drain(0)]);
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Puts messages into a mailbox, made if need be. Returns their UIDs. */
export async function file(
  world: Pop3World,
  messages: readonly (string | Uint8Array)[],
  mailboxName = "INBOX",
): Promise<readonly number[]> {
  const mailbox = await mailboxNamed(world, mailboxName);
  const { uids } = await world.store.mail.append(
    mailbox.grant,
    messages.map((text) => ({
      message: world.store.octets.stageOctets(
        typeof text === "string" ? Buffer.from(text, "latin1") : text,
      ),
      flags: [],
      internalDateMs: Date.UTC(2026, 0, 1),
    })),
  );
  return uids;
}

/** Delivers as reception does: with a prefix of trace fields before the octets. */
export async function deliver(world: Pop3World, text: string, prefix: string): Promise<void> {
  const account = world.store.directory.account(ADDRESS);
  await world.store.accept({
    message: world.store.octets.stageOctets(Buffer.from(text, "latin1")),
    receivedAtMs: Date.UTC(2026, 0, 1),
    envelopes: [
      {
        queueId: `q${Math.random().toString(36).slice(2)}`,
        reversePath: "",
        smtpUtf8: false,
        body: "8bitmime",
        prefix: new Uint8Array(0),
        deliveries: [
          {
            accountId: account?.id ?? 0,
            prefix: Buffer.from(prefix, "latin1"),
            recipient: ADDRESS,
          },
        ],
        recipients: [],
      },
    ],
  });
}

export async function mailboxNamed(world: Pop3World, name: string): Promise<MailboxInfo> {
  const account = world.store.directory.account(ADDRESS);
  const { mail } = world.store;
  const accountId = account?.id ?? 0;
  return mail.mailbox(accountId, name) ?? (await mail.createMailbox(accountId, name));
}

/** UIDs now in a mailbox. */
export async function uidsIn(world: Pop3World, name = "INBOX"): Promise<number[]> {
  const open = await world.store.mail.open((await mailboxNamed(world, name)).grant);
  const uids = Array.from(open?.uids.subarray(0, open.count) ?? []);
  open?.release();
  return uids;
}
