/** A store with two accounts and a folder for files, and what a mailbox holds as a test compares it. */

import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLatin1 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { SeededRandom } from "../../base/testing/seeded-random.ts";
import { systemClock } from "../../net/system-clock.ts";
import type { Store } from "../../store/contract.ts";
import { openStore } from "../../store/sqlite/open-store.ts";
import { StoredMailbox } from "../stored-mailbox.ts";

export type TransferWorld = {
  readonly store: Store;
  readonly folder: string;
  readonly anna: number;
  readonly bob: number;
  readonly random: SeededRandom;
  /** Appends messages; makes the mailbox. */
  fill(accountId: number, mailbox: string, messages: readonly TestMessage[]): Promise<void>;
  /** By mailbox: each message's hash, flags and date, in order. Empty mailboxes too. */
  contents(accountId: number): Promise<Record<string, string[]>>;
  end(): Promise<void>;
};

export type TestMessage = {
  readonly text: string;
  readonly flags?: readonly string[];
  readonly dateMs?: number;
};

export async function makeTransferWorld(): Promise<TransferWorld> {
  const folder = await mkdtemp(join(tmpdir(), "posthorn-transfer-"));
  const random = new SeededRandom(7);
  const store = await openStore({
    folder: join(folder, "data"),
    clock: systemClock,
    random,
    log: silentLog,
    watchIntervalMs: 0,
  });
  await store.directory.addDomain({ name: "example.org" });
  const add = async (name: string): Promise<number> =>
    (await store.directory.addAccount({ address: `${name}@example.org`, password: "secret word" }))
      .id;
  const [anna, bob] = [await add("anna"), await add("bob")];
  return {
    store,
    folder,
    anna,
    bob,
    random,
    async fill(accountId, mailbox, messages) {
      const info =
        store.mail.mailbox(accountId, mailbox) ??
        (await store.mail.createMailbox(accountId, mailbox));
      const requests = messages.map(({ text, flags = [], dateMs = 1_700_000_000_000 }) => ({
        message: store.octets.stageOctets(encodeLatin1(text)),
        flags,
        internalDateMs: dateMs,
      }));
      if (requests.length > 0) await store.mail.append(info.grant, requests);
    },
    async contents(accountId) {
      const found: Record<string, string[]> = {};
      for (const info of store.mail.mailboxes(accountId)) {
        const stored = await StoredMailbox.open(store, info);
        found[info.name] = [];
        for (const { uid, flags, dateMs } of stored.messages) {
          const hash = createHash("sha256");
          for await (const chunk of stored.content(uid)) hash.update(chunk);
          const digest = hash.digest("hex").slice(0, 16);
          found[info.name].push(
            `${digest} ${[...flags].sort().join(" ")} ${Math.floor(dateMs / 1000)}`,
          );
        }
      }
      return found;
    },
    async end() {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Mailboxes with everything that a format may stumble over. */
export async function fillWithMail(world: TransferWorld, accountId: number): Promise<void> {
  const subject = (text: string, body = "Hello.\r\n"): string =>
    `From: a@example.net\r\nSubject: ${text}\r\n\r\n${body}`;
  await world.fill(accountId, "INBOX", [
    { text: subject("one"), flags: ["\\Seen", "\\Answered", "work"] },
    { text: subject("two", "From here\r\n>From there\r\n>>From\r\n"), dateMs: 946_684_800_000 },
    { text: subject("nul \0 and \r bare", "x\0y\rz\r\n\r\n\r\n"), flags: ["$Forwarded"] },
    { text: subject("twin") },
    { text: subject("twin") },
    { text: subject("=?utf-8?q?Gr=C3=BC=C3=9Fe/../..?=", "\xff\xfe\r\n"), flags: ["\\Draft"] },
    { text: subject("large", `${"0123456789".repeat(40_000)}\r\n`), flags: ["\\Deleted"] },
  ]);
  await world.fill(accountId, "Sent", [{ text: subject("sent"), flags: ["\\Seen", "a", "work"] }]);
  await world.fill(accountId, "Lists/v1.0 beta/Grüße", [
    { text: subject("deep"), flags: ["\\Flagged", "z"] },
  ]);
  await world.fill(accountId, "../..", [{ text: subject("outside") }]);
  await world.fill(accountId, ".hidden/a\\b", [{ text: subject("hidden") }]);
  await world.fill(accountId, "Empty", []);
  await world.store.mail.subscribe(accountId, "Lists/v1.0 beta/Grüße", true);
}
