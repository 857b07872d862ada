/** Contract of shared mailboxes: what a grant is worth to somebody who is not the owner (RFC 4314). */

import assert from "node:assert/strict";

import { parseRights } from "../acl.ts";
import type { Store } from "../contract.ts";
import type { MailboxInfo } from "../mail.ts";
import { ALL_RIGHTS, type Right } from "../mailbox-grant.ts";
import { acceptFor, appendTo, deliveryTo, inboxOf, makeAccount } from "./store-fixture.ts";
import type { WithStore } from "./with-store.ts";

const SHARED = "Other Users/alice@example.org/Club";

type Pair = { readonly owner: number; readonly guest: number; readonly own: MailboxInfo };

async function makePair(store: Store): Promise<Pair> {
  const alice = await makeAccount(store);
  const bob = await makeAccount(store, "bob@example.org");
  const own = await store.mail.createMailbox(alice.id, "Club");
  return { owner: alice.id, guest: bob.id, own };
}

async function share(store: Store, own: MailboxInfo, rights: string, who = "bob@example.org") {
  const set = parseRights(rights);
  assert.ok(set);
  await store.acl.change(own.grant, { identifier: who, action: "set", rights: set });
}

/** What a guest can try, and the rights it takes. */
const OPERATIONS: readonly {
  readonly name: string;
  readonly needs: readonly Right[];
  readonly run: (store: Store, pair: Pair, seen: MailboxInfo) => Promise<unknown>;
}[] = [
  {
    name: "status",
    needs: ["r"],
    run: async (store, _, { grant }) => found(store.mail.status(grant)),
  },
  {
    name: "open",
    needs: ["r"],
    run: async (store, _, { grant }) => found(await store.mail.open(grant)).release(),
  },
  { name: "prefix", needs: ["r"], run: async (store, _, { grant }) => store.mail.prefix(grant, 1) },
  { name: "takeRecent", needs: ["r"], run: (store, _, { grant }) => store.mail.takeRecent(grant) },
  {
    name: "expungedSince",
    needs: ["r"],
    run: async (store, _, { grant }) => found(store.mail.expungedSince(grant, 0)),
  },
  { name: "append", needs: ["i"], run: (store, _, { grant }) => appendTo(store, grant, 1) },
  {
    name: "copy out",
    needs: ["r"],
    run: (store, { guest }, { grant }) =>
      store.mail.copy(grant, [1], found(store.mail.mailbox(guest, "INBOX")).grant),
  },
  {
    name: "copy in",
    needs: ["i"],
    run: (store, { guest }, { grant }) =>
      store.mail.copy(found(store.mail.mailbox(guest, "INBOX")).grant, [1], grant),
  },
  {
    name: "move out",
    needs: ["r", "t", "e"],
    run: (store, { guest }, { grant }) =>
      store.mail.move(grant, [99], found(store.mail.mailbox(guest, "INBOX")).grant),
  },
  {
    name: "expunge",
    needs: ["e"],
    run: (store, _, { grant }) => store.mail.expunge(grant, [99], true),
  },
  {
    name: "remove",
    needs: ["t", "e"],
    run: (store, _, { grant }) => store.mail.expunge(grant, [99], false),
  },
  ...(
    [
      ["\\Seen", "s"],
      ["\\Deleted", "t"],
      ["\\Flagged", "w"],
      ["keyword", "w"],
    ] as const
  ).map(([flag, right]) => ({
    name: `flag ${flag}`,
    needs: ["r", right] as const,
    run: (store: Store, _: Pair, { grant }: MailboxInfo) =>
      store.mail.changeFlags(grant, [99], { action: "add", flags: [flag] }),
  })),
  {
    name: "create below",
    needs: ["k"],
    run: (store, { guest }) => store.mail.createMailbox(guest, `${SHARED}/new`),
  },
  {
    name: "delete",
    needs: ["x"],
    run: (store, { guest }) => store.mail.deleteMailbox(guest, SHARED),
  },
  {
    name: "list rights",
    needs: ["a"],
    run: async (store, _, { grant }) => store.acl.entries(grant),
  },
];

function found<T>(value: T | undefined): T {
  if (value === undefined) throw Object.assign(new Error("nothing there"), { code: "not-found" });
  return value;
}

export function aclSuite(on: WithStore): void {
  on("security row 88: every operation asks for just the rights RFC 4314 names", async (store) => {
    const pair = await makePair(store);
    await appendTo(store, pair.own.grant, 1);
    for (const { name, needs, run } of OPERATIONS) {
      for (const missing of needs) {
        const rest = ALL_RIGHTS.filter((right) => right !== missing && right !== "a").join("");
        await share(store, pair.own, rest);
        const seen = store.mail.mailbox(pair.guest, SHARED);
        assert.ok(seen);
        await assert.rejects(run(store, pair, seen), { code: "forbidden" }, `${name}-${missing}`);
        // Without lookup it is as if it were not there.
        await share(store, pair.own, rest.replace("l", ""));
        await assert.rejects(run(store, pair, seen), { code: "not-found" }, `${name}-l${missing}`);
      }
    }
    for (const { name, needs, run } of OPERATIONS) {
      if (name === "delete") continue;
      await share(store, pair.own, needs.join(""));
      const seen = store.mail.mailbox(pair.guest, SHARED);
      assert.ok(seen, name);
      await run(store, pair, seen);
    }
    assert.deepEqual(await store.check(), []);
  });

  on("a right that is taken away is gone at once, also in what is open", async (store) => {
    const { guest, own } = await makePair(store);
    await share(store, own, "lr");
    const seen = store.mail.mailbox(guest, SHARED);
    assert.ok(seen);
    const box = await store.mail.open(seen.grant);
    assert.equal(box?.info.name, SHARED);
    const kinds: string[] = [];
    box.onChange(({ kind }) => kinds.push(kind));
    await share(store, own, "");
    assert.deepEqual(kinds, ["mailbox-changed"]);
    assert.equal(store.acl.rights(box.grant).size, 0);
    assert.equal(store.mail.mailbox(guest, SHARED), undefined);
    assert.equal(await store.mail.open(seen.grant), undefined);
    box.release();
  });

  on("identifiers add up, and those with a minus take away", async (store) => {
    const { guest, own } = await makePair(store);
    const rights = (): string => {
      const seen = store.mail.mailbox(guest, SHARED);
      return seen === undefined ? "" : [...store.acl.rights(seen.grant)].sort().join("");
    };
    await share(store, own, "lr", "anyone");
    assert.equal(rights(), "lr");
    await share(store, own, "sw", "@example.org");
    await share(store, own, "i", "bob");
    assert.equal(rights(), "ilrsw");
    await share(store, own, "rw", "-bob@example.org");
    assert.equal(rights(), "ils");
    await share(store, own, "lrswitekxa", "-anyone");
    assert.equal(rights(), "");
    assert.equal(store.acl.rights(own.grant).size, ALL_RIGHTS.length, "never the owner");
    assert.deepEqual(
      store.acl.entries(own.grant).map(({ identifier }) => identifier),
      ["-anyone", "-bob@example.org", "@example.org", "anyone", "bob@example.org"],
    );
    await store.directory.addDomainAlias({ name: "also.example", follows: "example.org" });
    await share(store, own, "p", "bob@also.example");
    assert.ok(
      store.acl.entries(own.grant).some(({ identifier, rights: held }) => {
        return identifier === "bob@example.org" && held.has("p");
      }),
    );
    for (const identifier of ["", "-", "a b", "x@", "alice@example.org", "-alice"]) {
      await assert.rejects(
        store.acl.change(own.grant, { identifier, action: "add", rights: new Set(["l"]) }),
        { code: "refused" },
        identifier,
      );
    }
  });

  on("only flags that may be changed change, and go along with a copy", async (store) => {
    const { guest, own } = await makePair(store);
    await appendTo(store, own.grant, 1, ["\\Seen", "\\Flagged", "kept"]);
    await share(store, own, "lrts");
    const seen = store.mail.mailbox(guest, SHARED);
    const inbox = store.mail.mailbox(guest, "INBOX");
    assert.ok(seen && inbox);
    const flags = { action: "replace", flags: ["\\Deleted", "\\Answered"] } as const;
    await store.mail.changeFlags(seen.grant, [1], flags);
    const box = await store.mail.open(own.grant);
    // \Seen taken (s), \Deleted set (t); \Flagged and the keyword stay, \Answered does not come (w).
    assert.equal(box?.flags[0], 4 + 8 + 256);
    await appendTo(store, inbox.grant, 1, ["\\Seen", "\\Deleted", "\\Draft", "other"]);
    await share(store, own, "lris");
    await store.mail.copy(inbox.grant, [1], seen.grant);
    assert.equal(box.flags[1], 1);
    await appendTo(store, seen.grant, 1, ["\\Seen", "\\Deleted", "other"]);
    assert.equal(box.flags[2], 1);
    assert.deepEqual(box.keywords, ["kept"]);
    box.release();
    assert.deepEqual(await store.check(), []);
  });

  on("quota, UIDVALIDITY and MODSEQ stay the owner's", async (store) => {
    const alice = await makeAccount(store, "alice@example.org", { quotaOctets: 200 });
    const bob = await makeAccount(store, "bob@example.org");
    const own = await store.mail.createMailbox(alice.id, "Club");
    await share(store, own, "lrswite");
    const seen = store.mail.mailbox(bob.id, SHARED);
    assert.ok(seen);
    assert.equal(seen.uidValidity, own.uidValidity);
    assert.equal(seen.objectId, own.objectId);
    const before = store.mail.status(own.grant)?.highestModSeq ?? 0;
    await appendTo(store, seen.grant, 2);
    assert.equal(store.mail.status(seen.grant)?.highestModSeq, before + 2);
    assert.equal(store.directory.usage(alice.id).messages, 2);
    assert.equal(store.directory.usage(bob.id).messages, 0);
    await assert.rejects(appendTo(store, seen.grant, 1), { code: "over-quota" });
    const inbox = store.mail.mailbox(bob.id, "INBOX");
    assert.ok(inbox);
    await store.mail.move(seen.grant, [1], inbox.grant);
    assert.equal(store.directory.usage(alice.id).messages, 1);
    assert.equal(store.directory.usage(bob.id).messages, 1);
    assert.deepEqual(await store.check(), []);
  });

  on("what is shared is listed, made below and renamed by its rights", async (store) => {
    const { owner, guest, own } = await makePair(store);
    assert.deepEqual(store.mail.sharedMailboxes(guest), []);
    await share(store, own, "lrkx");
    const below = await store.mail.createMailbox(guest, `${SHARED}/a/b`);
    assert.equal(below.name, `${SHARED}/a/b`);
    assert.equal(below.accountId, owner);
    assert.deepEqual(
      store.mail.sharedMailboxes(guest).map(({ name }) => name),
      [SHARED, `${SHARED}/a`, `${SHARED}/a/b`],
      "below, the list of the level above holds too",
    );
    await store.mail.renameMailbox(guest, `${SHARED}/a`, `${SHARED}/c`);
    assert.ok(store.mail.mailbox(owner, "Club/c/b"));
    await assert.rejects(store.mail.renameMailbox(guest, `${SHARED}/c`, "mine"), {
      code: "refused",
    });
    for (const name of [
      "Other Users/alice@example.org/top",
      "Other Users/nobody@example.org/x/y",
      "Other Users/x",
      "Other Users",
    ]) {
      await assert.rejects(store.mail.createMailbox(guest, name), { code: "not-found" }, name);
      assert.equal(store.mail.mailbox(guest, name), undefined);
    }
    // Not even an owner has a mailbox by that road.
    assert.equal(store.mail.mailbox(owner, SHARED), undefined);
  });

  on("an address given to somebody new brings no rights along", async (store) => {
    const { own } = await makePair(store);
    await share(store, own, "lr");
    await store.directory.removeAccount("bob@example.org");
    const bob = await makeAccount(store, "bob@example.org");
    assert.equal(store.mail.mailbox(bob.id, SHARED), undefined);
    assert.deepEqual(store.acl.entries(own.grant), []);
  });

  on("what may not be posted to a mailbox comes into INBOX", async (store) => {
    const alice = await makeAccount(store);
    const own = await store.mail.createMailbox(alice.id, "Club");
    const deliver = async (): Promise<unknown> =>
      acceptFor(store, { deliveries: [deliveryTo(alice, { mailbox: "Club" })] });
    await deliver();
    await share(store, own, "p", "-anyone");
    await deliver();
    assert.equal(store.mail.status(own.grant)?.messages, 1);
    assert.equal(store.mail.status(inboxOf(store, alice).grant)?.messages, 1);
    // Nor does a name that is others' make a mailbox nobody could reach.
    for (const mailbox of ["Other Users", "Other Users/bob@example.org/x"]) {
      await acceptFor(store, { deliveries: [deliveryTo(alice, { mailbox })] });
    }
    assert.equal(store.mail.status(inboxOf(store, alice).grant)?.messages, 3);
  });
}
