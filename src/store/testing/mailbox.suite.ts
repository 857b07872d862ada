/** Contract of `MailStore` where it is about mailboxes. */

import assert from "node:assert/strict";

import type { MailboxChange } from "../mail.ts";
import type { MailboxGrant } from "../mailbox-grant.ts";
import { acceptFor, appendTo, deliveryTo, inboxOf, makeAccount } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

export function mailboxSuite(on: WithStore): void {
  on("INBOX has one spelling, also as the first level", async (store) => {
    const { id } = await makeAccount(store);
    assert.equal(store.mail.mailbox(id, "inBOX")?.name, "INBOX");
    await store.mail.createMailbox(id, "inbox/Work");
    assert.equal(store.mail.mailbox(id, "INBOX/Work")?.name, "INBOX/Work");
    await assert.rejects(store.mail.createMailbox(id, "Inbox"), { code: "already-exists" });
    await assert.rejects(store.mail.deleteMailbox(id, "inbox"), { code: "refused" });
  });

  on("parents are made as real mailboxes; those with children stay", async (store) => {
    const { id } = await makeAccount(store);
    await store.mail.createMailbox(id, "a/b/c");
    assert.deepEqual(
      store.mail
        .mailboxes(id)
        .map(({ name }) => name)
        .filter((name) => name.startsWith("a")),
      ["a", "a/b", "a/b/c"],
    );
    await assert.rejects(store.mail.deleteMailbox(id, "a/b"), { code: "refused" });
    await store.mail.deleteMailbox(id, "a/b/c");
    await store.mail.deleteMailbox(id, "a/b");
    await assert.rejects(store.mail.deleteMailbox(id, "a/b"), { code: "not-found" });
  });

  on("security row 86: names are rows, never paths", async (store) => {
    const { id } = await makeAccount(store);
    for (const name of [
      "..",
      "../../etc/passwd",
      "a/../b",
      "~root",
      "C:\\x",
      "caf\u00e9",
      "日本",
    ]) {
      const mailbox = await store.mail.createMailbox(id, name);
      assert.equal(store.mail.mailbox(id, name)?.id, mailbox.id);
    }
  });

  on("security row 30: __proto__ is a name like any other", async (store) => {
    const { id } = await makeAccount(store);
    for (const name of ["__proto__", "constructor", "toString", "__proto__/hasOwnProperty"]) {
      const mailbox = await store.mail.createMailbox(id, name);
      assert.equal(store.mail.mailbox(id, name)?.id, mailbox.id);
      await appendTo(store, mailbox.grant, 1, [name.replaceAll("/", ".")]);
      const box = await store.mail.open(mailbox.grant);
      assert.deepEqual(box?.keywords, [name.replaceAll("/", ".")]);
      await store.mail.subscribe(id, name, true);
    }
    assert.equal(store.mail.mailbox(id, "valueOf"), undefined);
  });

  on("security row 87: control characters and endless names are refused", async (store) => {
    const { id } = await makeAccount(store);
    for (const name of [
      "",
      "/a",
      "a/",
      "a//b",
      "a\u0000b",
      "a\r\nb",
      "a\u0085b",
      "\ud800",
      "x".repeat(1_000_000),
      "a/".repeat(100) + "a",
    ]) {
      await assert.rejects(store.mail.createMailbox(id, name), { code: "refused" });
      assert.equal(store.mail.mailbox(id, name), undefined);
    }
  });

  on("security row 94: UIDVALIDITY grows, also after delete and recreate", async (store) => {
    const account = await makeAccount(store);
    const first = await store.mail.createMailbox(account.id, "x");
    assert.ok(first.uidValidity >= 1_700_000_000 && first.uidValidity < 2 ** 32);
    await appendTo(store, first.grant, 3);
    await store.mail.deleteMailbox(account.id, "x");
    const second = await store.mail.createMailbox(account.id, "x");
    assert.ok(second.uidValidity > first.uidValidity);
    assert.notEqual(second.objectId, first.objectId);
    assert.deepEqual(await appendTo(store, second.grant, 1), [1]);
  });

  on("a name never shows an old UIDVALIDITY again after renames", async (store) => {
    const { id } = await makeAccount(store);
    const old = await store.mail.createMailbox(id, "old");
    const gone = await store.mail.createMailbox(id, "gone");
    await store.mail.deleteMailbox(id, "gone");
    await store.mail.renameMailbox(id, "old", "gone");
    const renamed = store.mail.mailbox(id, "gone");
    assert.equal(renamed?.objectId, old.objectId);
    assert.ok((renamed?.uidValidity ?? 0) > gone.uidValidity);
    await store.mail.renameMailbox(id, "gone", "fresh");
    assert.equal(store.mail.mailbox(id, "fresh")?.uidValidity, renamed?.uidValidity);
  });

  on("RENAME takes inferiors along", async (store) => {
    const { id } = await makeAccount(store);
    await store.mail.createMailbox(id, "a/b/c");
    await store.mail.createMailbox(id, "ab");
    await store.mail.renameMailbox(id, "a", "x/y");
    const names = store.mail.mailboxes(id).map(({ name }) => name);
    for (const name of ["x", "x/y", "x/y/b", "x/y/b/c", "ab"])
      assert.ok(names.includes(name), name);
    assert.ok(!names.includes("a"));
    await assert.rejects(store.mail.renameMailbox(id, "x", "x/y/z"), { code: "refused" });
    await assert.rejects(store.mail.renameMailbox(id, "x", "ab"), { code: "already-exists" });
    await assert.rejects(store.mail.renameMailbox(id, "nothing", "n"), { code: "not-found" });
  });

  on("RENAME of INBOX moves its messages and leaves it", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    await appendTo(store, inbox.grant, 3, ["\\Seen", "$Label"]);
    await store.mail.renameMailbox(account.id, "INBOX", "Old mail");
    const target = store.mail.mailbox(account.id, "Old mail");
    assert.ok(target);
    assert.equal(store.mail.status(target.grant)?.messages, 3);
    assert.equal(store.mail.status(inbox.grant)?.messages, 0);
    assert.deepEqual(await appendTo(store, inbox.grant, 1), [4]);
    assert.deepEqual(await store.check(), []);
  });

  on("subscriptions may name what does not exist", async (store) => {
    const { id } = await makeAccount(store);
    await store.mail.subscribe(id, "not yet", true);
    assert.ok(store.mail.subscriptions(id).includes("not yet"));
    await store.mail.createMailbox(id, "not yet");
    assert.equal(store.mail.mailbox(id, "not yet")?.isSubscribed, true);
    await store.mail.subscribe(id, "not yet", false);
    assert.equal(store.mail.mailbox(id, "not yet")?.isSubscribed, false);
    await store.mail.createMailbox(id, "other");
    assert.equal(store.mail.mailbox(id, "other")?.isSubscribed, false);
  });

  on("security row 88: a grant that the store has not made opens nothing", async (store) => {
    const account = await makeAccount(store);
    const { grant, id } = inboxOf(store, account);
    // The type alone refuses these; a cast must not help.
    const forged = { ...grant, mailboxId: id } as MailboxGrant;
    assert.throws(() => store.mail.status(forged), { name: "InvariantError" });
    await assert.rejects(store.mail.open(forged), { name: "InvariantError" });
    await assert.rejects(store.mail.expunge(forged, "all", false), { name: "InvariantError" });
    assert.throws(() => Object.assign(grant, { mailboxId: id + 1 }), TypeError);
  });

  on("whoever has a mailbox open hears of its rename and its end", async (store) => {
    const account = await makeAccount(store);
    const { grant } = await store.mail.createMailbox(account.id, "x");
    const box = await store.mail.open(grant);
    assert.ok(box);
    const kinds: string[] = [];
    box.onChange(({ kind }) => kinds.push(kind));
    await appendTo(store, grant, 1);
    await store.mail.renameMailbox(account.id, "x", "y");
    assert.equal(box.info.name, "y");
    await store.mail.deleteMailbox(account.id, "y");
    assert.deepEqual(kinds, ["added", "mailbox-renamed", "expunged", "mailbox-deleted"]);
    box.release();
    assert.equal(await store.mail.open(grant), undefined);
    assert.equal(store.mail.status(grant), undefined);
  });

  on("every change of an account has one MODSEQ and one feed entry", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    const changes: MailboxChange[] = [];
    const end = store.mail.onAccountChange(account.id, (change) => changes.push(change));
    await acceptFor(store, { deliveries: [deliveryTo(account)] });
    await store.mail.createMailbox(account.id, "x");
    await store.mail.changeFlags(inbox.grant, [1], { action: "add", flags: ["\\Seen"] });
    await store.mail.subscribe(account.id, "x", true);
    await store.mail.expunge(inbox.grant, [1], false);
    end();
    await appendTo(store, inbox.grant, 1);
    assert.deepEqual(
      changes.map(({ kind }) => kind),
      ["added", "mailbox-created", "flags", "mailbox-changed", "expunged"],
    );
    const first = changes[0].modSeq;
    assert.deepEqual(
      changes.map(({ modSeq }) => modSeq - first),
      [0, 1, 2, 3, 4],
    );
  });

  on("takeRecent tells each message once", async (store) => {
    const account = await makeAccount(store);
    const inbox = inboxOf(store, account);
    await appendTo(store, inbox.grant, 2);
    assert.equal(await store.mail.takeRecent(inbox.grant), 1);
    assert.equal(await store.mail.takeRecent(inbox.grant), 3);
    await appendTo(store, inbox.grant, 1);
    assert.equal(store.mail.status(inbox.grant)?.firstRecentUid, 3);
    assert.equal(await store.mail.takeRecent(inbox.grant), 3);
  });

  on("the maildrop lock is one, and lapses", async (store, { clock }) => {
    const { id } = await makeAccount(store);
    assert.equal(await store.mail.lockMaildrop(id, "a", 1000), true);
    assert.equal(await store.mail.lockMaildrop(id, "b", 1000), false);
    assert.equal(await store.mail.lockMaildrop(id, "a", 1000), true);
    await clock.advance(1001);
    assert.equal(await store.mail.lockMaildrop(id, "b", 1000), true);
    await store.mail.unlockMaildrop(id, "a");
    assert.equal(await store.mail.lockMaildrop(id, "a", 1000), false);
    await store.mail.unlockMaildrop(id, "b");
    assert.equal(await store.mail.lockMaildrop(id, "a", 1000), true);
  });
}
