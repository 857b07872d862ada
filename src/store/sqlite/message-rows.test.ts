import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeLatin1 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { HeadName } from "../mail.ts";
import { Database } from "./database.ts";
import { HEAD_COLUMNS } from "./message-head.ts";
import { openStore } from "./open-store.ts";
import { storeFolders } from "./store-files.ts";

const folder = mkdtempSync(join(tmpdir(), "posthorn-heads-"));
after(() => rmSync(folder, { recursive: true }));

const MESSAGE =
  "From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\nTo: bob@example.net\r\nSubject: Re: [list] Plan\r\n" +
  "Message-ID: <2@x>\r\nReferences: <0@x> <1@x>\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n\r\nHello there.\r\n";

test("heads of messages that an older Posthorn stored are made from their octets, and are the same", async () => {
  const store = await openStore({
    folder,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
  });
  await store.directory.addDomain({ name: "example.org" });
  const address = "a@example.org";
  const { id } = await store.directory.addAccount({ address, password: "correct horse" });
  const inbox = store.mail.mailbox(id, "INBOX");
  assert.ok(inbox);
  const requests = [MESSAGE, MESSAGE.replace("Plan", "Other")].map((text) => ({
    message: store.octets.stageOctets(encodeLatin1(text)),
    flags: [],
    internalDateMs: 1,
  }));
  await store.mail.append(inbox.grant, requests);
  const open = await store.mail.open(inbox.grant);
  assert.ok(open);
  const ids = Array.from({ length: 2 }, (_, index) => open.messageIds[index]);
  open.release();
  const names = Object.keys(HEAD_COLUMNS) as HeadName[];
  const before = await store.mail.heads(ids, names);
  const dates = await store.mail.sentDates(ids);
  const database = Database.openForWriting(storeFolders(folder).database);
  database.run("DELETE FROM message_head");
  database.close();
  const made = await store.mail.heads(ids, names);
  assert.deepEqual(await store.mail.sentDates(ids), dates);
  assert.deepEqual([...dates], [Date.UTC(2026, 1, 3, 9), Date.UTC(2026, 1, 3, 9)]);
  const [first] = before;
  assert.equal(first?.baseSubject, "Plan");
  assert.equal(first?.displayFrom, "Jürgen");
  assert.equal(first?.preview, "Hello there.");
  assert.equal(first?.sentMs, Date.UTC(2026, 1, 3, 9));
  assert.equal(first?.threadHashes.length, 3);
  assert.deepEqual(
    made.map((head) => ({ ...head })),
    before.map((head) => ({ ...head })),
  );
  await store.close();
});
