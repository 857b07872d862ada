/** Contract of `MailStore.replace`: a message comes and another goes, both or neither. */

import assert from "node:assert/strict";
import type { AppendRequest, MailboxChange } from "../mail.ts";
import type { Store } from "../contract.ts";
import { appendTo, inboxOf, makeAccount, MESSAGE } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

const request = (store: Store): AppendRequest => ({
  message: store.octets.stageOctets(MESSAGE),
  flags: ["\\Draft"],
  internalDateMs: Date.UTC(2026, 0, 2),
});

export function replaceSuite(on: WithStore): void {
  on("replace within a mailbox, and into another", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const drafts = store.mail.mailbox(account.id, "Drafts");
    assert.ok(drafts);
    await appendTo(store, grant, 2);
    const changes: MailboxChange[] = [];
    const stop = store.mail.onAccountChange(account.id, (change) => changes.push(change));
    assert.equal((await store.mail.replace(grant, 1, grant, request(store))).uid, 3);
    assert.equal((await store.mail.replace(grant, 3, drafts.grant, request(store))).uid, 1);
    stop();
    assert.deepEqual(
      changes.map(({ kind, mailboxId }) => [kind, mailboxId === drafts.id]),
      [
        ["expunged", false],
        ["added", false],
        ["expunged", false],
        ["added", true],
      ],
    );
    assert.equal(store.mail.status(grant)?.messages, 1);
    assert.equal(store.mail.status(drafts.grant)?.messages, 1);
    assert.deepEqual(await store.check(), []);
  });

  on("replace makes its own room, and does nothing when it fails", async (store) => {
    const account = await makeAccount(store, "alice@example.org", { quotaOctets: MESSAGE.length });
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 1);
    assert.equal((await store.mail.replace(grant, 1, grant, request(store))).uid, 2);
    const large = store.octets.stageOctets(new Uint8Array(MESSAGE.length + 1).fill(65));
    const tooLarge = { message: large, flags: [], internalDateMs: 0 };
    await assert.rejects(store.mail.replace(grant, 2, grant, tooLarge), { code: "over-quota" });
    await assert.rejects(store.mail.replace(grant, 1, grant, request(store)), {
      code: "not-found",
    });
    const gone = await store.mail.createMailbox(account.id, "gone");
    await store.mail.deleteMailbox(account.id, "gone");
    await assert.rejects(store.mail.replace(grant, 2, gone.grant, request(store)), {
      code: "not-found",
    });
    const box = await store.mail.open(grant);
    assert.deepEqual([...(box?.uids.subarray(0, box.count) ?? [])], [2]);
    box?.release();
    assert.deepEqual(await store.check(), []);
  });

  on("holders: where an account has a message, and nobody else's mailboxes", async (store) => {
    const [alice, bob] = [await makeAccount(store), await makeAccount(store, "bob@example.org")];
    const { grant, id } = inboxOf(store, alice);
    await appendTo(store, grant, 2);
    const archive = store.mail.mailbox(alice.id, "Archive");
    assert.ok(archive);
    await store.mail.copy(grant, [1], archive.grant);
    await store.mail.copy(grant, [1], archive.grant);
    const box = await store.mail.open(grant);
    assert.ok(box);
    const ids = Array.from(box.messageIds.subarray(0, box.count));
    box.release();
    const holders = store.mail.holders(alice.id, ids);
    assert.deepEqual([...(holders.get(ids[0]) ?? [])].sort(), [id, archive.id].sort());
    assert.deepEqual(holders.get(ids[1]), [id]);
    assert.equal(store.mail.holders(bob.id, ids).size, 0);
  });
}
