/** Contract of `MailStore` where it is about messages. */

import assert from "node:assert/strict";

import { equalBytes } from "../../base/bytes.ts";
import type { MailboxChange } from "../mail.ts";
import { DELETED, SEEN } from "../mail.ts";
import { acceptFor, appendTo, deliveryTo, inboxOf, makeAccount, MESSAGE } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

export function mailSuite(on: WithStore): void {
  on("append is all or none", async (store) => {
    const account = await makeAccount(store, "alice@example.org", {
      quotaOctets: MESSAGE.length * 2,
    });
    const inbox = inboxOf(store, account);
    await assert.rejects(appendTo(store, inbox.grant, 3), { code: "over-quota" });
    assert.equal(store.mail.status(inbox.grant)?.messages, 0);
    assert.deepEqual(await appendTo(store, inbox.grant, 2), [1, 2]);
    const gone = await store.mail.createMailbox(account.id, "gone");
    await store.mail.deleteMailbox(account.id, "gone");
    await assert.rejects(appendTo(store, gone.grant, 1), { code: "not-found" });
    assert.deepEqual(await store.check(), []);
  });

  on("flags: add, remove, replace; counters follow", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 3);
    const box = await store.mail.open(grant);
    assert.ok(box);
    const added = await store.mail.changeFlags(grant, [3, 1, 9, 1], {
      action: "add",
      flags: ["\\Seen", "$Junk"],
    });
    assert.deepEqual([added.changed, added.unchanged, added.modified], [[1, 3], [], []]);
    assert.equal(box.modSeqs[0], added.modSeq);
    assert.deepEqual(Array.from(box.flags.subarray(0, 3)), [257, 0, 257]);
    const again = await store.mail.changeFlags(grant, [1, 2], {
      action: "add",
      flags: ["\\SEEN", "$junk"],
    });
    assert.deepEqual([again.changed, again.unchanged], [[2], [1]]);
    assert.deepEqual(box.keywords, ["$Junk"]);
    await store.mail.changeFlags(grant, [2], { action: "replace", flags: ["\\Deleted"] });
    await store.mail.changeFlags(grant, [3], { action: "remove", flags: ["\\Seen", "unknown"] });
    assert.deepEqual(Array.from(box.flags.subarray(0, 3)), [257, DELETED, 256]);
    assert.deepEqual(box.keywords, ["$Junk"]);
    const status = store.mail.status(grant);
    assert.equal(status?.unseen, 2);
    assert.equal(status?.deleted, 1);
    const nothing = await store.mail.changeFlags(grant, [3], {
      action: "remove",
      flags: ["\\Seen"],
    });
    assert.deepEqual(nothing.unchanged, [3]);
    assert.equal(nothing.modSeq, box.highestModSeq);
    box.release();
    assert.deepEqual(await store.check(), []);
  });

  on("UNCHANGEDSINCE leaves alone what has changed meanwhile", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 2);
    const { modSeq } = await store.mail.changeFlags(grant, [1], {
      action: "add",
      flags: ["\\Seen"],
    });
    await store.mail.changeFlags(grant, [2], { action: "add", flags: ["\\Seen"] });
    const result = await store.mail.changeFlags(grant, [1, 2], {
      action: "add",
      flags: ["\\Flagged"],
      unchangedSince: modSeq,
    });
    assert.deepEqual([result.changed, result.modified], [[1], [2]]);
  });

  on("56 keywords have room, in both words, and survive copies", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const trash = store.mail.mailbox(account.id, "Trash");
    assert.ok(trash);
    await appendTo(store, trash.grant, 1, ["other"]);
    const names = Array.from({ length: 56 }, (_, index) => `k${index}`);
    await appendTo(store, grant, 1, [...names.slice(0, 1), ...names.slice(40), "\\Seen"]);
    await store.mail.changeFlags(grant, [1], { action: "add", flags: names.slice(0, 55) });
    const box = await store.mail.open(grant);
    assert.ok(box);
    assert.equal(box.keywords.length, 56);
    assert.equal(box.flags[0], (0xffffff00 | SEEN) >>> 0);
    assert.equal(box.flagsHigh[0], 0xffffffff);
    await assert.rejects(
      store.mail.changeFlags(grant, [1], { action: "add", flags: ["one-too-many"] }),
      { code: "refused" },
    );
    await assert.rejects(store.mail.changeFlags(grant, [1], { action: "add", flags: ["a b"] }), {
      code: "refused",
    });
    await store.mail.changeFlags(grant, [1], { action: "replace", flags: ["k55", "k0", "\\Seen"] });
    await store.mail.copy(grant, [1], trash.grant);
    const other = await store.mail.open(trash.grant);
    assert.ok(other);
    assert.deepEqual([...other.keywords].sort(), ["k0", "k55", "other"]);
    const places = ["k0", "k55"].map((name) => 8 + other.keywords.indexOf(name));
    assert.equal(
      other.flags[1],
      places.reduce((bits, place) => bits | (1 << place), SEEN),
    );
  });

  on("COPY shares octets; MOVE leaves nothing behind", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    const archive = store.mail.mailbox(account.id, "Archive");
    assert.ok(archive);
    await appendTo(store, archive.grant, 5);
    await appendTo(store, inbox.grant, 3);
    const copied = await store.mail.copy(inbox.grant, [3, 1, 99], archive.grant);
    assert.deepEqual(copied, {
      uidValidity: archive.uidValidity,
      from: [1, 3],
      to: [6, 7],
    });
    const [from, to] = await Promise.all([
      store.mail.open(inbox.grant),
      store.mail.open(archive.grant),
    ]);
    assert.ok(from && to);
    assert.equal(from.messageIds[0], to.messageIds[5]);
    const changes: string[] = [];
    from.onChange(({ kind }) => changes.push(`from ${kind}`));
    to.onChange(({ kind }) => changes.push(`to ${kind}`));
    const moved = await store.mail.move(inbox.grant, [2, 3], archive.grant);
    assert.deepEqual(
      [moved.from, moved.to],
      [
        [2, 3],
        [8, 9],
      ],
    );
    assert.deepEqual(changes, ["to added", "from expunged"]);
    assert.deepEqual(Array.from(from.uids.subarray(0, from.count)), [1]);
    const nothing = await store.mail.move(inbox.grant, [2, 3], archive.grant);
    assert.deepEqual(nothing.from, []);
    assert.equal(store.directory.usage(account.id).messages, 5 + 1 + 2 + 2);
    assert.deepEqual(await store.check(), []);
  });

  on("COPY counts against the quota, MOVE does not", async (store) => {
    const account = await makeAccount(store, "alice@example.org", {
      quotaOctets: MESSAGE.length + 10,
    });
    const inbox = inboxOf(store, account);
    const trash = store.mail.mailbox(account.id, "Trash");
    assert.ok(trash);
    await appendTo(store, inbox.grant, 1);
    await assert.rejects(store.mail.copy(inbox.grant, [1], trash.grant), { code: "over-quota" });
    assert.deepEqual((await store.mail.move(inbox.grant, [1], trash.grant)).to, [1]);
  });

  on("EXPUNGE: all deleted, only the deleted among some, all", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 6);
    await store.mail.changeFlags(grant, [2, 3, 5], { action: "add", flags: ["\\Deleted"] });
    assert.deepEqual(await store.mail.expunge(grant, [1, 2], true), [2]);
    assert.deepEqual(await store.mail.expunge(grant, "all", true), [3, 5]);
    assert.deepEqual(await store.mail.expunge(grant, [6, 77], false), [6]);
    assert.deepEqual(await store.mail.expunge(grant, "all", false), [1, 4]);
    assert.deepEqual(await store.mail.expunge(grant, "all", false), []);
    assert.deepEqual(store.directory.usage(account.id), { octets: 0, messages: 0 });
    assert.deepEqual(await appendTo(store, grant, 1), [7]);
    assert.deepEqual(await store.check(), []);
  });

  on(
    "security row 94: a quota is exact under fifty parallel APPENDs, and no UID comes twice",
    async (store) => {
      const fits = 17;
      const account = await makeAccount(store, "alice@example.org", {
        quotaOctets: MESSAGE.length * fits + 5,
      });
      const { grant } = inboxOf(store, account);
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, () => appendTo(store, grant, 1)),
      );
      const uids = results.flatMap((each) => (each.status === "fulfilled" ? each.value : []));
      assert.equal(uids.length, fits);
      assert.equal(new Set(uids).size, fits);
      assert.equal(store.directory.usage(account.id).octets, MESSAGE.length * fits);
      await store.mail.expunge(grant, "all", false);
      assert.ok((await appendTo(store, grant, 1))[0] > Math.max(...uids));
      assert.deepEqual(await store.check(), []);
    },
  );

  on("expungedSince tells what vanished after a MODSEQ", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 9);
    const before = store.mail.status(grant)?.highestModSeq ?? 0;
    await store.mail.expunge(grant, [7, 2], false);
    const between = store.mail.status(grant)?.highestModSeq ?? 0;
    await store.mail.expunge(grant, [4, 5], false);
    assert.deepEqual(store.mail.expungedSince(grant, before), [2, 4, 5, 7]);
    assert.deepEqual(store.mail.expungedSince(grant, between), [4, 5]);
    assert.deepEqual(store.mail.expungedSince(grant, between + 1), []);
    const gone = await store.mail.createMailbox(account.id, "gone");
    await store.mail.deleteMailbox(account.id, "gone");
    assert.equal(store.mail.expungedSince(gone.grant, 0), undefined);
  });

  on("an open mailbox of another process follows", async (store, { open }) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    await appendTo(store, grant, 3);
    const other = await open();
    const box = await other.mail.open(grant);
    assert.ok(box);
    const changes: MailboxChange[] = [];
    const settled = new Promise<void>((resolve) => {
      box.onChange((change) => {
        changes.push(change);
        if (changes.length === 4) resolve();
      });
    });
    await acceptFor(store, { deliveries: [deliveryTo(account, { flags: ["$New"] })] });
    await store.mail.changeFlags(grant, [1], { action: "add", flags: ["\\Seen"] });
    await store.mail.expunge(grant, [2], false);
    await appendTo(store, grant, 1);
    await settled;
    assert.deepEqual(
      changes.map((change) => [change.kind, "uids" in change ? change.uids : []]),
      [
        ["added", [4]],
        ["flags", [1]],
        ["expunged", [2]],
        ["added", [5]],
      ],
    );
    assert.deepEqual(Array.from(box.uids.subarray(0, box.count)), [1, 3, 4, 5]);
    assert.deepEqual(Array.from(box.flags.subarray(0, box.count)), [SEEN, 0, 256, 0]);
    assert.deepEqual(box.keywords, ["$New"]);
    assert.ok(equalBytes(await other.octets.read(box.messageIds[3]), MESSAGE));
    // Both write: the order of the feed is the order of the commits.
    await Promise.all([
      appendTo(store, grant, 2),
      appendTo(other, grant, 2),
      appendTo(store, grant, 1),
    ]);
    const ownBox = await store.mail.open(grant);
    assert.equal(ownBox?.count, 9);
    box.release();
    const reopened = await other.mail.open(grant);
    assert.deepEqual(
      Array.from(reopened?.uids.subarray(0, reopened.count) ?? []),
      [1, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    await other.close();
    assert.deepEqual(await store.check(), []);
  });

  on("a listener that throws harms nobody", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const box = await store.mail.open(grant);
    assert.ok(box);
    let heard = 0;
    box.onChange(() => {
      throw new Error("a session's bug");
    });
    box.onChange(() => heard++);
    await appendTo(store, grant, 1);
    assert.equal(heard, 1);
  });

  on("a released mailbox tells nothing any more, a shared one goes on", async (store) => {
    const account = await makeAccount(store);
    const { grant } = inboxOf(store, account);
    const [first, second] = await Promise.all([store.mail.open(grant), store.mail.open(grant)]);
    assert.ok(first && second);
    let heard = "";
    first.onChange(() => (heard += "1"));
    second.onChange(() => (heard += "2"));
    first.release();
    first.release();
    await appendTo(store, grant, 1);
    assert.equal(heard, "2");
    assert.equal(second.count, 1);
    second.release();
    await appendTo(store, grant, 1);
    const again = await store.mail.open(grant);
    assert.equal(again?.count, 2);
  });
}
