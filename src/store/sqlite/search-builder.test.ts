import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { encodeLatin1 } from "../../base/bytes.ts";
import { silentLog } from "../../base/log.ts";
import { systemClock } from "../../net/system-clock.ts";
import { systemRandom } from "../../net/system-random.ts";
import type { Store } from "../contract.ts";
import type { MailboxInfo } from "../mail.ts";
import { Database } from "./database.ts";
import { pack } from "./packed-octets.ts";
import { openStore } from "./open-store.ts";
import { SearchBuilder } from "./search-builder.ts";
import { storeFolders } from "./store-files.ts";

const folder = mkdtempSync(join(tmpdir(), "posthorn-search-"));
const folders = storeFolders(folder);
const deps = { folder, clock: systemClock, random: systemRandom, log: silentLog };
after(() => rmSync(folder, { recursive: true }));

let accounts = 0;

async function inboxOf(store: Store): Promise<{ accountId: number; inbox: MailboxInfo }> {
  if (accounts === 0) await store.directory.addDomain({ name: "example.org" });
  const address = `u${++accounts}@example.org`;
  const { id } = await store.directory.addAccount({ address, password: "correct horse" });
  const inbox = store.mail.mailbox(id, "INBOX");
  assert.ok(inbox);
  return { accountId: id, inbox };
}

async function append(store: Store, mailbox: MailboxInfo, count: number): Promise<void> {
  const requests = Array.from({ length: count }, (_, n) => ({
    message: store.octets.stageOctets(encodeLatin1(`Subject: number ${n}\r\n\r\nbody\r\n`)),
    flags: [],
    internalDateMs: 1,
  }));
  await store.mail.append(mailbox.grant, requests);
}

function rows(): number {
  const database = Database.openForReading(folders.search);
  try {
    return (
      database.get<{ n: number }>("SELECT count(*) AS n FROM search_text_docsize")?.n ?? Number.NaN
    );
  } finally {
    database.close();
  }
}

function buildAll(): void {
  const builder = new SearchBuilder(folders);
  for (const id of builder.unfinished()) while (builder.step(id));
  assert.deepEqual(builder.unfinished(), []);
  builder.close();
}

test("building goes on where it was left, finds what was expunged meanwhile, and forgets mailboxes that are gone", async () => {
  const store = await openStore(deps);
  const { accountId, inbox } = await inboxOf(store);
  await append(store, inbox, 100);
  const first = new SearchBuilder(folders);
  assert.deepEqual(first.unfinished(), [inbox.id]);
  first.step(inbox.id);
  first.step(inbox.id);
  first.close();
  assert.equal(rows(), 64);
  const query = { field: "subject", text: "NUMBER 42", from: 0, to: 1000 } as const;
  const known = store.mail.textCandidates(inbox.grant, query);
  assert.deepEqual([known?.indexedTo, ...(known?.uids ?? [])], [64, 43]);
  buildAll();
  assert.equal(rows(), 100);
  await store.mail.expunge(inbox.grant, [1, 2, 3], false);
  buildAll();
  assert.equal(rows(), 97);
  const work = await store.mail.createMailbox(accountId, "Work");
  await store.mail.move(inbox.grant, [50, 51, 52], work.grant);
  buildAll();
  assert.equal(rows(), 97);
  await store.mail.deleteMailbox(accountId, "Work");
  buildAll();
  assert.equal(rows(), 94);
  await store.close();
});

test("a broken index is begun anew, and until then every message is looked at", async () => {
  const store = await openStore(deps);
  const { inbox } = await inboxOf(store);
  await append(store, inbox, 3);
  buildAll();
  const before = rows();
  for (const suffix of ["-wal", "-shm"]) rmSync(folders.search + suffix, { force: true });
  writeFileSync(folders.search, "no database at all ".repeat(400));
  const query = { field: "subject", text: "NUMBER", from: 0, to: 1000 } as const;
  assert.equal(store.mail.textCandidates(inbox.grant, query), undefined);
  buildAll();
  assert.equal(rows(), before);
  const known = store.mail.textCandidates(inbox.grant, query);
  assert.deepEqual([...(known?.uids ?? [])], [1, 2, 3]);
  await store.close();
});

test("messages that lie packed in their segment are indexed by their text", async () => {
  const store = await openStore(deps);
  const { inbox } = await inboxOf(store);
  const text = `Subject: packed\r\n\r\n${"zanzibar and timbuktu ".repeat(400)}\r\n`;
  const message = store.octets.stageOctets(encodeLatin1(text));
  await store.mail.append(inbox.grant, [{ message, flags: [], internalDateMs: 1 }]);
  await store.close();
  const packed = pack(encodeLatin1(text));
  assert.ok(packed);
  writeFileSync(join(folders.segments, "packed-by-hand"), packed);
  const database = Database.openForWriting(folders.database);
  database.run(
    "INSERT INTO segment (file, length_octets, live_octets) VALUES ('packed-by-hand', ?1, ?1)",
    packed.length,
  );
  database.run(
    `UPDATE message SET start = 0, packed_octets = ?, segment_id =
       (SELECT id FROM segment WHERE file = 'packed-by-hand')
     WHERE id = (SELECT message_id FROM entry WHERE mailbox_id = ?)`,
    packed.length,
    inbox.id,
  );
  database.close();
  buildAll();
  const again = await openStore(deps);
  const query = { field: "text", text: "TIMBUKTU", from: 0, to: 10 } as const;
  const wrong = { field: "text", text: "KATMANDU", from: 0, to: 10 } as const;
  const { grant } = again.mail.mailbox(inbox.accountId, "INBOX") ?? inbox;
  assert.deepEqual([...(again.mail.textCandidates(grant, query)?.uids ?? [])], [1]);
  assert.deepEqual([...(again.mail.textCandidates(grant, wrong)?.uids ?? [1])], []);
  await again.close();
});

test("an index of what another mailbox of the number held does not count", async () => {
  const store = await openStore(deps);
  const { inbox } = await inboxOf(store);
  await append(store, inbox, 3);
  buildAll();
  const search = Database.openForWriting(folders.search);
  search.run("UPDATE progress SET uid_validity = 1 WHERE mailbox_id = ?", inbox.id);
  search.close();
  const query = { field: "subject", text: "NUMBER", from: 0, to: 1000 } as const;
  assert.equal(store.mail.textCandidates(inbox.grant, query), undefined);
  buildAll();
  assert.equal(store.mail.textCandidates(inbox.grant, query)?.uids.size, 3);
  await store.close();
});
