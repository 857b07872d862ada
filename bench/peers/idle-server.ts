/** The server of `imap-idle.ts`, in a process of its own; what it is asked it answers over IPC. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeHeapSnapshot } from "node:v8";
import { serveImapSession } from "../../src/access/imap/serve-imap-session.ts";
import { SessionCounter } from "../../src/access/imap/session-counter.ts";
import { encodeLatin1 } from "../../src/base/bytes.ts";
import { silentLog } from "../../src/base/log.ts";
import { listen } from "../../src/net/listen.ts";
import { nodeCrypto } from "../../src/net/node-crypto.ts";
import { makeSelfSigned } from "../../src/net/self-signed.ts";
import { ServerTls } from "../../src/net/server-tls.ts";
import { systemClock } from "../../src/net/system-clock.ts";
import { systemRandom } from "../../src/net/system-random.ts";
import type { Store } from "../../src/store/contract.ts";
import { openStore } from "../../src/store/sqlite/open-store.ts";

const isTls = process.env.POSTHORN_BENCH_TLS === "1";
const users = Number(process.env.POSTHORN_BENCH_USERS);
const folder = mkdtempSync(join(tmpdir(), "posthorn-bench-idle-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const store = await openStore({ folder, clock: systemClock, random: systemRandom, log: silentLog });
const accounts = await addAccounts(store);
const sessions = new SessionCounter(1_000_000);
const shutdown = new AbortController();
const listener = await listen({
  host: "127.0.0.1",
  port: 0,
  log: silentLog,
  tls: isTls ? "implicit" : "none",
  ...(isTls && {
    serverTls: new ServerTls({ certificates: [await makeSelfSigned(["localhost"], Date.now())] }),
  }),
  onChannel: (channel) =>
    serveImapSession(
      channel,
      { store, crypto: nodeCrypto, random: systemRandom, sessions, version: "bench" },
      {
        clock: systemClock,
        log: silentLog,
        hostName: "bench",
        allowPlaintextAuth: true,
        shutdown: shutdown.signal,
      },
    ),
});
process.on("message", (question) => {
  if (typeof question === "string") void answer(question);
});
process.send?.({ port: listener.endpoint.port });

async function addAccounts(into: Store): Promise<number[]> {
  await into.directory.addDomain({ name: "example.org" });
  const ids: number[] = [];
  for (let user = 0; user < users; user++) {
    const address = `user${user}@example.org`;
    ids.push((await into.directory.addAccount({ address, password: "secret" })).id);
  }
  return ids;
}

async function deliver(accountId: number): Promise<void> {
  const inbox = store.mail.mailbox(accountId, "INBOX");
  if (inbox === undefined) throw new Error("no INBOX");
  const message = store.octets.stageOctets(encodeLatin1("Subject: news\r\n\r\ntext\r\n"));
  await store.mail.append(inbox.grant, [{ message, flags: [], internalDateMs: 0 }]);
}

async function answer(question: string): Promise<void> {
  if (question === "memory") {
    for (let round = 0; round < 5; round++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed } = process.memoryUsage();
    if (process.env.POSTHORN_BENCH_SNAPSHOT) writeHeapSnapshot(process.env.POSTHORN_BENCH_SNAPSHOT);
    process.send?.({ rssOctets: rss, heapOctets: heapUsed });
  } else {
    const some = question === "deliver-one" ? accounts.slice(0, 1) : accounts;
    await Promise.all(some.map(deliver));
    process.send?.({ deliveredAtMs: performance.timeOrigin + performance.now() });
  }
}
