/** Contract of `MailStore` where much changes at once: what many get is what one by one would. */

import assert from "node:assert/strict";

import { parseRights } from "../acl.ts";
import { MailboxModel } from "./mailbox-model.ts";
import { appendTo, inboxOf, makeAccount, MESSAGE } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

const COUNT = 240;
const EVERY = Array.from({ length: COUNT + 20 }, (_, index) => index + 1);
const FLAGS_BY_DIVISOR: readonly (readonly [divisor: number, flag: string])[] = [
  [2, "\\Seen"],
  [3, "$First"],
  [5, "$Second"],
  [11, "\\Deleted"],
];

export function bulkSuite(on: WithStore): void {
  on("scattered messages are changed, copied, moved and expunged as one by one", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    // Here the keywords have other places.
    const archive = await store.mail.createMailbox(account.id, "Kept");
    await appendTo(store, archive.grant, 1, ["$Other", "$Second"]);
    const [from, to] = [new MailboxModel(), new MailboxModel()];
    to.add(MESSAGE.length, ["$Other", "$Second"]);
    await appendTo(store, grant, COUNT);
    for (let uid = 1; uid <= COUNT; uid++) from.add(MESSAGE.length, []);
    const boxes = await Promise.all([store.mail.open(grant), store.mail.open(archive.grant)]);
    const isRight = async (): Promise<void> => {
      [from, to].forEach((model, index) => {
        const box = boxes[index];
        assert.ok(box);
        model.checkAgainst(box);
        const status = store.mail.status(box.grant);
        assert.deepEqual([status?.unseen, status?.deleted], [model.unseen, model.deleted]);
      });
      assert.deepEqual(await store.check(), []);
    };

    for (const [divisor, flag] of FLAGS_BY_DIVISOR) {
      const uids = EVERY.filter((uid) => uid % divisor === 0);
      const { changed } = await store.mail.changeFlags(grant, uids, {
        action: "add",
        flags: [flag],
      });
      assert.deepEqual(
        changed,
        uids.filter((uid) => uid <= COUNT),
      );
      for (const { uid, flags } of from.messages) if (uid % divisor === 0) flags.add(flag);
    }
    await isRight();

    const gone = await store.mail.expunge(grant, "all", true);
    assert.deepEqual(
      gone,
      EVERY.filter((uid) => uid % 11 === 0 && uid <= COUNT),
    );
    from.remove(gone, 0);
    const seen = await store.mail.changeFlags(grant, EVERY, { action: "add", flags: ["\\Seen"] });
    assert.deepEqual(
      seen.changed,
      from.messages.filter(({ flags }) => !flags.has("\\Seen")).map(({ uid }) => uid),
    );
    for (const { flags } of from.messages) flags.add("\\Seen");
    await isRight();

    const copied = await store.mail.copy(grant, EVERY, archive.grant);
    const firstCopies = from.messages.map(({ flags }) => to.add(MESSAGE.length, [...flags]));
    assert.deepEqual([copied.from, copied.to], [from.messages.map(({ uid }) => uid), firstCopies]);
    await isRight();

    const odd = EVERY.filter((uid) => uid % 2 === 1);
    const moved = await store.mail.move(grant, odd, archive.grant);
    const leaving = from.messages.filter(({ uid }) => uid % 2 === 1);
    assert.deepEqual(
      moved.from,
      leaving.map(({ uid }) => uid),
    );
    for (const { flags } of leaving) to.add(MESSAGE.length, [...flags]);
    from.remove(moved.from, 0);
    await isRight();

    await store.mail.changeFlags(grant, EVERY, { action: "replace", flags: ["\\Flagged"] });
    await store.mail.changeFlags(grant, EVERY, { action: "replace", flags: ["$First"] });
    for (const { flags } of from.messages) flags.clear();
    for (const { flags } of from.messages) flags.add("$First");
    await isRight();
    from.remove(await store.mail.expunge(grant, "all", false), 0);
    await isRight();
    for (const box of boxes) box?.release();
  });

  on("copies into another's mailbox have their threads and flags there", async (store) => {
    const owner = await makeAccount(store, "owner@example.org");
    const guest = await makeAccount(store, "guest@example.org");
    const shared = await store.mail.createMailbox(owner.id, "Shared");
    const rights = parseRights("lrswi");
    assert.ok(rights);
    await store.acl.change(shared.grant, { identifier: guest.address, action: "set", rights });
    const [visible] = store.mail.sharedMailboxes(guest.id);
    const { grant } = inboxOf(store, guest);
    await appendTo(store, grant, 100, ["\\Seen", "\\Deleted", "$First"]);
    await store.mail.copy(grant, EVERY, visible.grant);
    const box = await store.mail.open(shared.grant);
    assert.ok(box);
    const model = new MailboxModel();
    // Without the right to delete, that flag stays behind.
    for (let uid = 1; uid <= 100; uid++) model.add(MESSAGE.length, ["\\Seen", "$First"]);
    model.checkAgainst(box);
    assert.ok(box.threadIds.subarray(0, box.count).every((thread) => thread > 0));
    assert.equal(store.directory.usage(owner.id).messages, 100);
    assert.deepEqual(await store.check(), []);
    box.release();
  });
}
